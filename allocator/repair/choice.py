"""A point of the frontier as a scenario, whose solve is that point again, with its own proof."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, inf

from allocator.models import HIGHEST_MOVE_PRICE, Policy
from allocator.repair.points import Frontier, Point
from allocator.scenario import Scenario
from allocator.scenario.changes import Hold

MOST_DIGITS = 6
"""A price with more decimals than this is none that anybody would enter."""


def scenario_for(found: Frontier, point: Point, begun: Scenario) -> Scenario:
    """`begun`, the scenario of the frontier, so that its solve moves as few as the point does at
    the point's total.

    The first point is the policy of fewest moves. A breakpoint is the best allocation at a price
    of a move, which becomes a setting. For the points between, where no price helps, whoever
    stays is held.
    """
    settings = replace(found.settings, time_limit=begun.settings.time_limit)
    name = f"{begun.name}: {point.moves} move{'' if point.moves == 1 else 's'}"
    named = replace(begun, name=name, settings=settings)
    if point is found.points[0]:
        return replace(named, settings=replace(settings, policy=Policy.FEWEST_MOVES))
    price = _price_between(*point.prices) if point.prices else None
    if price is not None:
        return replace(named, settings=replace(settings, move_price=price))
    held = found.inputs.baseline.placements
    staying = frozenset(w for w, j in point.placements.items() if held.get(w) == j)
    why = f"Stays where {point.moves} move"
    return named.then(Hold(staying, reason=why)) if staying else named


def _price_between(least: float, most: float) -> float | None:
    """The price with the fewest decimals well between two, None when they are too near."""
    most = min(most, HIGHEST_MOVE_PRICE)
    if most == inf or not least < most:
        return None
    for digits in range(MOST_DIGITS + 1):
        step = 10.0**-digits
        price = round(ceil((least + most) / 2 / step - 0.5) * step, digits)
        if least + step / 10 < price < most - step / 10:
            return price
    return None
