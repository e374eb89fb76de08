"""Background jobs: found by key, watched, cancelled, bounded."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from dataclasses import replace

import pytest

from allocator.errors import AlreadyRunning, InvalidData, NoRoom
from allocator.jobs import (
    HISTORY_SIZE,
    MOST_FINISHED_MB,
    MOST_KEPT_MB,
    MOST_RUNNING,
    History,
    JobKind,
    Jobs,
    JobState,
)
from allocator.result import Phase, Progress, Status
from tests.builders import small_result
from tests.waiting import PATIENCE, eventually


def until_cancelled(on_progress, cancel):
    """Work that lasts until it is cancelled, and then has nothing."""
    on_progress(Progress(Phase.MASTER, 0.5, incumbent=12.0, bound=10.0))
    assert cancel.wait(PATIENCE)


def test_job_that_returns_is_done_with_its_result():
    job = Jobs().start(JobKind.SOLVE, "run", lambda on_progress, cancel: 42, started_by="Ada")
    assert job.wait(PATIENCE)
    seen = job.snapshot()
    assert (seen.state, seen.result, seen.error, seen.started_by) == (
        JobState.DONE,
        42,
        None,
        "Ada",
    )
    assert seen.finished_at >= seen.started_at
    assert not seen.is_running


def test_running_job_shows_its_latest_progress():
    job = Jobs().start(JobKind.SOLVE, "run", until_cancelled)
    eventually(lambda: job.snapshot().progress)
    seen = job.snapshot()
    assert seen.is_running
    assert seen.progress.gap == 2.0
    assert seen.history == (seen.progress,)
    job.cancel()
    assert job.wait(PATIENCE)


def test_second_operator_gets_the_same_job():
    jobs = Jobs()
    first = jobs.start(JobKind.SOLVE, "run", until_cancelled, started_by="Ada")
    second = jobs.start(JobKind.SOLVE, "run", lambda on_progress, cancel: 1, started_by="Ben")
    assert second is first
    assert jobs.get(JobKind.SOLVE, "run") is first
    first.cancel()
    assert first.wait(PATIENCE)


def test_running_job_is_refused_when_asked_to():
    jobs = Jobs()
    job = jobs.start(JobKind.SOLVE, "run", until_cancelled, started_by="Ada")
    with pytest.raises(AlreadyRunning) as refusal:
        jobs.start(JobKind.SOLVE, "run", until_cancelled, refuse_running=True)
    assert refusal.value.facts["started_by"] == "Ada"
    job.cancel()
    assert job.wait(PATIENCE)


def test_two_keys_run_side_by_side():
    jobs = Jobs()
    meeting = threading.Barrier(2, timeout=PATIENCE)
    both = [
        jobs.start(JobKind.SOLVE, key, lambda on_progress, cancel: meeting.wait())
        for key in ("a", "b")
    ]
    assert all(job.wait(PATIENCE) for job in both)
    assert {job.snapshot().state for job in both} == {JobState.DONE}


def test_threads_that_start_at_once_share_one_job():
    jobs, found = Jobs(), []
    start = threading.Barrier(8, timeout=PATIENCE)

    def click():
        start.wait()
        found.append(jobs.start(JobKind.SOLVE, "run", until_cancelled))

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join(PATIENCE)
    assert len(set(found)) == 1
    found[0].cancel()
    assert found[0].wait(PATIENCE)


def test_cancelled_job_without_a_result_is_cancelled():
    job = Jobs().start(JobKind.SOLVE, "run", until_cancelled)
    job.cancel()
    assert job.wait(PATIENCE)
    assert job.snapshot().state is JobState.CANCELLED


def test_cancelled_solve_keeps_its_best_allocation():
    best = replace(small_result(), status=Status.CANCELLED)

    def solve(on_progress, cancel):
        assert cancel.wait(PATIENCE)
        return best

    job = Jobs().start(JobKind.SOLVE, "run", solve)
    job.cancel()
    assert job.wait(PATIENCE)
    assert job.snapshot().state is JobState.CANCELLED
    assert job.snapshot().result is best


def test_solve_that_ends_before_the_cancel_is_done():
    optimal = small_result()

    def solve(on_progress, cancel):
        assert cancel.wait(PATIENCE)
        return optimal

    job = Jobs().start(JobKind.SOLVE, "run", solve)
    job.cancel()
    assert job.wait(PATIENCE)
    assert job.snapshot().state is JobState.DONE


def test_typed_error_is_kept_as_it_is():
    error = InvalidData(())

    def work(on_progress, cancel):
        raise error

    job = Jobs().start(JobKind.SOLVE, "run", work)
    assert job.wait(PATIENCE)
    assert job.snapshot().state is JobState.FAILED
    assert job.snapshot().error is error


def test_unexpected_error_tells_the_coordinator_no_details(caplog):
    def work(on_progress, cancel):
        raise ZeroDivisionError("internal detail")

    job = Jobs().start(JobKind.SOLVE, "run", work)
    assert job.wait(PATIENCE)
    said = job.snapshot().error
    assert "internal detail" not in str(said)
    assert said.how
    assert "internal detail" in caplog.text


def test_new_job_replaces_a_finished_one():
    jobs = Jobs()
    first = jobs.start(JobKind.SOLVE, "run", lambda on_progress, cancel: 1)
    assert first.wait(PATIENCE)
    second = jobs.start(JobKind.SOLVE, "run", lambda on_progress, cancel: 2)
    assert second.wait(PATIENCE)
    assert second is not first
    assert jobs.get(JobKind.SOLVE, "run").snapshot().result == 2


def test_only_so_many_finished_jobs_are_kept():
    jobs = Jobs(most_finished=3)
    for key in "abcdef":
        assert jobs.start(JobKind.SOLVE, key, lambda on_progress, cancel: 1).wait(PATIENCE)
    assert [seen.subject for seen in jobs.snapshots()] == ["c", "d", "e", "f"]


def test_result_that_is_to_be_kept_outlives_any_other_work():
    jobs = Jobs(most_finished=3)
    kept = jobs.start(JobKind.SOLVE, "run", lambda *_: "precious", keep=lambda result: True)
    dull = jobs.start(JobKind.SOLVE, "other", lambda *_: "dull", keep=lambda result: False)
    assert kept.wait(PATIENCE)
    assert dull.wait(PATIENCE)
    for number in range(20):
        assert jobs.start(JobKind.TRIALS, str(number), lambda *_: 1).wait(PATIENCE)
    assert jobs.get(JobKind.SOLVE, "run") is kept
    assert jobs.get(JobKind.SOLVE, "other") is None
    jobs.forget(JobKind.SOLVE, "run")
    assert jobs.get(JobKind.SOLVE, "run") is None


def test_kinds_of_work_on_one_subject_are_jobs_of_their_own():
    jobs = Jobs()
    solve = jobs.start(JobKind.SOLVE, "run", lambda *_: 1, request="how")
    diagnosis = jobs.start(JobKind.DIAGNOSIS, "run", lambda *_: 2)
    assert solve.wait(PATIENCE)
    assert diagnosis.wait(PATIENCE)
    assert [seen.result for seen in jobs.snapshots(JobKind.DIAGNOSIS)] == [2]
    assert jobs.get(JobKind.SOLVE, "run").snapshot().request == "how"


def test_ended_job_lets_go_of_what_its_work_held():
    class Heavy:
        pass

    heavy = Heavy()
    gone = weakref.ref(heavy)
    jobs = Jobs()

    def work(on_progress, cancel, held=heavy):
        return type(held).__name__

    assert jobs.start(JobKind.SWEEP, "run", work).wait(PATIENCE)
    del work, heavy
    gc.collect()
    assert gone() is None
    assert jobs.get(JobKind.SWEEP, "run").snapshot().result == "Heavy"


def test_forget_drops_finished_jobs_alone():
    jobs = Jobs()
    job = jobs.start(JobKind.SOLVE, "run", until_cancelled)
    jobs.forget(JobKind.SOLVE, "run")
    assert jobs.get(JobKind.SOLVE, "run") is job
    job.cancel()
    assert job.wait(PATIENCE)
    jobs.forget(JobKind.SOLVE, "run")
    assert jobs.get(JobKind.SOLVE, "run") is None


def test_job_does_not_keep_the_process_alive():
    jobs = Jobs()
    job = jobs.start(JobKind.SOLVE, "run", until_cancelled)
    alive = [t for t in threading.enumerate() if t.name == "solve run"]
    assert [t.daemon for t in alive] == [True]
    job.cancel()
    assert job.wait(PATIENCE)


def test_history_stays_bounded_and_spans_the_whole_solve():
    history = History()
    for step in range(100_000):
        history.add(Progress(Phase.MASTER, step / 250, incumbent=1e6 - step, bound=float(step)))
    events = history.events()
    assert len(events) <= HISTORY_SIZE + 1
    assert events[0].elapsed == 0
    assert events[-1].elapsed == pytest.approx(99_999 / 250)
    gaps = [b.elapsed - a.elapsed for a, b in itertools.pairwise(events)]
    assert max(gaps) < 5


def test_history_keeps_every_phase_however_short():
    history = History()
    for step, phase in enumerate(Phase):
        history.add(Progress(phase, step * 0.001))
    assert [event.phase for event in history.events()] == list(Phase)


def weighing(jobs: Jobs, subject: str, mb: float, *, kept: bool = False):
    """A finished job whose result is its weight in MB."""
    keep = (lambda result: True) if kept else None
    job = jobs.start(JobKind.SOLVE, subject, lambda on_progress, cancel: mb, keep=keep)
    assert job.wait(PATIENCE)


def by_megabyte() -> Jobs:
    return Jobs(weigh=lambda result: result * 1e6)


def test_finished_jobs_weigh_no_more_than_their_bound():
    jobs = by_megabyte()
    for number in range(6):
        weighing(jobs, f"run {number}", MOST_FINISHED_MB / 2)
    weighing(jobs, "small", 1)
    kept = [seen.subject for seen in jobs.snapshots()]
    assert kept == ["run 4", "run 5", "small"]  # the drop comes before each start


def test_results_that_wait_are_never_dropped_but_nothing_is_begun_beyond_their_bound():
    jobs = by_megabyte()
    for number in range(4):
        weighing(jobs, f"run {number}", MOST_KEPT_MB / 4, kept=True)
    with pytest.raises(NoRoom, match="4 allocations that nobody has committed"):
        weighing(jobs, "one more", 1, kept=True)
    weighing(jobs, "run 0", 1, kept=True)  # solved anew, it takes the place of its own
    weighing(jobs, "one more", 1, kept=True)
    assert len(jobs.snapshots()) == 5


def test_so_many_jobs_run_at_once_and_no_more():
    jobs = Jobs()
    running = [jobs.start(JobKind.SOLVE, f"{n}", until_cancelled) for n in range(MOST_RUNNING)]
    with pytest.raises(NoRoom, match="works on"):
        jobs.start(JobKind.SWEEP, "one more", until_cancelled)
    running[0].cancel()
    assert running[0].wait(PATIENCE)
    running.append(jobs.start(JobKind.SWEEP, "one more", until_cancelled))
    for job in running:
        job.cancel()
        assert job.wait(PATIENCE)
