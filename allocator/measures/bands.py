"""Bands of choices, for everybody, by group and by length of list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from allocator.lazily import Lazily
from allocator.models import RunInputs
from allocator.rules.ranks import NEVER_WORDS

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = Lazily("pandas")

EDGES = (1, 3, 5)
ALL_WORKERS = "All workers"
LENGTHS = (0, 5, 10, 20)
UNRANKED, NO_PREFERENCES, NOT_PLACED = "Unranked", "No preferences", "Not placed"
GROUPINGS = {"qualificationlevel": "Qualification level", "tag": "Qualification"}
NO_LOCATION = "No hospital given"
NO_GROUP = {"qualificationlevel": "No level given", "tag": "No qualification"}


def band_labels(edges: Sequence[int] = EDGES) -> list[str]:
    """`1st`, `2nd–3rd` …, `Outside the top five`, `Unranked`, `No preferences`.

    Raises ValueError unless the edges are whole numbers ≥ 1 that increase.
    """
    if not edges or list(edges) != sorted({int(e) for e in edges}) or edges[0] < 1:
        raise ValueError("the bands' limits must be whole numbers from 1 up, each above the last")
    starts = [1, *(edge + 1 for edge in edges[:-1])]
    labels = [band_words(low, high) for low, high in zip(starts, edges, strict=True)]
    outside = f"Outside the top {number_words(edges[-1])}"
    return [*labels, outside, UNRANKED, NO_PREFERENCES]


def band_of(placed: pd.DataFrame, edges: Sequence[int] = EDGES) -> pd.Series:
    """The band of each placement by its choice number, as an ordered categorical."""
    labels = band_labels(edges)
    choices = placed["choice"].astype("Float64").to_numpy(dtype="float64", na_value=math.nan)
    banded = pd.cut(pd.Series(choices), [0, *edges, float("inf")], labels=labels[:-2])
    found = pd.Series(banded.astype("object").to_numpy(), index=placed.index)
    found = found.fillna(UNRANKED).mask(placed["n_ranked"] == 0, NO_PREFERENCES)
    return found.astype(pd.CategoricalDtype(labels, ordered=True))


def bands(
    placed: pd.DataFrame,
    n_workers: int,
    n_job_lines: int,
    edges: Sequence[int] = EDGES,
    bottom: int = 5,
) -> pd.DataFrame:
    """Columns `band`, `workers`, `share` (0 … 1 of all workers in the run), `of_above`.

    The last band of ranks is followed by a row *of whom in the bottom `bottom`* (rank above
    N − bottom), flagged `of_above` because it is part of the row before it; it is left out when
    it would overlap a named band. *No preferences* (placed, but ranked nothing) and *Not placed*
    appear only when there is somebody.
    """
    counts = band_of(placed, edges).value_counts(sort=False)
    rows: list[tuple[str, int, bool]] = []
    for label, count in counts.items():
        if label == UNRANKED and bottom and n_job_lines - bottom >= edges[-1]:
            lowest = int((placed["rank"] > n_job_lines - bottom).sum())
            rows.append((f"of whom in the bottom {number_words(bottom)}", lowest, True))
        if count or label != NO_PREFERENCES:
            rows.append((str(label), int(count), False))
    if n_workers > len(placed):
        rows.append((NOT_PLACED, n_workers - len(placed), False))
    frame = pd.DataFrame(rows, columns=["band", "workers", "of_above"])
    frame.insert(2, "share", frame["workers"] / max(n_workers, 1))
    return frame


def by_group(
    inputs: RunInputs,
    placed: pd.DataFrame,
    grouping: str = "qualificationlevel",
    edges: Sequence[int] = EDGES,
) -> pd.DataFrame:
    """Band counts of each group, by name, then a row *All workers*.

    `grouping` is `qualificationlevel` or `tag` (a worker counts once under each tag that it
    holds); ValueError otherwise. Columns: `group`, one count a band, `Not placed`, `workers`,
    `mean_rank` (of ranked placements, NaN without one).
    """
    if grouping not in GROUPINGS:
        raise ValueError(f"group by {' or '.join(GROUPINGS)}, not by {grouping}")
    return _band_counts(inputs, placed, _groups(inputs, grouping), edges)


def by_location(
    inputs: RunInputs, placed: pd.DataFrame, edges: Sequence[int] = EDGES
) -> pd.DataFrame:
    """Band counts of those placed at each hospital, with the columns of `by_group`.

    A worker counts once under each hospital where its job line spends a term. No rows but *All
    workers* where the database has no terms.
    """
    lines = job_lines_by_location(inputs)
    if lines:
        somewhere = frozenset[str]().union(*lines.values())
        lines[NO_LOCATION] = frozenset(placed["job_line"]) - somewhere
    groups = {
        name: set(placed.loc[placed["job_line"].isin(ids), "worker"])
        for name, ids in lines.items()
        if ids or name != NO_LOCATION
    }
    return _band_counts(inputs, placed, groups, edges)


def job_lines_by_location(inputs: RunInputs) -> dict[str, frozenset[str]]:
    """Hospital → the job lines of the run that spend a term there, by name; empty without terms."""
    found: dict[str, set[str]] = {}
    for job_line in inputs.job_lines:
        for location in job_line.locations:
            found.setdefault(location, set()).add(job_line.id)
    return {name: frozenset(found[name]) for name in sorted(found)}


def list_lengths(
    inputs: RunInputs,
    placed: pd.DataFrame,
    edges: Sequence[int] = EDGES,
    limits: Sequence[int] = LENGTHS,
) -> pd.DataFrame:
    """Outcome by how many of the run's job lines a worker ranked, with the columns of `by_group`.

    `limits` are the largest lengths of each range; ranges with nobody in them are left out.
    """
    starts = [-1, *limits]
    groups: dict[str, set[str]] = {}
    for low, high in zip(starts, [*limits, float("inf")], strict=True):
        members = {w.id for w in inputs.workers if low < len(w.preferences.scores) <= high}
        if members:
            groups[_length_words(low, high)] = members
    return _band_counts(inputs, placed, groups, edges)


def _length_words(low: float, high: float) -> str:
    if high == 0:
        return "Ranked nothing"
    if high == float("inf"):
        return f"{low + 1:.0f} or more"
    return f"{low + 1:.0f}" if high == low + 1 else f"{low + 1:.0f}–{high:.0f}"


def _band_counts(
    inputs: RunInputs, placed: pd.DataFrame, groups: dict[str, set[str]], edges: Sequence[int]
) -> pd.DataFrame:
    groups = groups | {ALL_WORKERS: {w.id for w in inputs.workers}}
    labels = [*band_labels(edges), NOT_PLACED]
    placed = placed.assign(band=band_of(placed, edges).astype(str))
    rows = []
    for group, members in groups.items():
        held = placed[placed["worker"].isin(members)]
        counts = held["band"].value_counts().reindex(labels, fill_value=0)
        counts[NOT_PLACED] = len(members) - len(held)
        row = {"group": group} | {label: int(counts[label]) for label in labels}
        rows.append(row | {"workers": len(members), "mean_rank": held["rank"].mean()})
    return pd.DataFrame(rows)


def _groups(inputs: RunInputs, grouping: str) -> dict[str, set[str]]:
    """Group's name → worker ids, by name; those who belong nowhere come last."""
    groups: dict[str, set[str]] = {}
    nowhere: set[str] = set()
    names = {tag.id: tag.name or "Qualification without a name" for tag in inputs.tags}
    for worker in inputs.workers:
        if grouping == "tag":
            found = {names.get(t, "Qualification without a name") for t in worker.qualification_ids}
        else:
            found = {worker.qualificationlevel} - {""}
        for name in found:
            groups.setdefault(name, set()).add(worker.id)
        if not found:
            nowhere.add(worker.id)
    ordered = {name: groups[name] for name in sorted(groups)}
    return ordered | ({NO_GROUP[grouping]: nowhere} if nowhere else {})


