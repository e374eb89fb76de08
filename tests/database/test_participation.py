"""Withdrawals that count, places that exclusive runs respect, places that are free again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from allocator.models import NoticeKind, Settings, Status
from allocator.service import AllocatorService
from tests.database.year import Year

NOW = datetime.now(UTC)
LAST_WEEK, NEXT_WEEK = ((NOW + timedelta(days=days)).isoformat() for days in (-7, 7))


def names(rows) -> list[str]:
    return sorted(row.name for row in rows)


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


def test_included_arrays_limit_workers_and_job_lines(year, client):
    ada, _ben = year.worker("Ada"), year.worker("Ben")
    surgery, rural = year.job_line("Surgery"), year.job_line("Rural")
    year.ranks(ada, (rural, 1), (surgery, 2))
    run = year.run(included_worker_mappings=[ada], included_job_lines=[surgery])
    inputs = year.hydrate(run, client)
    assert names(inputs.workers) == ["Ada Lee"]
    assert names(inputs.job_lines) == ["Surgery"]
    assert inputs.left_out == ()
    # The rank outside the run drops out of the scores, not out of the original preference.
    assert dict(inputs.worker(ada).preferences.scores) == {surgery: 1.0}
    assert dict(inputs.worker(ada).preferences.order) == {rural: 1, surgery: 2}


def test_empty_included_arrays_mean_everybody(year, client):
    year.worker("Ada")
    year.job_line("Surgery")
    inputs = year.hydrate(year.run(included_worker_mappings=[], included_job_lines=[]), client)
    assert (len(inputs.workers), len(inputs.job_lines)) == (1, 1)


def test_withdrawn_workers_are_left_out_with_the_local_date(year, client):
    year.worker("Ada")
    gone = year.worker("Ben", withdrawn_at="2026-10-01T20:00:00Z", withdrawal_reason="private")
    year.job_line("Surgery")
    inputs = year.hydrate(year.run(), client)
    (left,) = inputs.left_out
    assert (left.kind, left.id, left.name) == ("worker", gone, "Ben Lee (BEN)")
    assert left.reason == "Withdrawn on 2 October 2026 05:00"
    assert "private" not in repr(inputs)


def test_an_exclusive_run_respects_earlier_completed_runs(year, client):
    ada, ben, cy = year.worker("Ada"), year.worker("Ben"), year.worker("Cy")
    full = year.job_line("Full")
    half = year.job_line("Half", max_n_workers=3, must_have_workers=True)
    year.ranks(cy, (full, 1), (half, 2))
    year.completed("2026-10-01T00:00:00Z", (ada, full), (ben, half))
    other = Year(year.database, "Other year")
    other.completed("2026-10-01T00:00:00Z", (other.worker("Di"), other.job_line("Else")))
    inputs = year.hydrate(year.run(is_exclusive=True), client)
    assert names(inputs.workers) == ["Cy Lee"]
    assert names(inputs.job_lines) == ["Half"]
    assert inputs.job_line(half).places == 2
    assert inputs.job_line(half).least_places == 0
    assert dict(inputs.worker(cy).preferences.scores) == {half: 1.0}
    assert {(left.kind, left.name): left.reason for left in inputs.left_out} == {
        ("job line", "Full"): "Earlier completed runs took its place",
        ("worker", "Ada Lee (ADA)"): (
            "Already placed on Full by the run completed 1 October 2026 09:00"
        ),
        ("worker", "Ben Lee (BEN)"): (
            "Already placed on Half by the run completed 1 October 2026 09:00"
        ),
    }


def test_a_run_that_is_not_exclusive_stands_alone(year, client):
    ada, surgery = year.worker("Ada"), year.job_line("Surgery")
    year.completed("2026-10-01T00:00:00Z", (ada, surgery))
    inputs = year.hydrate(year.run(is_exclusive=False), client)
    assert (len(inputs.workers), inputs.job_line(surgery).places) == (1, 1)
    assert inputs.left_out == ()


def test_a_completed_exclusive_run_ignores_later_ones(year, client):
    ada, ben = year.worker("Ada"), year.worker("Ben")
    surgery = year.job_line("Surgery", max_n_workers=2)
    first = year.completed("2026-10-01T00:00:00Z", (ada, surgery), is_exclusive=True)
    year.completed("2026-10-02T00:00:00Z", (ben, surgery), is_exclusive=True)
    assert names(year.hydrate(first, client).workers) == ["Ada Lee", "Ben Lee"]
