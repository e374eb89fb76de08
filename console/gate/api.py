"""The HTTP triggers. The gate has checked the key before anything here runs.

POST /api/runs/{id}/solve          202: solves in the background; the body may hold settings
POST /api/runs/process-pending     202: solves and commits every pending run
GET  /api/runs/process-pending     how far that is, and what came of it
GET  /api/runs/{id}                the run's state
GET  /api/openapi.json             all of this for a program to read

The two POST addresses also work without `/api`, as those of the sister service.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

import allocator
from allocator.errors import (
    AllocatorError,
    AlreadyRunning,
    DatabaseError,
    RunCompleted,
    RunNotFound,
    UsageError,
)
from allocator.jobs import JobKind
from console.gate import bodies, health, triggers
from console.gate.bodies import (
    Accepted,
    JobAnswer,
    PendingAnswer,
    PendingRequest,
    Problem,
    RunAnswer,
    SolveRequest,
)
from console.state import backend

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
        triggers.start_solve, run_id, wanted.settings(), acknowledged=wanted.acknowledged
    )
    message = "The run is being solved; nothing is committed."
    return _json(Accepted(message=message, run_id=run_id, job=JobAnswer.of(job.snapshot())), 202)


async def _process_pending(request: Request) -> Response:
    wanted = bodies.read_request(PendingRequest, await _body(request))
    job = await run_in_threadpool(
        triggers.start_pending,
        wanted.settings(),
        acknowledged=wanted.acknowledged,
        accept_unproven=wanted.accept_unproven,
    )
    message = "Every pending run is being solved and committed."
    return _json(Accepted(message=message, run_id=None, job=JobAnswer.of(job.snapshot())), 202)


async def _state(request: Request) -> Response:
    run_id = request.path_params["run"].lower()
    run = await run_in_threadpool(triggers.find, run_id)
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
    job = backend.jobs().get(JobKind.PROCESS_PENDING, triggers.EVERY_RUN)
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
    if isinstance(error, DatabaseError):
        return 503
    return 400 if isinstance(error, UsageError) else 500
