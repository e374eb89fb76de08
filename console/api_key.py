"""The key of the HTTP triggers: off without a hash, 401 without the key, 429 when hammered."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from allocator.operators import verify_password
from console.throttle import Clock

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
        if stored_hash and key and await run_in_threadpool(verify_password, stored_hash, key):
            self._proven = (stored_hash, _digest(key))
            return None
        return _problem(401, "Send the key in the X-API-KEY header.")

    def _is_proven(self, stored_hash: str, key: str) -> bool:
        proven_hash, digest = self._proven
        return proven_hash == stored_hash and hmac.compare_digest(digest, _digest(key))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _too_many() -> Response:
    return _problem(429, "Too many calls; wait a little.", headers={"Retry-After": "5"})


def _problem(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": message}, status_code=status, headers=headers)
