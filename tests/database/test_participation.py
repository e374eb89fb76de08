"""Withdrawals that count, places that exclusive runs respect, places that are free again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from allocator.models import NoticeKind, Settings, Status
from allocator.service import AllocatorService

NOW = datetime.now(UTC)
LAST_WEEK, NEXT_WEEK = ((NOW + timedelta(days=days)).isoformat() for days in (-7, 7))


def notices(inputs, kind: NoticeKind):
    return [notice for notice in inputs.notices if notice.kind is kind]


def test_a_withdrawal_counts_from_its_effective_time(year, client):
    soon = year.worker("Ada", withdrawn_at=LAST_WEEK, withdrawal_effective_at=NEXT_WEEK)
    gone = year.worker(
        "Ben",
        withdrawn_at="2026-01-05T00:00:00Z",
        withdrawal_effective_at="2026-02-01T20:00:00Z",
    )
    year.worker("Cy", withdrawal_effective_at=LAST_WEEK)  # never said to withdraw
    year.job_line("Surgery")
    inputs = year.hydrate(year.run(), client)
    assert sorted(worker.firstname for worker in inputs.workers) == ["Ada", "Cy"]
    (left,) = inputs.left_out
    assert (left.id, left.reason) == (gone, "Withdrawn on 2 February 2026 05:00")
    (notice,) = notices(inputs, NoticeKind.COMING_WITHDRAWAL)
    assert (notice.ids, notice.must_accept) == ((soon,), False)
    assert notice.message.startswith("Withdraws on ")


def test_a_withdrawal_that_took_effect_after_the_run_does_not_change_it(year, client):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    run = year.completed("2026-06-01T00:00:00Z", (ada, surgery))
    before = year.hydrate(run, client)
    year.database.rows(
        "update allocation_run_worker_mappings set withdrawn_at = '2026-05-01',"
        " withdrawal_effective_at = '2026-07-01'"
    )
    assert year.hydrate(run, client).fingerprint == before.fingerprint


def test_an_exclusive_run_gives_back_the_place_of_a_worker_who_withdrew(year, client):
    ada = year.worker("Ada", withdrawn_at=LAST_WEEK)
    ben, cy = year.worker("Ben"), year.worker("Cy")
    surgery = year.job_line("Surgery", must_have_workers=True)
    rural = year.job_line("Rural")
    year.ranks(cy, (rural, 1), (surgery, 2))
    year.completed("2026-10-01T00:00:00Z", (ada, surgery), (ben, rural))
    run = year.run(is_exclusive=True)
    inputs = year.hydrate(run, client)
    assert [worker.id for worker in inputs.workers] == [cy]
    assert (inputs.job_line(surgery).places, inputs.job_line(surgery).least_places) == (1, 1)
    (freed,) = notices(inputs, NoticeKind.FREED_PLACE)
    assert (freed.row, freed.ids, freed.must_accept) == ("Surgery", (surgery, ada), False)
    assert "Ada Lee (ADA), placed here by the run completed 1 October 2026 09:00" in freed.message
    # The commit function counts the same way.
    service = AllocatorService(client)
    result = service.solve(inputs, Settings())
    assert result.status is Status.OPTIMAL
    assert service.commit(inputs, result, "ada").n_allocations == 1


def test_a_run_that_stands_alone_frees_nothing(year, client):
    ada = year.worker("Ada", withdrawn_at=LAST_WEEK)
    year.worker("Ben")
    surgery = year.job_line("Surgery")
    year.completed("2026-10-01T00:00:00Z", (ada, surgery))
    assert year.hydrate(year.run(), client).notices == ()


@pytest.mark.parametrize("at", ["infinity", "-infinity", "0044-03-15 BC", "20000-01-01"])
def test_an_odd_completion_of_another_run_takes_nobody_elses_run_down(year, client, at):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery", max_n_workers=2)
    ben = year.worker("Ben")
    odd = year.completed(at, (ada, surgery))
    inputs = year.hydrate(year.run(is_exclusive=True), client)
    assert [worker.id for worker in inputs.workers] == [ben]
    assert inputs.issues == ()
    assert not year.hydrate(odd, client).run.is_pending
