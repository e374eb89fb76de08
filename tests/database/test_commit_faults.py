"""A commit that fails in the database says why, what to do, and that nothing was written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from allocator import postgres
from allocator.config import Connection
from allocator.demo.demo_data import BY_EYE
from allocator.errors import DatabaseError, DatabaseFull, Denied, MissingFunction, TimedOut
from allocator.models import Settings
from allocator.service import AllocatorService
from tests.conftest import Database
from tests.database.demo_rows import demo_rows

COMMIT = "function allocator_console_commit(uuid, jsonb, jsonb, integer)"


@pytest.fixture
def service(database: Database) -> AllocatorService:
    database.insert_tables(demo_rows())
    connection = Connection(database.info.url, database.info.secret_key)
    return AllocatorService(postgres.connect(connection))


def commit_fails(service, database, error, *words) -> None:
    """The commit fails with this error and these words, writes nothing, and works afterwards."""
    inputs = service.hydrate(BY_EYE)
    result = service.solve(inputs, Settings())
    with pytest.raises(error) as failure:
        service.commit(inputs, result, "Ada")
    for word in ("nothing was written", *words):
        assert word in str(failure.value)
    counts = "select count(*) as n from {} where allocator_py_run = %s"
    for table in ("allocator_py_allocations", "allocator_console_audit"):
        assert database.rows(counts.format(table), BY_EYE)[0]["n"] == 0
    assert service.receipt(BY_EYE) is None


@contextmanager
def audit_raises(database, code: str, message: str) -> Iterator[None]:
    """While it lasts, the last write of a commit fails as PostgreSQL would fail it."""
    database.rows(
        "create function public.fail() returns trigger language plpgsql as $$ begin "
        f"raise exception '{message}' using errcode = '{code}'; end $$"
    )
    database.rows(
        "create trigger fail before insert on allocator_console_audit "
        "for each row execute function public.fail()"
    )
    try:
        yield
    finally:
        database.rows("drop function public.fail() cascade")


@pytest.mark.parametrize(
    ("code", "message", "error", "word"),
    [
        ("57014", "canceling statement due to statement timeout", TimedOut, "statement timeout"),
        ("53100", "could not extend file: No space left on device", DatabaseFull, "disk is full"),
        ("25006", "cannot execute INSERT in a read-only transaction", DatabaseFull, "read-only"),
        ("40P01", "deadlock detected", TimedOut, "at the same time"),
    ],
)
def test_commit_that_the_database_breaks_off(service, database, code, message, error, word):
    with audit_raises(database, code, message):
        commit_fails(service, database, error, word)


def test_commit_held_up_by_a_lock(service, database):
    database.rows(f"alter {COMMIT} set lock_timeout = '100ms'")
    try:
        with psycopg.connect(database.info.dsn) as other:
            other.execute("lock table allocator_console_audit in exclusive mode")
            commit_fails(service, database, TimedOut, "Another program holds a lock", "Wait until")
    finally:
        database.rows(f"alter {COMMIT} reset lock_timeout")


def test_commit_that_lacks_a_privilege_names_the_grant(service, database):
    database.rows("revoke insert on allocator_py_allocations from service_role")
    try:
        grant = "grant select, insert on public.allocator_py_allocations to service_role;"
        commit_fails(service, database, Denied, "table allocator_py_allocations", grant)
    finally:
        database.rows("grant insert on allocator_py_allocations to service_role")


def test_commit_whose_trigger_lacks_a_privilege_says_so(service, database):
    database.rows("revoke insert on allocator_py_completions from service_role")
    try:
        commit_fails(service, database, Denied, "trigger that uses allocator_py_completions")
    finally:
        database.rows("grant insert on allocator_py_completions to service_role")


def test_commit_that_breaks_a_constraint_of_the_owners(service, database):
    database.rows("alter table allocator_py_allocations add constraint no check (false) not valid")
    try:
        commit_fails(service, database, DatabaseError, "23514")
    finally:
        database.rows("alter table allocator_py_allocations drop constraint no")


def test_commit_to_older_sql_says_which_is_older(service, database):
    database.rows("alter function allocator_console_digest rename to elsewhere")
    try:
        commit_fails(service, database, MissingFunction, "older than this program", "Apply the SQL")
    finally:
        database.rows("alter function elsewhere rename to allocator_console_digest")


def test_commit_after_a_fault_goes_through(service, database):
    inputs = service.hydrate(BY_EYE)
    result = service.solve(inputs, Settings())
    with audit_raises(database, "53100", "No space left on device"), pytest.raises(DatabaseFull):
        service.commit(inputs, result, "Ada")
    assert service.commit(inputs, result, "Ada").n_allocations == 12
