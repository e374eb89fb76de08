"""Causes of infeasible runs: planted ones are found, each is minimal, none is made up."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from allocator.demo import demo_data
from allocator.demo.small_runs import (
    NOBODY_MAY_HOLD,
    NOWHERE_TO_GO,
    SUPERVISED_JOB_LINES,
    SUPERVISED_WORKERS,
)
from allocator.diagnosis import (
    Cause,
    CauseKind,
    diagnose,
)
from allocator.models import Eligibility, QualificationTag, RunInputs, Settings
from allocator.scenario import Scenario
from allocator.scenario.changes import LeaveOut
from tests.diagnosis.irreducible import irreducible_rules
from tests.open_runs import covers, may_hold, open_run
from tests.profiles import examples
from tests.strategies import run_inputs
from tests.table_inputs import inputs_from

CAPPED = st.sampled_from([None, None, 1.0, 1.5, 2.0, 3.0])


def only_cause(inputs: RunInputs, chosen: Settings | None = None) -> Cause:
    found = diagnose(inputs, chosen)
    assert found.feasible is False
    assert found.n_independent == len(found.causes) == len(found.blocks) == 1
    return found.causes[0]


def members(cause: Cause) -> tuple[str, str]:
    return "".join(cause.workers), "".join(cause.job_lines)


def test_crowded_group_is_found_among_workers_who_fit() -> None:
    run = open_run({"a": "XY", "b": "XY", "c": "XY", "d": "XYZVW", "e": "ZVW", "f": "VW"})
    cause = only_cause(run)
    assert cause.kind is CauseKind.TOO_FEW_PLACES
    assert members(cause) == ("abc", "XY")
    assert (cause.seats, cause.needed, cause.shortage) == (2, 3, 1)
    assert cause.explanation == (
        "Dr a, Dr b and Dr c can only go to Line X and Line Y, which have 2 places together: "
        "one too few."
    )
    words = {rule.words for rule in cause.rules}
    assert "Line X has 1 place." in words
    assert (
        "Line V, Line W and Line Z are closed to Dr a, Dr b and Dr c: named as excluded." in words
    )


def test_worker_with_nowhere_to_go() -> None:
    cause = only_cause(open_run({"a": "X", "b": ""}, job_lines="Y"))
    assert cause.kind is CauseKind.NO_ELIGIBLE_JOB_LINE
    assert members(cause) == ("b", "")
    assert (cause.seats, cause.needed) == (0, 1)


def test_mandatory_job_line_that_nobody_may_hold() -> None:
    cause = only_cause(open_run({"a": "X", "b": "XY"}, mandatory="Z"))
    assert cause.kind is CauseKind.NO_ELIGIBLE_WORKER
    assert cause.is_mirror
    assert members(cause) == ("", "Z")
    assert {rule.kind for rule in cause.rules} == {"mandatory", "eligibility"}


def test_mandatory_job_lines_that_share_too_few_workers() -> None:
    run = open_run({"a": "XYZ", "b": "XYZ", "c": "V", "d": "VW"}, {"V": 3}, mandatory="XYZ")
    cause = only_cause(run)
    assert cause.kind is CauseKind.TOO_FEW_WORKERS
    assert members(cause) == ("ab", "XYZ")
    assert (cause.seats, cause.needed) == (2, 3)


def test_more_mandatory_job_lines_than_workers() -> None:
    cause = only_cause(open_run({"a": "XY"}, mandatory="XY"))
    assert cause.kind is CauseKind.FEWER_WORKERS_THAN_MANDATORY


def test_fewer_places_than_workers() -> None:
    cause = only_cause(open_run({"a": "XY", "b": "XY", "c": "XY", "d": "XY"}, {"X": 2}))
    assert cause.kind is CauseKind.FEWER_PLACES_THAN_WORKERS
    assert (cause.seats, cause.needed) == (3, 4)


def test_mandatory_job_line_without_a_place() -> None:
    cause = only_cause(open_run({"a": "XY"}, {"Y": 0}, mandatory="Y"))
    assert cause.kind is CauseKind.MANDATORY_WITHOUT_PLACES
    assert members(cause) == ("", "Y")
    assert [rule.kind for rule in cause.rules] == ["mandatory", "places"]


def test_pins_beyond_capacity_collide() -> None:
    run = open_run({"a": "XY", "b": "XY", "c": "XYZ"}, pins={"a": "X", "b": "X"})
    cause = only_cause(run)
    assert cause.kind is CauseKind.PINS_COLLIDE
    assert members(cause) == ("ab", "X")
    pinned = [rule.words for rule in cause.rules if rule.kind == "pin"]
    assert pinned == [f"Dr {w} is pinned to Line X in this scenario." for w in "ab"]


def test_pin_to_a_closed_job_line() -> None:
    cause = only_cause(open_run({"a": "X", "b": "Y"}, pins={"a": "Y"}))
    assert cause.kind is CauseKind.PIN_NOT_ELIGIBLE
    assert cause.explanation == "Dr a is pinned to Line Y but may not hold it."


def test_pin_that_empties_a_mandatory_job_line_names_the_pin() -> None:
    cause = only_cause(open_run({"a": "XY", "b": "Y"}, {"Y": 2}, mandatory="X", pins={"a": "Y"}))
    assert cause.kind is CauseKind.NO_ELIGIBLE_WORKER
    assert "Dr a is pinned to Line Y in this scenario." in {rule.words for rule in cause.rules}


def test_cap_on_the_worst_rank_is_named_when_it_is_to_blame() -> None:
    run = open_run({"a": "XYZ", "b": "XYZ", "c": "XYZ"})
    cause = only_cause(run, Settings(worst_rank=2))
    assert members(cause) == ("abc", "XY")
    cap = next(rule for rule in cause.rules if rule.kind == "worst rank")
    assert cap.words == "The cap on the worst rank (2) keeps Dr a, Dr b and Dr c from Line Z."


def test_excluded_qualification_is_named_only_where_it_is_held() -> None:
    run = open_run({"a": "X", "b": "X"}, job_lines="Y")
    holder = replace(run.workers[0], qualification_ids=frozenset({"pt", "als"}))
    row = Eligibility("Y", frozenset({"icu"}), frozenset({"pt", "rural"}))
    tags = tuple(QualificationTag(key, key.upper()) for key in ("pt", "als", "icu", "rural"))
    lines = (run.job_lines[0], replace(run.job_lines[1], eligibility=row))
    cause = only_cause(replace(run, workers=(holder, run.workers[1]), job_lines=lines, tags=tags))
    assert {rule.words for rule in cause.rules if rule.kind == "eligibility"} == {
        "Line Y is closed to Dr a: holds an excluded qualification (PT).",
        "Line Y is closed to Dr b: holds none of the qualifications that the job line asks for "
        "(ICU).",
    }


def test_places_that_earlier_runs_used_are_named() -> None:
    run = open_run({"a": "X", "b": "X"}, job_lines="Y")
    used = replace(run.job_lines[0], max_n_workers=3, used_places=2)
    cause = only_cause(replace(run, job_lines=(used, *run.job_lines[1:])))
    assert cause.rules[0].words == "Line X has 1 place; earlier completed runs used 2 of its 3."


def test_every_independent_cause_is_found() -> None:
    run = open_run(
        {"a": "XY", "b": "XY", "c": "XY", "d": "PQ", "e": "P", "f": "Q", "g": "", "h": "RST"},
        mandatory="ZR",
    )
    found = diagnose(run)
    assert {members(cause) for cause in found.causes} == {
        ("abc", "XY"),
        ("def", "PQ"),
        ("g", ""),
        ("", "Z"),
    }
    assert len(found.blocks) == found.n_independent == 4
    assert found.causes_words == "4 independent causes, and no others."
    assert found.remaining_words == ""


def test_causes_that_overlap_the_listed_ones_are_told_of_not_counted() -> None:
    run = open_run({"a": "X", "b": "X", "c": "X", "d": "X"}, job_lines="YZW")
    found = diagnose(run)
    assert found.causes_words == "3 independent causes; others overlap them."
    assert "each group needs as many changes as it is short" in found.remaining_words
    shared = set.intersection(*(set(cause.workers) for cause in found.causes))
    leave_out = Scenario("without", changes=(LeaveOut(worker=shared.pop()),))
    without = diagnose(leave_out.apply(run))
    assert without.feasible is False
    assert without.n_independent == 2


@given(run_inputs(max_workers=6, max_job_lines=4, scenario=True))
def test_others_overlap_exactly_when_there_are_more_minimal_causes(run: RunInputs) -> None:
    found = diagnose(run)
    n_minimal = len(minimal_causes(run))
    assert n_minimal >= found.n_independent
    assert found.others_overlap is (n_minimal > found.n_independent)


def minimal_causes(run: RunInputs) -> list[set[str]]:
    """Every smallest set of workers, or of mandatory job lines, that cannot all be served."""
    open_to = may_hold(run)
    places = {j.id: j.places for j in run.job_lines}
    must = [j.id for j in run.job_lines if j.least_places]
    able = {j: {w for w in open_to if j in open_to[w] and places[j]} for j in must}
    one_each = dict.fromkeys(open_to, 1)
    return smallest(open_to, places) + smallest(able, one_each)


def smallest(able: dict[str, set[str]], places: dict[str, int]) -> list[set[str]]:
    found: list[set[str]] = []
    for size in range(1, len(able) + 1):
        for members in map(set, combinations(able, size)):
            if not any(other <= members for other in found) and not covers(
                {m: able[m] for m in members}, places
            ):
                found.append(members)
    return found


def test_larger_shortage_has_one_block_and_as_many_causes_as_missing_places() -> None:
    found = diagnose(open_run({"a": "XY", "b": "XY", "c": "XY", "d": "XY"}, job_lines="Z"))
    assert [cause.needed - cause.seats for cause in found.causes] == [1, 1]
    assert {w for cause in found.causes for w in cause.workers} == set("abcd")
    (block,) = found.blocks
    assert (block.needed, block.seats, block.shortage, block.n_independent) == (4, 2, 2, 2)
    assert {cause.block for cause in found.causes} == {0}


def test_demo_run_has_its_three_planted_causes() -> None:
    run = infeasible_demo_run()
    found = diagnose(run)
    number = {w.id: int(w.internal_id[-3:]) for w in run.workers}
    order = {j.id: j.sort_order for j in run.job_lines}
    told = [
        ([number[w] for w in cause.workers], [order[j] for j in cause.job_lines])
        for cause in found.causes
    ]
    assert sorted((sorted(workers), sorted(lines)) for workers, lines in told) == [
        ([], [NOBODY_MAY_HOLD]),
        (list(SUPERVISED_WORKERS), list(SUPERVISED_JOB_LINES)),
        ([NOWHERE_TO_GO], []),
    ]
    crowd = next(cause for cause in found.causes if len(cause.workers) > 1)
    assert (crowd.seats, crowd.needed) == (4, 5)


def infeasible_demo_run() -> RunInputs:
    tables = demo_data.rows()
    runs = (inputs_from(tables, str(row["id"])) for row in tables["allocator_py_runs"])
    return next(run for run in runs if len(run.job_lines) == 32)


@given(run_inputs(max_workers=6, max_job_lines=5, scenario=True), CAPPED)
def test_each_cause_is_a_violation_and_minimal(run: RunInputs, cap: float | None) -> None:
    chosen = Settings(worst_rank=cap)
    for cause in diagnose(run, chosen).causes:
        assert_minimal(run, cause, may_hold(run, chosen))


def assert_minimal(run: RunInputs, cause: Cause, open_to: dict[str, set[str]]) -> None:
    """The members violate Hall's condition; without any one of them the others do not."""
    if cause.kind is CauseKind.MANDATORY_WITHOUT_PLACES:
        assert run.job_line(cause.job_lines[0]).places == 0
        return
    if cause.is_mirror:
        able = {j: {w for w in open_to if j in open_to[w]} for j in cause.job_lines}
        places = dict.fromkeys(open_to, 1)
        ends = set(cause.workers)
    else:
        able = {w: open_to[w] for w in cause.workers}
        places = {j.id: j.places for j in run.job_lines}
        ends = set(cause.job_lines)
    assert set().union(*able.values()) == ends
    assert cause.needed == len(able) == cause.seats + 1
    assert cause.seats == sum(places[end] for end in ends)
    for member in able:
        assert covers({m: able[m] for m in able if m != member}, places)
    for end in ends:
        assert covers(able, {**places, end: places[end] + 1})


@examples(30)
@given(run_inputs(max_workers=5, max_job_lines=4, feasible=False))
def test_irreducible_rows_of_the_model_agree_with_the_causes(run: RunInputs) -> None:
    rows = irreducible_rules(run, Settings())
    found = diagnose(run)
    lines = {j.id: j for j in run.job_lines}
    if rows.mandatory and not rows.workers:
        assert all(lines[j].places == 0 for j in rows.places)
    open_to = may_hold(run)
    if not rows.mandatory:
        reach = set().union(*(open_to[w] for w in rows.workers))
        assert reach == set(rows.places)
        assert len(rows.workers) == 1 + sum(lines[j].places for j in reach)
    if found.n_independent == 1:
        (cause,) = found.causes
        if cause.is_mirror:
            assert set(rows.mandatory) == set(cause.job_lines)
        else:
            assert (rows.workers, rows.places) == (cause.workers, cause.job_lines)


def test_irreducible_rows_of_a_feasible_run_are_none() -> None:
    rows = irreducible_rules(open_run({"a": "XY", "b": "X"}), Settings())
    assert (rows.workers, rows.places, rows.mandatory) == ((), (), ())
