"""The tables of a report, in the order in which they are printed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from allocator.measures import (
    Headline,
    alike_words,
    bands,
    by_group,
    by_job_line,
    by_location,
    headline,
    list_lengths,
    mask_small_counts,
    offers_by_rank,
    placements,
    rank_distribution,
    unfilled,
    without_preferences,
    worst_off,
)
from allocator.measures.bands import EDGES, NOT_PLACED, band_labels
from allocator.measures.masking import SMALL
from allocator.measures.outcome import scoreboard
from allocator.models import RunInputs
from allocator.report.parts import labelled
from allocator.result import SolveResult

BY_HOSPITAL = "A worker counts under each hospital where the job line spends a term."
MASKED = (
    f"Counts below {SMALL} in a group are shown as <{SMALL}; where they would follow from the "
    "totals, further counts are hidden."
)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """`names`: list placements and the worst-off by name. `masked`: hide small counts in groups.

    `edges`: last choice of each band; `bottom`: how many last choices to count apart (0: none).
    """

    names: bool = False
    masked: bool = True
    edges: tuple[int, ...] = EDGES
    bottom: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class ReportTable:
    """One table: labelled columns, names instead of ids; `note` says how to read it."""

    title: str
    frame: pd.DataFrame
    note: str = ""


def report_tables(
    inputs: RunInputs, result: SolveResult, options: ReportOptions | None = None
) -> tuple[ReportTable, ...]:
    """Every table of the report. Raises ValueError for bands that make no sense."""
    options = options or ReportOptions()
    placed = placements(inputs, result)
    n_workers, n_lines = len(inputs.workers), len(inputs.job_lines)
    tables = [
        ReportTable("Key figures", key_figures(headline(inputs, result)), KEY_NOTE),
        ReportTable(
            "Placed by choice number",
            labelled(rank_distribution(placed, n_workers), _CHOICES),
            "The best on a worker's own list is a first choice, tied or not. Any other tie counts "
            "as the mean of the places that it takes, rounded up.",
        ),
        ReportTable(
            "Placed by band of choices",
            labelled(bands(placed, n_workers, n_lines, options.edges, options.bottom)),
        ),
        *_group_tables(inputs, placed, options),
        *_job_line_tables(inputs, placed, options),
    ]
    return (*tables, *_named_tables(placed)) if options.names else tuple(tables)


_CHOICES = ["label", "workers", "share", "cumulative_workers", "cumulative_share"]


def key_figures(head: Headline) -> pd.DataFrame:
    """The headline as rows of `Figure` and `Value` (text), the scoreboard among them."""
    got = head.outcome
    rows = [
        ("Result", head.status_words),
        ("Workers in the run", f"{got.workers:,} ({head.submitted:,} submitted preferences)"),
        ("Job lines and places", f"{head.job_lines:,} job lines with {head.places:,} places"),
        ("Placed", f"{got.placed:,} of {got.workers:,}"),
        *scoreboard(got.as_dict()),
        ("How alike those who ranked fare", alike_words(head.ranks_apart)),
    ]
    return pd.DataFrame([row for row in rows if row[1]], columns=["Figure", "Value"])


KEY_NOTE = (
    "Within the top k counts those who ranked something; the mean rank is over placements on a "
    "ranked job line. For the worst rank, an unranked job line counts as the mean of the ranks "
    "left open. Who gave no preferences is counted apart. Weighting points: positive = less wanted "
    "by the organisation."
)


def _group_tables(
    inputs: RunInputs, placed: pd.DataFrame, options: ReportOptions
) -> list[ReportTable]:
    by_level = by_group(inputs, placed, "qualificationlevel", options.edges)
    by_tag = by_group(inputs, placed, "tag", options.edges)
    by_length = list_lengths(inputs, placed, options.edges)
    titles = {
        "By qualification level": (by_level, ""),
        "By qualification": (by_tag, "A worker counts under each qualification that it holds."),
        "By length of preference list": (by_length, "Job lines of this run that a worker ranked."),
    }
    if any(line.locations for line in inputs.job_lines):
        by_hospital = by_location(inputs, placed, options.edges)
        titles["By hospital"] = (by_hospital, BY_HOSPITAL)
    tables = []
    for title, (frame, note) in titles.items():
        counts = [*band_labels(options.edges), NOT_PLACED]
        if options.masked:
            frame = mask_small_counts(frame, counts, "workers")
        if len(placed) == len(inputs.workers):
            frame = frame.drop(columns=[NOT_PLACED])
        notes = f"{note} {MASKED}" if options.masked else note
        tables.append(ReportTable(title, labelled(frame), notes.strip()))
    return tables


def _job_line_tables(
    inputs: RunInputs, placed: pd.DataFrame, options: ReportOptions
) -> list[ReportTable]:
    lines = by_job_line(inputs, placed)
    offers = offers_by_rank(inputs, placed, options.edges).drop(columns="job_line_name")
    columns = ["job_line_name", "places", "filled", "first_choices", "times_ranked"]
    if (lines["locations"] != "").any():
        columns.insert(1, "locations")
    columns += ["eligible_workers", *band_labels(options.edges)]
    return [
        ReportTable(
            "By job line",
            labelled(lines.merge(offers, on="job_line"), columns),
            "First choices: workers who put it first, alone or tied. The last columns count "
            "its holders by the choice that it was for them.",
        ),
        ReportTable(
            "Job lines with open places",
            labelled(
                unfilled(inputs, placed),
                ["job_line_name", "places", "filled", "open", "times_ranked", "eligible_workers"],
            ),
        ),
    ]


PLACEMENT_COLUMNS = [
    "name",
    "internal_id",
    "qualificationlevel",
    "job_line_name",
    "rank",
    "bucket",
    "original_preference",
    "n_ranked",
    "rule",
    "weighting",
    "cost",
]
WORST_COLUMNS = ["name", "internal_id", "job_line_name", "rank", "score", "n_ranked"]


def placement_columns(placed: pd.DataFrame) -> list[str]:
    """The columns of an allocation's table: those of buckets only where there are any."""
    return [c for c in PLACEMENT_COLUMNS if c != "bucket" or (placed["bucket"] != "").any()]


def _named_tables(placed: pd.DataFrame) -> list[ReportTable]:
    apart = without_preferences(placed)
    tables = [
        ReportTable(
            "Worst-off workers",
            labelled(worst_off(placed), WORST_COLUMNS),
            "Of those who ranked at least one job line of the run.",
        ),
        ReportTable(
            "Allocation",
            labelled(placed, placement_columns(placed)),
            "No rank: the worker did not rank the job line.",
        ),
    ]
    if len(apart):
        told = labelled(apart, ["name", "internal_id", "qualificationlevel", "job_line_name"])
        tables.insert(1, ReportTable("Workers who gave no preferences", told))
    return tables
