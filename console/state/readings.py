"""Runs as they were last read from the database, shared by every page and operator.

Reading a run takes up to some seconds and its inputs are large, so the process keeps the last
few. Nothing here goes stale unnoticed: pages say when they read, and commit reads again.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from allocator.database.overview import RunBatch, RunOverview
from allocator.models import AllocatorRun, RunInputs
from console.state import backend
from console.state.store import weight_of_inputs

T = TypeVar("T")

KEPT_SECONDS = 1800
KEPT_BATCH_SECONDS = 5


@dataclass(frozen=True, eq=False)
class RunReading:
    """A run as it was read, when, and what was worked out from it."""

    inputs: RunInputs
    read_at: datetime
    _made: dict[Callable[[RunInputs], Any], tuple[Any, int]] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """The run's id, for keys and addresses."""
        return self.inputs.run.id

    @property
    def version(self) -> str:
        """Changes whenever the run is read again: goes into the keys of tables with selections."""
        return f"{self.read_at:%H%M%S%f}"

    def subject(self, content: str) -> str:
        """A background job's subject: the same content on the same reading shares a job."""
        digest = hashlib.sha256(content.encode()).hexdigest()[:24]
        return f"{self.run_id} {self.version} {digest}"

    def key(self, name: str) -> str:
        """The key of a widget of this run."""
        return f"{name} {self.run_id}"

    def made(self, make: Callable[[RunInputs], T]) -> T:
        """`make(inputs)`, kept with the reading. Whoever gets it must not change it."""
        if make not in self._made:
            made = make(self.inputs)
            self._made[make] = made, _bytes(made)
            backend.store().trim()
        return self._made[make][0]  # type: ignore[no-any-return]

    @property
    def weight(self) -> int:
        """Bytes that the reading counts for in the store."""
        return self._bytes_of_inputs + sum(size for _, size in list(self._made.values()))

    @cached_property
    def _bytes_of_inputs(self) -> int:
        return weight_of_inputs(self.inputs)


def reading(run_id: str) -> RunReading:
    """The run as it was last read; reads it when nobody did in the last half hour.

    Raises RunNotFound, DatabaseError.
    """
    return backend.store().made(("reading", run_id), lambda: _read(run_id), KEPT_SECONDS)


def reading_of(run: AllocatorRun) -> RunReading:
    """The same, but never one from before the run was completed (or opened again)."""
    found = reading(run.id)
    if found.inputs.run.completed_at == run.completed_at:
        return found
    backend.store().drop("reading", run.id)
    return reading(run.id)


def batch(run_id: str) -> RunBatch:
    """The run's row and place among its batches, a few seconds old at most.

    Raises RunNotFound, DatabaseError.
    """
    service = backend.service()
    return backend.store().made(
        ("batch", run_id), lambda: service.batch(run_id), KEPT_BATCH_SECONDS
    )


def overviews(*, as_it_was: bool = False) -> list[RunOverview]:
    """The list of runs, read now; `as_it_was` gives the one that was last read, for a page that
    only searches it. Raises DatabaseError."""
    service, key = backend.service(), ("overviews",)
    if not as_it_was:
        backend.store().drop(*key)
    return backend.store().made(key, service.runs, KEPT_SECONDS)


def refresh(run_id: str) -> None:
    """Forget what was read of a run: the next `reading` reads it again."""
    for kind in ("reading", "batch"):
        backend.store().drop(kind, run_id)


def _read(run_id: str) -> RunReading:
    when = datetime.now(UTC)
    return RunReading(backend.service().hydrate(run_id), when)


def _bytes(made: Any) -> int:
    """A frame's or figure's size."""
    if isinstance(made, pd.DataFrame):
        return int(made.memory_usage(deep=True).sum())
    return len(pickle.dumps(made))
