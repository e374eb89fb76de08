"""A committed run put together again: as it was solved, with its scenario, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allocator import postgres
from allocator.config import Connection
from allocator.database.records import committed, stored_placements
from allocator.demo import demo_data
from allocator.models import Settings, Status
from allocator.scenario import Scenario
from allocator.scenario.changes import BanPair
from allocator.service import AllocatorService
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE


@pytest.fixture
def service(database) -> AllocatorService:
    database.insert_tables(demo_rows())
    connection = Connection(database.info.url, database.info.service_role_key)
    return AllocatorService(postgres.connect(connection))


def commit(service, scenario: Scenario | None = None):
    """Solve, commit, and give what was solved and its receipt."""
    as_read = service.hydrate(RUN)
    inputs = scenario.apply(as_read) if scenario else as_read
    result = service.solve(inputs, Settings(alpha=0.2, seed=5))
    audit = scenario.audit() if scenario else {}
    receipt = service.commit(inputs, result, "Ada", scenario=audit, as_read=as_read)
    return result, receipt


def test_committed_run_is_the_result_that_was_solved(service):
    result, receipt = commit(service)
    found = committed(service.hydrate(RUN), receipt, service.allocations(RUN))
    assert found is not None
    assert found[1].allocations == result.allocations
    assert found[1].objective == pytest.approx(result.objective)
    assert (found[1].settings, found[1].status) == (result.settings, Status.OPTIMAL)
    assert found[1].is_checked


def test_scenario_of_the_commit_is_applied_again(service):
    as_read = service.hydrate(RUN)
    first = service.solve(as_read, Settings(alpha=0.2, seed=5)).allocations[0]
    scenario = Scenario("Elsewhere", changes=(BanPair(first.worker_mapping, first.job_line),))
    result, receipt = commit(service, scenario)
    inputs, again = committed(service.hydrate(RUN), receipt, service.allocations(RUN))
    assert again.allocations == result.allocations
    assert inputs.rulings == {(first.worker_mapping, first.job_line): False}
    assert again.scenario == "Elsewhere"


def test_changed_data_gives_nothing(service, database):
    _, receipt = commit(service)
    database.rows("delete from preference_worker_job_lines where order_preference = 1")
    assert committed(service.hydrate(RUN), receipt, service.allocations(RUN)) is None


def test_a_state_that_changes_after_the_commit_leaves_the_measures(service, database):
    result, receipt = commit(service)
    database.rows("update allocationruns set status = 'archived'")
    database.rows("update allocation_run_worker_mappings set locked = true, submitted = false")
    inputs = service.hydrate(RUN)
    assert inputs.fingerprint != receipt.fingerprint
    found = committed(inputs, receipt, service.allocations(RUN))
    assert found is not None
    assert found[1].allocations == result.allocations


def test_a_commit_by_bucket_first_is_read_again_by_bucket_first(service, database):
    database.rows("update preference_worker_job_lines set like_dislike_preference = null")
    database.rows(
        "update preference_worker_job_lines set like_dislike_preference = 10"
        " where order_preference > 2"
    )
    inputs, settings = service.hydrate(RUN), Settings(bucket_order=True)
    result = service.solve(inputs, settings)
    receipt = service.commit(inputs, result, "Ada")
    solved, again = committed(service.hydrate(RUN), receipt, service.allocations(RUN))
    assert solved.bucket_order
    assert [(a.worker_mapping, a.job_line, a.original_preference) for a in again.allocations] == [
        (a.worker_mapping, a.job_line, a.original_preference) for a in result.allocations
    ]


def test_rows_that_break_a_rule_give_nothing(service):
    _, receipt = commit(service)
    rows = service.allocations(RUN)
    rows[0] = rows[0] | {"job_line": rows[1]["job_line"]}
    assert committed(service.hydrate(RUN), receipt, rows) is None
    assert committed(service.hydrate(RUN), receipt, rows[1:]) is None


def test_settings_of_another_version_give_nothing(service):
    _, receipt = commit(service)
    inputs, rows = service.hydrate(RUN), service.allocations(RUN)
    assert committed(inputs, replace(receipt, settings={"unheard": 1}), rows) is None


def test_stored_placements_have_names_and_ranks(service):
    commit(service)
    frame = stored_placements(service.hydrate(RUN), service.allocations(RUN))
    assert len(frame) == 12
    assert frame["name"].is_monotonic_increasing
    assert frame["job_line_name"].str.startswith("Line").all()
    assert frame["original_preference"].min() == 1


def test_batch_is_counted_within_the_allocation_run(service):
    first, second = service.batch(demo_data.COMPLETED), service.batch(demo_data.SECOND_BATCH)
    assert (first.number, first.total) == (1, 2)
    assert (second.number, second.total) == (2, 2)
