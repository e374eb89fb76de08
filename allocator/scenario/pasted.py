"""Workers and job lines pasted as rows of text: each row is found in the run, or named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from allocator.errors import UsageError
from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, worker_name

Subject = tuple[str | None, str | None]
"""A worker's id and a job line's id; one of them may be None."""
MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Pasted:
    """What the rows name, in their order, and each row that is wrong, as a sentence.

    `subjects` is meant to be used only while `problems` is empty.
    """

    subjects: tuple[Subject, ...]
    problems: tuple[str, ...]


def read_pasted(inputs: RunInputs, text: str) -> Pasted:
    """The rows of `text`: `worker; job line` (or with a tab, as sheets paste it), or one name.

    Workers are known by name or internal id, job lines by name, case and spaces ignored. All rows
    must name the same: pairs, workers, or job lines. Empty rows do not count; rows are numbered
    as they are in the text.
    """
    rows = [(n, row) for n, row in enumerate(text.splitlines(), 1) if row.strip(" ;\t")]
    if len(rows) > MOST_ROWS:
        return Pasted((), (f"These are {len(rows):,} rows; at most {MOST_ROWS:,} are taken.",))
    names = _Names(inputs)
    subjects: dict[Subject, int] = {}
    problems = []
    for number, row in rows:
        try:
            subject = names.subject(row)
            if subject in subjects:
                raise UsageError(f"says the same as row {subjects[subject]}")
            _same_kind(subject, subjects)
        except UsageError as exc:
            problems.append(f"Row {number} (“{' '.join(row.split())}”) {exc.message}.")
            continue
        subjects[subject] = number
    return Pasted(tuple(subjects), tuple(problems))


def _same_kind(subject: Subject, before: dict[Subject, int]) -> None:
    first = next(iter(before), subject)
    if [part is None for part in subject] != [part is None for part in first]:
        raise UsageError(
            f"names {_kind(subject)}, but row {before[first]} names {_kind(first)}: paste one kind "
            "at a time"
        )


def _kind(subject: Subject) -> str:
    worker, job_line = subject
    if worker and job_line:
        return "a worker and a job line"
    return "a worker alone" if worker else "a job line alone"


class _Names:
    """Everything that a row may be called by."""

    def __init__(self, inputs: RunInputs) -> None:
        self.workers: dict[str, set[str]] = {}
        self.job_lines: dict[str, set[str]] = {}
        self.told: dict[str, str] = {}
        self.unlike: dict[str, str] = {}
        for worker in inputs.workers:
            name = worker_name(inputs, worker.id)
            also = f"{worker.name} · {worker.internal_id}"
            self._take(self.workers, worker.id, (name, worker.name, worker.internal_id, also))
        for line in inputs.job_lines:
            self._take(self.job_lines, line.id, (job_line_name(inputs, line.id), line.name))

    def _take(self, known: dict[str, set[str]], row_id: str, names: Sequence[str]) -> None:
        self.unlike[row_id] = names[0]
        for name in filter(None, map(str.strip, names)):
            known.setdefault(_plain(name), set()).add(row_id)
            self.told.setdefault(_plain(name), name)

    def subject(self, row: str) -> Subject:
        parts = [part.strip() for part in row.replace("\t", ";").split(";")]
        while len(parts) > 2 and not parts[-1]:
            parts.pop()
        if len(parts) > 2:
            raise UsageError(f"has {len(parts)} parts; it takes a worker and a job line")
        if len(parts) == 2:
            worker, job_line = parts
            return (
                self._one(self.workers, worker, "worker") if worker else None,
                self._one(self.job_lines, job_line, "job line") if job_line else None,
            )
        return self._either(parts[0])

    def _either(self, name: str) -> Subject:
        is_worker, is_line = (_plain(name) in known for known in (self.workers, self.job_lines))
        if is_worker and is_line:
            raise UsageError(
                f"is the name of a worker and of a job line: write “{name};” or “;{name}”"
            )
        if is_line:
            return None, self._one(self.job_lines, name, "job line")
        if is_worker:
            return self._one(self.workers, name, "worker"), None
        raise UsageError(f"is nobody and no job line of this run{self._meant(name, self.told)}")

    def _one(self, known: dict[str, set[str]], name: str, noun: str) -> str:
        found = known.get(_plain(name), set())
        if not found:
            raise UsageError(f"names no {noun} of this run: “{name}”{self._meant(name, known)}")
        if len(found) > 1:
            apart = " or ".join(sorted(f"“{self.unlike[row_id]}”" for row_id in found))
            raise UsageError(f"could be {len(found)} {noun}s: write {apart}")
        [row_id] = found
        return row_id

    def _meant(self, name: str, known: Iterable[str]) -> str:
        near = get_close_matches(_plain(name), list(known), n=1)
        return f"; is “{self.told[near[0]]}” meant" if near else ""


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
