"""Background work: one daemon thread a job, found again by kind and subject from any page or tab.

A job belongs to its subject (a run, for a solve), not to the page that started it: reloading, a
second tab and a second operator see the same one. What was asked is part of the job from the
start. Nothing here knows the page; callers poll `Job.snapshot()`.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from allocator.errors import AllocatorError, AlreadyRunning, NoRoom, Unexpected
from allocator.result import Progress, Status

log = logging.getLogger(__name__)

OnProgress = Callable[[Progress], None]

Work = Callable[[Callable[[Any], None], threading.Event], Any]
"""Work to do in the background: it reports progress and returns early when the event is set.

Any progress event will do that has a `phase` and the seconds `elapsed`.
"""

HISTORY_INTERVAL = 0.1
"""Seconds between kept progress events of one phase, until the history is full."""

HISTORY_SIZE = 400
"""Most progress events kept; a longer solve is remembered more coarsely."""

MOST_FINISHED = 50
"""Finished jobs kept beside those that asked to be; the oldest are dropped."""

MOST_FINISHED_MB, MOST_KEPT_MB = 256, 1024
"""What the results of either kind may weigh together; the last one that fits may go beyond."""

MOST_RUNNING = 12
"""Jobs that run at once."""


class JobKind(StrEnum):
    """What a job does; its subject says to what."""

    SOLVE = "solve"
    DIAGNOSIS = "diagnosis"
    TRIALS = "trials"
    SWEEP = "sweep"
    HONESTY = "honesty"
    FRONTIER = "frontier"
    GAINS = "gains"
    SWAPS = "swap round"
    PROCESS_PENDING = "process-pending"
    PUBLICATION = "publication"


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job at one moment.

    `request` is what whoever started it asked for. `progress` is the latest event; `history`
    covers the whole job, thinned, oldest first, so that incumbent and bound can be drawn against
    time. `elapsed` is in seconds. `error` is set when the job failed, `result` when it returned
    something (also after a cancel).
    """

    kind: JobKind
    subject: str
    request: Any
    state: JobState
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    elapsed: float
    cancelling: bool
    progress: Any
    history: tuple[Any, ...]
    result: Any
    error: AllocatorError | None

    @property
    def is_running(self) -> bool:
        """True until the job ended, however it ended."""
        return self.state is JobState.RUNNING


class History:
    """Progress events, bounded: one per interval and phase, and the interval doubles when full."""

    def __init__(self, interval: float = HISTORY_INTERVAL, size: int = HISTORY_SIZE) -> None:
        self._interval = interval
        self._size = size
        self._kept: list[Any] = []
        self.latest: Any = None

    def add(self, event: Any) -> None:
        """Take one event; the latest is always remembered."""
        self.latest = event
        last = self._kept[-1] if self._kept else None
        if last is None or event.phase != last.phase or self._is_due(event, last):
            self._kept.append(event)
        if len(self._kept) > self._size:
            self._kept = self._kept[::2]
            self._interval *= 2

    def _is_due(self, event: Any, last: Any) -> bool:
        return bool(event.elapsed - last.elapsed >= self._interval)

    def events(self) -> tuple[Any, ...]:
        """What was kept, ending with the latest event."""
        if self.latest is None or (self._kept and self._kept[-1] is self.latest):
            return tuple(self._kept)
        return (*self._kept, self.latest)


