"""Commits through the service: once, whole, refused, repeated, found out again."""

from __future__ import annotations

import threading
from dataclasses import asdict, replace

import httpx
import pytest

from allocator.demo import demo_data
from allocator.errors import (
    AlreadyCompleted,
    CommitInterrupted,
    CommitRefused,
    InputsChanged,
    MissingFunction,
    NotSolved,
    OtherSolve,
    SolveCancelled,
    Unreachable,
    UsageError,
)
from allocator.models import Settings
from allocator.result import Check, Status
from allocator.solved import identity_of
from allocator.solving.problem import Problem
from tests.database.cutting_proxy import CuttingProxy
from tests.services import checked, hidden, service_at, stored
from tests.waiting import PATIENCE

BY_EYE = demo_data.BY_EYE


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
    assert receipt.counts["within"] == {"3": 12, "5": 12, "10": 12}
    assert receipt.counts["first_choices"] == 10
    assert receipt.counts["first_choices_possible"] >= 10
    assert (receipt.counts["ranked"], receipt.counts["no_preferences"]) == (12, 0)
    assert not receipt.repeated
    written = {(r["worker_mapping"], r["job_line"]) for r in service.allocations(BY_EYE)}
    assert written == {(a.worker_mapping, a.job_line) for a in result.allocations}


def test_committed_run_shows_who_and_how_well(service):
    inputs = service.hydrate(BY_EYE)
    service.commit(inputs, checked(inputs), "Ada")
    row = next(row for row in service.runs() if row.run.id == BY_EYE)
    assert not row.run.is_pending
    assert row.receipt.operator == "Ada"
    assert row.outcome["first_choices"] == 10
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
    start, outcomes = threading.Barrier(2, timeout=PATIENCE), {}

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
        thread.join(PATIENCE)
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


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda r: replace(r, checks=()), NotSolved),
        (lambda r: replace(r, checks=(Check("seats", 1, ("too many",)),)), NotSolved),
        (lambda r: replace(r, allocations=()), NotSolved),
        (lambda r: replace(r, status=Status.INFEASIBLE), NotSolved),
        (lambda r: replace(r, status=Status.CANCELLED), SolveCancelled),
        (lambda r: replace(r, fingerprint="0" * 64), NotSolved),
        (lambda r: replace(r, scenario="another"), NotSolved),
    ],
)
def test_commit_of_what_is_not_a_checked_result_is_refused(service, database, spoil, error):
    inputs = service.hydrate(BY_EYE)
    with pytest.raises(error):
        service.commit(inputs, spoil(checked(inputs)), "Ada")
    assert stored(database, BY_EYE) == (None, 0, 0)


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


def test_commit_of_another_solve_than_the_expected_one_is_refused(service, database):
    inputs = service.hydrate(BY_EYE)
    shown = identity_of(checked(inputs), {})
    other = replace(checked(inputs), settings=Settings(seed=99))
    with pytest.raises(OtherSolve):
        service.commit(inputs, other, "Ada", expect=shown)
    with pytest.raises(OtherSolve):
        service.commit(inputs, checked(inputs), "Ada", scenario={"name": "x"}, expect=shown)
    assert stored(database, BY_EYE) == (None, 0, 0)
    assert service.commit(inputs, checked(inputs), "Ada", expect=shown).n_allocations == 12


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
        with pytest.raises(Unreachable, match=r"still pending, .* not known whether") as unknown:
            behind.commit(inputs, checked(inputs), "Ada")
        assert "nothing was written" not in str(unknown.value)
        assert stored(database, BY_EYE) == (None, 0, 0)
        assert behind.commit(inputs, checked(inputs), "Ada").n_allocations == 12


