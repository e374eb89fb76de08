"""Lists that a coordinator hands in as CSV: who held what, and who would swap for what.

The first line names the columns. Workers are named by id, internal id or name, job lines by id or
name. A list with a wrong row is refused as a whole, and every wrong row is told by its number.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

from allocator.errors import UsageError
from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, worker_name
from allocator.scenario.file import some_of

MOST_CHARACTERS = 8 * 2**20
Row = tuple[int, list[str]]
"""Number of a line in the file, from 1, and its cells."""


class Names:
    """Finds the workers and job lines of a run, also those left out, by id, number or name."""

    def __init__(self, inputs: RunInputs) -> None:
        self.workers: defaultdict[str, set[str]] = defaultdict(set)
        self.job_lines: defaultdict[str, set[str]] = defaultdict(set)
        for worker in inputs.workers:
            for name in (worker.id, worker.internal_id, worker.name):
                self.workers[_folded(name)].add(worker.id)
            self.workers[_folded(worker_name(inputs, worker.id))].add(worker.id)
            self.workers[_folded(f"{worker.firstname} {worker.lastname}")].add(worker.id)
        for line in inputs.job_lines:
            for name in (line.id, line.name, job_line_name(inputs, line.id)):
                self.job_lines[_folded(name)].add(line.id)
        for row in inputs.left_out:
            known = self.workers if row.kind == "worker" else self.job_lines
            for name in (row.id, row.name):
                known[_folded(name)].add(row.id)
        for table in (self.workers, self.job_lines):
            table.pop("", None)

    def worker(self, text: str) -> str:
        """The id of the worker. Raises ValueError that says what is wrong."""
        return _only(self.workers, text, "worker", "their internal id")

    def job_line(self, text: str) -> str:
        """The id of the job line. Raises ValueError that says what is wrong."""
        return _only(self.job_lines, text, "job line", "its id")


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _only(known: Mapping[str, set[str]], text: str, noun: str, better: str) -> str:
    found = known.get(_folded(text), set())
    if not text.strip():
        raise ValueError(f"it names no {noun}")
    if not found:
        raise ValueError(f"the run has no {noun} “{text.strip()}”")
    if len(found) > 1:
        raise ValueError(f"there are {len(found)} {noun}s called “{text.strip()}”; give {better}")
    return next(iter(found))


def read_placements(text: str | bytes, inputs: RunInputs) -> tuple[tuple[str, str], ...]:
    """(Worker, job line) of each row of a CSV with these two columns. Raises UsageError."""
    names, seen = Names(inputs), dict[str, int]()
    placements, problems = [], []
    for number, cells in _rows(text, ("worker", "job line"), most=2):
        try:
            worker, line = names.worker(cells[0]), names.job_line(cells[1])
            if worker in seen:
                raise ValueError(f"row {seen[worker]} has placed “{cells[0].strip()}” already")
        except ValueError as exc:
            problems.append(f"Row {number}: {exc}.")
            continue
        seen[worker] = number
        placements.append((worker, line))
    _refuse_rows(problems, "placements")
    if not placements:
        raise UsageError("The list of placements is empty.", remedy="Put one placement in a row.")
    return tuple(placements)


def read_wishes(text: str | bytes, inputs: RunInputs) -> dict[str, tuple[str, ...]]:
    """Worker → job lines that it would take instead of its own, from a CSV: the worker first, then
    one job line or more. A worker may have several rows. Raises UsageError."""
    names, wishes = Names(inputs), dict[str, tuple[str, ...]]()
    problems = []
    for number, cells in _rows(text, ("worker", "job line")):
        try:
            worker = names.worker(cells[0])
            wished = [names.job_line(cell) for cell in cells[1:] if cell.strip()]
            if not wished:
                raise ValueError("it names no job line")
            known = wishes.get(worker, ())
            if len({*wished, *known}) < len(wished) + len(known):
                raise ValueError(f"it names a job line of “{cells[0].strip()}” again")
        except ValueError as exc:
            problems.append(f"Row {number}: {exc}.")
            continue
        wishes[worker] = (*known, *wished)
    _refuse_rows(problems, "wishes")
    if not wishes:
        raise UsageError("The list of wishes is empty.", remedy="Put one wish in a row.")
    return wishes


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The text of a CSV that a spreadsheet opens: a cell never begins a formula."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        texts = ("" if cell is None else str(cell) for cell in row)
        writer.writerow([f"'{text}" if text[:1] in tuple("=+@\t\r") else text for text in texts])
    return out.getvalue()


def _rows(text: str | bytes, columns: tuple[str, str], most: int = 0) -> Iterator[Row]:
    """The rows below the first; raises UsageError unless that names the columns."""
    if len(text) > MOST_CHARACTERS:
        raise UsageError("The list is larger than 8 MB.", remedy="Give the rows of this run only.")
    try:
        read = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise UsageError(
            "The list is not UTF-8 text.", remedy="Save it as “CSV UTF-8” and try again."
        ) from None
    first = read.partition("\n")[0]
    divider = max(",;\t", key=first.count)
    try:
        rows = [
            (number, row)
            for number, row in enumerate(csv.reader(StringIO(read), delimiter=divider), start=1)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as exc:
        raise UsageError(f"The list is no CSV: {exc}.", remedy="Export it again.") from None
    heads = [_folded(cell.replace("_", " ")) for cell in rows[0][1]] if rows else []
    fits = len(heads) > 1 and heads[0] in ("worker", "doctor") and heads[1].startswith("job line")
    if not fits or (most and len(heads) > most):
        raise UsageError(
            f"The first row of the list must name its columns: {', '.join(columns)}.",
            remedy=f"Let it begin with the row “{','.join(columns)}”.",
        )
    for number, cells in rows[1:]:
        yield number, [*cells, ""] if len(cells) < 2 else cells


def _refuse_rows(problems: list[str], what: str) -> None:
    if problems:
        raise UsageError(
            f"{len(problems)} row(s) of the list of {what} cannot be used. {some_of(problems)}",
            remedy="Mend these rows and hand in the list again; nothing was taken from it.",
            problems=tuple(problems),
        )
