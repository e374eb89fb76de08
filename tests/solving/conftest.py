"""Fixtures of the solver's tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def dask_scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real cluster: a scheduler and a worker as processes of their own.

    `LocalCluster` would spawn from pytest's main module, which AppTest replaces.
    """
    directory = tmp_path_factory.mktemp("dask")
    described = directory / "scheduler.json"
    common = ["--scheduler-file", str(described)]
    commands = [
        ["dask_scheduler", *common, "--port", "0", "--no-dashboard", "--host", "127.0.0.1"],
        ["dask_worker", *common, "--nthreads", "1", "--no-nanny", "--no-dashboard"],
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:]],
            cwd=directory,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    try:
        eventually(lambda: described.exists() and described.read_text())
        yield json.loads(described.read_text())["address"]
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait(timeout=PATIENCE)
