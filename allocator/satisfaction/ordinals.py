"""Choice numbers and bands in words."""

from __future__ import annotations

import math


def ordinal(number: int) -> str:
    """1 → `1st`, 22 → `22nd`, 113 → `113th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def rank_words(rank: float | None) -> str:
    """A fractional rank: `3rd`, `2.5 (tied)`, `Unranked` for None or NaN."""
    if rank is None or math.isnan(rank):
        return "Unranked"
    return ordinal(int(rank)) if rank == int(rank) else f"{rank:g} (tied)"


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
