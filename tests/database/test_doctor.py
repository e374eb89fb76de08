"""The doctor finds what a commit would lack and which side is the older one."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from allocator import config, postgres
from allocator.config import Connection
from allocator.database.doctor import Finding, examine, expected_version
from allocator.service import AllocatorService
from tests.services import hidden, service_at


def faults(database) -> list[Finding]:
    client = postgres.connect(Connection(database.info.url, database.info.secret_key))
    return [finding for finding in examine(lambda: client) if not finding.ok]


def test_doctor_of_the_local_stack_is_silent_and_names_the_owners_trigger(database):
    client = postgres.connect(Connection(database.info.url, database.info.secret_key))
    found = {finding.title: finding for finding in examine(lambda: client)}
    assert faults(database) == []
    assert found["Key"].detail == "It is a secret key."
    assert "on_allocator_py_update" in found["Trigger trigger_on_allocator_py_update"].detail
    assert found["Commit"].ok


@contextmanager
def version(database, number: str):
    """While it lasts, the database says that it has this version of our SQL."""
    make = (
        "create or replace function allocator_console_version() returns text "
        "language sql immutable set search_path = public, pg_temp as $$ select '{}' $$"
    )
    database.rows(make.format(number))
    try:
        yield
    finally:
        database.rows(make.format(expected_version()))


@pytest.mark.parametrize(
    ("number", "older", "remedy"),
    [
        ("1.9.9", "the database's is the older one", "Apply the SQL files"),
        ("2.10.0", "the program is the older one", "Update this program"),
        ("11.0.0", "the program is the older one", "Update this program"),
    ],
)
def test_doctor_says_which_side_is_the_older_one(database, number, older, remedy):
    with version(database, number):
        (fault,) = faults(database)
    assert fault.title == "Commit function"
    assert number in fault.detail
    assert older in fault.detail
    assert remedy in fault.remedy


def test_doctor_gives_the_statement_that_grants_what_is_missing(database):
    database.rows("revoke update on job_lines from service_role")
    (fault,) = faults(database)
    assert fault.title == "Table job_lines"
    statement = fault.remedy.removeprefix("Ask the DBA to run: ")
    assert statement == "grant update on public.job_lines to service_role;"
    database.rows(statement)
    assert faults(database) == []


def test_doctor_of_a_denied_table_gives_its_grant(database):
    database.rows("revoke all on qualification_tags from service_role")
    try:
        (fault,) = faults(database)
        assert fault.title == "Table qualification_tags"
        assert "grant select on public.qualification_tags to service_role;" in fault.remedy
    finally:
        database.rows("grant all on qualification_tags to service_role")


def test_doctor_says_what_to_apply_when_our_objects_are_missing(service, database):
    with hidden(database, "function", "allocator_console_version()"):
        faults = [f for f in service.doctor() if not f.ok]
    assert [(f.title, "allocator/database/sql" in f.remedy) for f in faults] == [
        ("Commit function", True)
    ]


def test_doctor_without_a_connection_says_how_to_configure_one(tmp_path, monkeypatch):
    monkeypatch.delenv(config.URL_VARIABLE, raising=False)
    monkeypatch.delenv(config.KEY_VARIABLE, raising=False)
    monkeypatch.setenv(config.SECRETS_VARIABLE, str(tmp_path / "none.toml"))
    monkeypatch.setenv("ALLOCATOR_DATA_DIR", str(tmp_path))
    [fault, *_] = [f for f in AllocatorService().doctor() if not f.ok]
    assert (fault.title, fault.exit_code) == ("Connection", 2)
    assert config.URL_VARIABLE in fault.remedy


def test_doctor_of_an_unreachable_database(database):
    faults = [f for f in service_at(database, "http://127.0.0.1:9").doctor() if not f.ok]
    assert [(f.title, f.exit_code) for f in faults] == [("Connection", 5)]
