"""What is right and wrong with the connection, the database and the solvers, and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from allocator import postgres
from allocator.config import SERVICE_ROLE, key_role
from allocator.database.reading import QUALIFICATIONS_REMEDY
from allocator.errors import (
    AllocatorError,
    DatabaseError,
    Denied,
    ExitCode,
    KeyRefused,
    MissingFunction,
    MissingTable,
)

SQL_DIRECTORY = Path(__file__).parent / "sql"
OWN_PREFIX = "allocator_console_"
APPLY_SQL = (
    "Apply the SQL files in allocator/database/sql to the database (the System page shows them)."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `exit_code` is what the command line ends with when it is
    the first that is not `ok`."""

    ok: bool
    title: str
    detail: str
    remedy: str = ""
    exit_code: ExitCode = ExitCode.FAILED


def examine(connect: Callable[[], postgres.Client]) -> list[Finding]:
    """Every finding, the connection first. Raises nothing that the database can cause."""
    return [*_database(connect), *_solvers()]


def sql_files() -> list[tuple[str, str]]:
    """(file name, SQL) of our objects, in the order in which they are applied."""
    return [(path.name, path.read_text("utf-8")) for path in sorted(SQL_DIRECTORY.glob("*.sql"))]


def expected_version() -> str:
    """The version of our SQL objects that this program brings."""
    text = next(sql for name, sql in sql_files() if "version" in name)
    return text.split("$$ select '", 1)[1].split("'", 1)[0]


def _database(connect: Callable[[], postgres.Client]) -> Iterator[Finding]:
    try:
        client = connect()
        yield _key(client.supabase_key)
        postgres.ping(client=client)
    except Denied as exc:
        yield _failed("Key", exc)
        return
    except AllocatorError as exc:
        yield _failed("Connection", exc)
        return
    yield Finding(True, "Connection", "The database answers.")
    try:
        probed = postgres.probe(client=client)
    except DatabaseError as exc:
        yield _failed("Tables", exc)
        return
    yield from _tables(probed)
    yield own_objects(client)
    yield from _readiness(client)


def _key(key: str) -> Finding:
    role = key_role(key)
    if role == SERVICE_ROLE:
        is_new = key.startswith("sb_")
        return Finding(True, "Key", f"It is {'a secret' if is_new else 'the service_role'} key.")
    if role:
        detail = f"It has the role {role}; row-level security answers it with empty tables."
        return Finding(False, "Key", detail, KeyRefused.remedy, exit_code=ExitCode.DATABASE)
    return Finding(True, "Key", "It does not say which role it has.")


def _tables(probed: dict[str, DatabaseError | None]) -> Iterator[Finding]:
    for name, problem in sorted(probed.items()):
        if name == "allocator_console_version":
            continue
        kind = "Function" if name.startswith("get_") else "Table"
        if problem is None:
            yield Finding(True, f"{kind} {name}", "It has what is needed.")
            continue
        remedy = problem.how
        if name.startswith(OWN_PREFIX):
            remedy = APPLY_SQL
        elif isinstance(problem, MissingTable):
            remedy = "Ask the owner of the database to add it."
        elif isinstance(problem, MissingFunction):
            remedy = QUALIFICATIONS_REMEDY
        yield Finding(False, f"{kind} {name}", problem.message, remedy)


def own_objects(client: postgres.Client) -> Finding:
    """Whether our own SQL objects are there in the version that this program brings."""
    title = "Commit function"
    try:
        found = postgres.console_version(client=client)
    except MissingFunction:
        detail = "It is missing: everything works except commit."
        return Finding(False, title, detail, APPLY_SQL)
    except DatabaseError as exc:
        return _failed(title, exc)
    wanted = expected_version()
    if found != wanted:
        detail = f"The database has version {found}, this program brings {wanted}"
        if _numbers(found) > _numbers(wanted):
            detail += ": the program is the older one."
            return Finding(False, title, detail, "Update this program; do not apply its SQL files.")
        return Finding(False, title, f"{detail}: the database's is the older one.", APPLY_SQL)
    return Finding(True, title, f"Version {found} is in place.")


def _numbers(version: str) -> tuple[int, ...]:
    """`1.10.0` → (1, 10, 0); a text that is no version sorts first."""
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()


def _readiness(client: postgres.Client) -> Iterator[Finding]:
    """Whether a commit could work, as far as that can be seen without writing."""
    try:
        rows = postgres.readiness(client=client)
    except MissingFunction:
        return  # the finding about our objects says what to do
    except DatabaseError as exc:
        yield _failed("Commit", exc)
        return
    for row in rows:
        how = f"Ask the DBA to run: {row['remedy']}" if row["remedy"].endswith(";") else ""
        yield Finding(row["ok"], row["subject"], row["detail"], how or row["remedy"])
    if all(row["ok"] for row in rows):
        yield Finding(True, "Commit", "Every privilege that it needs is there.")


def _failed(title: str, exc: AllocatorError) -> Finding:
    return Finding(False, title, exc.message, exc.how, exc.exit_code)


def _solvers() -> Iterator[Finding]:
    try:
        import highspy

        found = ".".join(
            str(part)
            for part in (
                highspy.HIGHS_VERSION_MAJOR,
                highspy.HIGHS_VERSION_MINOR,
                highspy.HIGHS_VERSION_PATCH,
            )
        )
        yield Finding(True, "Solver HiGHS", f"Version {found}.")
    except (ImportError, OSError) as exc:
        yield Finding(
            False, "Solver HiGHS", f"It cannot be loaded: {exc}.", "Run `make install` again."
        )
    yield _cbc()
    for package in ("pulp", "supabase", "scipy"):
        try:
            yield Finding(True, f"Package {package}", f"Version {version(package)}.")
        except PackageNotFoundError:
            yield Finding(False, f"Package {package}", "It is missing.", "Run `make install`.")


def _cbc() -> Finding:
    import pulp

    # Not `PULP_CBC_CMD().available()`: making one warns that PuLP 4 drops it.
    available = os.access(pulp.PULP_CBC_CMD.pulp_cbc_path, os.X_OK)
    if available:
        return Finding(True, "Solver CBC", "It is available as an alternative to HiGHS.")
    detail = "PuLP's build of it does not run on this machine; choose HiGHS, which is the default."
    return Finding(True, "Solver CBC", detail)
