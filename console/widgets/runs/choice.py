"""Which runs of the list are shown, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from allocator.overview import RunOverview
from allocator.report.header import run_title
from console import tables

Key = Callable[[RunOverview], Any]


def _waiting(row: RunOverview) -> Any:
    return row.run.queued_at or row.run.created_at


def _spare(row: RunOverview) -> int:
    return row.spare_seats if row.spare_seats is not None else 10**9


def _first_choices(row: RunOverview) -> float:
    placed = row.outcome.get("placed")
    return row.outcome.get("within", {}).get("1", 0) / placed if placed else -1.0


ORDERS: dict[str, tuple[Key, bool]] = {
    "Longest waiting first": (_waiting, False),
    "Newest first": (lambda row: row.run.created_at, True),
    "Plan, A to Z": (lambda row: (row.run.plan_name.casefold(), row.batch), False),
    "Most workers first": (lambda row: row.workers or 0, True),
    "Fewest spare places first": (_spare, False),
}
"""Order in words → what to sort by, and whether downwards."""

DONE_ORDERS: dict[str, tuple[Key, bool]] = {
    "Latest first": (lambda row: row.run.completed_at, True),
    "Most first choices first": (_first_choices, True),
    "Oldest first": (lambda row: row.run.completed_at, False),
    "Plan, A to Z": (lambda row: (row.run.plan_name.casefold(), row.batch), False),
    "Operator, A to Z": (
        lambda row: row.receipt.operator.casefold() if row.receipt else "~",
        False,
    ),
}


def matching(rows: Sequence[RunOverview], text: str) -> list[RunOverview]:
    """The rows that hold every word of the text in plan, period, batch, dates or operator."""
    words = text.casefold().split()
    return [row for row in rows if all(word in _words_of(row) for word in words)]


def ordered(rows: Sequence[RunOverview], order: tuple[Key, bool]) -> list[RunOverview]:
    """The rows in one of the orders; equals stay as they were."""
    by, downwards = order
    return sorted(rows, key=by, reverse=downwards)


def _words_of(row: RunOverview) -> str:
    run = row.run
    parts = [
        run_title(run),
        run.org,
        f"batch {row.batch}",
        tables.moment(run, run.created_at),
        tables.moment(run, run.completed_at),
        row.receipt.operator if row.receipt else "",
    ]
    return " ".join(parts).casefold()
