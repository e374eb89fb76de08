"""Data errors of waiting runs, found in the background.

Only reading a whole run tells what is wrong with it, which is too much for the list of runs to
wait for. So one thread reads them in turn, and keeps what it found for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from allocator.errors import AllocatorError
from allocator.models import RunInputs
from console.state import backend

KEPT_SECONDS = 120.0
MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class DataCheck:
    """How many data errors a run has, and how many of them stop it; `failed` = not readable."""

    issues: int
    blocking: int
    checked_at: datetime
    failed: bool = False


class Checks:
    """What is known of the waiting runs. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, DataCheck]] = {}
        self._wanted: list[str] = []
        self._working = False

    def found(self, run_id: str) -> DataCheck | None:
        """The latest finding, None when nobody has looked yet."""
        with self._lock:
            entry = self._found.get(run_id)
            return entry[1] if entry else None

    def want(self, run_ids: Iterable[str]) -> None:
        """Look at these runs in the background where nobody did in the last two minutes."""
        with self._lock:
            oldest = time.monotonic() - KEPT_SECONDS
            for run_id in run_ids:
                entry = self._found.get(run_id)
                if run_id not in self._wanted and (entry is None or entry[0] < oldest):
                    self._wanted.append(run_id)
            if self._working or not self._wanted:
                return
            self._working = True
        threading.Thread(target=self._work, name="data checks", daemon=True).start()

    def keep(self, run_id: str, found: DataCheck) -> None:
        """Take a finding."""
        with self._lock:
            self._found[run_id] = (time.monotonic(), found)
            while len(self._found) > MOST_KEPT:
                del self._found[next(iter(self._found))]

    def forget(self) -> None:
        """Look at everything again when it is asked for the next time."""
        with self._lock:
            self._found = {run_id: (float("-inf"), f) for run_id, (_, f) in self._found.items()}

    def _work(self) -> None:
        while (run_id := self._next()) is not None:
            try:
                found = finding(backend.service().hydrate(run_id), datetime.now(UTC))
            except AllocatorError:
                found = DataCheck(0, 0, datetime.now(UTC), failed=True)
            except Exception:
                with self._lock:
                    self._working = False
                raise
            self.keep(run_id, found)

    def _next(self) -> str | None:
        with self._lock:
            if not self._wanted:
                self._working = False
                return None
            return self._wanted.pop(0)


def finding(inputs: RunInputs, when: datetime) -> DataCheck:
    """What reading a run found."""
    return DataCheck(len(inputs.issues), len(inputs.blocking_issues), when)


def remember_check(inputs: RunInputs, when: datetime) -> None:
    """Keep what a page found when it read a run."""
    the_checks().keep(inputs.run.id, finding(inputs, when))


@lru_cache(maxsize=1)
def the_checks() -> Checks:
    """The findings of this process."""
    return Checks()
