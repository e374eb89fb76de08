"""Data dirs of local stacks: fresh ones, and copies of one that was started before."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from allocator.local import stack


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A fresh data dir whose stack is stopped afterwards."""
    yield tmp_path / "data"
    stack.stop(tmp_path / "data")


@pytest.fixture(scope="session")
def _stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("stopped")
    with psycopg.connect(stack.start(directory).dsn) as connection:
        connection.execute("insert into allocationplans (name) values ('kept')")
    stack.stop(directory)
    return directory


@pytest.fixture
def kept(data_dir: Path, _stopped: Path) -> Path:
    """A data dir with a stopped stack that holds one plan; making each anew would take longer."""
    subprocess.run(["cp", "-a", str(_stopped), str(data_dir)], check=True)
    return data_dir
