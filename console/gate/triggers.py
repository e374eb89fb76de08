"""What the HTTP triggers set going, as background jobs that the pages see under the run's id."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from allocator.errors import AllocatorError, UsageError
from allocator.jobs import AlreadyRunning, Job, JobKind, OnProgress, Work
from allocator.models import AllocatorRun, RunInputs, Settings, SolveResult
from allocator.solved import Solved
from allocator.unattended import require_allocation
from console.state import backend, solving
from console.state.solving import SolveRequest

LOGGER = logging.getLogger(__name__)
OPERATOR = "HTTP trigger"

_lock = threading.Lock()
_being_read: set[str] = set()


class Completed(UsageError):
    """The run is completed already."""


def settings_from(body: Mapping[str, Any]) -> Settings:
    """Settings from a request's JSON object. Raises UsageError for an unknown or bad one."""
    try:
        return Settings(**body)
    except (TypeError, ValueError) as exc:
        # Settings names the field and its range; the value itself is not repeated.
        reason = str(exc) if type(exc) is ValueError else "A setting is unknown or of a wrong kind."
        raise UsageError(f"The settings are not right: {reason}") from None


def start_solve(run_id: str, settings: Settings, *, acknowledged: bool) -> Job:
    """Read the run and solve it in the background; committing stays with an operator.

    Raises RunNotFound, Completed, AlreadyRunning, DatabaseError.
    """
    run = find(run_id)
    if not run.is_pending:
        raise Completed
    with _reserved(run.id):
        return _read_and_submit(run.id, settings, acknowledged)


def _read_and_submit(run_id: str, settings: Settings, acknowledged: bool) -> Job:
    inputs = backend.service().hydrate(run_id)

    def work(on_progress: OnProgress, cancel: threading.Event) -> Solved:
        result = backend.service().solve(
            inputs,
            settings,
            operator=OPERATOR,
            acknowledged=acknowledged,
            on_progress=on_progress,
            cancel=cancel,
        )
        return _solved(inputs, result)

    return _start(run_id, settings, work, keep=solving.waits_for_commit)


def start_pending(settings: Settings) -> Job:
    """Solve and commit every pending run in turn, the longest waiting first.

    Only proven optima are committed; a run that fails does not stop the rest. Raises
    AlreadyRunning.
    """

    def work(_on_progress: OnProgress, cancel: threading.Event) -> dict[str, str]:
        outcome = {}
        for run in backend.service().pending():
            if cancel.is_set():
                break
            outcome[run.id] = _attempt(lambda run=run: _finish(run, settings))  # type: ignore[misc]
        return outcome

    return backend.jobs().start(
        JobKind.PROCESS_PENDING,
        "every pending run",
        work,
        request=SolveRequest(settings),
        started_by=OPERATOR,
        refuse_running=True,
    )


def find(run_id: str) -> AllocatorRun:
    """The run with exactly this id. Raises RunNotFound."""
    if len(run_id) != 36:
        run_id = f"{run_id!r} is not a run's id"
    return backend.service().find_run(run_id)


@contextmanager
def _reserved(run_id: str) -> Iterator[None]:
    """While a run is being read for a solve, a second call for it is turned away."""
    job = backend.jobs().get(JobKind.SOLVE, run_id)
    with _lock:
        if run_id in _being_read or (job and job.is_running):
            raise AlreadyRunning
        _being_read.add(run_id)
    try:
        yield
    finally:
        with _lock:
            _being_read.discard(run_id)


def _finish(run: AllocatorRun, settings: Settings) -> str:
    service = backend.service()
    inputs = service.hydrate(run.id)

    def work(on_progress: OnProgress, cancel: threading.Event) -> Solved:
        result = service.solve(
            inputs, settings, operator=OPERATOR, on_progress=on_progress, cancel=cancel
        )
        require_allocation(result, accept_unproven=False)
        service.commit(inputs, result, OPERATOR)
        return _solved(inputs, result)

    job = _start(run.id, settings, work)
    job.wait()
    error = job.snapshot().error
    return str(error) if error else "committed"


def _start(
    run_id: str, settings: Settings, work: Work, keep: Callable[[Any], bool] | None = None
) -> Job:
    return backend.jobs().start(
        JobKind.SOLVE,
        run_id,
        work,
        request=SolveRequest(settings),
        started_by=OPERATOR,
        refuse_running=True,
        keep=keep,
    )


def _solved(inputs: RunInputs, result: SolveResult) -> Solved:
    return Solved(inputs, result, inputs, None, OPERATOR, datetime.now(UTC))


def _attempt(step: Callable[[], str]) -> str:
    try:
        return step()
    except AllocatorError as exc:
        LOGGER.warning("a pending run was passed over: %s", type(exc).__name__)
        return str(exc)
