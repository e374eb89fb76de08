"""Quick tests before solving: milliseconds, and enough to find the plain mistakes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.diagnosis.results import PreCheck
from allocator.matrices import Matrices, matrices
from allocator.models import RunInputs, Settings
from allocator.naming import job_line_name, listed, worker_name


def pre_checks(inputs: RunInputs, settings: Settings | None = None) -> tuple[PreCheck, ...]:
    """Every quick test, passed or not. A run that passes them all may still be infeasible."""
    arrays = matrices(inputs)
    chosen = settings or Settings()
    return tuple(
        check(arrays, chosen)
        for check in (
            _everybody_has_somewhere,
            _mandatory_have_somebody,
            _enough_places,
            _enough_workers,
            _pins_fit,
        )
    )


def _everybody_has_somewhere(arrays: Matrices, settings: Settings) -> PreCheck:
    inputs = arrays.inputs
    nowhere = np.flatnonzero(~arrays.allowed(settings).any(axis=1))
    ids = tuple(inputs.workers[w].id for w in nowhere)
    who = listed((worker_name(inputs, w) for w in ids), "worker")
    words = f"No job line is open to {who}." if ids else "Every worker has an eligible job line."
    return PreCheck("workers without an eligible job line", not ids, words, workers=ids)


def _mandatory_have_somebody(arrays: Matrices, settings: Settings) -> PreCheck:
    inputs = arrays.inputs
    open_to_somebody = arrays.allowed(settings).any(axis=0) & (arrays.upper > 0)
    empty = np.flatnonzero((arrays.lower > 0) & ~open_to_somebody)
    ids = tuple(inputs.job_lines[j].id for j in empty)
    what = listed((job_line_name(inputs, j) for j in ids), "job line")
    words = "Every mandatory job line has a place and an eligible worker."
    if ids:
        words = f"Nobody can be placed on {what}, which must have somebody."
    return PreCheck("mandatory job lines without an eligible worker", not ids, words, job_lines=ids)


def _enough_places(arrays: Matrices, settings: Settings) -> PreCheck:
    needed, seats = len(arrays.inputs.workers), int(arrays.upper.sum())
    words = f"{needed} workers, {seats} places."
    return PreCheck("fewer places than workers", seats >= needed, words)


def _enough_workers(arrays: Matrices, settings: Settings) -> PreCheck:
    workers, mandatory = len(arrays.inputs.workers), int(arrays.lower.sum())
    words = f"{mandatory} mandatory job lines, {workers} workers."
    return PreCheck("more mandatory job lines than workers", mandatory <= workers, words)


def _pins_fit(arrays: Matrices, settings: Settings) -> PreCheck:
    inputs = arrays.inputs
    taken: dict[str, list[str]] = {}
    for worker, job_line in sorted(inputs.pins.items()):
        taken.setdefault(job_line, []).append(worker)
    problems = list(_pin_problems(arrays, settings, taken))
    words = " ".join(words for words, _, _ in problems) or "Every pin fits."
    return PreCheck(
        "pins that collide",
        not problems,
        words,
        tuple(w for _, workers, _ in problems for w in workers),
        tuple(job_line for _, _, job_line in problems),
    )


def _pin_problems(
    arrays: Matrices, settings: Settings, taken: dict[str, list[str]]
) -> Iterator[tuple[str, list[str], str]]:
    inputs = arrays.inputs
    rows = {w.id: i for i, w in enumerate(inputs.workers)}
    columns = {j.id: i for i, j in enumerate(inputs.job_lines)}
    allowed = arrays.allowed(settings)
    for job_line, pinned in taken.items():
        workers = [w for w in pinned if w in rows]
        column = columns.get(job_line)
        name = job_line_name(inputs, job_line)
        shut = [w for w in workers if column is None or not allowed[rows[w], column]]
        if shut:
            who = listed((worker_name(inputs, w) for w in shut), "worker")
            yield f"{who} pinned to {name}, which they may not hold.", shut, job_line
        if column is not None and len(workers) - len(shut) > arrays.upper[column]:
            fits = int(arrays.upper[column])
            yield f"{len(workers)} workers pinned to {name}, which takes {fits}.", workers, job_line
