"""The key of the HTTP triggers, and how often it may be used or guessed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
import time

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from allocator import log
from allocator.log import Event
from allocator.operators import verify_password
from console.gate.throttle import Clock

HEADER = "X-API-KEY"
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

    Every key is verified before anything is charged, so no number of wrong ones keeps the right
    one out. The right key pays for argon2id once: its digest is kept for as long as the hash
    stays the same, and then decides alone, in constant time.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._calls = Budget(PER_MINUTE, clock)
        self._wrong = Budget(WRONG_PER_MINUTE, clock)
        self._proven = ("", b"")  # the stored hash, the digest of the key that fits it
        self._one_check = asyncio.Semaphore(1)

    async def refusal(self, stored_hash: str | None, headers: Headers) -> Response | None:
        """Why this call may not go on, None when it may."""
        keys = headers.getlist(HEADER)
        if len(keys) == 1 and keys[0] and await self._is_right(stored_hash, keys[0]):
            return None if self._calls.take() else _too_many()
        if not self._wrong.take():
            return _too_many()
        log.event(Event.REFUSAL, outcome="wrong API key" if keys else "no API key")
        return JSONResponse({"error": f"Send the key in the {HEADER} header."}, 401)

    async def _is_right(self, stored_hash: str | None, key: str) -> bool:
        if not stored_hash:
            return False
        async with self._one_check:  # 64 MB each
            proven_hash, digest = self._proven
            if proven_hash == stored_hash:
                return hmac.compare_digest(digest, _digest(key))
            fits = await run_in_threadpool(verify_password, stored_hash, key)
            if fits:
                self._proven = (stored_hash, _digest(key))
            return fits


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _too_many() -> Response:
    message = {"error": "Too many calls; wait a little."}
    return JSONResponse(message, 429, headers={"Retry-After": "5"})
