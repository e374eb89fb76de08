"""What an operator must know of: state of the year, second batches, open lists, other programs."""

from __future__ import annotations

import pytest

from allocator.errors import NotAccepted
from allocator.models import NoticeKind, Settings
from allocator.scenario import Scenario
from allocator.scenario.changes import RespectOtherPlacements
from allocator.service import AllocatorService
from allocator.unattended import Terms, process_pending

TODAY = "2026-10-01T00:00:00Z"


def kinds(inputs) -> list[NoticeKind]:
    return [notice.kind for notice in inputs.notices]


@pytest.fixture
def pair(year) -> tuple[str, str]:
    """A worker who ranks the one job line."""
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    year.ranks(ada, (surgery, 1))
    return ada, surgery


def set_year(year, **columns: str | None) -> None:
    for column, value in columns.items():
        query = f"update allocationruns set {column} = %s where id = %s"
        year.database.rows(query, value, year.id)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"status": "archived"}, [NoticeKind.ARCHIVED]),
        ({"status": "closed", "enddate": "2020-01-05"}, [NoticeKind.CLOSED_LONG_AGO]),
        ({"status": "closed", "startdate": "2020-01-05"}, [NoticeKind.CLOSED_LONG_AGO]),
        ({"status": "closed", "enddate": "9000-01-05"}, []),
        ({"status": "closed", "enddate": "infinity", "startdate": None}, []),
        ({"status": "open", "enddate": "2020-01-05"}, []),
        ({"status": None}, []),
    ],
)
def test_the_state_of_the_allocation_run(year, client, pair, columns, expected):
    set_year(year, **columns)
    inputs = year.hydrate(year.run(), client)
    assert kinds(inputs) == expected
    assert list(inputs.to_accept) == list(inputs.notices)


def test_a_second_batch_that_stands_alone_names_who_is_placed_already(year, client, pair):
    year.completed(TODAY, pair)
    inputs = year.hydrate(year.run(), client)
    (notice,) = inputs.to_accept
    assert notice.kind is NoticeKind.SECOND_BATCH
    assert "placed 1 of its workers already: Ada Lee (ADA)." in notice.message
    exclusive = year.hydrate(year.run(is_exclusive=True), client)
    assert NoticeKind.SECOND_BATCH not in kinds(exclusive)


def test_lists_that_were_not_submitted_and_count(year, client):
    surgery = year.job_line("Surgery", max_n_workers=9)
    for n in range(7):
        year.ranks(year.worker(f"Ada{n}", submitted=False), (surgery, 1))
    year.worker("Ben", submitted=False)  # ranked nothing: nothing counts
    year.ranks(year.worker("Cy"), (surgery, 1))
    (notice,) = year.hydrate(year.run(), client).to_accept
    assert notice.kind is NoticeKind.NOT_SUBMITTED
    assert notice.message.startswith("7 worker(s) did not submit")
    assert notice.message.endswith("Ada4 Lee (ADA4) and 2 more.")


def placed_elsewhere(year, job_line: str, **columns: str) -> None:
    year.insert("job_line_worker_mappings", job_line=job_line, **columns)


@pytest.mark.parametrize(
    ("stamps", "state"),
    [
        ({"locked_at": TODAY}, "locked"),
        ({"locked_at": TODAY, "finalised_at": TODAY}, "finalised"),
        ({"released_at": "infinity"}, "released"),
        ({"emailed_at": TODAY}, None),
        ({}, None),
    ],
)
def test_placements_of_other_applications_are_listed_and_warned_of(
    year, client, pair, stamps, state
):
    ada, surgery = pair
    placed_elsewhere(year, surgery, allocation_run_worker_mapping=ada, **stamps)
    alone, exclusive = (year.hydrate(year.run(is_exclusive=flag), client) for flag in (False, True))
    found = [(one.worker, one.job_line, one.state) for one in exclusive.other_placements]
    assert found == ([(ada, surgery, state)] if state else [])
    assert kinds(exclusive) == kinds(alone) == [NoticeKind.PLACED_ELSEWHERE] * len(found)
    assert len(exclusive.to_accept) == len(found)
    assert alone.to_accept == ()
    assert len(exclusive.workers) == 1


def test_a_placement_of_another_application_may_name_the_person_instead(year, client, pair):
    ada, surgery = pair
    (row,) = year.database.rows("select worker from allocation_run_worker_mappings")
    placed_elsewhere(year, surgery, worker=str(row["worker"]), locked_at=TODAY)
    (one,) = year.hydrate(year.run(), client).other_placements
    assert (one.worker, one.worker_name) == (ada, "Ada Lee (ADA)")


def test_placements_of_the_withdrawn_and_copies_of_our_own_do_not_count(year, client, pair):
    ada, surgery = pair
    ben = year.worker("Ben", withdrawn_at=TODAY)
    year.completed(TODAY, pair)
    for worker in (ada, ben):
        placed_elsewhere(
            year, surgery, allocation_run_worker_mapping=worker, locked_at="2026-10-02T00:00:00Z"
        )
    assert year.hydrate(year.run(is_exclusive=True), client).other_placements == ()


def test_what_other_applications_place_after_a_run_does_not_change_it(year, client, pair):
    ada, surgery = pair
    run = year.completed(TODAY, pair)
    before = year.hydrate(run, client)
    placed_elsewhere(year, surgery, allocation_run_worker_mapping=ada, locked_at=TODAY)
    assert year.hydrate(run, client).fingerprint == before.fingerprint


def test_a_scenario_takes_other_placements_out_and_is_committed_with_that(year, client, pair):
    ada, surgery = pair
    ben, rural = year.worker("Ben"), year.job_line("Rural")
    year.ranks(ben, (surgery, 1), (rural, 2))
    placed_elsewhere(year, surgery, allocation_run_worker_mapping=ada, locked_at=TODAY)
    service, as_read = AllocatorService(client), year.hydrate(year.run(is_exclusive=True), client)
    scenario = Scenario("Without them", changes=(RespectOtherPlacements(),))
    inputs = scenario.apply(as_read)
    result = service.solve(inputs, Settings())
    assert [(a.worker_mapping, a.job_line) for a in result.allocations] == [(ben, rural)]
    receipt = service.commit(inputs, result, "ada", scenario=scenario.audit(), as_read=as_read)
    assert receipt.scenario["changes"][0]["kind"] == "respect other placements"


def test_process_pending_leaves_what_nobody_has_accepted(year, client, pair):
    set_year(year, status="archived")
    run, service = year.run(), AllocatorService(client)
    (refused,) = process_pending(service, Terms("ada", Settings()))
    assert isinstance(refused.error, NotAccepted)
    assert any("The allocation run is archived." in told for told in refused.error.notices)
    assert service.find_run(run).is_pending
    (accepted,) = process_pending(service, Terms("ada", Settings(), acknowledged=True))
    assert accepted.receipt is not None
