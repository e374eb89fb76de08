"""What a cancelled solve leaves is never committed, from whichever entry the commit comes."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from uuid import UUID

import pytest

from allocator import postgres
from allocator.cli.main import main
from allocator.config import Connection
from allocator.demo import demo_data as demo
from allocator.errors import CommitRefused, SolveCancelled
from allocator.models import RunInputs, Settings
from allocator.result import Phase, Progress, SolveResult, Status
from allocator.service import AllocatorService
from allocator.unattended import Terms, process_pending
from tests.database.demo_rows import demo_rows

RUN = demo.BY_EYE
NOT_YET, PROVEN = Phase.MASTER, Phase.CHECK
"""Phases at which a cancel leaves an unproven allocation, and the proven one."""


@pytest.fixture
def service(database) -> AllocatorService:
    database.insert_tables(demo_rows())
    unsolvable = [demo.INFEASIBLE, demo.NEEDS_ACKNOWLEDGEMENT]
    database.rows("delete from allocator_py_runs where id = any(%s::uuid[])", unsolvable)
    connection = Connection(database.info.url, database.info.service_role_key)
    return AllocatorService(postgres.connect(connection))


def at(phase: Phase, act: Callable[[], None]) -> Callable[[Progress], None]:
    """A progress callback that acts when the solve reaches the phase."""

    def on_progress(event: Progress) -> None:
        if event.phase is phase:
            act()

    return on_progress


def written(database) -> tuple[int, int, int]:
    """Rows that a commit would have written: allocations, audit rows, completed demo runs."""
    placed = "allocator_py_allocations where allocator_py_run <> all(%s)"
    done = "allocator_py_runs where completed_at is not null and id <> all(%s)"
    audits = "allocator_console_audit where allocator_py_run <> all(%s)"
    completed = [
        UUID(str(run["id"]))
        for run in demo_rows()["allocator_py_runs"]
        if run.get("completed_at") is not None
    ]
    counts = [
        database.rows(f"select count(*) as n from {table}", completed)[0]["n"]
        for table in (placed, audits, done)
    ]
    return counts[0], counts[1], counts[2]


def cancelled(service: AllocatorService) -> tuple[RunInputs, SolveResult]:
    inputs, cancel = service.hydrate(RUN), threading.Event()
    result = service.solve(inputs, Settings(), on_progress=at(NOT_YET, cancel.set), cancel=cancel)
    assert result.status is Status.CANCELLED
    assert result.is_checked
    return inputs, result


def test_commit_of_a_cancelled_solve_is_refused(service, database):
    inputs, result = cancelled(service)
    with pytest.raises(SolveCancelled, match="stopped") as refusal:
        service.commit(inputs, result, "Ada")
    assert isinstance(refusal.value, CommitRefused)
    assert refusal.value.how
    assert written(database) == (0, 0, 0)


@pytest.mark.parametrize("phase", [NOT_YET, PROVEN])
def test_process_pending_commits_nothing_once_it_is_cancelled(service, database, phase):
    cancel, terms = threading.Event(), Terms("night job", Settings(), accept_unproven=True)
    [only] = process_pending(service, terms, on_progress=at(phase, cancel.set), cancel=cancel)
    assert isinstance(only.error, SolveCancelled)
    assert only.receipt is None
    assert written(database) == (0, 0, 0)


@pytest.mark.parametrize(
    "argv",
    [
        ("solve", RUN, "--commit", "--accept-unproven", "--operator", "Ada"),
        ("process-pending", "--accept-unproven", "--operator", "Ada"),
    ],
    ids=lambda argv: argv[0],
)
@pytest.mark.parametrize("phase", [NOT_YET, PROVEN])
def test_command_interrupted_while_it_solves_commits_nothing(
    service, database, monkeypatch, capfd, argv, phase
):
    solve = AllocatorService.solve

    def interrupted(self, inputs, settings, **options):
        press = at(phase, lambda: signal.raise_signal(signal.SIGINT))
        return solve(self, inputs, settings, **{**options, "on_progress": press})

    monkeypatch.setattr(AllocatorService, "solve", interrupted)
    monkeypatch.setenv("SUPABASE_URL", database.info.url)
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.service_role_key)
    code = main([*argv, "--json"])
    found = json.loads(capfd.readouterr().out)
    error = found["runs"][0]["error"] if "runs" in found else found["error"]
    assert (code, error["kind"]) == (130, "SolveCancelled")
    assert "stopped" in error["message"]
    assert written(database) == (0, 0, 0)
