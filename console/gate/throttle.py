"""How often a password may be tried: for each name, for each address, for each known browser.

A browser that has signed in before as an operator carries a device cookie, and has a budget of
its own for that operator: what others try locks neither the name nor its address for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from allocator import log
from allocator.log import Event
from allocator.operators import verify_password
from console.gate.caller import counted

Clock = Callable[[], float]

WINDOW = 15 * 60.0
# An address may fail this many times as often as a name before it is locked as well.
ADDRESS_FACTOR = 4
_NAME_COUNTERS = 65_536
_MOST_COUNTED = 10_000


@dataclass(slots=True)
class _Counter:
    failures: int = 0
    first: float = 0.0
    locked_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """`attempts` wrong passwords within 15 minutes lock a name for `seconds`."""

    attempts: int = 5
    seconds: float = 5 * 60.0


@dataclass(frozen=True, slots=True)
class Failure:
    """What a failure costs: seconds to hold the answer back, and whether it locked something."""

    wait: float
    locks: bool


class Throttle:
    """Thread-safe failure counters; times in seconds of `clock`.

    Names, known or not, share a fixed number of counters by a hash with a secret of this
    process: nobody can look for two names that share one, and a lock tells nothing about a name.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._names: dict[int, _Counter] = {}
        self._addresses: OrderedDict[str, _Counter] = OrderedDict()
        self._devices: OrderedDict[str, _Counter] = OrderedDict()
        self._lock = threading.Lock()

    def locked_for(self, name: str, address: str, device: str = "") -> float:
        """Seconds until this name may be tried from here again; 0 when it may now."""
        with self._lock:
            now = self._clock()
            return max(
                0.0, *(c.locked_until - now for c, _ in self._counters(name, address, device))
            )

    def failed(self, name: str, address: str, device: str = "", *, limits: Limits) -> Failure:
        """Count a failure; answers are held back by 0.5, 1, 2, 4, 4 … seconds."""
        with self._lock:
            counters = self._counters(name, address, device)
            locks = [
                self._count(c, factor * limits.attempts, limits.seconds) for c, factor in counters
            ]
            wait = min(4.0, 0.25 * 2 ** min(4, counters[0][0].failures))
            return Failure(wait, any(locks))

    def succeeded(self, device: str) -> None:
        """Forget a known browser's failures. Those of a name stay: that they vanish would tell
        that somebody has this name."""
        with self._lock:
            self._devices.pop(device, None)

    def _counters(self, name: str, address: str, device: str) -> list[tuple[_Counter, int]]:
        if device:
            return [(_kept(self._devices, device), 1)]
        digest = hmac.digest(self._secret, name.encode("utf-8", "replace"), hashlib.sha256)
        number = int.from_bytes(digest[:8], "big") % _NAME_COUNTERS
        named = self._names.setdefault(number, _Counter())
        return [(named, 1), (_kept(self._addresses, counted(address)), ADDRESS_FACTOR)]

    def _count(self, counter: _Counter, limit: int, seconds: float) -> bool:
        now = self._clock()
        is_over = counter.locked_until and now >= counter.locked_until
        if is_over or now - counter.first > WINDOW:
            counter.failures, counter.first, counter.locked_until = 0, now, 0.0
        counter.failures += 1
        if counter.failures < limit:
            return False
        counter.locked_until = now + seconds
        return counter.failures == limit


def _kept(counters: OrderedDict[str, _Counter], key: str) -> _Counter:
    counter = counters.setdefault(key, _Counter())
    counters.move_to_end(key)
    if len(counters) > _MOST_COUNTED:
        counters.popitem(last=False)
    return counter


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
