"""The commit function through PostgREST: writes all or nothing, refuses, repeats, excludes."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from postgrest.exceptions import APIError

from allocator.database import doctor
from tests.database.commit_data import (
    AUDIT,
    add_run,
    allocations,
    assert_all_or_nothing,
    commit,
    completed_at,
    expected,
    stored,
)


def assert_refused(database, run, code, rows, **audit):
    """The commit is refused with this code and nothing is written."""
    with pytest.raises(APIError) as refusal:
        commit(database.client, run["id"], rows, **audit)
    assert refusal.value.code == code
    assert stored(database, run) == []
    assert completed_at(database, run) is None
    assert database.rows("select operator from allocator_console_audit") == []
    return refusal.value


def test_commit_writes_allocations_completion_and_audit(database):
    run = add_run(database)
    rows = allocations(run)
    receipt = commit(database.client, run["id"], rows)
    assert assert_all_or_nothing(database, run, rows)
    committed_at = datetime.fromisoformat(receipt.pop("committed_at"))
    assert committed_at == completed_at(database, run)
    assert receipt == {
        **AUDIT,
        "sql_version": doctor.expected_version(),
        "allocator_py_run": run["id"],
        "n_allocations": 3,
        "repeated": False,
    }


def test_commit_accepts_missing_optional_facts(database):
    run = add_run(database)
    nothing = dict.fromkeys(["objective", "bound", "solver", "settings", "scenario", "counts"])
    receipt = commit(database.client, run["id"], allocations(run), **nothing)
    assert receipt["objective"] is None
    assert (receipt["settings"], receipt["solver"]) == ({}, "")


def test_commit_repeated_returns_the_receipt_and_writes_nothing(database):
    run = add_run(database)
    first = commit(database.client, run["id"], allocations(run))
    backwards = allocations(run)[::-1]
    again = commit(database.client, run["id"], backwards, objective=99, operator=" Ada ")
    assert again == {**first, "repeated": True}
    assert assert_all_or_nothing(database, run, backwards)


@pytest.mark.parametrize(("shift", "operator"), [(1, "Ada"), (0, "Grace"), (1, "Grace")])
def test_commit_of_a_completed_run_names_who_and_when(database, shift, operator):
    run = add_run(database)
    receipt = commit(database.client, run["id"], allocations(run))
    with pytest.raises(APIError) as refusal:
        commit(database.client, run["id"], allocations(run, shift), operator=operator)
    assert refusal.value.code == "AC001"
    detail = json.loads(refusal.value.details)
    assert detail["operator"] == "Ada"
    assert datetime.fromisoformat(detail["committed_at"]) == datetime.fromisoformat(
        receipt["committed_at"]
    )
    assert stored(database, run) == expected(allocations(run))


def test_commit_of_fewer_rows_than_committed_is_no_repeat(database):
    run = add_run(database)
    commit(database.client, run["id"], allocations(run))
    with pytest.raises(APIError) as refusal:
        commit(database.client, run["id"], allocations(run)[:-1])
    assert refusal.value.code == "AC001"


def test_commit_of_a_run_completed_elsewhere_knows_no_operator(database):
    run = add_run(database, completed_at="2026-01-02T03:04:05Z")
    with pytest.raises(APIError) as refusal:
        commit(database.client, run["id"], allocations(run))
    assert refusal.value.code == "AC001"
    assert json.loads(refusal.value.details)["operator"] is None


@pytest.mark.parametrize("key", ["worker_mapping", "job_line"])
def test_commit_refuses_rows_of_another_allocation_run(database, key):
    run, other = add_run(database), add_run(database)
    rows = allocations(run)
    rows[-1][key] = allocations(other)[-1][key]
    assert_refused(database, run, "AC002", rows)


@pytest.mark.parametrize("key", ["worker_mapping", "job_line"])
def test_commit_refuses_ids_that_do_not_exist(database, key):
    run = add_run(database)
    rows = allocations(run)
    rows[0][key] = str(uuid.uuid4())
    error = assert_refused(database, run, "AC002", rows)
    assert rows[0][key] in error.message


@pytest.mark.parametrize("column", ["included_worker_mappings", "included_job_lines"])
def test_commit_refuses_rows_that_the_run_does_not_include(database, column):
    year = add_run(database)
    ids = year["workers"] if column == "included_worker_mappings" else year["lines"]
    database.rows(f"update allocator_py_runs set {column} = %s where id = %s", ids[:2], year["id"])
    assert_refused(database, year, "AC002", allocations(year))
    commit(database.client, year["id"], allocations(year)[:2])


def test_commit_takes_empty_lists_of_the_run_as_everything(database):
    run = add_run(database, included_job_lines=[], included_worker_mappings=[])
    commit(database.client, run["id"], allocations(run))
    assert assert_all_or_nothing(database, run, allocations(run))


def test_commit_refuses_a_worker_twice(database):
    run = add_run(database)
    rows = allocations(run)
    twice = {**rows[0], "job_line": run["lines"][3]}
    upper = {**twice, "worker_mapping": rows[0]["worker_mapping"].upper()}
    assert_refused(database, run, "AC003", [*rows, twice])
    assert_refused(database, run, "AC003", [*rows, upper])


def test_commit_refuses_a_withdrawn_worker(database):
    run = add_run(database)
    database.rows(
        "update allocation_run_worker_mappings set withdrawn_at = now() where id = %s",
        run["workers"][1],
    )
    error = assert_refused(database, run, "AC004", allocations(run))
    assert run["workers"][1] in error.message


def test_commit_refuses_a_run_that_does_not_exist(database):
    run = add_run(database)
    with pytest.raises(APIError) as refusal:
        commit(database.client, str(uuid.uuid4()), allocations(run))
    assert refusal.value.code == "AC005"


@pytest.mark.parametrize("operator", ["", "  ", None])
def test_commit_refuses_to_be_anonymous(database, operator):
    run = add_run(database)
    assert_refused(database, run, "AC006", allocations(run), operator=operator)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        None,
        {},
        "text",
        [None],
        [1],
        [{}],
        [{"worker_mapping": "W1", "job_line": "Line 1"}],
    ],
)
def test_commit_refuses_rows_of_another_shape(database, rows):
    run = add_run(database)
    assert_refused(database, run, "AC006", rows)


def test_commit_refuses_values_of_another_type(database):
    run = add_run(database)
    rows = allocations(run)
    assert_refused(database, run, "AC006", [{**rows[0], "original_preference": "first"}])
    assert_refused(database, run, "AC006", rows, objective="best")


def test_commit_refuses_a_pending_run_that_holds_rows(database):
    run = add_run(database)
    row = {key: allocations(run)[0][key] for key in ("worker_mapping", "job_line")}
    database.insert("allocator_py_allocations", {"allocator_py_run": run["id"], **row})
    with pytest.raises(APIError) as refusal:
        commit(database.client, run["id"], allocations(run))
    assert refusal.value.code == "AC008"
    assert completed_at(database, run) is None


def exclusive_pair(database, **columns):
    """A run and a second, exclusive one of the same allocation run and the same people."""
    first = add_run(database, **columns)
    (second,) = database.insert(
        "allocator_py_runs", {"allocation_run": first["allocation_run"], "is_exclusive": True}
    )
    return first, {**first, "id": str(second["id"])}


def test_exclusive_commit_refuses_workers_and_places_of_other_runs(database):
    first, second = exclusive_pair(database)
    rows = allocations(first)
    commit(database.client, first["id"], rows[:1])
    free_line = {**rows[0], "job_line": first["lines"][3]}
    taken_line = {**rows[1], "job_line": rows[0]["job_line"]}
    for refused in ([free_line], [taken_line]):
        with pytest.raises(APIError) as refusal:
            commit(database.client, second["id"], refused)
        assert refusal.value.code == "AC007"
    database.rows("update job_lines set max_n_workers = 2 where id = %s", taken_line["job_line"])
    commit(database.client, second["id"], [taken_line])
    assert stored(database, second) == expected([taken_line])


def at_once(client, *calls):
    """Commit from several threads at the same moment; a receipt or an APIError for each call."""
    start = threading.Barrier(len(calls))

    def attempt(call):
        run, rows, operator = call
        start.wait()
        try:
            return commit(client, run["id"], rows, operator=operator)
        except APIError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        answers = list(pool.map(attempt, calls))
    (receipt,) = [answer for answer in answers if isinstance(answer, dict)]
    (error,) = [answer for answer in answers if isinstance(answer, APIError)]
    return receipt, error


@pytest.mark.parametrize("round_", range(5))
def test_two_commits_at_once_one_wins(database, round_):
    run = add_run(database)
    rows = {"Ada": allocations(run), "Grace": allocations(run, 1)}
    receipt, error = at_once(database.client, *((run, rows[who], who) for who in rows))
    assert error.code == "AC001"
    assert json.loads(error.details)["operator"] == receipt["operator"]
    assert assert_all_or_nothing(database, run, rows[receipt["operator"]])


def test_two_exclusive_commits_at_once_share_no_place(database):
    first, second = exclusive_pair(database, is_exclusive=True)
    rows = allocations(first)
    rival = {**rows[1], "job_line": rows[0]["job_line"]}
    _, error = at_once(database.client, (first, [rows[0]], "Ada"), (second, [rival], "Grace"))
    assert error.code == "AC007"
    assert len(stored(database, first) + stored(database, second)) == 1


def test_commit_fails_as_a_whole(database):
    run = add_run(database)
    database.rows("alter table allocator_console_audit add constraint no check (operator <> 'Ada')")
    try:
        with pytest.raises(APIError):
            commit(database.client, run["id"], allocations(run))
    finally:
        database.rows("alter table allocator_console_audit drop constraint no")
    assert not assert_all_or_nothing(database, run, allocations(run))


def test_commit_of_a_large_run_is_one_quick_call(database):
    run = add_run(database, workers=1500, lines=1500)
    receipt = commit(database.client, run["id"], allocations(run))
    assert receipt["n_allocations"] == 1500


def withdraw(database, mapping, at, effective_at=None):
    """Withdraw a worker; both are SQL expressions or None."""
    database.rows(
        f"update allocation_run_worker_mappings set withdrawn_at = {at or 'null'}, "
        f"withdrawal_effective_at = {effective_at or 'null'} where id = %s",
        mapping,
    )


TOMORROW, YESTERDAY = "now() + interval '1 day'", "now() - interval '1 day'"


@pytest.mark.parametrize("effective_at", [None, YESTERDAY, "'-infinity'"])
def test_exclusive_commit_gives_back_the_place_of_a_withdrawn_worker(database, effective_at):
    first, second = exclusive_pair(database)
    rows = allocations(first)
    commit(database.client, first["id"], rows[:1])
    withdraw(database, first["workers"][0], "now()", effective_at)
    freed = {**rows[1], "job_line": rows[0]["job_line"]}
    commit(database.client, second["id"], [freed])
    assert stored(database, second) == expected([freed])


@pytest.mark.parametrize("effective_at", [TOMORROW, "'infinity'"])
def test_exclusive_commit_counts_workers_whose_withdrawal_is_to_come(database, effective_at):
    first, second = exclusive_pair(database)
    rows = allocations(first)
    commit(database.client, first["id"], rows[:1])
    withdraw(database, first["workers"][0], "now()", effective_at)
    with pytest.raises(APIError) as refusal:
        commit(database.client, second["id"], [{**rows[1], "job_line": rows[0]["job_line"]}])
    assert refusal.value.code == "AC007"


def test_commit_takes_a_worker_whose_withdrawal_is_to_come(database):
    run = add_run(database)
    withdraw(database, run["workers"][0], "now()", TOMORROW)
    commit(database.client, run["id"], allocations(run))
    assert assert_all_or_nothing(database, run, allocations(run))
