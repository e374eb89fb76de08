"""Readings: shared, versioned, and never from before a commit."""

from __future__ import annotations

import pytest

from allocator import postgres
from allocator.config import Connection
from allocator.demo import demo_data
from allocator.models import Settings
from allocator.review import review_workers
from allocator.service import AllocatorService
from console.state import backend, readings, solving
from tests.console.server import OPERATOR
from tests.console.solving import solve as solve_run
from tests.console.solving import words_of
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE


def test_reading_is_shared_until_it_is_refreshed(demo_database):
    first = readings.reading(RUN)
    assert readings.reading(RUN) is first
    assert first.made(review_workers) is first.made(review_workers)
    readings.refresh(RUN)
    second = readings.reading(RUN)
    assert second is not first
    assert second.version != first.version


def test_run_committed_elsewhere_is_read_again_and_its_data_is_unchanged(demo_database):
    """Another process commits while this one holds an older reading."""
    before = readings.reading(RUN)
    result = backend.service().solve(before.inputs, Settings(), operator="Grace Hopper")
    backend.service().commit(before.inputs, result, "Grace Hopper")
    run = backend.service().find_run(RUN)
    outcome = solving.stored(run)
    assert outcome.receipt.operator == "Grace Hopper"
    assert outcome.solved is not None
    assert outcome.solved.as_read is not before.inputs


def test_completed_run_lets_its_solve_go(demo_database):
    found = solve_run(RUN).result
    assert solving.solved(RUN) is found
    backend.service().commit(found.inputs, found.result, OPERATOR)
    solving.let_go(backend.service().find_run(RUN))
    assert solving.solved(RUN) is None


def test_inputs_of_a_solve_that_waits_for_a_commit_are_exempt(demo_database):
    reading = readings.reading(RUN)
    solve_run(RUN)
    store = backend.store()

    class Heavy:
        weight = 10**12

    store.put(("heavy",), Heavy())
    store.put(("heavy", 2), Heavy())
    assert readings.reading(RUN) is reading


CHANGED = "has changed since it was committed"


@pytest.fixture
def committed_elsewhere(connected):
    """The data changes after it was read here; the commit is of the data as it is since."""
    connected.insert_tables(demo_rows())
    before = readings.reading(RUN).inputs
    connected.rows(
        "update preference_worker_job_lines set order_preference = 1 where job_line = %s",
        before.job_lines[0].id,
    )
    connection = Connection(connected.info.url, connected.info.service_role_key)
    elsewhere = AllocatorService(postgres.connect(connection))
    inputs = elsewhere.hydrate(RUN)
    assert inputs.fingerprint != before.fingerprint
    elsewhere.commit(inputs, elsewhere.solve(inputs), "Grace Hopper")
    return connected


def test_results_are_those_of_the_commit_not_of_the_older_reading(page, committed_elsewhere):
    text = words_of(page("results", run=RUN))
    assert CHANGED not in text
    assert "committed by Grace Hopper" in text
    assert "Proven optimal" in text


def test_data_that_changes_after_the_commit_is_still_told(page, committed_elsewhere):
    committed_elsewhere.rows("delete from preference_worker_job_lines")
    assert CHANGED in words_of(page("results", run=RUN))
