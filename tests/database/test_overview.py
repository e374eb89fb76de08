"""The list of runs: what is in each, and how the completed ones came out."""

from __future__ import annotations

from allocator.demo import demo_data
from tests.services import service_at


def test_runs_lists_pending_runs_first_with_what_is_in_them(service):
    rows = service.runs()
    assert [row.run.is_pending for row in rows] == [True] * 6 + [False] * 2
    intern = next(row for row in rows if row.run.id == demo_data.INTERN_YEAR)
    inputs = service.hydrate(demo_data.INTERN_YEAR)
    assert (intern.workers, intern.job_lines) == (len(inputs.workers), len(inputs.job_lines))
    assert intern.seats == sum(line.places for line in inputs.job_lines)
    assert intern.submitted == sum(worker.submitted for worker in inputs.workers)
    assert (intern.batch, intern.batches) == (1, 1)


def test_runs_counts_an_exclusive_batch_without_what_earlier_batches_took(service):
    second = next(row for row in service.runs() if row.run.id == demo_data.SECOND_BATCH)
    inputs = service.hydrate(demo_data.SECOND_BATCH)
    assert (second.batch, second.batches) == (2, 2)
    assert second.workers == len(inputs.workers)
    assert second.seats == sum(line.places for line in inputs.job_lines)
    assert second.left_out == len(inputs.left_out) > 0


def test_runs_tells_how_a_run_of_another_program_came_out(service, database):
    row = next(row for row in service.runs() if row.run.id == demo_data.COMPLETED)
    first = database.rows(
        "select count(*) as n from allocator_py_allocations "
        "where allocator_py_run = %s and original_preference < 2",
        demo_data.COMPLETED,
    )
    assert row.receipt is None
    assert row.outcome["first_choices"] == first[0]["n"] > 0


def test_runs_of_an_empty_database_is_empty(database):
    assert service_at(database, database.info.url).runs() == []


def test_runs_have_their_organisations_name_where_it_can_be_read(service, database):
    assert {row.org for row in service.runs()} == {
        "Coral Coast Hospital and Health Service",
        "Harakeke Health",
    }
    database.rows("revoke select on orgs from service_role")
    try:
        assert {row.org for row in service.runs()} == {""}
    finally:
        database.rows("grant select on orgs to service_role")
