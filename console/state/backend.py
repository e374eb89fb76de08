"""The one service and the one registry of running solves of this process.

Pages and HTTP triggers get them here and nowhere else, so that they see the same jobs. They
live in the module, not in Streamlit's cache: the triggers run outside any page.
"""

from __future__ import annotations

import threading
import time
from functools import lru_cache

from allocator import postgres
from allocator.errors import AllocatorError
from allocator.jobs import Jobs
from allocator.service import AllocatorService

_PROBE_AGE = 5.0  # seconds that an answer about the database stays good


@lru_cache(maxsize=1)
def service() -> AllocatorService:
    """The service on the configured database; it connects when it is first used."""
    return AllocatorService()


@lru_cache(maxsize=1)
def jobs() -> Jobs:
    """The registry of background solves; a solve's key is its run's id."""
    return Jobs()


jobs()  # made now: two first visitors at once must not get a registry each


class DatabaseProbe:
    """Whether the database answers, asked at most once in five seconds. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._answered = False

    def answers(self) -> bool:
        """True when the database answered a small question."""
        with self._lock:
            if time.monotonic() - self._asked > _PROBE_AGE:
                try:
                    postgres.ping(client=service().client)
                    self._answered = True
                except AllocatorError:
                    self._answered = False
                self._asked = time.monotonic()
            return self._answered
