"""Completed runs of a plan side by side: the published tables with a column for each run.

From what was stored with the runs, so that runs whose data has changed since, or that another
program completed, stand beside the others; what nobody kept is left open.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allocator.lazily import Lazily
from allocator.measures.bands import EDGES, UNRANKED, band_words
from allocator.measures.outcome import (
    FIRST_CHOICES,
    GAVE_NO_PREFERENCES,
    MEAN_RANK,
    NEVER_PLACED,
    NOT_RANKED,
    TOPS,
    WEIGHTING_POINTS,
    WORST_RANK,
    mean_words,
    points_words,
)

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = Lazily("pandas")

UNKNOWN = "–"
YEAR = re.compile(r"\b(?:19|20)\d\d\b(?:\s*[-/–]\s*(?:(?:19|20)\d\d|\d\d)\b)?")
COUNTS = {
    "workers": "Workers in the run",
    "submitted": "Submitted preferences",
    "job_lines": "Job lines",
    "seats": "Places",
    "left_out": "Left out",
    "placed": "Placed",
    "first_choices": FIRST_CHOICES,
    "first_choices_possible": "First choices possible at best",
    **{f"within {k}": f"Within the top {k}" for k in TOPS},
    "unranked": NOT_RANKED,
    "never": NEVER_PLACED,
    "no_preferences": GAVE_NO_PREFERENCES,
}


@dataclass(frozen=True, slots=True)
class YearColumn:
    """A completed run: its column's head, its `figures` (the names of `Outcome`, and `submitted`,
    `job_lines`, `seats`, `left_out`, as far as they were kept), and the stored rank of each
    placement on the worker's whole list (None = unranked)."""

    label: str
    figures: Mapping[str, Any]
    ranks: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class YearsTable:
    """One published table: the first column says what, each other one is a run. Cells are text."""

    title: str
    frame: pd.DataFrame
    note: str = ""


def without_year(plan: str) -> str:
    """A plan's name without the years in it, so that `Intern year 2027` is that of 2026, too."""
    return " ".join(YEAR.sub(" ", plan).split()).strip(" ,-–/")


def year_in(plan: str) -> str:
    """The first year that a plan's name holds, as it is written there; empty without one."""
    found = YEAR.search(plan)
    return found.group() if found else ""


def side_by_side(runs: Sequence[YearColumn]) -> tuple[YearsTable, ...]:
    """Key figures, placements by choice, and the same in shares.

    Rows about which no run kept anything are left out.
    """
    labels = [run.label for run in runs]
    figures = [_key_figures(run.figures) for run in runs]
    names = list(figures[0]) if figures else []
    kept = [name for name in names if any(column[name] != UNKNOWN for column in figures)]
    rows = [[name, *(column[name] for column in figures)] for name in kept]
    counts = [_by_choice(run.ranks) for run in runs]
    bands = list(counts[0]) if counts else []
    numbers = [[name, *(f"{column[name]:,}" for column in counts)] for name in bands]
    shares = [[name, *(_share(column, name) for column in counts)] for name in bands]
    note = "By the rank on the worker's whole list, as it was stored with the placement."
    return (
        YearsTable("Key figures", pd.DataFrame(rows, columns=["Figure", *labels])),
        YearsTable("Placed by choice", pd.DataFrame(numbers, columns=["Choice", *labels]), note),
        YearsTable(
            "Placed by choice, share of all placed",
            pd.DataFrame(shares, columns=["Choice", *labels]),
        ),
    )


def _key_figures(figures: Mapping[str, Any]) -> dict[str, str]:
    within = {f"within {k}": v for k, v in dict(figures.get("within", {})).items()}
    every = {**figures, **within}
    told = {words: _count(every.get(name)) for name, words in COUNTS.items()}
    ranked = every.get("ranked")
    for name in ("first_choices", *(f"within {k}" for k in TOPS)):
        count = every.get(name)
        if ranked and count is not None:
            told[COUNTS[name]] = f"{count:,} of {ranked:,} ({count / ranked:.1%})"
    worst, points = every.get("worst_score"), every.get("weighting_points")
    told[MEAN_RANK] = mean_words(every.get("mean_rank"))
    told[WORST_RANK] = UNKNOWN if worst is None else f"{worst:g}"
    told[WEIGHTING_POINTS] = UNKNOWN if points is None else points_words(points)
    return told


def _count(value: Any) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _by_choice(ranks: Sequence[float | None]) -> dict[str, int]:
    """How many placements are in each band; a tied rank counts as the next whole one."""
    edges = (*EDGES, TOPS[-1])
    bounds = [(low + 1, high) for low, high in zip((0, *edges), edges, strict=False)]
    counts = {band_words(low, high): 0 for low, high in bounds}
    beyond = f"{edges[-1] + 1}th and further"
    counts |= {beyond: 0, UNRANKED: 0}
    for rank in ranks:
        if rank is None or math.isnan(rank):
            counts[UNRANKED] += 1
            continue
        choice = math.ceil(rank)
        band = next((band_words(a, b) for a, b in bounds if a <= choice <= b), beyond)
        counts[band] += 1
    return counts


def _share(counts: Mapping[str, int], band: str) -> str:
    total = sum(counts.values())
    return f"{counts[band] / total:.1%}" if total else UNKNOWN
