"""A run that another process read, solved and committed while this one held an older reading."""

from __future__ import annotations

import pytest

from allocator import postgres
from allocator.config import Connection
from allocator.demo import demo_data
from allocator.service import AllocatorService
from console.state import readings
from tests.console.solving import words_of
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE
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
    assert "Committed by Grace Hopper" in text
    assert "Proven optimal" in text


def test_data_that_changes_after_the_commit_is_still_told(page, committed_elsewhere):
    committed_elsewhere.rows("delete from preference_worker_job_lines")
    assert CHANGED in words_of(page("results", run=RUN))
