"""The one service and the one registry of running solves of this process.

Pages and HTTP triggers get them here and nowhere else, so that they see the same jobs. They
live in the module, not in Streamlit's cache: the triggers run outside any page.
"""

from __future__ import annotations

from functools import lru_cache

from allocator.jobs import Jobs
from allocator.service import AllocatorService


@lru_cache(maxsize=1)
def service() -> AllocatorService:
    """The service on the configured database; it connects when it is first used."""
    return AllocatorService()


@lru_cache(maxsize=1)
def jobs() -> Jobs:
    """The registry of background solves; a solve's key is its run's id."""
    return Jobs()


jobs()  # made now: two first visitors at once must not get a registry each
