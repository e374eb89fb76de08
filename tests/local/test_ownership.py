"""Nothing that holds data is removed except by reset, and what is not ours is left alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from allocator.errors import ConfigurationError, DatabaseError, DatabaseFull
from allocator.local import stack
from allocator.local.files import Files
from allocator.local.ownership import Marker, read_marker, write_marker
from allocator.local.postgres_server import CONSOLE_DIR
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
HBA, VERSION = Path("postgres", "pg_hba.conf"), Path("postgres", "PG_VERSION")


def plans(info):
    with psycopg.connect(info.dsn) as connection:
        return [name for (name,) in connection.execute("select name from allocationplans")]


def contents(directory):
    """Every file with its bytes."""
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def append(path, text):
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize(
    "rules",
    [
        "# our DBA was here\n\n   # indented\n\n",
        "host all all 0.0.0.0/0 trust\nhost replication all 10.0.0.0/8 md5  # a second line\n",
    ],
)
def test_start_keeps_the_data_when_access_rules_differ(kept, rules):
    append(kept / HBA, rules)
    info = stack.start(kept)
    assert plans(info) == ["kept"]
    host = psycopg.conninfo.conninfo_to_dict(info.dsn)["host"]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=host, user="postgres", dbname="postgres")
    in_force = [line.split("#")[0].split() for line in (kept / HBA).read_text().splitlines()]
    assert not any("trust" in line or "0.0.0.0/0" in line for line in in_force)


def test_start_keeps_the_data_without_access_rules(kept):
    (kept / HBA).unlink()
    assert plans(stack.start(kept)) == ["kept"]


def test_start_adopts_what_an_earlier_version_made(kept):
    (kept / "database.json").unlink()
    assert plans(stack.start(kept, seed="demo")) == ["kept"]
    assert read_marker(Files.of(kept)) == Marker("made", "empty")


def test_start_makes_a_first_start_that_was_cut_short_anew(data_dir):
    half = data_dir / "postgres"
    half.mkdir(parents=True)
    write_marker(Files.of(data_dir), Marker("making", "empty"))
    (half / "PG_VERSION").write_text("18\n")
    (half / "pg_hba.conf").write_text("local all all trust\n")
    assert plans(stack.start(data_dir)) == []


@pytest.mark.parametrize("action", [stack.start, stack.reset])
@pytest.mark.parametrize("name", ["PG_VERSION", "notes.txt"])
def test_a_folder_that_is_not_ours_is_refused_and_left_alone(data_dir, action, name):
    foreign = data_dir / "postgres"
    foreign.mkdir(parents=True)
    (foreign / name).write_text("18\n")
    with pytest.raises(ConfigurationError, match="was not made by this program") as refusal:
        action(data_dir)
    assert "--data-dir" in refusal.value.how
    assert contents(foreign) == {foreign / name: b"18\n"}
    assert not (data_dir / "secrets.json").exists()


def test_stop_leaves_a_server_that_is_not_ours_alone(kept):
    info = stack.start(kept)
    before = stack.status(kept)
    (kept / "database.json").rename(kept / "elsewhere-1")
    (kept / "secrets.json").rename(kept / "elsewhere-2")
    try:
        stack.stop(kept)
        assert psutil.pid_exists(before.postgres)
    finally:
        (kept / "elsewhere-1").rename(kept / "database.json")
        (kept / "elsewhere-2").rename(kept / "secrets.json")
    assert stack.start(kept).dsn == info.dsn


def test_a_data_dir_of_another_postgresql_is_refused(kept):
    before = (kept / VERSION).read_text()
    for version in ("19", "16"):
        (kept / VERSION).write_text(f"{version}\n")
        with pytest.raises(ConfigurationError, match=f"PostgreSQL {version}"):
            stack.start(kept)
    (kept / VERSION).write_text(before)
    assert plans(stack.start(kept)) == ["kept"]


def test_a_data_dir_without_its_version_is_named_as_damaged(kept):
    (kept / VERSION).rename(kept / "elsewhere")
    with pytest.raises(ConfigurationError, match="damaged"):
        stack.start(kept)
    (kept / "elsewhere").rename(kept / VERSION)
    assert plans(stack.start(kept)) == ["kept"]


def test_a_server_that_cannot_start_says_why_at_once(kept):
    configuration = kept / "postgres" / "postgresql.conf"
    before = configuration.read_text()
    append(configuration, "max_connections = none\n")
    with pytest.raises(DatabaseError, match=r"did not start: .*configuration") as failure:
        stack.start(kept)
    assert "log" in failure.value.how
    configuration.write_text(before)
    assert plans(stack.start(kept)) == ["kept"]


def test_damaged_secrets_are_named_and_never_overwritten(kept):
    secrets = kept / "secrets.json"
    before = secrets.read_text()
    for text in ("", "{", "[]", '{"jwt_secret": "half of it"}'):
        secrets.write_text(text)
        for ask in (stack.start, stack.running):
            with pytest.raises(ConfigurationError, match=r"secrets\.json is damaged") as refusal:
                ask(kept)
            assert "half of it" not in str(refusal.value)
        assert secrets.read_text() == text
    secrets.write_text(before)
    assert plans(stack.start(kept)) == ["kept"]


def test_lost_secrets_are_named_and_no_new_ones_made(kept):
    secrets = kept / "secrets.json"
    secrets.rename(kept / "elsewhere")
    with pytest.raises(ConfigurationError, match=r"secrets\.json is missing"):
        stack.start(kept)
    assert not secrets.exists()
    (kept / "elsewhere").rename(secrets)
    assert plans(stack.start(kept)) == ["kept"]


def test_reset_makes_new_secrets_for_damaged_ones(kept):
    (kept / "secrets.json").write_text("{")
    assert plans(stack.reset(kept)) == []


def test_a_data_dir_made_empty_is_never_filled_with_demo_data(data_dir):
    assert stack.start(data_dir).seed == "empty"
    assert plans(stack.start(data_dir, seed="demo")) == []
    stack.stop(data_dir)
    assert plans(stack.start(data_dir, seed="demo")) == []
    info = stack.reset(data_dir, seed="demo")
    assert info.seed == "demo"
    assert plans(info)


def test_a_database_with_newer_sql_is_refused_in_words(kept):
    info = stack.start(kept)
    with psycopg.connect(info.dsn) as connection:
        version = (CONSOLE_DIR / "011_version.sql").read_text().split("notify")[0]
        connection.execute(re.sub(r"'2\.\d+\.0'", "'3.0.0'", version))
    stack.stop(kept)
    with pytest.raises(DatabaseError, match=r"3\.0\.0 .* newer"):
        stack.start(kept)


def without_space(*arguments):
    """Run the command line where no byte can be written to a file, as on a full disk."""
    code = "import sys, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
    code += "from allocator.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_stop_without_space_stops_every_part(kept):
    stack.start(kept)
    before = stack.status(kept)
    done = without_space("local", "stop", "--data-dir", kept)
    assert done.returncode == 0, done.stderr
    after = stack.status(kept)
    assert (after.postgres, after.postgrest, after.gateway) == (None, None, None)
    for pid in (before.postgres, before.postgrest, before.gateway):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"
    assert plans(stack.start(kept)) == ["kept"]


def test_start_without_space_says_so(data_dir):
    done = without_space("local", "start", "--data-dir", data_dir, "--json")
    error = json.loads(done.stdout or done.stderr)["error"]
    assert (done.returncode, error["kind"]) == (DatabaseFull.exit_code, "DatabaseFull")
    assert "disk" in error["message"]
    shutil.rmtree(data_dir)
    assert plans(stack.start(data_dir)) == []
