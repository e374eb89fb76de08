"""The command line as programs see it: one JSON object, exit codes; and as people see it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from allocator.cli import main
from allocator.commands.progress import cancel_on_interrupt, describe
from allocator.embedded import demo
from allocator.embedded.demo_small import BY_EYE_OPTIMUM
from allocator.hydration import Reading
from allocator.models import Phase, Progress
from tests.database.demo_rows import demo_rows

ROOT = Path(__file__).parents[2]
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
    "allocations",
    "data_errors",
    "left_out",
    "timings",
    "certificate",
    "receipt",
}


@pytest.fixture
def cli(database, monkeypatch, capfd):
    """Runs a command with `--json` on the demo data: (exit code, its object)."""
    database.insert_tables(demo_rows())
    monkeypatch.setenv("SUPABASE_URL", database.info.url)
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.service_role_key)

    def run(*argv):
        code = main([*argv, "--json"])
        return code, only_object(capfd.readouterr().out)

    return run


@pytest.fixture
def intern_ranks(cli, database):
    """The intern year complete."""
    database.clear()
    database.insert_tables(demo_rows(intern_ranks=True))


def only_object(text):
    """The one JSON object that `text` consists of."""
    assert text.count("\n") == 1
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def people(capfd, *argv):
    """Runs a command for people: (exit code, standard output, standard error)."""
    code = main(list(argv))
    captured = capfd.readouterr()
    return code, captured.out, captured.err


def count(database, table, run_id):
    query = f"select count(*) as n from {table} where allocator_py_run = %s"
    return database.rows(query, run_id)[0]["n"]


def test_runs_lists_pending_and_completed(cli):
    code, found = cli("runs")
    assert code == 0
    assert [row["pending"] for row in found["runs"]] == [True] * 5 + [False]
    intern = next(row for row in found["runs"] if row["run_id"] == demo.INTERN_YEAR)
    assert (intern["plan"], intern["workers"], intern["job_lines"]) == (
        "Intern year 2027",
        138,
        140,
    )


def test_json_may_stand_anywhere(cli, capfd):
    cli("runs")
    assert main(["--json", "show", demo.BY_EYE]) == 0
    assert only_object(capfd.readouterr().out)["run_id"] == demo.BY_EYE


def test_runs_for_people_is_a_table_without_long_ids(cli, capfd):
    code, out, _ = people(capfd, "runs")
    assert code == 0
    assert "Intern year 2027" in out
    assert demo.INTERN_YEAR not in out
    assert demo.INTERN_YEAR[:8] in out


def test_show_takes_the_beginning_of_the_id(cli):
    code, found = cli("show", demo.INTERN_YEAR[:6])
    assert code == 0
    assert found["run_id"] == demo.INTERN_YEAR
    assert len(found["left_out"]) == 1
    assert found["data_errors"] == []
    assert found["receipt"] is None
    assert len(found["fingerprint"]) == 64


def test_show_lists_data_errors_with_what_to_do(cli):
    code, found = cli("show", demo.NEEDS_ACKNOWLEDGEMENT)
    assert code == 0
    assert len(found["data_errors"]) == 2
    assert all(e["acknowledgeable"] and e["remedy"] for e in found["data_errors"])


def test_solve_by_eye_without_commit_writes_nothing(cli, database):
    code, found = cli("solve", demo.BY_EYE, "--alpha", "0")
    assert code == 0
    assert set(found) >= SOLVE_FIELDS
    assert found["status"] == "optimal"
    assert found["certificate"]["verified"] is True
    assert found["objective"] == found["bound"] == found["worker_dissatisfaction"] == 14
    assert found["gap"] == 0
    assert found["receipt"] is None
    assert count(database, "allocator_py_allocations", demo.BY_EYE) == 0
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
    _, found = cli("solve", demo.BY_EYE, "--alpha", "0.5", "--power", "2", "--seed", "7")
    settings = found["settings"]
    assert (settings["alpha"], settings["power"], settings["seed"]) == (0.5, 2, 7)
    assert {"hydrate", "formulate", "solve", "check", "commit"} <= set(found["timings"])
    assert found["timings"]["hydrate"] > 0
    assert found["timings"]["commit"] is None


@pytest.mark.usefixtures("intern_ranks")
def test_solve_and_commit_the_intern_year(cli, database):
    code, found = cli("solve", demo.INTERN_YEAR, "--commit", "--operator", "Ada Archer")
    assert code == 0
    assert found["status"] == "optimal"
    assert found["receipt"]["operator"] == "Ada Archer"
    assert found["receipt"]["n_allocations"] == len(found["allocations"]) == 138
    assert found["timings"]["commit"] > 0
    assert count(database, "allocator_py_allocations", demo.INTERN_YEAR) == 138
    completed = database.rows(
        "select completed_at from allocator_py_runs where id = %s", demo.INTERN_YEAR
    )
    assert completed[0]["completed_at"] is not None


@pytest.mark.usefixtures("intern_ranks")
def test_intern_year_is_proven_optimal_within_a_second(cli):
    cli("solve", demo.BY_EYE)  # start-up: the solver's libraries are loaded
    began = time.perf_counter()
    _, found = cli("solve", demo.INTERN_YEAR)
    assert found["certificate"]["verified"] is True
    assert time.perf_counter() - began < 1.0


def test_second_commit_by_somebody_else_is_refused(cli, database):
    first, _ = cli("solve", demo.BY_EYE, "--commit", "--operator", "Ada")
    code, found = cli("solve", demo.BY_EYE, "--commit", "--operator", "Ben")
    assert (first, code) == (0, 6)
    assert found["error"]["kind"] == "AlreadyCompleted"
    assert found["error"]["operator"] == "Ada"
    assert found["receipt"] is None
    assert count(database, "allocator_console_audit", demo.BY_EYE) == 1


def test_infeasible_run_ends_with_3(cli):
    code, found = cli("solve", demo.INFEASIBLE, "--commit", "--operator", "Ada")
    assert code == 3
    assert found["status"] == "infeasible"
    assert found["allocations"] == []
    assert found["objective"] is None
    assert found["receipt"] is None


def test_data_errors_end_with_4_until_they_are_acknowledged(cli):
    code, found = cli("solve", demo.NEEDS_ACKNOWLEDGEMENT)
    assert code == 4
    assert found["status"] == "invalid_data"
    assert len(found["data_errors"]) == 2
    assert found["error"]["kind"] == "InvalidData"
    assert "--acknowledge" in found["error"]["remedy"]
    code, found = cli("solve", demo.NEEDS_ACKNOWLEDGEMENT, "--acknowledge")
    assert code == 0
    assert len(found["data_errors"]) == 2


def test_unreachable_database_ends_with_5(cli, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
    code, found = cli("show", demo.BY_EYE)
    assert code == 5
    assert found["error"]["kind"] == "Unreachable"
    assert found["error"]["remedy"]


def test_refused_key_ends_with_5_and_is_not_shown(cli, database, monkeypatch):
    key = database.info.service_role_key[:-6] + "wrong0"
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", key)
    code, found = cli("runs")
    assert code == 5
    assert found["error"]["kind"] == "KeyRefused"
    assert key not in json.dumps(found)


@pytest.mark.parametrize(
    "argv",
    [
        ["solve"],
        ["solve", demo.BY_EYE, "--alpha", "2"],
        ["solve", demo.BY_EYE, "--alpha", "much"],
        ["solve", demo.BY_EYE, "--power", "0"],
        ["solve", demo.BY_EYE, "--seed", "-1"],
        ["solve", demo.BY_EYE, "--time-limit", "0"],
        ["solve", demo.BY_EYE, "--worst-rank", "inf"],
        ["solve", demo.BY_EYE, "--alph", "0.5"],
        ["solve", demo.BY_EYE, "--solver", "magic"],
        ["solve", demo.BY_EYE, "--commit"],
        ["solve", demo.BY_EYE, "--commit", "--operator", " "],
        ["solve", "not-a-run"],
        ["show", "ffffffff"],
        ["unknown"],
        [],
    ],
    ids=" ".join,
)
def test_misuse_ends_with_2(cli, argv):
    code, found = cli(*argv)
    assert code == 2
    assert found["error"]["message"]


def test_places_used_by_earlier_runs_are_listed(cli, capfd):
    _, found = cli("solve", demo.SECOND_BATCH)
    assert found["used_places"]
    assert all(0 < row["used"] < row["of"] for row in found["used_places"])
    _, out, _ = people(capfd, "show", demo.SECOND_BATCH)
    assert found["used_places"][0]["name"] in out


def test_process_pending_tells_what_happened_to_each(cli):
    code, found = cli("process-pending", "--operator", "night job")
    assert (found["committed"], found["failed"]) == (3, 2)
    by_run = {row["run_id"]: row for row in found["runs"]}
    assert by_run[demo.INTERN_YEAR]["receipt"]["operator"] == "night job"
    assert by_run[demo.INFEASIBLE]["status"] == "infeasible"
    assert by_run[demo.NEEDS_ACKNOWLEDGEMENT]["error"]["kind"] == "InvalidData"
    assert code in (3, 4)
    _, after = cli("runs")
    assert sum(row["pending"] for row in after["runs"]) == 2


def test_doctor_ends_with_0_when_everything_is_in_place(cli):
    code, found = cli("doctor")
    assert (code, found["ok"]) == (0, True)
    assert all(f["ok"] for f in found["findings"])


def test_doctor_says_what_to_do_about_an_anon_key(cli, database, monkeypatch):
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.anon_key)
    code, found = cli("doctor")
    assert (code, found["ok"]) == (5, False)
    fault = next(f for f in found["findings"] if not f["ok"])
    assert "service_role" in fault["remedy"]
    assert database.info.anon_key not in json.dumps(found)


def test_error_for_people_goes_to_standard_error(cli, capfd):
    code, out, err = people(capfd, "show", "ffffffff")
    assert (code, out) == (2, "")
    assert "no allocator run" in err
    assert "Traceback" not in err


def test_solve_for_people_names_workers_and_job_lines(cli, capfd, database):
    code, out, _ = people(capfd, "solve", demo.BY_EYE)
    assert code == 0
    assert "proven optimal" in out
    worker = database.rows(
        "select lastname from workers where internal_id like 'SMP%%' order by id limit 1"
    )
    assert worker[0]["lastname"] in out
    assert demo.BY_EYE not in out


def test_first_interrupt_asks_for_the_best_so_far_and_the_second_one_ends():
    before = signal.getsignal(signal.SIGINT)
    with cancel_on_interrupt() as cancel:
        signal.raise_signal(signal.SIGINT)
        assert cancel.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Reading("preferences", 3000, 6555), "reading preferences, 3000 of 6555"),
        (Reading("workers", 139), "reading workers, 139"),
        (Progress(Phase.MASTER, 0.1, variables=90), "solve, 90 variables"),
        (Progress(Phase.PRICING, 0.2, incumbent=12.5, bound=12.0), "price, best 12.5, gap 0.5"),
    ],
)
def test_progress_is_told_in_one_line(event, words):
    assert describe(event) == words


def command(*argv, stdin="", **env):
    """A real process: (exit code, standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-m", "allocator", *argv],
        cwd=ROOT,
        env={**os.environ, **env},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_json_output_of_a_process_is_one_object(cli, database):
    code, out, _ = command(
        "solve",
        demo.BY_EYE,
        "--json",
        SUPABASE_URL=database.info.url,
        SUPABASE_SERVICE_ROLE_KEY=database.info.service_role_key,
    )
    assert code == 0
    assert only_object(out)["status"] == "optimal"


def test_hash_password_reads_standard_input():
    code, out, err = command("hash-password", stdin="correct horse battery\n")
    assert code == 0
    assert out.startswith("$argon2id$")
    assert "correct horse" not in out + err
    code, out, _ = command("hash-password", "--json", stdin="correct horse battery\n")
    assert only_object(out)["hash"].startswith("$argon2id$")


def test_hash_password_refuses_a_password_as_an_argument():
    code, out, _ = command("hash-password", "correct horse battery")
    assert (code, out) == (2, "")


def test_local_stack_starts_and_stops_from_the_command_line(tmp_path):
    where = ("--data-dir", str(tmp_path / "stack"), "--json")
    try:
        code, out, _ = command("local", "start", "--seed", "demo", *where)
        started = only_object(out)
        assert code == 0
        assert set(started) == {"url", "service_role_key", "anon_key", "dsn", "data_dir"}
        code, out, _ = command("local", "start", *where)
        assert only_object(out) == started
        assert only_object(command("local", "status", *where)[1])["running"] is True
        code, out, _ = command("runs", *where)
        assert code == 0
        assert len(only_object(out)["runs"]) == 6
        code, out, _ = command("local", "reset", "--seed", "empty", *where)
        assert code == 0
        assert only_object(command("runs", *where)[1])["runs"] == []
    finally:
        code, out, _ = command("local", "stop", *where)
    assert code == 0
    assert only_object(command("local", "status", *where)[1])["running"] is False
    assert command("runs", *where)[0] == 2
