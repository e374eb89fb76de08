"""`solve` and `process-pending`: what they report, write, refuse and end with."""

from __future__ import annotations

import pytest

from allocator.demo import demo_data
from allocator.demo.small_runs import BY_EYE_OPTIMUM
from tests.cli.conftest import people

SOLVE_FIELDS = {
    "run_id",
    "status",
    "objective",
    "bound",
    "gap",
    "worker_dissatisfaction",
    "organisation_dissatisfaction",
    "settings",
    "fingerprint",
    "identity",
    "allocations",
    "data_errors",
    "left_out",
    "timings",
    "certificate",
    "receipt",
}


def count(database, table, run_id):
    query = f"select count(*) as n from {table} where allocator_py_run = %s"
    return database.rows(query, run_id)[0]["n"]


def test_solve_by_eye_without_commit_writes_nothing(cli, database):
    code, found = cli("solve", demo_data.BY_EYE, "--alpha", "0")
    assert code == 0
    assert set(found) >= SOLVE_FIELDS
    assert found["status"] == "optimal"
    assert found["certificate"]["verified"] is True
    assert found["objective"] == found["bound"] == found["worker_dissatisfaction"] == 14
    assert found["gap"] == 0
    assert found["receipt"] is None
    assert count(database, "allocator_py_allocations", demo_data.BY_EYE) == 0
    numbers = {
        str(row["id"]): row["sort_order"]
        for row in database.rows("select id, sort_order from job_lines")
    }
    people = database.rows(
        "select m.id, w.internal_id from allocation_run_worker_mappings m "
        "join workers w on w.id = m.worker"
    )
    workers = {str(row["id"]): int(row["internal_id"][-4:]) for row in people}
    placed = {workers[a["worker_mapping"]]: numbers[a["job_line"]] for a in found["allocations"]}
    assert placed == BY_EYE_OPTIMUM


def test_solve_reports_timings_and_settings(cli):
    _, found = cli("solve", demo_data.BY_EYE, "--alpha", "0.5", "--power", "2", "--seed", "7")
    settings = found["settings"]
    assert (settings["alpha"], settings["power"], settings["seed"]) == (0.5, 2, 7)
    assert {"hydrate", "formulate", "solve", "check", "commit"} <= set(found["timings"])
    assert found["timings"]["hydrate"] > 0
    assert found["timings"]["commit"] is None


@pytest.mark.usefixtures("intern_ranks")
def test_solve_and_commit_the_intern_year(cli, database):
    code, found = cli("solve", demo_data.INTERN_YEAR, "--commit", "--operator", "Ada Archer")
    assert code == 0
    assert found["status"] == "optimal"
    assert found["certificate"]["verified"] is True
    assert found["receipt"]["operator"] == "Ada Archer"
    assert found["receipt"]["n_allocations"] == len(found["allocations"]) == 138
    assert found["timings"]["commit"] > 0
    assert count(database, "allocator_py_allocations", demo_data.INTERN_YEAR) == 138
    completed = database.rows(
        "select completed_at from allocator_py_runs where id = %s", demo_data.INTERN_YEAR
    )
    assert completed[0]["completed_at"] is not None


def test_second_commit_by_somebody_else_is_refused(cli, database):
    first, _ = cli("solve", demo_data.BY_EYE, "--commit", "--operator", "Ada")
    code, found = cli("solve", demo_data.BY_EYE, "--commit", "--operator", "Ben")
    assert (first, code) == (0, 6)
    assert found["error"]["kind"] == "AlreadyCompleted"
    assert found["error"]["operator"] == "Ada"
    assert found["receipt"] is None
    assert count(database, "allocator_console_audit", demo_data.BY_EYE) == 1


def test_infeasible_run_ends_with_3(cli):
    code, found = cli("solve", demo_data.INFEASIBLE, "--commit", "--operator", "Ada")
    assert code == 3
    assert found["status"] == "infeasible"
    assert found["allocations"] == []
    assert found["objective"] is None
    assert found["receipt"] is None


def test_data_errors_end_with_4_until_they_are_acknowledged(cli):
    code, found = cli("solve", demo_data.NEEDS_ACKNOWLEDGEMENT)
    assert code == 4
    assert found["status"] == "invalid_data"
    assert len(found["data_errors"]) == 2
    assert found["error"]["kind"] == "InvalidData"
    assert "--acknowledge" in found["error"]["remedy"]
    code, found = cli("solve", demo_data.NEEDS_ACKNOWLEDGEMENT, "--acknowledge")
    assert code == 0
    assert len(found["data_errors"]) == 2


def test_solve_for_people_names_workers_and_job_lines(cli, capfd, database):
    code, out, _ = people(capfd, "solve", demo_data.BY_EYE)
    assert code == 0
    assert "proven optimal" in out
    worker = database.rows(
        "select lastname from workers where internal_id like 'SMP%%' order by id limit 1"
    )
    assert worker[0]["lastname"] in out
    assert demo_data.BY_EYE not in out


def test_process_pending_tells_what_happened_to_each(cli):
    code, found = cli("process-pending", "--operator", "night job")
    assert (found["committed"], found["failed"]) == (3, 3)
    by_run = {row["run_id"]: row for row in found["runs"]}
    assert by_run[demo_data.INTERN_YEAR]["receipt"]["operator"] == "night job"
    assert by_run[demo_data.INFEASIBLE]["status"] == "infeasible"
    assert by_run[demo_data.NEEDS_ACKNOWLEDGEMENT]["error"]["kind"] == "InvalidData"
    assert code in (3, 4)
    _, after = cli("runs")
    assert sum(row["pending"] for row in after["runs"]) == 3


def test_commit_of_what_an_earlier_solve_printed(cli, database):
    _, shown = cli("solve", demo_data.BY_EYE)
    commit = ("--commit", "--operator", "Ada", "--expect", shown["identity"])
    code, found = cli("solve", demo_data.BY_EYE, "--seed", "7", *commit)
    assert code == 6
    assert "not the allocation that was shown" in found["error"]["message"]
    assert database.rows("select count(*) as n from allocator_console_audit") == [{"n": 0}]
    code, found = cli("solve", demo_data.BY_EYE, *commit)
    assert (code, found["identity"]) == (0, shown["identity"])
    assert found["receipt"]["n_allocations"] == 12


def test_expect_without_commit_is_refused(cli):
    code, found = cli("solve", demo_data.BY_EYE, "--expect", "0" * 64)
    assert code == 2
    assert "--commit" in found["error"]["message"]


def test_solve_tells_who_gets_what_they_cannot_accept(cli, capfd):
    _, found = cli("solve", demo_data.BY_EYE)
    assert found["never"] == 1
    assert sorted(a["bucket"] for a in found["allocations"])[-1] == 50
    _, out, _ = people(capfd, "solve", demo_data.BY_EYE)
    assert "2 · never" in out
    assert "On a job line that they put under “never”" in out
