"""What the HTTP triggers set going, as background jobs that the pages see under the run's id."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from allocator.errors import AllocatorError, UsageError
from allocator.jobs import AlreadyRunning, Job, OnProgress, Work
from allocator.models import AllocatorRun, RunInputs, Settings, SolveResult
from allocator.unattended import require_allocation
from console.state import backend

LOGGER = logging.getLogger(__name__)
OPERATOR = "HTTP trigger"
PROCESS_PENDING = "process-pending"

_lock = threading.Lock()
_being_read: set[str] = set()


class Completed(UsageError):
    """The run is completed already."""


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

    def work(on_progress: OnProgress, cancel: threading.Event) -> SolveResult:
        return backend.service().solve(
            inputs,
            settings,
            operator=OPERATOR,
            acknowledged=acknowledged,
            on_progress=on_progress,
            cancel=cancel,
        )

    return _submit(inputs, settings, work)


def start_pending(
    settings: Settings, *, acknowledged: bool = False, accept_unproven: bool = False
) -> Job:
    """Solve and commit every pending run in turn, the longest waiting first.

    Only proven optima are committed unless `accept_unproven`; a run that fails does not stop
    the rest. Raises AlreadyRunning.
    """

    def work(_on_progress: OnProgress, cancel: threading.Event) -> dict[str, str]:
        outcome = {}
        for run in backend.service().pending():
            if cancel.is_set():
                break
            outcome[run.id] = _attempt(
                lambda run=run: _finish(run, settings, acknowledged, accept_unproven)  # type: ignore[misc]
            )
        return outcome

    return backend.jobs().submit(
        PROCESS_PENDING, work, started_by=OPERATOR, settings=settings, refuse_running=True
    )


def find(run_id: str) -> AllocatorRun:
    """The run with exactly this id. Raises RunNotFound."""
    if len(run_id) != 36:
        run_id = f"{run_id!r} is not a run's id"
    return backend.service().find_run(run_id)


@contextmanager
def _reserved(run_id: str) -> Iterator[None]:
    """While a run is being read for a solve, a second call for it is turned away."""
    job = backend.jobs().get(run_id)
    with _lock:
        if run_id in _being_read or (job and job.snapshot().is_running):
            raise AlreadyRunning
        _being_read.add(run_id)
    try:
        yield
    finally:
        with _lock:
            _being_read.discard(run_id)


def _finish(
    run: AllocatorRun, settings: Settings, acknowledged: bool, accept_unproven: bool
) -> str:
    service = backend.service()
    inputs = service.hydrate(run.id)

    def work(on_progress: OnProgress, cancel: threading.Event) -> SolveResult:
        result = service.solve(
            inputs,
            settings,
            operator=OPERATOR,
            acknowledged=acknowledged,
            on_progress=on_progress,
            cancel=cancel,
        )
        require_allocation(result, accept_unproven=accept_unproven)
        service.commit(inputs, result, OPERATOR)
        return result

    job = _submit(inputs, settings, work)
    job.wait()
    error = job.snapshot().error
    return str(error) if error else "committed"


def _submit(inputs: RunInputs, settings: Settings, work: Work) -> Job:
    return backend.jobs().submit(
        inputs.run.id,
        work,
        started_by=OPERATOR,
        inputs=inputs,
        settings=settings,
        refuse_running=True,
    )


def _attempt(step: Callable[[], str]) -> str:
    try:
        return step()
    except AllocatorError as exc:
        LOGGER.warning("a pending run was passed over: %s", type(exc).__name__)
        return str(exc)
