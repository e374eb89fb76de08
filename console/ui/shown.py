"""An allocation on a page: what its parts draw from, and how its tables and files are named."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from allocator.models import AllocatorRun, RunInputs
from allocator.result import SolveResult
from allocator.solved import Solved


@dataclass(frozen=True, slots=True)
class ShownAllocation:
    """A solve that is shown to an operator."""

    solved: Solved
    operator: str = ""

    @property
    def inputs(self) -> RunInputs:
        """The inputs that were solved."""
        return self.solved.inputs

    @property
    def result(self) -> SolveResult:
        """The checked result."""
        return self.solved.result

    @property
    def run(self) -> AllocatorRun:
        """The run that it belongs to."""
        return self.solved.inputs.run

    @property
    def placed(self) -> pd.DataFrame:
        """One row a placement, by name."""
        return self.solved.placed

    @property
    def version(self) -> str:
        """Changes with the allocation: goes into the keys of tables with selections."""
        return self.solved.identity[:16]

    def key(self, name: str) -> str:
        """The key of a widget of this run."""
        return f"{name} {self.run.id}"

    def file_name(self, what: str) -> str:
        """A file's name: the plan and what it holds."""
        plan = "-".join(self.run.plan_name.lower().split()) or "allocation"
        safe = "".join(c for c in plan if c.isalnum() or c == "-")
        return f"{safe}-{what}"
