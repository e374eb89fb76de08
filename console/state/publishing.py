"""Publications in the background: one for each run, kept until the next or until room is needed."""

from __future__ import annotations

import threading

from allocator.jobs import Job, JobKind, JobSnapshot
from allocator.models import AllocatorRun
from allocator.report.publication import (
    OnPublished,
    Publication,
    PublicationOptions,
    publish_zip,
)
from allocator.solved import Solved
from console.state import backend


def publish_in_background(
    run: AllocatorRun, solved: Solved | None, options: PublicationOptions, operator: str
) -> Job:
    """Make a run's publication as a ZIP; its result is a `Publication` with the bytes.

    `solved` is what was committed, None where the data has changed since: then the proof bundle is
    replayed first. Gives the running job when there is one for the run. Raises NoRoom.
    """
    service = backend.service()

    def work(on_progress: OnPublished, cancel: threading.Event) -> Publication | None:
        if solved is not None:
            inputs, result = solved.inputs, solved.result
        else:
            inputs, result = service.committed_solve(run.id)
        return publish_zip(
            inputs, result, None, options, operator=operator, on_progress=on_progress, cancel=cancel
        )

    return backend.jobs().start(
        JobKind.PUBLICATION, run.id, work, request=options, started_by=operator
    )


def latest_publication(run_id: str) -> JobSnapshot | None:
    """The run's publication that is being made, or else the last one made."""
    job = backend.jobs().get(JobKind.PUBLICATION, run_id)
    return job.snapshot() if job else None


def stop_publication(run_id: str) -> None:
    """Ask the run's publication to stop; nothing is kept of it."""
    if job := backend.jobs().get(JobKind.PUBLICATION, run_id):
        job.cancel()
