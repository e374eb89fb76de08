"""A local database that the first version made gets today's schema and keeps its rows."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from allocator.local.postgres_server import SCHEMA_DIR, run_sql_files

OLD = Path(__file__).parent / "schema_1_0_0"


@pytest.fixture
def old(local_stack):
    """A database with the first version's schema."""
    with psycopg.connect(local_stack.dsn, autocommit=True) as connection:
        connection.execute("drop database if exists old with (force)")
        connection.execute("create database old")
    dsn = psycopg.conninfo.make_conninfo(local_stack.dsn, dbname="old")
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("set client_min_messages = warning")
        run_sql_files(connection, OLD)
        yield connection
    with psycopg.connect(local_stack.dsn, autocommit=True) as connection:
        connection.execute("drop database old with (force)")


def columns(connection):
    """Every column with its type, and every primary key."""
    query = (
        "select table_name, column_name, data_type, is_nullable from information_schema.columns "
        "where table_schema = 'public' and not starts_with(table_name, 'allocator_console_') "
        "order by 1, 2"
    )
    keys = (
        "select conrelid::regclass::text as t, pg_get_constraintdef(oid) as k from pg_constraint "
        "where contype = 'p' and connamespace = 'public'::regnamespace "
        "and not starts_with(conrelid::regclass::text, 'allocator_console_') order by 1"
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchall(), cursor.execute(keys).fetchall()


def add_plan(connection, org, timezone):
    plan = "insert into allocationplans (org, timezone) values (%s, %s) returning id"
    plan_id = connection.execute(plan, [org, timezone]).fetchone()["id"]
    run = "insert into allocationruns (allocationplan, startdate) values (%s, '2027-01-11')"
    connection.execute(run, [plan_id])


def test_upgraded_schema_is_that_of_a_new_database(old, local_stack):
    run_sql_files(old, SCHEMA_DIR)
    with psycopg.connect(local_stack.dsn) as new:
        assert columns(old) == columns(new)


def test_upgrade_keeps_days_and_organisations(old):
    add_plan(old, "North", "Australia/Brisbane")
    add_plan(old, "North", "America/Los_Angeles")
    add_plan(old, "", "no such zone")
    old.execute("insert into qualification_tags (name, org) values ('Rural', 'North')")
    for _ in range(2):
        run_sql_files(old, SCHEMA_DIR)
    days = old.execute(
        "select (r.startdate at time zone p.timezone)::text as start "
        "from allocationruns r join allocationplans p on p.id = r.allocationplan "
        "where p.org is not null"
    ).fetchall()
    assert [row["start"] for row in days] == ["2027-01-11 00:00:00"] * 2
    assert old.execute("select name from orgs").fetchall() == [{"name": "North"}]
    same = (
        "select count(distinct org) as n from allocationplans join qualification_tags using (org)"
    )
    assert old.execute(same).fetchall() == [{"n": 1}]


def test_upgrade_keeps_rows_that_break_the_new_key(old):
    add_plan(old, "North", "UTC")
    old.execute("insert into workers default values")
    old.execute(
        "insert into allocation_run_worker_mappings (worker, allocation_run) "
        "select w.id, r.id from workers w, allocationruns r"
    )
    old.execute("insert into job_lines (allocation_run) select id from allocationruns")
    for _ in range(2):
        old.execute(
            "insert into preference_worker_job_lines (allocation_run_worker_mapping, job_line) "
            "select m.id, j.id from allocation_run_worker_mappings m, job_lines j"
        )
    run_sql_files(old, SCHEMA_DIR)
    count = "select count(*) as n from preference_worker_job_lines"
    assert old.execute(count).fetchall() == [{"n": 2}]
    old.execute("delete from preference_worker_job_lines")
    run_sql_files(old, SCHEMA_DIR)
    keys = [row["t"] for row in columns(old)[1]]
    assert "preference_worker_job_lines" in keys
