"""Who gets a letter, and the lists that go out beside the letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from allocator.explanation.wording import choice_words
from allocator.measures.bands import job_lines_by_location, rank_words
from allocator.models import JobLine, LeftOut, RunInputs, Term
from allocator.report.letter import placement_of
from allocator.report.parts import day_words, run_title, to_csv
from allocator.report.printable import drawn_table, printed_page
from allocator.report.sections import ReportTable
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


Put = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who gets a letter. `left` is set for those who are not placed."""

    id: str
    stem: str
    left: LeftOut | None = None


def recipients(
    inputs: RunInputs, result: SolveResult, before: Mapping[str, str] | None
) -> list[Recipient]:
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
        Recipient(
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


def put_lists(
    put: Put, inputs: RunInputs, result: SolveResult, before: Mapping[str, str] | None
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
            frame = _list(inputs, lines, holders, place, before)
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


def mail_merge(
    inputs: RunInputs,
    result: SolveResult,
    letters: list[Recipient],
    before: Mapping[str, str] | None,
) -> pd.DataFrame:
    """A row for each letter, with the columns of `MERGE`."""
    held, known = placement_of(result), {worker.id: worker for worker in inputs.workers}
    rows = []
    for one in letters:
        who = known.get(one.id)
        former = (before or {}).get(one.id)
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
