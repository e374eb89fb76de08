"""Counting wrong passwords: slower after each one, locked after several.

Failures count across all sessions, for the operator's name and for the client's address. Names
that nobody has share a fixed number of counters, so that guessing names costs no memory, and
they lock like real ones, so that a lock does not tell who exists.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]

WINDOW = 15 * 60.0
# An address may fail this many times as often as a name before it is locked as well.
ADDRESS_FACTOR = 4
# Behind a proxy every client shares one counter: a forwarded address can be forged.
FORWARDED = "forwarded"
FORWARDED_FACTOR = 20
_UNKNOWN_COUNTERS = 4096
_MOST_ADDRESSES = 10_000


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


class Throttle:
    """Thread-safe failure counters; times in seconds of `clock`."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._names: dict[str, _Counter] = {}
        self._addresses: OrderedDict[str, _Counter] = OrderedDict()
        self._lock = threading.Lock()

    def locked_for(self, name: str, address: str, *, known: bool) -> float:
        """Seconds until this name may be tried from this address again; 0 when it may now."""
        with self._lock:
            now = self._clock()
            counters = (self._name(name, known), self._address(address))
            return max(0.0, *(c.locked_until - now for c in counters))

    def failed(self, name: str, address: str, *, known: bool, limits: Limits) -> float:
        """Count a failure; the seconds by which to hold back the answer (0.5, 1, 2, 4, 4 …)."""
        factor = FORWARDED_FACTOR if address == FORWARDED else ADDRESS_FACTOR
        with self._lock:
            counter = self._name(name, known)
            self._count(counter, limits.attempts, limits.seconds)
            self._count(self._address(address), factor * limits.attempts, limits.seconds)
            return min(4.0, 0.25 * 2**counter.failures)

    def succeeded(self, name: str) -> None:
        """Forget this operator's failures. The address keeps its own."""
        with self._lock:
            self._names.pop(name, None)

    def _count(self, counter: _Counter, limit: int, seconds: float) -> None:
        now = self._clock()
        is_over = counter.locked_until and now >= counter.locked_until
        if is_over or now - counter.first > WINDOW:
            counter.failures, counter.first, counter.locked_until = 0, now, 0.0
        counter.failures += 1
        if counter.failures >= limit:
            counter.locked_until = now + seconds

    def _name(self, name: str, known: bool) -> _Counter:
        bucket = zlib.crc32(name.encode()) % _UNKNOWN_COUNTERS
        return self._names.setdefault(name if known else f"\0unknown {bucket}", _Counter())

    def _address(self, address: str) -> _Counter:
        counter = self._addresses.setdefault(address, _Counter())
        self._addresses.move_to_end(address)
        if len(self._addresses) > _MOST_ADDRESSES:
            self._addresses.popitem(last=False)
        return counter
