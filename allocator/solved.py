"""A solve as one thing: on what, under which scenario, what came out, by whom, when.

Its identity names exactly what a commit would write, so that a confirmation can be bound to it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from allocator.models import RunInputs
from allocator.result import SolveResult, Status
from allocator.rules.ranks import read_by
from allocator.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

AS_IT_IS = "The run as it is"


@dataclass(frozen=True, eq=False)
class Solved:
    """`inputs` are what was solved, `as_read` the same before the changes of `scenario` (None: the
    run as it is), with the lists read as the result's settings say. `result` may be without an
    allocation. `solved_at` is None for a mere trial."""

    inputs: RunInputs
    result: SolveResult
    as_read: RunInputs
    scenario: Scenario | None = None
    solved_by: str = ""
    solved_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", read_by(self.inputs, self.result.settings))

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.scenario.name if self.scenario else AS_IT_IS

    @property
    def status(self) -> Status:
        """How the solve ended."""
        return self.result.status

    @property
    def audit(self) -> dict[str, Any]:
        """The scenario as the audit row keeps it; empty without one."""
        return self.scenario.audit() if self.scenario else {}

    @cached_property
    def identity(self) -> str:
        """See `identity_of`."""
        return identity_of(self.result, self.audit)

    @cached_property
    def placed(self) -> pd.DataFrame:
        """Its placements, see `measures.placements`; made once, so change a copy only."""
        from allocator.measures.placements import placements

        return placements(self.inputs, self.result)


def identity_of(result: SolveResult, audit: Mapping[str, Any]) -> str:
    """What tells one solve from another: 64 hex digits (SHA-256) over who goes where, the
    settings, the scenario as the audit row keeps it, and the fingerprint of the data."""
    pairs = ((a.worker_mapping, a.job_line) for a in result.allocations)
    return content_digest(pairs, result.settings.as_dict(), audit, result.fingerprint)


def content_digest(
    pairs: Iterable[tuple[str, str]],
    settings: Mapping[str, Any],
    audit: Mapping[str, Any],
    fingerprint: str,
) -> str:
    """`identity_of` from its parts; `pairs` are (worker mapping, job line)."""
    content = {
        "allocation": sorted(pairs),
        "settings": dict(settings),
        "scenario": dict(audit),
        "fingerprint": fingerprint,
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