class Job:
    """One piece of work on its own daemon thread. Made by `Jobs`; every method is thread-safe."""

    def __init__(
        self,
        kind: JobKind,
        subject: str,
        work: Work,
        *,
        request: Any = None,
        started_by: str = "",
        keep: Callable[[Any], bool] | None = None,
    ) -> None:
        self.kind = kind
        self.subject = subject
        self.request = request
        self.started_by = started_by
        self.started_at = datetime.now(UTC)
        self._work: Work | None = work
        self._keep = keep
        self._lock = threading.Lock()
        self._cancel = threading.Event()
        self._ended = threading.Event()
        self._history = History()
        self._state = JobState.RUNNING
        self._result: Any = None
        self._error: AllocatorError | None = None
        self._finished_at: datetime | None = None
        # A daemon thread: a solve must never keep the server from shutting down.
        # In its context the log finds the request that asked for the work.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name=f"{kind} {subject}", daemon=True
        )

    def begin(self) -> None:
        """Start the thread; `Jobs` calls this once."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the work to stop; it ends soon after with the best result that it has."""
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job ends; False when `timeout` seconds passed before."""
        return self._ended.wait(timeout)

    @property
    def is_running(self) -> bool:
        """True until the job ended, however it ended."""
        return not self._ended.is_set()

    @property
    def is_kept(self) -> bool:
        """Whether it ended with something that other work must not push out."""
        return (
            not self.is_running
            and self._error is None
            and bool(self._keep is not None and self._keep(self._result))
        )

    def snapshot(self) -> JobSnapshot:
        """The job as it stands."""
        with self._lock:
            end = self._finished_at or datetime.now(UTC)
            return JobSnapshot(
                kind=self.kind,
                subject=self.subject,
                request=self.request,
                state=self._state,
                started_by=self.started_by,
                started_at=self.started_at,
                finished_at=self._finished_at,
                elapsed=(end - self.started_at).total_seconds(),
                cancelling=self._cancel.is_set() and self._state is JobState.RUNNING,
                progress=self._history.latest,
                history=self._history.events(),
                result=self._result,
                error=self._error,
            )

    def _report(self, event: Any) -> None:
        with self._lock:
            self._history.add(event)

    def _run(self) -> None:
        result: Any = None
        error: AllocatorError | None = None
        work, self._work = self._work, None  # what it holds goes with its end
        assert work is not None
        try:
            result = work(self._report, self._cancel)
        except AllocatorError as exc:
            error = exc
        except Exception as exc:
            log.exception("%s of %s stopped unexpectedly", self.kind, self.subject)
            error = Unexpected()
            error.__cause__ = exc
        self._finish(result, error)

    def _finish(self, result: Any, error: AllocatorError | None) -> None:
        with self._lock:
            self._result, self._error = result, error
            self._finished_at = datetime.now(UTC)
            self._state = self._final_state()
        self._ended.set()

    def _final_state(self) -> JobState:
        if self._error is not None:
            return JobState.FAILED
        stopped = self._result is None or getattr(self._result, "status", "") == Status.CANCELLED
        return JobState.CANCELLED if self._cancel.is_set() and stopped else JobState.DONE


class Jobs:
    """The registry of jobs, at most one for a kind and subject. Thread-safe; one a process.

    Of the finished ones the last `most_finished` stay, as far as their results weigh no more than
    `MOST_FINISHED_MB`, and every one whose `keep` said yes to its result: a checked allocation that
    nobody has committed yet is not lost to other work. Rather, no more is begun when those weigh
    `MOST_KEPT_MB`, or when `MOST_RUNNING` jobs run. `weigh` gives a result's bytes.
    """

    def __init__(
        self,
        most_finished: int = MOST_FINISHED,
        *,
        weigh: Callable[[Any], float] = lambda result: 0,
    ) -> None:
        self._most_finished = most_finished
        self._weigh = weigh
        self._jobs: OrderedDict[tuple[JobKind, str], Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(
        self,
        kind: JobKind,
        subject: str,
        work: Work,
        *,
        request: Any = None,
        started_by: str = "",
        refuse_running: bool = False,
        keep: Callable[[Any], bool] | None = None,
    ) -> Job:
        """Do the work in the background; a finished job on the same subject gives way to it.

        When one is running already, that one is returned, whatever it was asked; with
        `refuse_running` AlreadyRunning is raised instead. Raises NoRoom.
        """
        key = (kind, subject)
        with self._lock:
            running = self._jobs.get(key)
            if running is not None and running.is_running:
                if refuse_running:
                    raise AlreadyRunning(started_by=running.started_by)
                return running
            self._require_room(key, kept=keep is not None)
            job = Job(kind, subject, work, request=request, started_by=started_by, keep=keep)
            self._jobs.pop(key, None)
            self._jobs[key] = job
            self._drop_oldest_finished()
            job.begin()
        return job

    def get(self, kind: JobKind, subject: str) -> Job | None:
        """The running or last finished job on this subject."""
        with self._lock:
            return self._jobs.get((kind, subject))

    def forget(self, kind: JobKind, subject: str) -> None:
        """Drop a finished job; a running one stays."""
        with self._lock:
            job = self._jobs.get((kind, subject))
            if job is not None and not job.is_running:
                del self._jobs[kind, subject]

    def snapshots(self, kind: JobKind | None = None) -> list[JobSnapshot]:
        """Every job (of a kind), the oldest first."""
        with self._lock:
            jobs = [job for job in self._jobs.values() if kind in (None, job.kind)]
        return [job.snapshot() for job in jobs]

    def _require_room(self, key: tuple[JobKind, str], *, kept: bool) -> None:
        if sum(job.is_running for job in self._jobs.values()) >= MOST_RUNNING:
            raise NoRoom(
                f"The console works on {MOST_RUNNING} things already.",
                remedy="Wait until one of them has ended, or stop it.",
            )
        others = [job for k, job in self._jobs.items() if k != key and job.is_kept]
        if kept and sum(map(self._weight, others)) >= MOST_KEPT_MB * 1e6:
            raise NoRoom(f"The console holds {len(others)} allocations that nobody has committed.")

    def _weight(self, job: Job) -> float:
        return self._weigh(job.snapshot().result)

    def _drop_oldest_finished(self) -> None:
        finished = [k for k, job in self._jobs.items() if not (job.is_running or job.is_kept)]
        room = MOST_FINISHED_MB * 1e6
        for number, key in enumerate(reversed(finished), start=1):
            room -= self._weight(self._jobs[key])
            if number > self._most_finished or (room < 0 and number > 1):
                del self._jobs[key]
