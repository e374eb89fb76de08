"""What is published after a commit: letters, lists for hospitals, a mail merge, the public report.

Every file is made when its turn comes, so that a ZIP of ten thousand letters needs no room for them
all beside it.
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO

import pandas as pd

from allocator.errors import UsageError
from allocator.explanation.wording import choice_words
from allocator.measures.bands import job_lines_by_location, rank_words
from allocator.models import JobLine, LeftOut, RunInputs, Term
from allocator.report.letter import (
    Letter,
    LetterOptions,
    not_placed_letter,
    placed_letter,
    placement_of,
)
from allocator.report.parts import day_words, run_title, to_csv
from allocator.report.printable import drawn_table, printable_report, printed_page
from allocator.report.sections import ReportTable
from allocator.report.workbook import table_workbook
from allocator.result import SolveResult
from allocator.rules.naming import job_line_name, worker_name

NO_PLACE = "No place was left for you"
LONGEST_NAME = 80
MERGE = {
    "Internal id": "the doctor's internal id",
    "First name": "as in the workers table",
    "Last name": "as in the workers table",
    "Preferred name": "as in the workers table; empty when there is none",
    "Level": "qualification level",
    "Outcome": "Placed, Moved (placed elsewhere than before) or Not placed",
    "Job line": "empty when not placed",
    "Choice": "what the job line was on the doctor's own list, e.g. 3rd choice",
    "Hospitals": "those of the job line's terms, in their order",
    "Starts": "first day of the first term",
    "Ends": "last day of the last term",
    "Before": "the job line published before, where there is one",
    "Why not placed": "empty when placed",
    "Letter": "the letter's file without its ending",
}
"""Columns of the mail merge and what they hold."""


@dataclass(frozen=True, slots=True)
class PublicationOptions:
    """`pdf`: letters as PDF beside HTML. `names`: letters tell the names and ranks of other
    doctors where they explain. `before`: worker → job line that was published before; letters and
    mail merge are then for those alone whose placement is another now. `terms`: as
    `measures.terms.terms_of` gives them."""

    pdf: bool = True
    names: bool = False
    before: Mapping[str, str] | None = None
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """One step of a publication, as background work reports it: `done` of `total` letters."""

    done: int
    total: int
    elapsed: float
    phase: str = "letters"
    message: str = ""

    @property
    def step(self) -> str:
        """The step in words."""
        return f"{self.done:,} of {self.total:,} letters"


@dataclass(frozen=True, slots=True)
class Publication:
    """What was made: how many letters to those placed and not placed, other files, and `notes` on
    what a person must see to."""

    placed: int
    not_placed: int
    files: int
    notes: tuple[str, ...] = ()
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class _Recipient:
    """Somebody who gets a letter. `left` is set for those who are not placed."""

    id: str
    stem: str
    left: LeftOut | None = None


OnPublished = Callable[[Published], None]
Put = Callable[[str, bytes], None]


def publish_folder(
    inputs: RunInputs,
    result: SolveResult,
    folder: Path,
    options: PublicationOptions | None = None,
    *,
    operator: str = "",
    on_progress: OnPublished | None = None,
    cancel: threading.Event | None = None,
) -> Publication | None:
    """Write everything into a new or empty folder; None when it was cancelled on the way.

    Raises UsageError when the folder holds something already or cannot be written.
    """

    def put(name: str, content: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder} is there already.", remedy="Name a new or empty folder.")
        return _publish(inputs, result, put, options, operator, on_progress, cancel)
    except OSError as exc:
        raise UsageError(f"{folder} cannot be written ({exc.strerror}).") from exc


def publish_zip(
    inputs: RunInputs,
    result: SolveResult,
    target: IO[bytes] | None = None,
    options: PublicationOptions | None = None,
    *,
    operator: str = "",
    on_progress: OnPublished | None = None,
    cancel: threading.Event | None = None,
) -> Publication | None:
    """Write everything into one ZIP; without a `target` its bytes are in `content`.

    None when it was cancelled on the way.
    """
    stream = target or BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:

        def put(name: str, content: bytes) -> None:
            packed = zipfile.ZIP_STORED if name.endswith(".pdf") else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, packed)

        made = _publish(inputs, result, put, options, operator, on_progress, cancel)
    if made is None or not isinstance(stream, BytesIO):
        return made
    return Publication(made.placed, made.not_placed, made.files, made.notes, stream.getvalue())


def _publish(
    inputs: RunInputs,
    result: SolveResult,
    put: Put,
    options: PublicationOptions | None,
    operator: str,
    on_progress: OnPublished | None,
    cancel: threading.Event | None,
) -> Publication | None:
    options, began, now = options or PublicationOptions(), time.perf_counter(), datetime.now(UTC)
    recipients = _recipients(inputs, result, options.before)
    told = LetterOptions(
        options.names, others_names=options.names, before=options.before, terms=options.terms
    )
    notes: list[str] = []
    for done, one in enumerate(recipients):
        if cancel is not None and cancel.is_set():
            return None
        if on_progress:
            on_progress(Published(done, len(recipients), time.perf_counter() - began))
        if one.left is None:
            letter = placed_letter(inputs, result, one.id, told, now)
        else:
            letter = not_placed_letter(inputs, one.left, told, now)
        notes += _put_letter(put, one.stem, letter, options)
    files = _put_lists(put, inputs, result, options)
    merge = _merge(inputs, result, recipients, options)
    put("mail-merge.csv", to_csv(merge))
    put("mail-merge.xlsx", table_workbook(merge))
    put(
        "report.html", printable_report(inputs, result, None, operator, now, options.terms).encode()
    )
    not_placed = sum(one.left is not None for one in recipients)
    made = Publication(len(recipients) - not_placed, not_placed, files + 4, tuple(notes))
    put("READ-ME.txt", _read_me(inputs, made, options).encode("utf-8-sig"))
    if on_progress:
        on_progress(Published(len(recipients), len(recipients), time.perf_counter() - began))
    return made


def _recipients(
    inputs: RunInputs, result: SolveResult, before: Mapping[str, str] | None
) -> list[_Recipient]:
    """Who gets a letter, job line by job line (whose reasons are found together)."""
    held = placement_of(result)
    left = {
        row.id: row
        for row in inputs.left_out
        if row.kind == "worker" and row.id not in held and not row.is_placed_elsewhere
    }
    for worker in inputs.workers:
        if worker.id not in held:
            left[worker.id] = LeftOut("worker", worker.id, worker.name, NO_PLACE)
    everybody = [*sorted(held, key=lambda worker: (held[worker], worker)), *sorted(left)]
    if before is not None:  # those who held nothing and hold nothing have been told so before
        everybody = [one for one in everybody if before.get(one) != held.get(one)]
    taken: set[str] = set()
    ids = {worker.id: worker.internal_id for worker in inputs.workers}
    return [
        _Recipient(
            one,
            ("not-placed/" if one in left else "letters/")
            + safe_name(f"{worker_name(inputs, one)} {ids.get(one, '')}", taken),
            left.get(one),
        )
        for one in everybody
    ]


def safe_name(words: str, taken: set[str]) -> str:
    """A file name of the words (without an ending) that every system takes, unlike any in `taken`,
    to which it is added. Letters of any script stay."""
    plain = unicodedata.normalize("NFC", words)
    joined = re.sub(r"[\W_]+", "-", plain).strip("-")[:LONGEST_NAME].strip("-")
    base = f"{joined or 'no-name'}"
    if re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)", base, re.IGNORECASE):
        base = f"{base}-"
    name, number = base, 2
    while unicodedata.normalize("NFKC", name).casefold() in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(unicodedata.normalize("NFKC", name).casefold())
    return name


def _put_letter(put: Put, stem: str, letter: Letter, options: PublicationOptions) -> list[str]:
    """Write a letter; says so where there is no PDF because a character would be lost in it."""
    put(f"{stem}.html", letter.html.encode())
    if not options.pdf:
        return []
    from allocator.report.pdf import letter_pdf, missing_in

    missing = missing_in(letter)
    if not missing:
        put(f"{stem}.pdf", letter_pdf(letter))
        return []
    return [
        f"{stem}.pdf was not made: the PDF's font has no {' '.join(missing)}. "
        f"Print {stem}.html from a browser instead."
    ]


def _put_lists(
    put: Put, inputs: RunInputs, result: SolveResult, options: PublicationOptions
) -> int:
    """A list for each hospital and each job line, to print and as CSV; how many files."""
    holders: dict[str, list[str]] = {line.id: [] for line in inputs.job_lines}
    for worker, line in placement_of(result).items():
        holders[line].append(worker)
    lists = {"job-lines": {line.id: [line] for line in inputs.job_lines}}
    named = job_lines_by_location(inputs)
    lists["hospitals"] = {
        place: [line for line in inputs.job_lines if line.id in ids] for place, ids in named.items()
    }
    files = 0
    for folder, each in lists.items():
        taken: set[str] = set()
        for key, lines in each.items():
            title = job_line_name(inputs, key) if folder == "job-lines" else key
            place = "" if folder == "job-lines" else key
            frame = _list(inputs, lines, holders, place, options.before)
            stem = f"{folder}/{safe_name(title, taken)}"
            put(f"{stem}.csv", to_csv(frame))
            page = printed_page(
                "report.html",
                kind="Job line" if folder == "job-lines" else "Hospital",
                title=title,
                facts=[("Allocation", run_title(inputs.run))],
                tables=[drawn_table(ReportTable("Placed here", frame))],
            )
            put(f"{stem}.html", page.encode())
            files += 2
    return files


def _list(
    inputs: RunInputs,
    lines: list[JobLine],
    holders: Mapping[str, list[str]],
    place: str,
    before: Mapping[str, str] | None,
) -> pd.DataFrame:
    rows = []
    for line in lines:
        here = [term for term in line.terms if not place or term.location == place]
        terms: list[Term | None] = [*here] or [None]
        for worker in sorted(holders[line.id], key=lambda w: (worker_name(inputs, w), w)):
            who = inputs.worker(worker)
            for term in terms:
                days = [_day(term.start), _day(term.end)] if term else ["", ""]
                where = [term.position, term.team, term.location] if term else ["", "", ""]
                row = [worker_name(inputs, worker), who.internal_id, who.qualificationlevel]
                row += [job_line_name(inputs, line.id), *days, *where]
                if before is not None:
                    moved = before.get(worker) != line.id
                    row.append("Changed" if moved else "As before")
                rows.append(row)
    names = ["Name", "Internal id", "Level", "Job line", "From", "To", "Position", "Team"]
    names += ["Hospital", *(["Since the last publication"] if before is not None else [])]
    return pd.DataFrame(rows, columns=names)


def _day(day: object) -> str:
    return "" if day is None else day_words(day)


def _merge(
    inputs: RunInputs,
    result: SolveResult,
    recipients: list[_Recipient],
    options: PublicationOptions,
) -> pd.DataFrame:
    held, known = placement_of(result), {worker.id: worker for worker in inputs.workers}
    before, rows = options.before or {}, []
    for one in recipients:
        who = known.get(one.id)
        former = before.get(one.id)
        if who:
            row = [who.internal_id, who.firstname, who.lastname, who.preferred_name]
            row.append(who.qualificationlevel)
        else:
            row = ["", "", worker_name(inputs, one.id), "", ""]
        if one.left is None:
            line = inputs.job_line(held[one.id])
            days = [term.start for term in line.terms if term.start]
            ends = [term.end for term in line.terms if term.end]
            row += ["Moved" if former else "Placed", job_line_name(inputs, line.id)]
            row.append(_choice(inputs, result, one.id))
            row.append("; ".join(line.locations))
            row += [_day(min(days, default=None)), _day(max(ends, default=None))]
        else:
            row += ["Not placed", "", "", "", "", ""]
        row.append(job_line_name(inputs, former) if former else "")
        row += [one.left.reason if one.left else "", one.stem]
        rows.append(row)
    return pd.DataFrame(rows, columns=list(MERGE))


def _choice(inputs: RunInputs, result: SolveResult, worker: str) -> str:
    score = inputs.worker(worker).preferences.scores.get(placement_of(result)[worker])
    return choice_words(rank_words(score))


def _read_me(inputs: RunInputs, made: Publication, options: PublicationOptions) -> str:
    """What the folder holds, the columns of the mail merge, and what a person must see to."""
    whom = "who move" if options.before is not None else "who are placed"
    privacy = (
        "Letters NAME other doctors and tell their ranks, because that was asked for."
        if options.names
        else "No letter holds another doctor's name or rank."
    )
    lines = [
        run_title(inputs.run),
        "",
        f"letters/         {made.placed} letter(s) to those {whom}, HTML and PDF as asked for",
        f"not-placed/      {made.not_placed} letter(s) to those who have no job line",
        "hospitals/       who comes when, for each hospital (nothing without terms)",
        "job-lines/       who holds each job line",
        "mail-merge.csv   a row for each letter; mail-merge.xlsx the same, for Word and Excel",
        "report.html      the public report: no names, small groups hidden",
        "",
        f"{privacy} Lists of hospitals and job lines hold names, and no ranks.",
        "",
        "Columns of the mail merge",
        *(f"  {name}: {words}" for name, words in MERGE.items()),
        "In the CSV, text that a spreadsheet would take for a number or a formula is written so",
        'that it stays text (="00123", or after an apostrophe); take the .xlsx for a merge.',
    ]
    if made.notes:
        lines += ["", "To be seen to", *(f"  {note}" for note in made.notes)]
    return "\r\n".join([*lines, ""])
