"""Under which terms an allocation came about: the line that stands by its figures everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allocator.models import AllocatorRun, Policy, Settings
from allocator.result import Receipt, Status
from allocator.rules.moments import local_time
from allocator.solved import Solved

AIM_NAMES = {
    Policy.LEAST_TOTAL: "Least total",
    Policy.GREEDY: "Most first choices",
    Policy.GENEROUS: "Fewest last choices",
    Policy.LEXIMIN: "Worst-off first",
    Policy.LOTTERY_ORDER: "By lottery order",
    Policy.FEWEST_MOVES: "Fewest moves",
    Policy.MOST_MOVES: "Most moves",
}
"""The aims by the names that every page and file gives them."""

ENDINGS = {
    Status.OPTIMAL.value: "Proven optimal",
    Status.FEASIBLE.value: "Stopped at the time limit, not proven optimal",
    Status.CANCELLED.value: "Stopped by hand, not proven optimal",
    Status.INFEASIBLE.value: "No allocation possible",
    Status.INVALID_DATA.value: "Data errors",
}
"""How a solve ended, by the status that is stored."""


def aim_name(settings: Mapping[str, Any]) -> str:
    """The aim of stored settings; empty when they tell none that this version knows."""
    return {aim.value: name for aim, name in AIM_NAMES.items()}.get(
        str(settings.get("policy", "")), ""
    )


def terms_line(settings: Mapping[str, Any], n_changes: int | None = None, *done: str) -> str:
    """`alpha 0.20 (usual 0.30) · power 1 · least total · seed 7 · 3 changes · solved by …`.

    `settings` as `Settings.as_dict` gives them or as they are stored; what they lack is left out.
    `done` says whose it is and when.
    """
    usual = Settings()
    parts = [
        _figure("alpha", settings.get("alpha"), usual.alpha, ".2f"),
        _figure("power", settings.get("power"), usual.power, "g"),
        aim_name(settings).lower(),
    ]
    if settings.get("worst_rank") is not None:
        parts.append(f"nobody beyond rank {settings['worst_rank']:g}")
    if settings.get("move_price"):
        parts.append(f"a move costs {settings['move_price']:g} points")
    if settings.get("bucket_order"):
        parts.append("lists by bucket first")
    if settings.get("seed") is not None:
        parts.append(f"seed {settings['seed']}")
    if n_changes is not None:
        parts.append(f"{n_changes or 'no'} change{'' if n_changes == 1 else 's'}")
    return " · ".join(filter(None, [*parts, *done]))


def _figure(name: str, value: float | None, usual: float, digits: str) -> str:
    """With the usual value beside one that differs."""
    if value is None:
        return ""
    # Two decimals, and as many more as it takes to tell what was set.
    words = format(value, digits) if float(format(value, digits)) == value else f"{value:g}"
    return f"{name} {words}" + ("" if value == usual else f" (usual {format(usual, digits)})")


def terms_of(solved: Solved) -> str:
    """The line of a solve."""
    changes = len(solved.scenario.changes) if solved.scenario else 0
    run, when = solved.inputs.run, solved.solved_at
    verb = "solved" if run.is_pending else "committed"
    by = f" by {solved.solved_by}" if solved.solved_by else ""
    done = f"{verb}{by}{f' at {local_time(run, when)}' if when else ''}" if by or when else ""
    return terms_line(solved.result.settings.as_dict(), changes, done)


def terms_of_receipt(run: AllocatorRun, receipt: Receipt) -> str:
    """The line of a commit."""
    done = f"committed by {receipt.operator} at {local_time(run, receipt.committed_at)}"
    return terms_line(receipt.settings, len(receipt.scenario.get("changes") or ()), done)
