"""What the HTTP triggers set going, as background jobs that the pages see under the run's id."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from allocator import log
from allocator.errors import AlreadyRunning, RunCompleted
from allocator.jobs import Job, JobKind, OnProgress, Work
from allocator.log import Event
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.solved import Solved
from allocator.unattended import Attempt, Terms, process_pending
from console.gate.bodies import in_short
from console.state import backend, solving
from console.state.solving import SolveOrder

OPERATOR = "HTTP trigger"
EVERY_RUN = "every pending run"
SECONDS_BETWEEN_LOOKS = 0.2
"""How soon a cancel of the whole work reaches the solve that is under way."""

_lock = threading.Lock()
_being_read: set[str] = set()


def start_solve(run_id: str, settings: Settings, *, acknowledged: bool) -> Job:
    """Read the run and solve it in the background; committing stays with an operator.

    Raises RunNotFound, RunCompleted, AlreadyRunning, DatabaseError.
    """
    run = find(run_id)
    if not run.is_pending:
        raise RunCompleted
    with _reserved(run.id):
        inputs = backend.service().hydrate(run.id)
        return solving.begin_solve(
            inputs,
            settings,
            OPERATOR,
            as_read=inputs,
            acknowledged=acknowledged,
            refuse_running=True,
        )


def start_pending(
    settings: Settings, *, acknowledged: bool = False, accept_unproven: bool = False
) -> Job:
    """Solve and commit every pending run in turn, the longest waiting first.

    Only proven optima are committed unless `accept_unproven`; a run that fails does not stop
    the rest. Raises AlreadyRunning.
    """

    def work(_on_progress: OnProgress, cancel: threading.Event) -> dict[str, str]:
        terms = Terms(OPERATOR, settings, acknowledged, accept_unproven)
        done = process_pending(backend.service(), terms, cancel=cancel, carry_out=in_registry)
        for processed in done:
            if processed.error:
                text = f"process-pending: {type(processed.error).__name__}"
                log.event(Event.REFUSAL, operator=OPERATOR, run=processed.run.id, outcome=text)
        return {p.run.id: in_short(p.error) if p.error else "committed" for p in done}

    def in_registry(inputs: RunInputs, attempt: Attempt, cancel: threading.Event) -> None:
        def work(on_progress: OnProgress, stop: threading.Event) -> Solved:
            result = attempt(on_progress, stop)
            return Solved(inputs, result, inputs, None, OPERATOR, datetime.now(UTC))

        job = start(JobKind.SOLVE, inputs.run.id, work)
        while not job.wait(SECONDS_BETWEEN_LOOKS):
            if cancel.is_set():
                job.cancel()
        if error := job.snapshot().error:
            raise error

    def start(kind: JobKind, subject: str, work: Work) -> Job:
        return backend.jobs().start(
            kind,
            subject,
            work,
            request=SolveOrder(settings),
            started_by=OPERATOR,
            refuse_running=True,
        )

    return start(JobKind.PROCESS_PENDING, EVERY_RUN, work)


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
