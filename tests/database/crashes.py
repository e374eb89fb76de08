"""Parts of a stack are killed in the middle of a commit, and it is looked at afterwards."""

from __future__ import annotations

from contextlib import contextmanager

import httpx
import psutil
import psycopg
from psycopg.rows import dict_row
from supabase import ClientOptions, create_client

from allocator.local import stack
from allocator.local.processes import is_alive
from tests.conftest import Database
from tests.waiting import PATIENCE, eventually


@contextmanager
def connected(info):
    """The stack as a `Database`; open one anew after each restart."""
    with (
        psycopg.connect(info.dsn, autocommit=True, row_factory=dict_row) as connection,
        httpx.Client(timeout=PATIENCE, trust_env=False) as transport,
    ):
        options = ClientOptions(httpx_client=transport)
        client = create_client(info.url, info.service_role_key, options)
        yield Database(info, connection, client, transport)


@contextmanager
def audit_table_locked(info):
    """Nobody else can write to the audit table inside the block, in which the server may die."""
    blocker = psycopg.connect(info.dsn)
    blocker.execute("lock table allocator_console_audit in exclusive mode")
    try:
        yield
    finally:
        blocker.close()


def wait_until_held_up(database):
    """Until the commit waits for the audit table's lock."""
    waiting = (
        "select 1 from pg_locks where relation = 'allocator_console_audit'::regclass "
        "and not granted"
    )
    eventually(lambda: database.rows(waiting), every=0.005)


def kill(info, part):
    """Kill a part and wait until it is dead: on a busy machine that takes a moment."""
    process = psutil.Process(getattr(stack.status(info.data_dir), part))
    process.kill()
    eventually(lambda: not is_alive(process), every=0.001)


def wait_until_settled(database):
    """Until no transaction of the killed commit is open any more."""
    is_open = (
        "select 1 from pg_stat_activity where usename = 'authenticator' and xact_start is not null"
    )
    eventually(lambda: not database.rows(is_open))
