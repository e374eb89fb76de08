"""The ids that a run's rows mention: which of them lead nowhere, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from allocator.database.participation import Participation
from allocator.database.rows import RunRows, job_line_name, run_name
from allocator.errors import DataIssue

WORKERS, JOB_LINES, TAGS = "workers", "job_lines", "qualification_tags"
"""Kinds of ids, under the names of the reads that find them."""

RUNS_TABLE = "allocator_py_runs"
MAPPINGS_TABLE = "allocation_run_worker_mappings"
JOB_LINES_TABLE = "job_lines"
ELIGIBILITY_TABLE = "job_line_eligibility"
WEIGHTINGS_TABLE = "allocation_run_preferencer_weightings"

ELIGIBILITY_ARRAYS = (
    ("included_qualification_tag_ids", TAGS),
    ("excluded_qualification_tag_ids", TAGS),
    ("included_worker_mapping_ids", WORKERS),
    ("excluded_worker_mapping_ids", WORKERS),
)
WEIGHTING_ARRAYS = (("qualification_tag_ids", TAGS), ("worker_mapping_ids", WORKERS))
NOUNS = {WORKERS: "worker", JOB_LINES: "job line", TAGS: "qualification"}

Row = Mapping[str, Any]
Mention = tuple[str, str, str, tuple[str, ...], str]
"""A place that mentions ids: table, row in words, column, the row's key, and the id."""


def lost_ids(rows: RunRows, part: Participation) -> list[DataIssue]:
    """A data error for each mention of an id that leads nowhere or to another allocation run."""
    known = _known(rows)
    # A tag belongs to an organisation, not to an allocation run: it only has to exist.
    known[TAGS] |= set(rows.elsewhere.get(TAGS, {}))
    return [
        _lost_id(rows, kind, mention)
        for kind, mention in _mentions(rows, part)
        if mention[4] not in known[kind]
    ]


def unknown_ids(rows: RunRows, part: Participation) -> dict[str, list[str]]:
    """Ids that the run's arrays mention and that were not read: table → ids, sorted."""
    known = _known(rows)
    found: dict[str, set[str]] = {}
    for kind, mention in _mentions(rows, part):
        if mention[4] and mention[4] not in known[kind]:
            found.setdefault(kind, set()).add(mention[4])
    return {kind: sorted(ids) for kind, ids in found.items()}


def eligibility_rows(rows: RunRows, part: Participation) -> dict[str, list[Row]]:
    """Job line → its rows of `job_line_eligibility`, in an order that arrival does not change."""
    by_job_line: dict[str, list[Row]] = {}
    for row in sorted(rows.eligibility, key=_content):
        if row["job_line"] in part.job_lines:
            by_job_line.setdefault(row["job_line"], []).append(row)
    return by_job_line


def weighting_rows(rows: RunRows, part: Participation) -> list[Row]:
    """Weightings for every job line or for one that takes part, by id."""
    reaching = (r for r in rows.weightings if not r["job_line"] or r["job_line"] in part.job_lines)
    return sorted(reaching, key=lambda row: str(row["id"]))


def _content(row: Row) -> str:
    return repr([row["job_line"], *(sorted(row[name] or ()) for name, _ in ELIGIBILITY_ARRAYS)])


def _known(rows: RunRows) -> dict[str, set[str]]:
    return {
        WORKERS: {row["id"] for row in rows.workers},
        JOB_LINES: {row["id"] for row in rows.job_lines},
        TAGS: {row["id"] for row in rows.tags},
    }


def _mentions(rows: RunRows, part: Participation) -> Iterator[tuple[str, Mention]]:
    """Every id in an array (or a weighting's job line) that this run looks at, with its place."""
    run, key = rows.run, (rows.run.id,)
    here = RUNS_TABLE, run_name(run)
    for entry in sorted(set(run.included_worker_mappings)):
        yield WORKERS, (*here, "included_worker_mappings", key, entry)
    for entry in sorted(set(run.included_job_lines)):
        yield JOB_LINES, (*here, "included_job_lines", key, entry)
    for job_line, own in eligibility_rows(rows, part).items():
        name = job_line_name(part.job_lines[job_line])
        for row in own:
            for column, kind in ELIGIBILITY_ARRAYS:
                for entry in sorted({e or "" for e in row[column] or ()}):
                    yield kind, (ELIGIBILITY_TABLE, name, column, (job_line,), entry)
    lines = {row["id"]: row for row in rows.job_lines}
    for row in rows.weightings:
        target = row["job_line"]
        if target and target not in lines:
            place = (WEIGHTINGS_TABLE, weighting_name(row, lines), "job_line", (row["id"],), target)
            yield JOB_LINES, place
    for row in weighting_rows(rows, part):
        name = weighting_name(row, lines)
        for column, kind in WEIGHTING_ARRAYS:
            for entry in sorted({e or "" for e in row[column] or ()}):
                yield kind, (WEIGHTINGS_TABLE, name, column, (row["id"],), entry)


def weighting_name(row: Row, job_lines: Mapping[str, Row]) -> str:
    """A weighting row in words, e.g. `weighting 3 on Surgery A`."""
    target = row["job_line"]
    if not target:
        where = "every job line"
    elif target in job_lines:
        where = job_line_name(job_lines[target])
    else:
        where = "a job line outside this allocation run"
    return f"weighting {row['weighting']} on {where}"


def _lost_id(rows: RunRows, kind: str, mention: Mention) -> DataIssue:
    table, row, column, key, entry = mention
    noun = NOUNS[kind]
    name = rows.elsewhere.get(kind, {}).get(entry)
    if not entry:
        message = f"{column} has an empty entry."
    elif name:
        message = f"{column} names {name}, a {noun} of another allocation run."
    else:
        message = f"{column} names a {noun} that no longer exists ({entry})."
    remedy = f"Take it out of {column}, or acknowledge that it plays no part."
    return DataIssue(table, row, message, remedy, (*key, entry), acknowledgeable=True)
