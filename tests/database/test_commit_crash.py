"""Parts of the stack are killed in the middle of a commit: all of it is there afterwards, or none.

The commit is held up just before its audit row by a lock, when its allocations and `completed_at`
are written but not committed; or the kill comes a few milliseconds after the call.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from allocator import postgres
from allocator.config import Connection
from allocator.demo.demo_data import BY_EYE
from allocator.errors import Unreachable
from allocator.local import stack
from allocator.models import Settings
from allocator.service import AllocatorService
from tests.database.commit_data import add_run, allocations, assert_all_or_nothing, commit
from tests.database.crashes import (
    audit_table_locked,
    connected,
    kill,
    wait_until_held_up,
    wait_until_settled,
)
from tests.database.demo_rows import demo_rows
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("crash")
    stack.start(directory)
    yield directory
    stack.stop(directory)


class Attempt(threading.Thread):
    """A commit in a thread; `receipt` stays None when the client never got one."""

    def __init__(self, info, run):
        super().__init__(daemon=True)
        self.info, self.run_, self.receipt = info, run, None
        self.begun = threading.Event()
        self.start()

    def run(self):
        with connected(self.info) as database:
            self.begun.set()
            try:
                self.receipt = commit(database.client, self.run_["id"], allocations(self.run_))
            except Exception as error:
                self.error = error


@pytest.mark.parametrize("part", ["postgrest", "postgres", "gateway"])
def test_kill_in_the_middle_of_a_commit(data_dir, part):
    info = stack.start(data_dir)
    with connected(info) as database:
        run = add_run(database, workers=139, lines=140)
        with audit_table_locked(info):
            attempt = Attempt(info, run)
            wait_until_held_up(database)
            kill(info, part)
        attempt.join(PATIENCE)
    with connected(stack.start(data_dir)) as database:
        wait_until_settled(database)
        is_complete = assert_all_or_nothing(database, run, allocations(run))
        assert is_complete or attempt.receipt is None
        # A killed PostgREST rolls it back. Else it may go on for a moment, without the killed part.
        if part == "postgrest":
            assert not is_complete
        if part != "postgres":
            assert attempt.receipt is None
        receipt = commit(database.client, run["id"], allocations(run))
        assert receipt["repeated"] == is_complete
        assert assert_all_or_nothing(database, run, allocations(run))


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.004, 0.006, 0.008, 0.02])
@pytest.mark.parametrize("part", ["postgrest", "postgres"])
def test_kill_at_any_moment_of_a_commit(data_dir, part, delay):
    info = stack.start(data_dir)
    with connected(info) as database:
        run = add_run(database, workers=139, lines=140)
    attempt = Attempt(info, run)
    attempt.begun.wait()
    time.sleep(delay)  # no wait for anything: the kill comes at any moment
    kill(info, part)
    attempt.join(PATIENCE)
    with connected(stack.start(data_dir)) as database:
        wait_until_settled(database)
        is_complete = assert_all_or_nothing(database, run, allocations(run))
        assert is_complete or attempt.receipt is None
        assert commit(database.client, run["id"], allocations(run))["repeated"] == is_complete


def test_commit_through_the_service_while_the_server_dies(data_dir, monkeypatch):
    monkeypatch.setattr("allocator.database.commit.LOOK_AGAIN", (0.0,))
    monkeypatch.setattr("allocator.database.transport.RETRY_DELAYS", (0.0,))
    info = stack.start(data_dir)
    with connected(info) as database:
        database.clear()
        database.insert_tables(demo_rows())
        service = AllocatorService(postgres.connect(Connection(info.url, info.service_role_key)))
        inputs = service.hydrate(BY_EYE)
        result = service.solve(inputs, Settings())
        with audit_table_locked(info), ThreadPoolExecutor(1) as pool:
            attempt = pool.submit(service.commit, inputs, result, "Ada")
            wait_until_held_up(database)
            kill(info, "postgres")
            with pytest.raises(Unreachable, match="not known whether") as lost:
                attempt.result(PATIENCE)
    assert "repeating the commit is safe" in lost.value.how
    with connected(stack.start(data_dir)) as database:
        wait_until_settled(database)
        receipt = service.commit(inputs, result, "Ada")
        assert receipt.n_allocations == 12
        assert database.rows("select count(*) as n from allocator_console_audit") == [{"n": 1}]
