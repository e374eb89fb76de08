"""What the parts of the Results page draw from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from allocator.models import RunInputs, SolveResult
from allocator.satisfaction import placements
from console.solving import Solved


@dataclass(frozen=True, eq=False)
class Shown:
    """An allocation and its placements, worked out once a script run."""

    solved: Solved
    operator: str

    @property
    def inputs(self) -> RunInputs:
        """The inputs that were solved."""
        return self.solved.inputs

    @property
    def result(self) -> SolveResult:
        """The checked result."""
        return self.solved.result

    @cached_property
    def placed(self) -> pd.DataFrame:
        """One row a placement, by name."""
        return placements(self.inputs, self.result)

    @property
    def version(self) -> str:
        """Changes with the allocation: goes into the keys of tables with selections."""
        when = self.solved.solved_at
        return f"{when:%H%M%S%f}" if when else self.result.fingerprint[:12]

    def file_name(self, what: str) -> str:
        """A file's name: plan, what it holds, and the day of the solve."""
        plan = "-".join(self.inputs.run.plan_name.lower().split()) or "allocation"
        safe = "".join(c for c in plan if c.isalnum() or c == "-")
        return f"{safe}-{what}"
