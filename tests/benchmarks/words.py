"""Numbers as the terminal and the README show them."""

from __future__ import annotations

from tests.benchmarks.records import Outcome
from tests.benchmarks.summary import Line


def seconds(value: float | None) -> str:
    """Three digits, in seconds or milliseconds."""
    if value is None:
        return "–"
    if value < 0.0095:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.3g} s"


def megabytes(value: float | None) -> str:
    """In MB, or GB from 10 000 MB on."""
    if value is None:
        return "–"
    return f"{value / 1024:.1f} GB" if value >= 10_000 else f"{value:.0f} MB"


def ratio(value: float | None, at_least: bool = False) -> str:
    """How many times ours; two digits below 10."""
    if value is None:
        return "–"
    number = f"{value:.2g}" if value < 9.95 else f"{value:,.0f}"
    return f"{'> ' if at_least else ''}{number} ×"


def time_of(line: Line, limit: float) -> str:
    """The time to a proven optimum, or why there is none."""
    if line.outcome is Outcome.PROVEN:
        return seconds(line.seconds)
    if line.outcome is Outcome.UNFINISHED:
        return f"unfinished after {limit:g} s"
    if line.outcome is Outcome.NOT_TRIED:
        return f"not tried ({line.note})"
    return line.outcome.value