def rank_distribution(placed: pd.DataFrame, n_workers: int) -> pd.DataFrame:
    """Rows 1st … last choice that anybody got (zeros included), then those without a number.

    Columns: `choice` (NA in the last rows), `label`, `workers`, `share` (0 … 1 of all workers in
    the run), `cumulative_workers` and `cumulative_share` (NA where there is no choice number).
    `placed` is the placements frame. The last rows are *unranked* and, when there is somebody,
    *no preferences* (placed, but ranked nothing) and *not placed*.
    """
    choices = placed["choice"].dropna().astype(int)
    last = int(choices.max()) if len(choices) else 0
    counts = choices.value_counts().reindex(range(1, last + 1), fill_value=0)
    workers = [int(n) for n in counts]
    unplaced = n_workers - len(placed)
    nothing = int((placed["n_ranked"] == 0).sum())
    tail = [(UNRANKED, int(placed["choice"].isna().sum()) - nothing)]
    if nothing:
        tail.append((NO_PREFERENCES, nothing))
    if unplaced:
        tail.append((NOT_PLACED, unplaced))
    cumulative = pd.Series(workers, dtype="Int64").cumsum()
    frame = pd.DataFrame(
        {
            "choice": pd.array([*range(1, last + 1), *[pd.NA] * len(tail)], dtype="Int64"),
            "label": [ordinal(k) for k in range(1, last + 1)] + [label for label, _ in tail],
            "workers": workers + [n for _, n in tail],
        }
    )
    frame["share"] = frame["workers"] / max(n_workers, 1)
    frame["cumulative_workers"] = cumulative.reindex(frame.index)
    frame["cumulative_share"] = frame["cumulative_workers"].astype("Float64") / max(n_workers, 1)
    return frame


def ordinal(number: int) -> str:
    """1 → `1st`, 22 → `22nd`, 113 → `113th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


NEVER_MARK = f" · {NEVER_WORDS.lower()}"
"""Follows the rank of a job line that its worker put into the bucket *never*."""


def rank_words(rank: float | None, bucket: str = "") -> str:
    """A fractional rank: `3rd`, `2.5 (tied)`, `Unranked` for None or NaN; `bucket` is that of
    `ranks.bucket_words`, of which *never* is told: `Unranked · never`."""
    mark = NEVER_MARK if bucket == NEVER_WORDS else ""
    if rank is None or math.isnan(rank):
        return UNRANKED + mark
    return (ordinal(int(rank)) if rank == int(rank) else f"{rank:g} (tied)") + mark


def amount(value: float) -> str:
    """A total as people write it, never in powers of ten: `86,673`, `33.2`, `0.0125`."""
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    if 0 < abs(value) < 0.0001:
        return "less than 0.0001"
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def band_words(low: int, high: int) -> str:
    """Choices low … high: `1st`, `2nd–3rd`."""
    return ordinal(low) if low == high else f"{ordinal(low)}–{ordinal(high)}"


SMALL_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number_words(number: int) -> str:
    """1 … 10 in words, otherwise digits."""
    return SMALL_NUMBERS[number] if 0 < number < len(SMALL_NUMBERS) else str(number)
