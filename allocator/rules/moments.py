"""Moments as the hospital's clocks show them: in the time zone of the run's plan."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allocator.models import AllocatorRun

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
"""What stands for the times that PostgreSQL has and Python has not; order and age stay right."""


def local_time(run: AllocatorRun, when: datetime) -> str:
    """A moment in the plan's time zone, e.g. `2 March 2026 09:05`; without a zone, in UTC and said
    to be so."""
    if when in (EARLIEST, LATEST):
        return "a day before the year 1" if when == EARLIEST else "a day after the year 9999"
    there = when.astimezone(_zone(run))
    said = "" if run.unknown_timezone is None else " UTC"
    return f"{there.day} {there:%B %Y %H:%M}{said}"


def local_clock(run: AllocatorRun, when: datetime) -> str:
    """The time of day in the plan's time zone, e.g. `09:05`."""
    return f"{when.astimezone(_zone(run)):%H:%M}"


def time_zone(name: str) -> ZoneInfo | None:
    """The time zone of this name; None when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory, as `Australia`
        return None


def _zone(run: AllocatorRun) -> tzinfo:
    return time_zone(run.timezone) or UTC
