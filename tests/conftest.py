"""The database that integration tests share: a real local stack, one for the whole session.

Ask for `database` to get it empty, insert rows with `database.insert`, read with `database.rows`,
and reach it through `database.client` (supabase, service role) or `database.info`.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.datetime import TimestamptzLoader
from supabase import Client, ClientOptions, create_client

from allocator.database import transport
from allocator.local import stack
from allocator.local.postgres_server import insert_rows
from allocator.service import AllocatorService
from tests.database.demo_rows import demo_rows
from tests.profiles import PROFILE
from tests.services import service_at
from tests.waiting import PATIENCE

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
ANY_ORDER = "set local session_replication_role = replica"


@dataclass(frozen=True)
class Copy:
    """Rows that the database keeps in a schema of its own, where no program looks."""

    schema: str
    filled: tuple[str, ...]

    @classmethod
    def of(
        cls, connection: psycopg.Connection[dict[str, Any]], tables: Tables, number: int
    ) -> Copy:
        """Keep the rows."""
        schema, filled = f"kept_{number}", tuple(name for name, rows in tables.items() if rows)
        with connection.transaction():
            connection.execute(f"create schema {schema}")
            for name in filled:
                connection.execute(
                    f'create table {schema}."{name}" (like public."{name}" including defaults)'
                )
            connection.execute(f"set local search_path = {schema}, public")
            insert_rows(connection, tables)
        return cls(schema, filled)

    def restore(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        """Insert them as they were inserted at first."""
        with connection.transaction():
            connection.execute(ANY_ORDER)
            for name in self.filled:
                connection.execute(f'insert into "{name}" table {self.schema}."{name}"')


@dataclass(frozen=True)
class Database:
    """An empty database behind real PostgREST, and a superuser connection to look behind it."""

    info: stack.StackInfo
    connection: psycopg.Connection[dict[str, Any]]
    client: Client
    transport: httpx.Client
    _seen: dict[int, Tables] = field(default_factory=dict)
    _copies: dict[int, Copy] = field(default_factory=dict)

    def client_for(self, key: str) -> Client:
        """A supabase client with another key, such as `info.anon_key`."""
        return _client(self.info.url, key, self.transport)

    def insert(self, table: str, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Insert rows (columns may be left out) and return them as the database stored them."""
        return [self._insert(table, row) for row in rows]

    def insert_tables(self, tables: Tables) -> None:
        """Insert many rows, table by table in an order that foreign keys allow.

        Rows that come again (the same object) are copied within the database, a few times faster.
        """
        if id(tables) not in self._seen:
            self._seen[id(tables)] = tables  # held, so that no other object gets its identity
            insert_rows(self.connection, tables)
            return
        if id(tables) not in self._copies:
            self._copies[id(tables)] = Copy.of(self.connection, tables, len(self._copies))
        self._copies[id(tables)].restore(self.connection)

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of an SQL query (placeholders `%s`), past any row-level security."""
        cursor = self.connection.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []

    def clear(self) -> None:
        """Empty every table, keeping the schema."""
        with self.connection.transaction():
            self.connection.execute(ANY_ORDER)
            for name in self._filled_tables():
                self.connection.execute(f'delete from "{name}"')

    def _insert(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        if not row:
            return self.rows(f'insert into "{table}" default values returning *')[0]
        names = ", ".join(f'"{name}"' for name in row)
        query = f'insert into "{table}" ({names}) select {names} from '
        query += f'json_populate_record(null::"{table}", %s) returning *'
        return self.rows(query, json.dumps(row, default=str))[0]

    def _filled_tables(self) -> list[str]:
        tables = self.rows("select tablename from pg_tables where schemaname = 'public'")
        names = [row["tablename"] for row in tables]
        query = " union all ".join(f"(select '{n}' as name from \"{n}\" limit 1)" for n in names)
        return [row["name"] for row in self.rows(query)]


def _client(url: str, key: str, transport: httpx.Client) -> Client:
    return create_client(url, key, ClientOptions(httpx_client=transport))


TEMPORARY = pytest.StashKey[str]()
VARIABLE = "PYTEST_DEBUG_TEMPROOT"


def pytest_configure(config: pytest.Config) -> None:
    """Temporary directories under a root of this session alone. Under the one that sessions share,
    pytest closes the root again whenever a session begins, and a PostgreSQL that runs as another
    user below it (root's does) dies at its next checkpoint."""
    if VARIABLE not in os.environ and not config.option.basetemp:
        config.stash[TEMPORARY] = os.environ[VARIABLE] = tempfile.mkdtemp(prefix="allocator-tests-")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What a session without a failure leaves is nobody's."""
    root = session.config.stash.get(TEMPORARY, None)
    if root is not None and exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(root, ignore_errors=True)


def pytest_report_header() -> str:
    """Which of the two profiles is in force, whatever tests are chosen."""
    return f"examples of hypothesis: {PROFILE} profile"


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    """A read that fails is repeated as often as ever, but at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "RETRY_DELAYS", (0.0,) * len(transport.RETRY_DELAYS))
        yield


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.StackInfo]:
    """A running local stack with the schema and no rows; stopped at the end of the session."""
    data_dir = tmp_path_factory.mktemp("stack")
    yield stack.start(data_dir, seed="empty")
    stack.stop(data_dir)


@pytest.fixture(scope="session")
def _shared_database(local_stack: stack.StackInfo) -> Iterator[Database]:
    with (
        psycopg.connect(local_stack.dsn, autocommit=True, row_factory=dict_row) as connection,
        httpx.Client(http2=False, timeout=PATIENCE, trust_env=False) as transport,
    ):
        connection.adapters.register_loader("timestamptz", AnyTime)
        client = _client(local_stack.url, local_stack.service_role_key, transport)
        yield Database(local_stack, connection, client, transport)


class AnyTime(TimestamptzLoader):
    """Times that Python has no object for (infinity, BC, after 9999) come as text."""

    def load(self, data: Any) -> Any:
        """The time, or its text."""
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


@pytest.fixture
def database(_shared_database: Database) -> Database:
    """The shared database, emptied before the test."""
    _shared_database.clear()
    return _shared_database


@pytest.fixture
def service(database: Database) -> AllocatorService:
    """The service on a database with the demo data."""
    database.insert_tables(demo_rows())
    return service_at(database, database.info.url)
