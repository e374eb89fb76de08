"""The local stack starts, recovers and stops, and keeps its secrets."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from allocator.errors import ConfigurationError
from allocator.local import stack
from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]


def plans(info):
    answer = httpx.get(
        f"{info.url}/rest/v1/allocationplans?select=name",
        headers={"apikey": info.service_role_key},
        trust_env=False,
        timeout=PATIENCE,
    )
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()]


def add_plan(info, name):
    with psycopg.connect(info.dsn) as connection:
        connection.execute("insert into allocationplans (name) values (%s)", [name])


def pids(info):
    now = stack.status(info.data_dir)
    return {"postgres": now.postgres, "postgrest": now.postgrest, "gateway": now.gateway}


def processes_in(directory):
    """Live processes that work inside a directory."""
    found = []
    for process in psutil.process_iter():
        try:
            inside = Path(process.cwd()).is_relative_to(directory)
            if inside and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def test_start_from_nothing_is_ready_when_it_returns(data_dir):
    assert plans(stack.start(data_dir)) == []


def test_start_twice_changes_nothing(kept):
    first = stack.start(kept)
    before = pids(first)
    assert stack.start(kept) == first
    assert pids(first) == before
    assert stack.running(kept) == first


def test_demo_data_is_inserted_once(data_dir):
    info = stack.start(data_dir, seed="demo")
    first = plans(info)
    assert len(first) > 1
    assert plans(stack.start(data_dir, seed="demo")) == first
    assert plans(stack.reset(data_dir, seed="empty")) == []


def test_start_at_once_from_two_threads_gives_one_stack(data_dir):
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(stack.start, [data_dir, data_dir])
    assert one == two
    assert len([p for p in processes_in(data_dir) if "gateway" in " ".join(p.cmdline())]) == 1


def test_start_at_once_from_two_commands_gives_one_stack(data_dir):
    code = f"from allocator.local import stack; print(stack.start({str(data_dir)!r}).url)"
    command = [sys.executable, "-c", code]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    one, two = (process.communicate(timeout=PATIENCE)[0] for process in both)
    assert one.startswith("http")
    assert one == two
    assert len([p for p in processes_in(data_dir) if "gateway" in " ".join(p.cmdline())]) == 1


def test_stack_outlives_the_command_that_started_it(data_dir):
    code = f"from allocator.local import stack; stack.start({str(data_dir)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert plans(stack.running(data_dir)) == []


def test_second_data_dir_runs_beside_the_first(local_stack, kept):
    other = stack.start(kept)
    assert other.url != local_stack.url
    assert plans(other) == ["kept"]
    assert "kept" not in plans(local_stack)


@pytest.mark.parametrize("part", ["postgres", "postgrest", "gateway", "all"])
def test_start_recovers_after_kill(kept, part):
    info = stack.start(kept)
    add_plan(info, "added")
    for name, pid in pids(info).items():
        if part in (name, "all"):
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: not stack.status(kept).running)
    assert stack.start(kept) == info
    assert plans(info) == ["kept", "added"]


def test_start_waits_for_a_server_that_recovers_by_itself(kept):
    info = stack.start(kept)
    before = plans(info)
    with psycopg.connect(info.dsn) as connection:
        os.kill(pids(info)["gateway"], signal.SIGKILL)
        os.kill(connection.info.backend_pid, signal.SIGKILL)  # the server restarts its others
    eventually(lambda: not stack.status(kept).running)
    assert plans(stack.start(kept)) == before


def test_start_survives_a_pid_file_that_names_a_stranger(kept):
    info = stack.start(kept)
    pid_file = kept / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    os.kill(pids(info)["postgres"], signal.SIGKILL)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert plans(stack.start(kept)) == ["kept"]


def test_stop_leaves_no_process_and_keeps_the_data(kept):
    info = stack.start(kept)
    add_plan(info, "added")
    stack.stop(kept)
    assert processes_in(kept) == []
    assert stack.running(kept) is None
    assert not stack.status(kept).running
    stack.stop(kept)
    assert stack.start(kept) == info
    assert plans(info) == ["kept", "added"]


def test_stop_of_a_data_dir_that_never_was_creates_nothing(tmp_path):
    stack.stop(tmp_path / "nothing")
    assert stack.running(tmp_path / "nothing") is None
    assert not (tmp_path / "nothing").exists()


def test_reset_empties_the_database_and_keeps_keys_and_address(kept):
    info = stack.start(kept)
    assert plans(info) == ["kept"]
    assert stack.reset(kept) == info
    assert plans(info) == []


def test_start_on_a_port_that_is_taken_says_so(kept):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=str(port)):
            stack.start(kept, port=port)
    assert stack.start(kept, port=port).url == f"http://127.0.0.1:{port}"


def test_start_in_an_awkward_path_behind_a_closed_directory(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data_dir = closed / ("long" * 20) / """it's a "path" with $pecial (ä) characters"""
    try:
        assert plans(stack.start(data_dir)) == []
        assert stat.S_IMODE(closed.stat().st_mode) & 0o066 == 0
    finally:
        stack.stop(data_dir)


def test_start_survives_a_directory_above_that_is_closed_meanwhile(tmp_path):
    above = tmp_path / "above"
    above.mkdir()
    data_dir = above / "data"

    def close_once():
        eventually((data_dir / "postgres" / "PG_VERSION").exists)
        above.chmod(0o700)

    try:
        with ThreadPoolExecutor(1) as pool:
            closing = pool.submit(close_once)
            info = stack.start(data_dir)
            closing.result()
        assert plans(info) == []
    finally:
        stack.stop(data_dir)


def test_data_dir_comes_from_the_environment(local_stack, monkeypatch):
    monkeypatch.setenv("ALLOCATOR_DATA_DIR", local_stack.data_dir)
    assert stack.running() == local_stack


def test_everything_listens_on_loopback_only(local_stack):
    for process in processes_in(local_stack.data_dir):
        for connection in process.net_connections("inet"):
            assert connection.laddr.ip == "127.0.0.1"


def test_secrets_are_private_and_not_in_repr(local_stack):
    path = Path(local_stack.data_dir) / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = {"service_role_key", "secret_key", "anon_key"}
    fields = local_stack.as_dict()
    assert set(fields) == {"url", "dsn", "data_dir", "seed", *keys}
    assert not any(fields[name] in repr(local_stack) for name in ("dsn", *keys))


def test_database_demands_its_password(local_stack):
    host = psycopg.conninfo.conninfo_to_dict(local_stack.dsn)["host"]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=host, user="postgres", dbname="postgres")
