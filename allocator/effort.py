"""Which solver decided and what it took: kept with a result, in the audit row and in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

NOT_DECIDING = "none (no usable answer): "
"""What stands before the name of a solver that did not decide."""
TITLES = {"highs": "HiGHS", "cbc": "CBC"}


@dataclass(frozen=True, slots=True)
class Effort:
    """What it took to decide: `rounds` of solving the PuLP master and pricing all pairs,
    `columns`, the pairs in its last round, `repairs`, the times that network code had to mend
    what the solver brought (0 with a sound one), and `steps`, those of an aim which network code
    decided before the master."""

    rounds: int = 0
    columns: int = 0
    repairs: int = 0
    steps: int = 0

    @classmethod
    def of_counts(cls, counts: Mapping[str, Any]) -> Self:
        """From an audit row's counts; those of earlier versions do not tell it."""
        told = counts.get("effort") or {}
        return cls(**{field.name: int(told.get(field.name, 0)) for field in fields(cls)})

    def words(self, solver: str) -> str:
        """A sentence for people; `solver` as in `SolveResult.solver`."""
        name = solver.removeprefix(NOT_DECIDING)
        title = TITLES.get(name, name)
        if not title:
            words = "None: the solve ended before a solver had decided"
        elif solver.startswith(NOT_DECIDING):
            words = f"None: {title} brought no usable answer, and the network code decided"
        elif not self.rounds:
            words = title
        else:
            words = (
                f"{title}, in {_count(self.rounds, 'round')} over {self.columns:,} possible "
                f"placements, with {_count(self.repairs, 'repair')}"
            )
        if self.steps:
            words += f"; the network code decided {_count(self.steps, 'step')} of the aim before"
        return f"{words}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
