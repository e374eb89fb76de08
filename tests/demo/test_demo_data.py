"""The demo data holds together, and each run shows what it is there to show."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from allocator.demo import demo_data
from allocator.demo.run_builder import DISLIKE, LIKE, LOVE, NEUTRAL, NEVER, TABLES, uid
from allocator.demo.small_runs import (
    BY_EYE_OPTIMUM,
    NOBODY_MAY_HOLD,
    NOWHERE_TO_GO,
    SUPERVISED_JOB_LINES,
    SUPERVISED_WORKERS,
)
from allocator.models import Baseline, RunInputs, Settings
from allocator.repair.frontier import frontier
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import Matrices
from allocator.rules.ranks import original_preference, tied_groups
from tests.table_inputs import Tables, inputs_from, is_feasible, workers_placed

REFERENCES = {
    ("allocationplans", "org"): "orgs",
    ("locations", "org"): "orgs",
    ("teams", "location"): "locations",
    ("positions", "team"): "teams",
    ("qualification_tags", "org"): "orgs",
    ("workers", "browsing_currentallocationrun"): "allocationruns",
    ("rotations", "allocation_run"): "allocationruns",
    ("rotations", "assignedjobline"): "job_lines",
    ("rotations", "position"): "positions",
    ("allocationruns", "allocationplan"): "allocationplans",
    ("worker_qualifications", "worker"): "workers",
    ("worker_qualifications", "qualification_tag"): "qualification_tags",
    ("allocation_run_worker_mappings", "worker"): "workers",
    ("allocation_run_worker_mappings", "allocation_run"): "allocationruns",
    ("job_lines", "allocation_run"): "allocationruns",
    ("preference_worker_job_lines", "allocation_run_worker_mapping"): (
        "allocation_run_worker_mappings"
    ),
    ("preference_worker_job_lines", "job_line"): "job_lines",
    ("job_line_eligibility", "job_line"): "job_lines",
    ("job_line_eligibility", "included_qualification_tag_ids"): "qualification_tags",
    ("job_line_eligibility", "excluded_qualification_tag_ids"): "qualification_tags",
    ("job_line_eligibility", "included_worker_mapping_ids"): "allocation_run_worker_mappings",
    ("job_line_eligibility", "excluded_worker_mapping_ids"): "allocation_run_worker_mappings",
    ("allocation_run_preferencer_weightings", "allocation_run"): "allocationruns",
    ("allocation_run_preferencer_weightings", "job_line"): "job_lines",
    ("allocation_run_preferencer_weightings", "qualification_tag_ids"): "qualification_tags",
    ("allocation_run_preferencer_weightings", "worker_mapping_ids"): (
        "allocation_run_worker_mappings"
    ),
    ("allocator_py_runs", "allocation_run"): "allocationruns",
    ("allocator_py_allocations", "allocator_py_run"): "allocator_py_runs",
    ("allocator_py_allocations", "worker_mapping"): "allocation_run_worker_mappings",
    ("allocator_py_allocations", "job_line"): "job_lines",
}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return demo_data.rows()


def _values(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def test_rows_are_the_same_in_every_call(tables: Tables) -> None:
    assert json.dumps(demo_data.rows()) == json.dumps(tables)


def test_another_day_moves_only_dates(tables: Tables) -> None:
    later = demo_data.rows(date(2029, 5, 2))
    assert all("2030" in row["name"] for row in later["allocationplans"])
    assert min(row["startdate"] for row in later["allocationruns"]) > "2029-11"
    for table in ("job_lines", "worker_qualifications", "allocation_run_preferencer_weightings"):
        assert later[table] == tables[table]
    for before, after in zip(
        tables["preference_worker_job_lines"], later["preference_worker_job_lines"], strict=True
    ):
        assert before | {"updated_at": None} == after | {"updated_at": None}


def test_tables_come_in_insertion_order_with_uniform_columns(tables: Tables) -> None:
    assert tuple(tables) == TABLES
    for rows in tables.values():
        assert rows
        assert len({tuple(row) for row in rows}) == 1
    for (table, column), target in REFERENCES.items():
        assert column in tables[table][0]
        assert TABLES.index(target) < TABLES.index(table)


@pytest.mark.parametrize(("table", "column"), REFERENCES)
def test_references_point_at_rows(tables: Tables, table: str, column: str) -> None:
    known = {row["id"] for row in tables[REFERENCES[table, column]]}
    assert all(known.issuperset(_values(row[column])) for row in tables[table])


def test_keys_are_unique(tables: Tables) -> None:
    keys = {
        "preference_worker_job_lines": ("allocation_run_worker_mapping", "job_line"),
        "job_line_eligibility": ("job_line",),
        "allocator_py_allocations": ("allocator_py_run", "worker_mapping"),
    }
    for table, rows in tables.items():
        of_rows = [tuple(row[column] for column in keys.get(table, ("id",))) for row in rows]
        assert len(set(of_rows)) == len(of_rows)
    people = [(row["firstname"], row["lastname"]) for row in tables["workers"]]
    assert len(set(people)) == len(people)
    internal = [row["internal_id"] for row in tables["workers"]]
    assert len(set(internal)) == len(internal)


def test_times_carry_a_zone_and_ranks_are_positive(tables: Tables) -> None:
    for rows in tables.values():
        for row in rows:
            for column, value in row.items():
                if column.endswith(("_at", "date")):
                    assert all(datetime.fromisoformat(v).tzinfo for v in _values(value))
    ranks = [row["order_preference"] for row in tables["preference_worker_job_lines"]]
    assert min(rank for rank in ranks if rank is not None) >= 1
    assert None in ranks


def test_buckets_never_contradict_the_ranks(tables: Tables) -> None:
    ranked: dict[str, list[tuple[int, int]]] = {}
    for row in tables["preference_worker_job_lines"]:
        if row["order_preference"] is not None:
            pair = row["order_preference"], row["like_dislike_preference"]
            ranked.setdefault(row["allocation_run_worker_mapping"], []).append(pair)
    for pairs in ranked.values():
        for one, other in pairwise(sorted(pairs)):
            assert one[0] < other[0] or one[1] == other[1]
            assert one[1] <= other[1]
    buckets = {row["like_dislike_preference"] for row in tables["preference_worker_job_lines"]}
    assert buckets == {LOVE, LIKE, NEUTRAL, DISLIKE, NEVER}


def test_terms_fill_the_year_of_every_job_line(tables: Tables) -> None:
    runs = {row["id"]: row for row in tables["allocationruns"]}
    terms: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in tables["rotations"]:
        span = datetime.fromisoformat(row["startdate"]), datetime.fromisoformat(row["enddate"])
        terms.setdefault(row["assignedjobline"], []).append(span)
    for job_line in tables["job_lines"]:
        spans, year = terms[job_line["id"]], runs[job_line["allocation_run"]]
        assert spans[0][0].isoformat() == year["startdate"]
        assert spans[-1][1].isoformat() == year["enddate"]
        for (_, last), (first, _) in pairwise(spans):
            assert first == last + timedelta(days=1)


def test_each_run_has_several_hospitals(tables: Tables) -> None:
    teams = {row["id"]: row["location"] for row in tables["teams"]}
    locations = {row["id"]: teams[row["team"]] for row in tables["positions"]}
    found: dict[str, set[str]] = {}
    for row in tables["rotations"]:
        found.setdefault(row["allocation_run"], set()).add(locations[row["position"]])
    assert len(found) == 6
    assert all(len(of_run) == 3 for of_run in found.values())


def test_only_the_first_batches_are_completed(tables: Tables) -> None:
    runs = {row["id"]: row for row in tables["allocator_py_runs"]}
    assert set(runs) == {
        demo_data.INTERN_YEAR,
        demo_data.BY_EYE,
        demo_data.INFEASIBLE,
        demo_data.COMPLETED,
        demo_data.SECOND_BATCH,
        demo_data.NEEDS_ACKNOWLEDGEMENT,
        demo_data.TO_REPAIR,
        demo_data.REPAIR_BATCH,
    }
    completed = [i for i, row in runs.items() if row["completed_at"]]
    assert completed == [demo_data.COMPLETED, demo_data.TO_REPAIR]
    assert len({row["allocation_run"] for row in runs.values()}) == 6


def test_intern_year_is_large_varied_and_feasible(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.INTERN_YEAR)
    run = inputs.run.allocation_run
    mappings = [
        row for row in tables["allocation_run_worker_mappings"] if row["allocation_run"] == run
    ]
    assert len(mappings) == 139
    assert sum(row["withdrawn_at"] is not None for row in mappings) == 1
    assert len(inputs.workers) == 138
    assert len(inputs.job_lines) == 140
    assert is_feasible(inputs)
    lengths = [len(worker.preferences.order) for worker in inputs.workers]
    assert lengths.count(0) == 6
    assert max(lengths) == 140
    assert sum(0 < length < 15 for length in lengths) > 20
    assert sum(bool(tied_groups(worker.preferences.order)) for worker in inputs.workers) > 20
    orders = [worker.preferences.order for worker in inputs.workers]
    assert sum(max(order.values(), default=0) > len(order) for order in orders) > 10
    assert sum(not worker.submitted for worker in inputs.workers) == 9


def test_intern_year_uses_every_kind_of_rule(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.INTERN_YEAR)
    kinds = set(np.unique(Matrices(inputs).rules))
    scenario_only = {Rule.PINNED_ELSEWHERE, Rule.BANNED, Rule.ALLOWED, Rule.MAY_NOT_MOVE}
    assert kinds == {int(rule) for rule in set(Rule) - scenario_only}
    assert {w.job_line is None for w in inputs.weightings} == {True, False}
    assert (
        min(w.weighting for w in inputs.weightings)
        < 0
        < max(w.weighting for w in inputs.weightings)
    )
    assert any(w.worker_mapping_ids for w in inputs.weightings)


def test_intern_year_tastes_are_correlated(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.INTERN_YEAR)
    first_ten: dict[str, int] = {}
    for worker in inputs.workers:
        for job_line in list(worker.preferences.scores)[:10]:
            first_ten[job_line] = first_ten.get(job_line, 0) + 1
    # Independent tastes would give each job line about 9 or 10 and hardly any more than 20.
    assert max(first_ten.values()) > 30
    assert len(first_ten) < 130


def test_by_eye_run_has_the_one_best_allocation_that_its_docstring_argues(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.BY_EYE)
    assert (len(inputs.workers), len(inputs.job_lines), inputs.weightings) == (12, 12, ())
    arrays = Matrices(inputs)
    costs = np.where(arrays.eligible, arrays.scores, 1e6)
    columns = linear_sum_assignment(costs)[1]
    numbers = {
        int(worker.internal_id[-4:]): inputs.job_lines[column].sort_order
        for worker, column in zip(inputs.workers, columns, strict=True)
    }
    assert numbers == BY_EYE_OPTIMUM
    assert costs[range(12), columns].sum() == 14
    for row, column in enumerate(columns):
        without = costs.copy()
        without[row, column] = 1e6
        assert without[linear_sum_assignment(without)].sum() > 14


def _without(inputs: RunInputs, *workers: int) -> RunInputs:
    gone = {uid("infeasible", "mapping", number) for number in workers}
    return replace(inputs, workers=tuple(w for w in inputs.workers if w.id not in gone))


def _with_extra_place(inputs: RunInputs) -> RunInputs:
    return _change(inputs, SUPERVISED_JOB_LINES[0], max_n_workers=2)


def _change(inputs: RunInputs, number: int, **changes: object) -> RunInputs:
    return replace(
        inputs,
        job_lines=tuple(
            replace(line, **changes) if line.sort_order == number else line
            for line in inputs.job_lines
        ),
    )


def test_infeasible_run_has_exactly_the_three_causes(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.INFEASIBLE)
    assert (len(inputs.workers), len(inputs.job_lines)) == (30, 32)
    assert sum(line.places for line in inputs.job_lines) > len(inputs.workers)
    assert workers_placed(inputs) == 28
    optional = _change(inputs, NOBODY_MAY_HOLD, must_have_workers=False)
    roomy = _with_extra_place(inputs)
    fitting = _without(inputs, NOWHERE_TO_GO)
    assert not is_feasible(_with_extra_place(optional))
    assert not is_feasible(_without(optional, NOWHERE_TO_GO))
    assert not is_feasible(_with_extra_place(fitting))
    assert workers_placed(roomy) == 29
    assert is_feasible(_without(_with_extra_place(optional), NOWHERE_TO_GO))


def test_infeasible_run_names_the_planted_rows(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.INFEASIBLE)
    arrays = Matrices(inputs)
    number = {line.id: line.sort_order for line in inputs.job_lines}
    places = dict(zip(number.values(), arrays.upper.tolist(), strict=True))
    open_to = {
        worker.id: {number[inputs.job_lines[c].id] for c in np.flatnonzero(row)}
        for worker, row in zip(inputs.workers, arrays.eligible, strict=True)
    }
    group = [uid("infeasible", "mapping", n) for n in SUPERVISED_WORKERS]
    assert all(open_to[worker] == set(SUPERVISED_JOB_LINES) for worker in group)
    assert sum(places[n] for n in SUPERVISED_JOB_LINES) == 4 == len(group) - 1
    assert [w for w, lines in open_to.items() if not lines] == [
        uid("infeasible", "mapping", NOWHERE_TO_GO)
    ]
    nobody = [line for line in places if all(line not in lines for lines in open_to.values())]
    assert nobody == [NOBODY_MAY_HOLD]
    assert len(set(arrays.rules[[w.id in group for w in inputs.workers]].ravel())) > 2


def _placed_in(tables: Tables, run: str) -> list[dict]:
    return [row for row in tables["allocator_py_allocations"] if row["allocator_py_run"] == run]


def test_published_year_is_a_best_allocation_that_one_doctor_has_left(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.REPAIR_BATCH)
    held = {a["worker_mapping"]: a["job_line"] for a in _placed_in(tables, demo_data.TO_REPAIR)}
    assert len(held.keys() - inputs.worker_positions.keys()) == 1
    assert len(held) == len(set(held.values())) == len(inputs.job_lines) == 24
    found = frontier(replace(inputs, baseline=Baseline(held)), Settings())
    assert [point.moves for point in found.points] == [0, 1, 2]


def test_completed_batch_obeys_the_rules(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.COMPLETED)
    allocations = _placed_in(tables, demo_data.COMPLETED)
    assert len(allocations) == len(inputs.workers) == 20
    arrays = Matrices(inputs)
    rows = {worker.id: row for row, worker in enumerate(inputs.workers)}
    columns = {line.id: column for column, line in enumerate(inputs.job_lines)}
    filled = np.zeros(len(columns), dtype=int)
    for allocation in allocations:
        worker, job_line = allocation["worker_mapping"], allocation["job_line"]
        assert arrays.eligible[rows[worker], columns[job_line]]
        filled[columns[job_line]] += 1
        expected = original_preference(inputs.worker(worker).preferences, job_line)
        assert allocation["original_preference"] == expected
    assert (filled <= arrays.upper).all()
    assert (filled >= arrays.lower).all()
    assert arrays.lower.sum() == 1


def test_completed_batch_is_a_best_allocation(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.COMPLETED)
    arrays = Matrices(inputs)
    costs = arrays.costs(Settings()).values
    rows = {worker.id: row for row, worker in enumerate(inputs.workers)}
    columns = {line.id: column for column, line in enumerate(inputs.job_lines)}
    found = sum(
        costs[rows[a["worker_mapping"]], columns[a["job_line"]]]
        for a in _placed_in(tables, demo_data.COMPLETED)
    )
    must = int(np.flatnonzero(arrays.lower)[0])
    places = np.repeat(np.arange(len(columns)), arrays.upper)
    seats = np.where(arrays.eligible, costs, 10**9)[:, places]
    # Whoever fills the mandatory job line, the others take what is best for them.
    best = min(
        costs[row, must] + _least(np.delete(np.delete(seats, row, 0), list(places).index(must), 1))
        for row in np.flatnonzero(arrays.eligible[:, must])
    )
    assert found == best


def _least(costs: np.ndarray) -> int:
    return int(costs[linear_sum_assignment(costs)].sum())


def test_second_batch_takes_what_the_first_left(tables: Tables) -> None:
    inputs = inputs_from(tables, demo_data.SECOND_BATCH)
    assert len(inputs.workers) == 45 - 1 - 20
    assert len(inputs.job_lines) < 26
    assert any(0 < line.used_places < line.max_n_workers for line in inputs.job_lines)
    assert Matrices(inputs).lower.sum() == 2
    assert is_feasible(inputs)


def test_dead_references_are_the_only_fault_of_the_acknowledgement_run(tables: Tables) -> None:
    run = next(r for r in tables["allocator_py_runs"] if r["id"] == demo_data.NEEDS_ACKNOWLEDGEMENT)
    job_lines = {row["id"]: row["allocation_run"] for row in tables["job_lines"]}
    mappings = {r["id"]: r["allocation_run"] for r in tables["allocation_run_worker_mappings"]}
    assert sum(i not in job_lines for i in run["included_job_lines"]) == 1
    foreign = [i for i in run["included_worker_mappings"] if mappings[i] != run["allocation_run"]]
    assert len(foreign) == 1
    inputs = inputs_from(tables, demo_data.NEEDS_ACKNOWLEDGEMENT)
    assert (len(inputs.workers), len(inputs.job_lines)) == (6, 7)
    assert is_feasible(inputs)
