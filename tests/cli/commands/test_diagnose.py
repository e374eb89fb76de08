"""`python -m allocator diagnose`: causes and proven fixes as one JSON object, exit codes."""

from __future__ import annotations

import json

import pytest

from allocator.cli.main import main
from allocator.cli.progress import describe, steps
from allocator.demo import demo_data
from allocator.demo.small_runs import NOBODY_MAY_HOLD, SUPERVISED_WORKERS
from allocator.diagnosis import DiagnosisProgress
from tests.database.demo_rows import demo_rows

CAUSE_FIELDS = {"kind", "workers", "job_lines", "seats", "needed", "rules", "explanation"}
FIX_FIELDS = {"kind", "changes", "cost", "verified", "objective"}


@pytest.fixture
def diagnose(database, monkeypatch, capfd):
    """Runs `diagnose` on the demo data: (exit code, standard output, standard error)."""
    database.insert_tables(demo_rows())
    monkeypatch.setenv("SUPABASE_URL", database.info.url)
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.service_role_key)

    def run(*argv):
        code = main(["diagnose", *argv])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def found(diagnose):
    code, out, _ = diagnose(demo_data.INFEASIBLE, "--json")
    assert code == 3
    assert out.count("\n") == 1
    return json.loads(out)


def workers_by_number(database, ids):
    rows = database.rows(
        "select m.id, w.internal_id from allocation_run_worker_mappings m "
        "join workers w on w.id = m.worker"
    )
    number = {str(row["id"]): int(row["internal_id"][-4:]) for row in rows}
    return {number[w] for w in ids}


def test_diagnose_infeasible_run_finds_the_planted_causes(found, database):
    assert found["feasible"] is False
    assert all(set(cause) >= CAUSE_FIELDS for cause in found["causes"])
    causes = {cause["kind"]: cause for cause in found["causes"]}
    assert set(causes) == {"too_few_places", "no_eligible_worker", "no_eligible_job_line"}
    crowded = causes["too_few_places"]
    assert workers_by_number(database, crowded["workers"]) == set(SUPERVISED_WORKERS)
    assert (crowded["seats"], crowded["needed"]) == (4, 5)
    line = database.rows(
        "select sort_order from job_lines where id = %s",
        causes["no_eligible_worker"]["job_lines"][0],
    )
    assert line[0]["sort_order"] == NOBODY_MAY_HOLD
    assert all(rule["words"] for cause in found["causes"] for rule in cause["rules"])


def test_diagnose_infeasible_run_offers_verified_fixes_only(found):
    assert found["fixes"]
    for fix in found["fixes"]:
        assert set(fix) >= FIX_FIELDS
        assert fix["verified"] is True
        assert fix["objective"] > 0
        assert fix["cost"] >= 1
        assert fix["changes"]
        assert all(change["words"] for change in fix["changes"])
    assert found["partial"]["n_placed"] == 28
    assert len(found["partial"]["left"]) == 2


def test_diagnose_feasible_run_says_so(diagnose):
    code, out, _ = diagnose(demo_data.BY_EYE[:8], "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["feasible"], answer["causes"], answer["fixes"]) == (True, [], [])
    assert answer["run_id"] == demo_data.BY_EYE


def test_diagnose_cap_on_the_worst_rank_that_nobody_can_keep(diagnose):
    code, out, _ = diagnose(demo_data.BY_EYE, "--worst-rank", "1", "--json")
    answer = json.loads(out)
    assert code == 3
    assert "worst_rank" in {fix["kind"] for fix in answer["fixes"]}


def test_diagnose_writes_nothing_but_its_seed_and_by_whom(diagnose, database):
    diagnose(demo_data.INFEASIBLE, "--json")
    [row] = database.rows("select * from allocator_console_solves")
    assert (row["seed"], row["counts"]) == (1234, {"work": "diagnosis"})
    assert row["operator"].endswith(" (command line)")
    pending = database.rows(
        "select completed_at from allocator_py_runs where id = %s", demo_data.INFEASIBLE
    )
    assert pending[0]["completed_at"] is None


def test_diagnose_for_people_names_workers_and_no_ids(diagnose):
    code, out, _ = diagnose(demo_data.INFEASIBLE)
    assert code == 3
    assert "No allocation exists" in out
    assert "is eligible for no job line at all" in out
    assert "Fewest extra places" in out
    assert "At most 28 of 30 workers can be placed" in out
    assert demo_data.INFEASIBLE not in out


def test_diagnose_unknown_run_is_an_error(diagnose):
    code, out, _ = diagnose("ffffffff-0000", "--json")
    assert code == 2
    assert json.loads(out)["error"]["kind"] == "RunNotFound"


def test_progress_of_a_diagnosis_is_told_in_steps():
    event = DiagnosisProgress("causes", 1, 8, 0.5, "3 looked at")
    assert describe(event) == "causes, 3 looked at"
    assert steps(event) == (1, 8)
