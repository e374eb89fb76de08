"""The HTTP triggers. The gate has checked the key before anything here runs.

POST /api/runs/{id}/solve          202: solves in the background; the body may hold settings
POST /api/runs/process-pending     202: solves and commits every pending run, or what is expected
GET  /api/runs/process-pending     how far that is, and what came of it
GET  /api/runs/{id}                the run's state
GET  /api/openapi.json             all of this for a program to read

The two POST addresses also work without `/api`, as those of the sister service.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

import allocator
from allocator import log
from allocator.errors import (
    AllocatorError,
    AlreadyRunning,
    DatabaseError,
    NoRoom,
    RunCompleted,
    RunNotFound,
    UsageError,
)
from allocator.jobs import Job, JobKind, OnProgress, Work
from allocator.log import Event
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.solved import Solved
from allocator.unattended import Attempt, Terms, process_pending
from console.gate import bodies, health
from console.gate.bodies import (
    Accepted,
    JobAnswer,
    PendingAnswer,
    PendingRequest,
    Problem,
    RunAnswer,
    SolveRequest,
    in_short,
)
from console.state import backend, solving
from console.state.solving import SolveOrder

LOGGER = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """The routes for the app behind the gate. Unknown addresses under /api get 404."""
    return [
        *health.routes(),
        Mount(
            "/api",
            routes=[
                *_triggers(),
                Route("/runs/process-pending", _answered(_pending_state), methods=["GET"]),
                Route("/runs/{run}", _answered(_state), methods=["GET"]),
                Route("/openapi.json", _describe, methods=["GET"]),
            ],
        ),
        *_triggers(),
    ]


def _triggers() -> list[BaseRoute]:
    return [
        Route("/runs/process-pending", _answered(_process_pending), methods=["POST"]),
        Route("/runs/{run}/solve", _answered(_solve), methods=["POST"]),
    ]


async def _describe(_request: Request) -> Response:
    return JSONResponse(bodies.openapi(allocator.__version__))


async def _solve(request: Request) -> Response:
    wanted = bodies.read_request(SolveRequest, await _body(request))
    run_id = request.path_params["run"].lower()
    job = await run_in_threadpool(
        start_solve, run_id, wanted.settings(), acknowledged=wanted.acknowledged
    )
    message = "The run is being solved; nothing is committed."
    return _json(Accepted(message=message, run_id=run_id, job=JobAnswer.of(job.snapshot())), 202)


async def _process_pending(request: Request) -> Response:
    wanted = bodies.read_request(PendingRequest, await _body(request))
    job = await run_in_threadpool(
        start_pending,
        wanted.settings(),
        acknowledged=wanted.acknowledged,
        accept_unproven=wanted.accept_unproven,
        expect=wanted.expect,
    )
    message = "Every pending run is being solved and committed."
    if wanted.expect is not None:
        message = "The expected runs are being solved and, if as expected, committed."
    return _json(Accepted(message=message, run_id=None, job=JobAnswer.of(job.snapshot())), 202)


async def _state(request: Request) -> Response:
    run_id = request.path_params["run"].lower()
    run = await run_in_threadpool(find, run_id)
    job = backend.jobs().get(JobKind.SOLVE, run.id)
    return _json(
        RunAnswer(
            run_id=run.id,
            state="pending" if run.is_pending else "completed",
            completed_at=run.completed_at.isoformat() if run.completed_at else None,
            job=JobAnswer.of(job.snapshot()) if job else None,
        )
    )


async def _pending_state(_request: Request) -> Response:
    job = backend.jobs().get(JobKind.PROCESS_PENDING, EVERY_RUN)
    return _json(PendingAnswer(job=JobAnswer.of(job.snapshot()) if job else None))


async def _body(request: Request) -> bytes:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > bodies.LARGEST_BODY:
            raise UsageError("The request is too large.")
    return content


def _answered(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except AllocatorError as exc:
            return _json(Problem(error=exc.message, remedy=exc.how), _status(exc))
        except Exception:
            LOGGER.exception("an HTTP trigger failed")
            return _json(Problem(error="The console failed; see its log."), 500)

    return answer


def _json(answer: BaseModel, status: int = 200) -> Response:
    return JSONResponse(answer.model_dump(), status)


def _status(error: AllocatorError) -> int:
    if isinstance(error, RunNotFound):
        return 404
    if isinstance(error, AlreadyRunning | RunCompleted):
        return 409
    if isinstance(error, DatabaseError | NoRoom):
        return 503
    return 400 if isinstance(error, UsageError) else 500


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
    settings: Settings,
    *,
    acknowledged: bool = False,
    accept_unproven: bool = False,
    expect: Mapping[str, str] | None = None,
) -> Job:
    """Solve and commit every pending run in turn, the longest waiting first; with `expect` those
    that it names, and only the solves with these identities.

    Only proven optima are committed unless `accept_unproven`; a run that fails does not stop
    the rest. Raises AlreadyRunning.
    """

    def work(_on_progress: OnProgress, cancel: threading.Event) -> dict[str, str]:
        terms = Terms(OPERATOR, settings, acknowledged, accept_unproven, expect)
        done = process_pending(backend.service(), terms, cancel=cancel, carry_out=in_registry)
        for processed in done:
            if processed.error:
                text = f"process-pending: {type(processed.error).__name__}"
                log.event(Event.REFUSAL, operator=OPERATOR, run=processed.run.id, outcome=text)
        left = dict.fromkeys(expect or (), "It is not pending.")
        return left | {p.run.id: in_short(p.error) if p.error else "committed" for p in done}

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
