"""Whether the console runs (`/healthz`, `/health`), and whether it could work (`/readyz`)."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from allocator import postgres
from allocator.errors import AllocatorError
from console.state import backend

LOGGER = logging.getLogger(__name__)
LIVENESS = ("/healthz", "/health")
READINESS = "/readyz"
ANSWER_AGE = 5.0  # seconds that an answer of the database stays good
PATIENCE = 2.0  # seconds that a caller waits for one


class Readiness:
    """Asks the database, at most once at a time and once in five seconds.

    The question has a thread of its own: however long it takes, and however many ask, the
    threads that serve pages stay free.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = self._ended = float("-inf")
        self._is_asking = False
        self._answered = False

    async def is_there(self) -> bool:
        """True when the database answered a small question within the last seconds."""
        self._ask()
        while self._is_asking:
            if time.monotonic() - self._began > PATIENCE:
                return False
            await asyncio.sleep(0.02)
        return self._answered

    def _ask(self) -> None:
        with self._lock:
            if self._is_asking or time.monotonic() - self._ended < ANSWER_AGE:
                return
            self._is_asking, self._began = True, time.monotonic()
        threading.Thread(target=self._probe, name="readiness", daemon=True).start()

    def _probe(self) -> None:
        answered = False
        try:
            postgres.ping(client=backend.service().client)
            answered = True
        except AllocatorError:
            LOGGER.warning("the database does not answer")
        finally:
            with self._lock:
                self._answered, self._ended = answered, time.monotonic()
                self._is_asking = False


def routes() -> list[Route]:
    """The routes that a monitor or a load balancer asks, without a key."""
    readiness = Readiness()

    async def live(_request: Request) -> Response:
        return JSONResponse({"console": "ok", "status": "ok"})

    async def ready(_request: Request) -> Response:
        is_there = await readiness.is_there()
        database = "answers" if is_there else "does not answer"
        return JSONResponse({"console": "ok", "database": database}, 200 if is_there else 503)

    live_routes = [Route(path, live, methods=["GET"]) for path in LIVENESS]
    return [*live_routes, Route(READINESS, ready, methods=["GET"])]
