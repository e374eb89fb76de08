"""Times, days, zones and arrays as PostgreSQL sends them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from allocator.database.rows import (
    EARLIEST,
    LATEST,
    allocator_run,
    calendar_day,
    ids,
    is_odd,
    local_time,
    moment,
    time_zone,
)


@pytest.mark.parametrize(
    ("value", "zone", "day"),
    [
        ("2027-01-10T14:00:00+00:00", "Australia/Brisbane", date(2027, 1, 11)),
        ("2027-01-10T14:00:00+00:00", "UTC", date(2027, 1, 10)),
        ("2027-01-11T00:00:00+00:00", "America/New_York", date(2027, 1, 10)),
        ("2027-01-11T00:00:00+10:00", "Australia/Brisbane", date(2027, 1, 11)),
        ("2027-01-11", "Pacific/Auckland", date(2027, 1, 11)),
        ("2027-01-11", "America/New_York", date(2027, 1, 11)),
        ("2027-01-11T00:00:00+00:00", "Nowhere", date(2027, 1, 11)),
        ("infinity", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_a_calendar_day_is_the_day_in_the_plans_zone(value, zone, day):
    assert calendar_day(value, zone) == day


@pytest.mark.parametrize(
    ("value", "stands_for"),
    [
        ("infinity", LATEST),
        ("-infinity", EARLIEST),
        ("0044-03-15 BC", EARLIEST),
        ("0044-03-15T12:00:00+00:00 BC", EARLIEST),
        ("10000-01-01", LATEST),
        ("12026-07-01T00:00:00+00:00", LATEST),
        ("294276-12-31T23:59:59+00:00", LATEST),
        ("0001-01-01T00:00:00+00:00", EARLIEST),
        ("9999-12-31T23:59:59+00:00", LATEST),
    ],
)
def test_a_time_that_no_calendar_shows_keeps_its_place_in_order(value, stands_for):
    assert moment(value) == stands_for
    assert is_odd(value)
    for zone in ("Pacific/Kiritimati", "America/New_York"):
        run = allocator_run(_row(zone, created_at=value))
        assert "year" in local_time(run, run.created_at)


def test_ordinary_times_are_read_with_or_without_a_zone():
    assert moment("2026-10-01T20:00:00Z") == datetime(2026, 10, 1, 20, tzinfo=UTC)
    assert moment("2026-10-01T20:00:00") == datetime(2026, 10, 1, 20, tzinfo=UTC)
    assert moment("") is moment(None) is None
    assert not is_odd("2026-10-01")
    assert not is_odd(None)


@pytest.mark.parametrize("name", ["Australia", "AEST", "", "../etc/passwd", "a\0b", "x" * 999])
def test_a_zone_that_is_none_is_said_wherever_a_time_is_shown(name):
    assert time_zone(name) is None
    run = allocator_run(_row(name, created_at="2026-10-01T20:00:00Z"))
    assert (run.timezone, run.unknown_timezone) == ("UTC", name)
    assert local_time(run, run.created_at) == "1 October 2026 20:00 UTC"


def test_a_known_zone_is_not_said():
    run = allocator_run(_row("Asia/Tokyo", created_at="2026-10-01T20:00:00Z"))
    assert (run.timezone, run.unknown_timezone) == ("Asia/Tokyo", None)
    assert local_time(run, run.created_at) == "2 October 2026 05:00"


def test_arrays_of_any_shape_become_one_list():
    assert ids(None) == ids([]) == ()
    assert ids(["a", None, "b"]) == ("a", "", "b")
    assert ids([["a", "b"], ["c", None]]) == ("a", "b", "c", "")


def _row(zone: str, **columns: str) -> dict[str, object]:
    plan = {"id": "p", "name": "Intern year", "org": None, "timezone": zone}
    return {"id": "r", "allocationruns": {"allocationplans": plan}, **columns}
