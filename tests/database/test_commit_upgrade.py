"""Every version of our SQL becomes the newest one with its rows, and versions never mix."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from postgrest.exceptions import APIError
from psycopg.rows import dict_row

from allocator.database import doctor
from allocator.local.postgres_server import CONSOLE_DIR, SCHEMA_DIR, run_sql_files
from allocator.postgres import CONTRACT
from tests.conftest import Database
from tests.database.commit_data import (
    AUDIT,
    add_run,
    allocations,
    assert_all_or_nothing,
    commit,
    completed_at,
)


def without(row, *keys):
    """A row without some of its columns."""
    return {key: value for key, value in row.items() if key not in keys}


def test_sql_files_applied_again_keep_the_data(database):
    run = add_run(database)
    commit(database.client, run["id"], allocations(run))
    with psycopg.connect(database.info.dsn) as connection:
        run_sql_files(connection, CONSOLE_DIR)
        run_sql_files(connection, CONSOLE_DIR)
    assert assert_all_or_nothing(database, run, allocations(run))
    found = database.client.rpc("allocator_console_version", {}).execute().data
    assert found == doctor.expected_version()


@pytest.fixture
def upgraded(database):
    """A second database: the oldest version of our SQL with a committed run, then this version."""
    with psycopg.connect(database.info.dsn, autocommit=True) as connection:
        connection.execute("drop database if exists upgraded with (force)")
        connection.execute("create database upgraded")
    dsn = psycopg.conninfo.make_conninfo(database.info.dsn, dbname="upgraded")
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("set client_min_messages = warning")
        run_sql_files(connection, SCHEMA_DIR)
        run_sql_files(connection, Path(__file__).parent / "sql_1_0_0")
        yield Database(database.info, connection, database.client, database.transport)
    with psycopg.connect(database.info.dsn, autocommit=True) as connection:
        connection.execute("drop database upgraded with (force)")


def test_sql_files_upgrade_the_oldest_version_and_keep_its_rows(upgraded):
    run = add_run(upgraded)
    query = "select allocator_console_commit(%s::uuid, %s::jsonb, %s::jsonb) as receipt"
    arguments = run["id"], json.dumps(allocations(run)), json.dumps(AUDIT)
    before = upgraded.rows(query, *arguments)[0]["receipt"]
    scenario = {"allocator_py_run": run["id"], "name": "Fairer", "operator": "Ada"}
    upgraded.insert("allocator_console_scenarios", scenario)
    upgraded.insert("allocator_console_solves", {"allocator_py_run": run["id"], "seed": 7})
    run_sql_files(upgraded.connection, CONSOLE_DIR)
    (audit,) = upgraded.rows("select to_jsonb(a) as a from allocator_console_audit a")
    assert audit["a"] == {**without(before, "repeated"), "sql_version": "1.0.0"}
    assert upgraded.rows("select name from allocator_console_scenarios") == [{"name": "Fairer"}]
    assert upgraded.rows("select seed from allocator_console_solves") == [{"seed": 7}]
    with pytest.raises(psycopg.Error, match="older") as refusal:
        upgraded.rows(query, *arguments)
    assert refusal.value.sqlstate == "AC009"
    query = query.replace("jsonb)", f"jsonb, {CONTRACT})")
    assert upgraded.rows(query, *arguments)[0]["receipt"]["repeated"]


def test_an_upgraded_database_has_the_objects_of_a_new_one(upgraded, database):
    run_sql_files(upgraded.connection, CONSOLE_DIR)
    assert our_objects(upgraded) == our_objects(database)


def our_objects(database):
    """Columns with types and defaults, and functions with bodies and privileges."""
    columns = (
        "select table_name, column_name, data_type, column_default, is_nullable "
        "from information_schema.columns where table_schema = 'public' "
        "and starts_with(table_name, 'allocator_console_') order by 1, ordinal_position"
    )
    functions = (
        "select oid::regprocedure::text as name, prosrc, proacl::text from pg_proc "
        "where starts_with(proname, 'allocator_console_') order by 1"
    )
    return database.rows(columns), database.rows(functions)


def test_older_sql_files_do_not_replace_newer_ones(database):
    with psycopg.connect(database.info.dsn) as connection:
        connection.execute(
            "create or replace function allocator_console_version() returns text "
            "language sql immutable as $$ select '2.10.0' $$"
        )
        with pytest.raises(psycopg.Error, match=r"2\.10\.0 .* newer") as refusal:
            run_sql_files(connection, CONSOLE_DIR)
        assert refusal.value.sqlstate == "AC011"
        connection.rollback()


def test_contract_is_the_first_number_of_the_version():
    assert doctor.expected_version().split(".")[0] == str(CONTRACT)


@pytest.mark.parametrize(("contract", "word"), [(CONTRACT - 1, "older"), (CONTRACT + 1, "newer")])
def test_commit_of_another_contract_is_refused_both_ways(database, contract, word):
    run = add_run(database)
    arguments = {"p_run": run["id"], "p_allocations": allocations(run), "p_audit": AUDIT}
    with pytest.raises(APIError, match=word) as refusal:
        database.client.rpc(
            "allocator_console_commit", {**arguments, "p_contract": contract}
        ).execute()
    assert refusal.value.code == "AC009"
    assert completed_at(database, run) is None
