"""The HTTP triggers and `/healthz`. The gate has checked the key before anything here runs.

POST /api/runs/{id}/solve          202: solves in the background; the body may hold settings
POST /api/runs/process-pending     202: solves and commits every pending run
GET  /api/runs/{id}                the run's state
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from allocator.errors import AllocatorError, DatabaseError, RunNotFound, UsageError
from allocator.jobs import AlreadyRunning, JobSnapshot
from console import backend, triggers

LOGGER = logging.getLogger(__name__)
LARGEST_BODY = 16_384  # bytes
_probe = backend.DatabaseProbe()

Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """The routes for the app behind the gate. Unknown addresses under /api get 404."""
    return [
        Route("/healthz", _healthz, methods=["GET"]),
        Mount(
            "/api",
            routes=[
                Route("/runs/process-pending", _answered(_process_pending), methods=["POST"]),
                Route("/runs/{run}/solve", _answered(_solve), methods=["POST"]),
                Route("/runs/{run}", _answered(_state), methods=["GET"]),
            ],
        ),
    ]


async def _healthz(_request: Request) -> Response:
    answers = await run_in_threadpool(_probe.answers)
    database = "answers" if answers else "does not answer"
    return JSONResponse({"console": "ok", "database": database}, 200 if answers else 503)


async def _solve(request: Request) -> Response:
    body = await _body(request)
    acknowledged = body.pop("acknowledged", False) is True
    settings = triggers.settings_from(body)
    run_id = request.path_params["run"].lower()
    job = await run_in_threadpool(triggers.start_solve, run_id, settings, acknowledged=acknowledged)
    return JSONResponse({"run": run_id, "job": job_as_dict(job.snapshot())}, 202)


async def _process_pending(request: Request) -> Response:
    settings = triggers.settings_from(await _body(request))
    job = await run_in_threadpool(triggers.start_pending, settings)
    return JSONResponse({"job": job_as_dict(job.snapshot())}, 202)


async def _state(request: Request) -> Response:
    run_id = request.path_params["run"].lower()
    run = await run_in_threadpool(triggers.find, run_id)
    job = backend.jobs().get(run.id)
    return JSONResponse(
        {
            "run": run.id,
            "state": "pending" if run.is_pending else "completed",
            "completed_at": run.completed_at.isoformat() if run.completed_at else None,
            "job": job_as_dict(job.snapshot()) if job else None,
        }
    )


def job_as_dict(job: JobSnapshot) -> dict[str, Any]:
    """A job for a program to read: state, progress and outcome; no names of people."""
    result, progress = job.result, job.progress
    return {
        "state": job.state.value,
        "started_at": job.started_at.isoformat(),
        "elapsed_seconds": round(job.elapsed, 3),
        "phase": progress.phase.value if progress else None,
        "status": getattr(result, "status", None),
        "objective": getattr(result, "objective", None),
        "bound": getattr(result, "bound", None),
        "runs": result if isinstance(result, dict) else None,
        "error": job.error.message if job.error else None,
    }


async def _body(request: Request) -> dict[str, Any]:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise UsageError("The request is too large.")
    try:
        body = json.loads(content) if content.strip() else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise UsageError("The body must be a JSON object with settings, or empty.")
    return body


def _answered(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except AllocatorError as exc:
            return JSONResponse({"error": exc.message, "remedy": exc.how}, _status(exc))
        except Exception:
            LOGGER.exception("an HTTP trigger failed")
            return JSONResponse({"error": "The console failed; see its log."}, 500)

    return answer


def _status(error: AllocatorError) -> int:
    if isinstance(error, RunNotFound):
        return 404
    if isinstance(error, AlreadyRunning | triggers.Completed):
        return 409
    if isinstance(error, DatabaseError):
        return 503
    return 400 if isinstance(error, UsageError) else 500
