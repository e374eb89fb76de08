"""Put schema and rows into the local database, over its own connection string."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

SCHEMA_DIR = Path(__file__).parent / "schema"
CONSOLE_DIR = Path(__file__).parents[1] / "database" / "sql"


def apply_schema(dsn: str, authenticator_password: str) -> None:
    """The owning applications' schema and then our own objects; harmless when applied twice."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set client_min_messages = warning")
        run_sql_files(connection, SCHEMA_DIR)
        connection.execute(
            sql.SQL("alter role authenticator password {}").format(authenticator_password)
        )
        run_sql_files(connection, CONSOLE_DIR)


def run_sql_files(connection: psycopg.Connection[Any], directory: Path) -> None:
    """Run every .sql file of a directory by name, all in one transaction."""
    with connection.transaction():
        for path in sorted(directory.glob("*.sql")):
            connection.execute(path.read_text())


def is_empty(dsn: str) -> bool:
    """True when there is no allocation plan."""
    with psycopg.connect(dsn) as connection:
        return connection.execute("select from allocationplans limit 1").fetchone() is None


def insert_rows(
    connection: psycopg.Connection[Any],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
) -> None:
    """Insert rows table by table, in the order given, which foreign keys must allow.

    A row names at least one column; those left out get their defaults. Values are
    JSON-ready, or dates, times and uuids.
    """
    for table, rows in tables.items():
        for columns, alike in groupby(rows, key=_columns):
            _insert_alike(connection, table, columns, list(alike))


def _columns(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row)


def _insert_alike(
    connection: psycopg.Connection[Any],
    table: str,
    columns: tuple[str, ...],
    rows: list[Mapping[str, Any]],
) -> None:
    """Rows that all name the same columns, at least one."""
    statement = sql.SQL(
        "insert into {t} ({c}) select {c} from json_populate_recordset(null::{t}, %s)"
    ).format(t=sql.Identifier(table), c=sql.SQL(", ").join(map(sql.Identifier, columns)))
    connection.execute(statement, [json.dumps(rows, default=str)])
