"""What tests of the service share: connections, a result known by eye, what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from allocator import postgres
from allocator.config import Connection
from allocator.demo.small_runs import BY_EYE_OPTIMUM
from allocator.result import Check
from allocator.service import AllocatorService
from tests.builders import result_for


def service_at(database, url: str) -> AllocatorService:
    return AllocatorService(postgres.connect(Connection(url, database.info.service_role_key)))


def checked(inputs, settings=None):
    """The by-eye optimum as a result that passed the check."""
    workers = {int(w.internal_id[-4:]): w.id for w in inputs.workers}
    lines = {line.sort_order: line.id for line in inputs.job_lines}
    placements = {workers[w]: lines[line] for w, line in BY_EYE_OPTIMUM.items()}
    result = result_for(inputs, placements, settings)
    return replace(result, checks=(Check("each worker gets one job line", 12),), solver="by eye")


def stored(database, run_id):
    """(completed_at, number of allocations, number of audit rows)."""
    completed = database.rows("select completed_at from allocator_py_runs where id = %s", run_id)
    counts = [
        database.rows(f"select count(*) as n from {table} where allocator_py_run = %s", run_id)
        for table in ("allocator_py_allocations", "allocator_console_audit")
    ]
    return completed[0]["completed_at"], *(rows[0]["n"] for rows in counts)


@contextmanager
def hidden(database, kind: str, name: str) -> Iterator[None]:
    """While it lasts, one of our objects is not in the API's schema."""
    schema = f"hidden_{name.partition('(')[0]}"
    database.rows(f"create schema {schema}")
    database.rows(f"alter {kind} public.{name} set schema {schema}")
    try:
        yield
    finally:
        database.rows(f"alter {kind} {schema}.{name} set schema public")
        database.rows(f"drop schema {schema}")
