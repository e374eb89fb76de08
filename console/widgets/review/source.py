"""What the Review page draws from: a run's inputs, and its frames made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from allocator.models import RunInputs

T = TypeVar("T")

MOST_KEPT = 24


@dataclass(frozen=True, slots=True)
class Source:
    """A run as it was read; `version` changes when it is read again."""

    inputs: RunInputs
    version: str

    @property
    def run_id(self) -> str:
        """The run's id, for keys and addresses."""
        return self.inputs.run.id

    def made(self, make: Callable[[RunInputs], T]) -> T:
        """`make(inputs)`, kept for the next look. Whoever gets it must not change it."""
        return _made(make, self.inputs)

    def key(self, name: str) -> str:
        """The key of a widget of this run."""
        return f"{name} {self.run_id}"


@lru_cache(maxsize=MOST_KEPT)
def _made(make: Callable[[RunInputs], T], inputs: RunInputs) -> T:
    return make(inputs)
