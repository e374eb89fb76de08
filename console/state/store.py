"""What the process keeps of the database, bounded in bytes, the least recently used dropped first.

Which keys there are, and what each of them holds, is in docs/decisions/state.md.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from allocator.models import RunInputs

T = TypeVar("T")
Key = tuple[Hashable, ...]

LIMIT_MB = 512
"""Readings and what was worked out from them; solves that wait for a commit do not count."""
SMALL = 20_000
"""Bytes that a value counts for when it does not say its `weight`."""
BYTES_A_ROW = 2_000
BYTES_A_RANK = 160
BYTES_A_PAIR = 40
BYTES_A_MOVE = 130
"""A worker's job line in a point of a frontier: the entry of a dictionary."""
BYTES_A_PLACEMENT = 4_500
"""Measured; with the matrices and graphs that hang on inputs once somebody asked for them."""


@dataclass(slots=True)
class _Entry:
    value: Any
    made_at: float


class Store:
    """Values under tuples, the first word of which is the kind. Thread-safe.

    A value counts for its `weight` in bytes, which may grow while it is kept. The value used last
    always stays, and so does every value that `exempt` names; those do not count.
    """

    def __init__(
        self,
        limit_mb: float = LIMIT_MB,
        *,
        exempt: Callable[[object], bool] = lambda value: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit_mb * 1e6
        self._exempt = exempt
        self._clock = clock
        self._kept: OrderedDict[Key, _Entry] = OrderedDict()
        self._making: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Key, max_age: float = float("inf")) -> Any:
        """The value, None when there is none or it was made more than `max_age` seconds ago."""
        with self._lock:
            entry = self._kept.get(key)
            if entry is None or self._clock() - entry.made_at > max_age:
                return None
            self._kept.move_to_end(key)
            return entry.value

    def put(self, key: Key, value: Any) -> None:
        """Keep a value; what was used least recently gives way to it."""
        with self._lock:
            self._kept[key] = _Entry(value, self._clock())
            self._kept.move_to_end(key)
        self.trim()

    def made(self, key: Key, make: Callable[[], T], max_age: float = float("inf")) -> T:
        """The value as it is kept, else what `make` gives. Two who ask at once make it once."""
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        try:
            with turn:
                found = self.get(key, max_age)
                if found is None:
                    found = make()
                    self.put(key, found)
        finally:
            with self._lock:
                self._making.pop(key, None)
        return found  # type: ignore[no-any-return]

    def drop(self, *start: Hashable) -> None:
        """Forget every value whose key starts so."""
        with self._lock:
            for key in [key for key in self._kept if key[: len(start)] == start]:
                del self._kept[key]

    def trim(self) -> None:
        """Drop the least recently used values beyond the limit; ask for it after one has grown."""
        with self._lock:
            entries = list(self._kept.items())
        counted = [(key, weight_of(e.value)) for key, e in entries if not self._exempt(e.value)]
        over = sum(weight for _, weight in counted) - self._limit
        with self._lock:
            for key, weight in counted[:-1]:
                if over <= 0:
                    break
                if self._kept.pop(key, None) is not None:
                    over -= weight

    @property
    def weight(self) -> int:
        """Bytes of everything that is kept, as the values state them."""
        with self._lock:
            return sum(weight_of(entry.value) for entry in self._kept.values())


def weight_of(value: object) -> int:
    """Bytes that a value counts for."""
    return int(getattr(value, "weight", SMALL))


def weight_of_inputs(inputs: RunInputs) -> int:
    """Bytes of a run's inputs with all that is ever worked out from them."""
    rows = len(inputs.workers) + len(inputs.job_lines) + len(inputs.weightings)
    ranks = sum(len(worker.preferences.order) for worker in inputs.workers)
    pairs = len(inputs.workers) * len(inputs.job_lines)
    return rows * BYTES_A_ROW + ranks * BYTES_A_RANK + pairs * BYTES_A_PAIR