@pytest.mark.parametrize("is_lost", [False, True], ids=["answered", "answer lost"])
def test_same_places_from_another_solve_are_not_the_same_commit(service, database, is_lost):
    inputs = service.hydrate(BY_EYE)
    service.commit(inputs, checked(inputs, Settings(seed=1)), "Ada")
    with CuttingProxy(
        database.info.url, b"allocator_console_commit", "after", times=int(is_lost)
    ) as proxy:
        behind = service_at(database, proxy.url)
        with pytest.raises(AlreadyCompleted, match=r"Ada .* with another solve") as told:
            behind.commit(inputs, checked(inputs, Settings(seed=2)), "Ada")
    assert "nothing was written" in told.value.message
    assert service.receipt(BY_EYE).settings["seed"] == 1


def test_commit_whose_looking_again_is_answered_by_a_stranger_is_not_known(service, database):
    inputs = service.hydrate(BY_EYE)
    hooks = service.client.options.httpx_client.event_hooks["request"]

    def lose(request: httpx.Request) -> None:
        if request.url.path.endswith("allocator_console_commit"):
            hooks.append(elsewhere)
            raise httpx.ReadError("lost", request=request)

    def elsewhere(request: httpx.Request) -> None:
        request.url = request.url.copy_with(path="/nowhere")

    hooks.append(lose)
    with pytest.raises(Unreachable, match="cannot be read now, so it is not known whether"):
        service.commit(inputs, checked(inputs), "Ada")
    assert stored(database, BY_EYE) == (None, 0, 0)


def test_commit_that_is_interrupted_does_not_claim_that_nothing_was_written(service):
    inputs = service.hydrate(BY_EYE)

    def interrupt(request: httpx.Request) -> None:
        if request.url.path.endswith("allocator_console_commit"):
            raise KeyboardInterrupt

    service.client.options.httpx_client.event_hooks["request"].append(interrupt)
    with pytest.raises(CommitInterrupted, match="not known whether the run is committed"):
        service.commit(inputs, checked(inputs), "Ada")


def test_commit_without_our_sql_says_what_to_apply(service, database):
    inputs = service.hydrate(BY_EYE)
    with (
        hidden(database, "function", "allocator_console_commit(uuid, jsonb, jsonb, integer)"),
        pytest.raises(MissingFunction, match="allocator/database/sql"),
    ):
        service.commit(inputs, checked(inputs), "Ada")
    assert stored(database, BY_EYE)[1] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update allocationruns set status = 'archived'", "is now archived"),
        ("update allocation_run_worker_mappings set locked = true", "is now submitted, locked"),
        ("update allocator_py_runs set is_exclusive = true", "is now exclusive"),
        ("update preference_worker_job_lines set like_dislike_preference = 50", "bucket never"),
    ],
)
def test_commit_is_refused_when_a_state_or_a_bucket_changed(service, database, change, said):
    inputs = service.hydrate(BY_EYE)
    database.rows(change)
    with pytest.raises(InputsChanged) as refused:
        service.commit(inputs, checked(inputs), "Ada")
    assert any(said in str(row) for row in refused.value.changes)
    assert stored(database, BY_EYE) == (None, 0, 0)


def test_commit_is_refused_when_a_mapping_stands_for_somebody_else(service, database):
    inputs = service.hydrate(BY_EYE)
    other = database.insert("workers", {"firstname": "Zoe"})[0]["id"]
    mapping = inputs.workers[0]
    query = "update allocation_run_worker_mappings set worker = %s where id = %s"
    database.rows(query, other, mapping.id)
    with pytest.raises(InputsChanged) as refused:
        service.commit(inputs, checked(inputs), "Ada")
    assert [row.after for row in refused.value.changes] == [f"the person {other}"]


def test_commit_tells_of_names_that_were_spelled_anew(service, database):
    inputs = service.hydrate(BY_EYE)
    line = inputs.job_lines[0]
    database.rows("update job_lines set name = 'Renamed' where id = %s", line.id)
    receipt = service.commit(inputs, checked(inputs), "Ada")
    assert [(row.before, row.after) for row in receipt.told] == [(line.name, "Renamed")]
