"""The demo data: an Australian intern year, and small runs that each show one thing."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from allocator.demo.intern_year import add_intern_year
from allocator.demo.people import People
from allocator.demo.repaired_year import add_repaired_year
from allocator.demo.run_builder import RunBuilder, empty_tables, uid
from allocator.demo.small_runs import add_by_eye, add_infeasible, add_needs_acknowledgement
from allocator.demo.two_batches import add_two_batches

SEED = 2027
REFERENCE_DAY = date(2026, 10, 1)
"""When the coordinator looks at the data, unless `rows` is told another day."""

INTERN_YEAR = uid("intern", "allocator run", "batch")
BY_EYE = uid("by eye", "allocator run", "batch")
INFEASIBLE = uid("infeasible", "allocator run", "batch")
COMPLETED = uid("batches", "allocator run", "first")
SECOND_BATCH = uid("batches", "allocator run", "second")
NEEDS_ACKNOWLEDGEMENT = uid("acknowledge", "allocator run", "batch")
TO_REPAIR = uid("repair", "allocator run", "first")
REPAIR_BATCH = uid("repair", "allocator run", "second")
"""Ids of the eight allocator runs."""

AUSTRALIAN = ("Coral Coast Hospital and Health Service", "Australia/Brisbane")
NEW_ZEALAND = ("Harakeke Health", "Pacific/Auckland")


def rows(today: date | None = None) -> dict[str, list[dict[str, object]]]:
    """Table → JSON-ready rows, tables in an order in which they can be inserted.

    The same in every call: `today` only moves the dates (the clinical year is the next one), never
    an id or a choice. Each allocator run has an allocation run of its own, except the second
    batches, which share those of the completed runs.
    """
    day = today or REFERENCE_DAY
    tables, people = empty_tables(), People(Random(SEED))

    def build(key: str, plan: str, prefix: str, place: tuple[str, str], start: date) -> RunBuilder:
        rng = Random(f"{SEED}/{key}")
        return RunBuilder(tables, people, rng, key, plan, *place, day, start, prefix)

    year = day.year + 1
    australian, new_zealand = _monday(date(year, 1, 11)), _monday(date(day.year, 11, 30))
    intern = build("intern", f"Intern year {year}", "INT", AUSTRALIAN, australian)
    add_intern_year(intern)
    by_eye = build("by eye", f"Intern sample {year} (12 by 12)", "SMP", AUSTRALIAN, australian)
    add_by_eye(by_eye)
    residents = build("infeasible", f"Resident year {year}", "RES", AUSTRALIAN, australian)
    add_infeasible(residents)
    house_officers = build("batches", f"House officer year {year}", "HO", NEW_ZEALAND, new_zealand)
    add_two_batches(house_officers)
    relief = build("acknowledge", f"Relief pool {year}", "REL", AUSTRALIAN, australian)
    add_needs_acknowledgement(relief, foreign_mapping=uid("intern", "mapping", 3))
    registrars = build("repair", f"Registrar year {year}", "REG", AUSTRALIAN, australian)
    add_repaired_year(registrars)
    return tables


def _monday(day: date) -> date:
    """The last Monday up to `day`."""
    return day - timedelta(days=day.weekday())
