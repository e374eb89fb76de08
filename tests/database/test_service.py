"""The service on a real database: list, load, solve, commit, refuse, recover."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import pytest

from allocator import postgres
from allocator.config import Connection
from allocator.embedded import demo
from allocator.embedded.demo_small import BY_EYE_OPTIMUM
from allocator.errors import (
    AlreadyCompleted,
    CommitRefused,
    InputsChanged,
    InvalidData,
    MissingFunction,
    NotSolved,
    RunNotFound,
    Unreachable,
    UsageError,
)
from allocator.models import Check, Settings, Status
from allocator.pending import NotProven, require_allocation
from allocator.problem import Problem
from allocator.service import AllocatorService
from tests.builders import result_for
from tests.database.cutting_proxy import CuttingProxy
from tests.database.demo_rows import demo_rows

BY_EYE = demo.BY_EYE


@pytest.fixture
def service(database) -> AllocatorService:
    """The service on a database with the demo data."""
    database.insert_tables(demo_rows())
    return service_at(database, database.info.url)


def service_at(database, url: str) -> AllocatorService:
    return AllocatorService(postgres.connect(Connection(url, database.info.service_role_key)))


def checked(inputs, settings=None):
    """The by-eye optimum as a result that passed the check."""
    workers = {int(w.internal_id[-4:]): w.id for w in inputs.workers}
    lines = {line.sort_order: line.id for line in inputs.job_lines}
    placements = {workers[w]: lines[line] for w, line in BY_EYE_OPTIMUM.items()}
    result = result_for(inputs, placements, settings)
    return replace(result, checks=(Check("each worker gets one job line", 12),), solver="by eye")


def stored(database, run_id):
    """(completed_at, number of allocations, number of audit rows)."""
    completed = database.rows("select completed_at from allocator_py_runs where id = %s", run_id)
    counts = [
        database.rows(f"select count(*) as n from {table} where allocator_py_run = %s", run_id)
        for table in ("allocator_py_allocations", "allocator_console_audit")
    ]
    return completed[0]["completed_at"], *(rows[0]["n"] for rows in counts)


def test_runs_lists_pending_runs_first_with_what_is_in_them(service):
    rows = service.runs()
    assert [row.run.is_pending for row in rows] == [True] * 5 + [False]
    intern = next(row for row in rows if row.run.id == demo.INTERN_YEAR)
    inputs = service.hydrate(demo.INTERN_YEAR)
    assert (intern.workers, intern.job_lines) == (len(inputs.workers), len(inputs.job_lines))
    assert intern.seats == sum(line.places for line in inputs.job_lines)
    assert intern.submitted == sum(worker.submitted for worker in inputs.workers)
    assert (intern.batch, intern.batches) == (1, 1)


def test_runs_counts_an_exclusive_batch_without_what_earlier_batches_took(service):
    second = next(row for row in service.runs() if row.run.id == demo.SECOND_BATCH)
    inputs = service.hydrate(demo.SECOND_BATCH)
    assert (second.batch, second.batches) == (2, 2)
    assert second.workers == len(inputs.workers)
    assert second.seats == sum(line.places for line in inputs.job_lines)
    assert second.left_out == len(inputs.left_out) > 0


def test_runs_tells_how_a_run_of_another_program_came_out(service, database):
    row = next(row for row in service.runs() if row.run.id == demo.COMPLETED)
    first = database.rows(
        "select count(*) as n from allocator_py_allocations "
        "where allocator_py_run = %s and original_preference <= 1",
        demo.COMPLETED,
    )
    assert row.receipt is None
    assert row.outcome["within"]["1"] == first[0]["n"] > 0


def test_runs_of_an_empty_database_is_empty(database):
    assert service_at(database, database.info.url).runs() == []


def test_pending_claims_runs_without_completion(service):
    pending = service.pending()
    assert len(pending) == 5
    assert pending == sorted(pending, key=lambda run: (run.created_at, run.id))


def test_find_run_by_the_beginning_of_its_id(service):
    assert service.find_run(BY_EYE[:8].upper()).id == BY_EYE
    assert service.find_run(BY_EYE).id == BY_EYE


@pytest.mark.parametrize("text", ["", "zz", "00000000-0000-0000-0000-000000000000"])
def test_find_run_that_is_not_there(service, text):
    with pytest.raises(RunNotFound):
        service.find_run(text)


def test_find_run_with_an_ambiguous_beginning(service, database):
    other = f"{BY_EYE[:-4]}ffff"
    allocation_run = service.find_run(BY_EYE).allocation_run
    database.insert("allocator_py_runs", {"id": other, "allocation_run": allocation_run})
    with pytest.raises(UsageError, match="2 runs"):
        service.find_run(BY_EYE[:8])


def test_solve_finds_the_optimum_that_the_eye_finds(service):
    inputs = service.hydrate(BY_EYE)
    result = service.solve(inputs, Settings(alpha=0))
    assert result.status is Status.OPTIMAL
    assert result.certificate.verified
    expected = {(a.worker_mapping, a.job_line) for a in checked(inputs).allocations}
    assert {(a.worker_mapping, a.job_line) for a in result.allocations} == expected


def test_every_solve_is_logged(service):
    inputs = service.hydrate(BY_EYE)
    for seed in (1, 2):
        service.solve(inputs, Settings(seed=seed), operator="Ada")
    service.solve(inputs, Settings(seed=3), operator="Ada", log=False)
    logged = service.solve_log(BY_EYE)
    assert [(row.seed, row.operator, row.status) for row in logged] == [
        (1, "Ada", "optimal"),
        (2, "Ada", "optimal"),
    ]
    assert {row.fingerprint for row in logged} == {inputs.fingerprint}


def test_solve_goes_on_without_a_log(service, database):
    inputs = service.hydrate(BY_EYE)
    with hidden(database, "table", "allocator_console_solves"):
        assert service.solve(inputs).status is Status.OPTIMAL


def test_solve_needs_an_acknowledgement_of_dead_references(service):
    inputs = service.hydrate(demo.NEEDS_ACKNOWLEDGEMENT)
    with pytest.raises(InvalidData) as refusal:
        service.solve(inputs)
    assert refusal.value.issues == inputs.issues
    assert service.solve(inputs, acknowledged=True).status is Status.OPTIMAL


def test_solve_never_accepts_a_blocking_error(service, database):
    database.rows(
        "update preference_worker_job_lines set order_preference = -1 where job_line = %s",
        service.hydrate(BY_EYE).job_lines[0].id,
    )
    with pytest.raises(InvalidData):
        service.solve(service.hydrate(BY_EYE), acknowledged=True)


def test_ties_are_errors_where_they_are_not_allowed(service, database):
    worker = service.hydrate(BY_EYE).workers[0]
    database.rows(
        "update preference_worker_job_lines set order_preference = 1 "
        "where allocation_run_worker_mapping = %s",
        worker.id,
    )
    inputs = service.hydrate(BY_EYE)
    assert service.solve(inputs).status is Status.OPTIMAL
    with pytest.raises(InvalidData) as refusal:
        service.solve(inputs, Settings(ties_allowed=False), acknowledged=True)
    assert worker.name in str(refusal.value.issues[0])


def test_commit_writes_allocations_completion_and_audit(service, database):
    inputs = service.hydrate(BY_EYE)
    result = checked(inputs)
    receipt = service.commit(inputs, result, "Ada Archer", scenario={"name": "as read"})
    completed_at, allocations, audits = stored(database, BY_EYE)
    assert (allocations, audits) == (12, 1)
    assert completed_at == receipt.committed_at
    assert receipt == service.receipt(BY_EYE)
    assert receipt.operator == "Ada Archer"
    assert receipt.fingerprint == inputs.fingerprint
    assert receipt.settings == result.settings.as_dict()
    assert receipt.scenario == {"name": "as read"}
    assert receipt.counts["within"] == {"1": 10, "3": 12, "5": 12, "10": 12}
    assert not receipt.repeated
    written = {(r["worker_mapping"], r["job_line"]) for r in service.allocations(BY_EYE)}
    assert written == {(a.worker_mapping, a.job_line) for a in result.allocations}


@pytest.mark.parametrize(
    ("usable", "solver"), [(True, "highs"), (False, "none (no usable answer): highs")]
)
def test_audit_row_and_log_say_who_decided(service, monkeypatch, usable, solver):
    if not usable:
        monkeypatch.setattr(Problem, "solve", lambda *_: None)
    inputs = service.hydrate(BY_EYE)
    result = service.solve(inputs, operator="Ada")
    receipt = service.commit(inputs, result, "Ada")
    assert receipt.solver == solver
    effort = receipt.counts["effort"]
    assert effort == asdict(result.effort)
    assert effort["rounds"] == 1
    assert effort["columns"] >= 12
    assert (effort["repairs"] == 0) == usable
    logged = service.solve_log(BY_EYE)[-1]
    assert (logged.solver, logged.counts["effort"]) == (solver, effort)


def test_committed_run_shows_who_and_how_well(service):
    inputs = service.hydrate(BY_EYE)
    service.commit(inputs, checked(inputs), "Ada")
    row = next(row for row in service.runs() if row.run.id == BY_EYE)
    assert not row.run.is_pending
    assert row.receipt.operator == "Ada"
    assert row.outcome["within"]["1"] == 10
    assert (row.workers, row.seats) == (12, 12)


def test_repeated_commit_gives_the_receipt_and_changes_nothing(service, database):
    inputs = service.hydrate(BY_EYE)
    result = checked(inputs)
    first = service.commit(inputs, result, "Ada")
    before = stored(database, BY_EYE)
    again = service.commit(inputs, result, " Ada ")
    assert again == replace(first, repeated=True)
    assert stored(database, BY_EYE) == before


def test_commit_after_somebody_else_says_who_and_when(service):
    inputs = service.hydrate(BY_EYE)
    result = checked(inputs)
    first = service.commit(inputs, result, "Ada")
    with pytest.raises(AlreadyCompleted, match="Ada") as refusal:
        service.commit(inputs, result, "Ben")
    assert refusal.value.facts["operator"] == "Ada"
    assert str(first.committed_at.year) in refusal.value.facts["committed_at"]


def test_two_commits_at_once_one_wins(service):
    inputs = service.hydrate(BY_EYE)
    result = checked(inputs)
    start, outcomes = threading.Barrier(2, timeout=10), {}

    def commit(operator):
        start.wait()
        try:
            outcomes[operator] = service.commit(inputs, result, operator).operator
        except AlreadyCompleted as exc:
            outcomes[operator] = exc.facts["operator"]

    threads = [threading.Thread(target=commit, args=(name,)) for name in ("Ada", "Ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    winner = service.receipt(BY_EYE).operator
    assert outcomes == {"Ada": winner, "Ben": winner}


def test_commit_of_changed_inputs_names_the_row_and_writes_nothing(service, database):
    inputs = service.hydrate(BY_EYE)
    database.rows("update job_lines set max_n_workers = 2 where id = %s", inputs.job_lines[0].id)
    with pytest.raises(InputsChanged) as refusal:
        service.commit(inputs, checked(inputs), "Ada")
    assert [inputs.job_lines[0].name in str(change) for change in refusal.value.changes] == [True]
    assert refusal.value.changes == service.changes_since(inputs)
    assert stored(database, BY_EYE) == (None, 0, 0)


def test_changes_since_is_empty_when_nothing_changed(service):
    assert service.changes_since(service.hydrate(BY_EYE)) == ()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda r: replace(r, checks=()), NotSolved),
        (lambda r: replace(r, checks=(Check("seats", 1, ("too many",)),)), NotSolved),
        (lambda r: replace(r, allocations=()), NotSolved),
        (lambda r: replace(r, status=Status.INFEASIBLE), NotSolved),
        (lambda r: replace(r, fingerprint="0" * 64), NotSolved),
        (lambda r: replace(r, scenario="another"), NotSolved),
    ],
)
def test_commit_of_what_is_not_a_checked_result_is_refused(service, database, spoil, error):
    inputs = service.hydrate(BY_EYE)
    with pytest.raises(error):
        service.commit(inputs, spoil(checked(inputs)), "Ada")
    assert stored(database, BY_EYE) == (None, 0, 0)


def test_commit_without_an_operator_is_refused(service):
    inputs = service.hydrate(BY_EYE)
    with pytest.raises(UsageError):
        service.commit(inputs, checked(inputs), "  ")


def test_refusal_of_the_commit_function_names_the_worker(service, database):
    inputs = service.hydrate(BY_EYE)
    result = checked(inputs)
    twice = replace(result, allocations=(*result.allocations, result.allocations[0]))
    with pytest.raises(CommitRefused) as refusal:
        service.commit(inputs, twice, "Ada")
    name = inputs.worker(result.allocations[0].worker_mapping).name
    assert name in refusal.value.message
    assert result.allocations[0].worker_mapping not in refusal.value.message
    assert stored(database, BY_EYE) == (None, 0, 0)


def test_unproven_result_can_be_committed_and_the_audit_says_so(service):
    inputs = service.hydrate(BY_EYE)
    result = replace(checked(inputs), status=Status.FEASIBLE, bound=1.0)
    receipt = service.commit(inputs, result, "Ada")
    assert receipt.counts["status"] == "feasible"
    assert receipt.bound == 1.0


def test_commit_whose_answer_is_lost_is_found_out(service, database):
    with CuttingProxy(database.info.url, b"allocator_console_commit", "after") as proxy:
        behind = service_at(database, proxy.url)
        inputs = behind.hydrate(BY_EYE)
        receipt = behind.commit(inputs, checked(inputs), "Ada")
        assert proxy.cut == 1
    assert receipt == service.receipt(BY_EYE)
    assert stored(database, BY_EYE)[1:] == (12, 1)


def test_commit_that_never_arrives_leaves_the_run_pending(service, database):
    with CuttingProxy(database.info.url, b"allocator_console_commit", "before") as proxy:
        behind = service_at(database, proxy.url)
        inputs = behind.hydrate(BY_EYE)
        with pytest.raises(Unreachable, match="still pending"):
            behind.commit(inputs, checked(inputs), "Ada")
        assert stored(database, BY_EYE) == (None, 0, 0)
        assert behind.commit(inputs, checked(inputs), "Ada").n_allocations == 12


def test_commit_without_our_sql_says_what_to_apply(service, database):
    inputs = service.hydrate(BY_EYE)
    with (
        hidden(database, "function", "allocator_console_commit(uuid, jsonb, jsonb)"),
        pytest.raises(MissingFunction, match="allocator/sql"),
    ):
        service.commit(inputs, checked(inputs), "Ada")
    assert stored(database, BY_EYE)[1] == 0


def test_scenarios_are_saved_replaced_and_deleted(service):
    saved = service.save_scenario(BY_EYE, "More seats", "Ada", {"changes": [1]})
    with pytest.raises(UsageError, match="More seats"):
        service.save_scenario(BY_EYE, "More seats", "Ben", {})
    changed = service.save_scenario(
        BY_EYE, "Even more", "Ben", {"changes": [2]}, scenario_id=saved.id
    )
    assert service.scenarios(BY_EYE) == [changed]
    assert (changed.name, changed.definition) == ("Even more", {"changes": [2]})
    assert changed.created_at == saved.created_at < changed.updated_at
    assert service.delete_scenario(saved.id)
    assert not service.delete_scenario(saved.id)
    assert service.scenarios(BY_EYE) == []


def test_process_pending_goes_on_after_a_run_that_fails(service, database):
    processed = {p.run.id: p for p in service.process_pending("night job")}
    assert len(processed) == 5
    committed = {run_id for run_id, p in processed.items() if p.is_committed}
    assert committed == {demo.INTERN_YEAR, BY_EYE, demo.SECOND_BATCH}
    assert processed[demo.INFEASIBLE].result.status is Status.INFEASIBLE
    assert processed[demo.INFEASIBLE].error.exit_code == 3
    assert isinstance(processed[demo.NEEDS_ACKNOWLEDGEMENT].error, InvalidData)
    for run_id, p in processed.items():
        completed_at, allocations, audits = stored(database, run_id)
        assert (completed_at is not None) == p.is_committed
        assert allocations == (p.receipt.n_allocations if p.receipt else 0)
        assert audits == int(p.is_committed)


@pytest.mark.parametrize("status", [Status.FEASIBLE, Status.CANCELLED])
def test_unproven_result_is_not_committed_unattended(service, status):
    result = replace(checked(service.hydrate(BY_EYE)), status=status)
    with pytest.raises(NotProven) as refusal:
        require_allocation(result, accept_unproven=False)
    assert refusal.value.exit_code == 6
    require_allocation(result, accept_unproven=True)


def test_process_pending_without_pending_runs_does_nothing(database):
    assert service_at(database, database.info.url).process_pending("night job") == []


def test_doctor_finds_nothing_wrong_with_the_local_stack(service):
    assert [f for f in service.doctor() if not f.ok] == []


def test_doctor_says_what_to_apply_when_our_objects_are_missing(service, database):
    with hidden(database, "function", "allocator_console_version()"):
        faults = [f for f in service.doctor() if not f.ok]
    assert [(f.title, "allocator/sql" in f.remedy) for f in faults] == [("Commit function", True)]


def test_doctor_of_an_unreachable_database(database):
    faults = [f for f in service_at(database, "http://127.0.0.1:9").doctor() if not f.ok]
    assert [(f.title, f.exit_code) for f in faults] == [("Connection", 5)]


@contextmanager
def hidden(database, kind: str, name: str) -> Iterator[None]:
    """While it lasts, one of our objects is not in the API's schema."""
    database.rows("create schema hidden")
    database.rows(f"alter {kind} public.{name} set schema hidden")
    try:
        yield
    finally:
        database.rows(f"alter {kind} hidden.{name} set schema public")
        database.rows("drop schema hidden")
