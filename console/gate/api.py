"""The HTTP triggers and `/healthz`. The gate has checked the key before anything here runs.

POST /api/runs/{id}/solve          202: solves in the background; the body may hold settings
POST /api/runs/process-pending     202: solves and commits every pending run
GET  /api/runs/{id}                the run's state
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from allocator.errors import AllocatorError, DatabaseError, RunNotFound, UsageError
from allocator.jobs import AlreadyRunning, JobKind, JobSnapshot
from allocator.operators import verify_password
from allocator.solved import Solved
from console.gate import triggers
from console.gate.access import Clock
from console.state import backend

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
    job = backend.jobs().get(JobKind.SOLVE, run.id)
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
    if isinstance(result, Solved):
        result = result.result
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


PER_MINUTE = 120
WRONG_PER_MINUTE = 20


class Budget:
    """At most `per_minute` uses in a minute, refilled steadily. Thread-safe."""

    def __init__(self, per_minute: int, clock: Clock = time.monotonic) -> None:
        self._most = float(per_minute)
        self._left = float(per_minute)
        self._clock = clock
        self._then = clock()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """True and one use less, or False when there is none left."""
        with self._lock:
            now = self._clock()
            self._left = min(self._most, self._left + (now - self._then) * self._most / 60)
            self._then = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class ApiKeys:
    """Decides about each call of the HTTP triggers.

    Wrong keys have a budget of their own, so that somebody who guesses cannot use up that of
    the scheduler which has the key. The right key pays for argon2id once: its digest is kept
    for as long as the hash stays the same.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._calls = Budget(PER_MINUTE, clock)
        self._wrong = Budget(WRONG_PER_MINUTE, clock)
        self._proven = ("", b"")  # the stored hash, the digest of the key that fits it

    async def refusal(self, stored_hash: str | None, headers: Headers) -> Response | None:
        """Why this call may not go on, None when it may."""
        keys = headers.getlist("x-api-key")
        key = keys[0] if len(keys) == 1 else ""
        if stored_hash and key and self._is_proven(stored_hash, key):
            return None if self._calls.take() else _too_many()
        if not self._wrong.take():
            return _too_many()
        if not stored_hash or not key:
            return _wrong_key()
        if await run_in_threadpool(verify_password, stored_hash, key):
            self._proven = (stored_hash, _digest(key))
            return None
        return _wrong_key()

    def _is_proven(self, stored_hash: str, key: str) -> bool:
        proven_hash, digest = self._proven
        return proven_hash == stored_hash and hmac.compare_digest(digest, _digest(key))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _wrong_key() -> Response:
    return _problem(401, "Send the key in the X-API-KEY header.")


def _too_many() -> Response:
    return _problem(429, "Too many calls; wait a little.", headers={"Retry-After": "5"})


def _problem(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": message}, status_code=status, headers=headers)
