"""The command line on the demo data, and its answers as programs and as people see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from allocator.cli.main import main
from tests.database.demo_rows import demo_rows
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cli(database, monkeypatch, capfd):
    """Runs a command with `--json` on the demo data: (exit code, its object)."""
    database.insert_tables(demo_rows())
    monkeypatch.setenv("SUPABASE_URL", database.info.url)
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.service_role_key)

    def run(*argv):
        code = main([*argv, "--json"])
        return code, only_object(capfd.readouterr().out)

    return run


@pytest.fixture
def intern_ranks(cli, database):
    """The intern year complete."""
    database.clear()
    database.insert_tables(demo_rows(intern_ranks=True))


def only_object(text):
    """The one JSON object that `text` consists of."""
    assert text.count("\n") == 1
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def people(capfd, *argv):
    """Runs a command for people: (exit code, standard output, standard error)."""
    code = main(list(argv))
    captured = capfd.readouterr()
    return code, captured.out, captured.err


def command(*argv, stdin="", **env):
    """A real process: (exit code, standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-m", "allocator", *argv],
        cwd=ROOT,
        env={**os.environ, **env},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr
