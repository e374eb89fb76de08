"""Our own tables beside the run: the log of solves and the saved scenarios."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from allocator import postgres
from allocator.counts import counts_of
from allocator.errors import AllocatorError, DatabaseError, UsageError
from allocator.models import RunInputs, SolveResult

log = logging.getLogger(__name__)

UNIQUE_VIOLATION = "23505"
"""SQLSTATE of a second row with the same unique key."""


@dataclass(frozen=True, slots=True)
class LoggedSolve:
    """One solve that was tried on a run, committed or not."""

    id: str
    operator: str
    solved_at: datetime
    seed: int | None
    settings: Mapping[str, Any]
    scenario: str
    status: str
    objective: float | None
    bound: float | None
    solver: str
    fingerprint: str
    counts: Mapping[str, Any]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `allocator_console_solves`."""
        facts: dict[str, Any] = {name: row.get(name) for name in cls.__slots__}
        facts["solved_at"] = datetime.fromisoformat(str(row["solved_at"]))
        facts["seed"] = None if row.get("seed") is None else int(row["seed"])
        return cls(**facts)


@dataclass(frozen=True, slots=True)
class SavedScenario:
    """A named scenario of a run; `definition` is what `scenario_file` reads and writes."""

    id: str
    allocator_py_run: str
    name: str
    operator: str
    definition: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `allocator_console_scenarios`."""
        facts = {name: row[name] for name in cls.__slots__}
        for name in ("created_at", "updated_at"):
            facts[name] = datetime.fromisoformat(str(row[name]))
        return cls(**facts)


def log_solve(
    inputs: RunInputs, result: SolveResult, operator: str, *, client: postgres.Client | None = None
) -> bool:
    """Add a solve to the run's log. False, and a warning, when the database cannot take it:
    a log that is missing must not cost the coordinator the solve."""
    row = {
        "operator": operator,
        "seed": result.settings.seed,
        "settings": result.settings.as_dict(),
        "scenario": result.scenario,
        "status": result.status.value,
        "objective": result.objective,
        "bound": result.bound,
        "solver": result.solver,
        "fingerprint": result.fingerprint,
        "counts": counts_of(inputs, result),
    }
    try:
        postgres.post("solves", [row], inputs.run.id, client=client)
    except AllocatorError as exc:
        log.warning("the solve was not logged in the database: %s", exc.message)
        return False
    return True


def logged_solves(run_id: str, *, client: postgres.Client | None = None) -> list[LoggedSolve]:
    """Every solve tried on a run, the oldest first. Raises MissingTable without our SQL."""
    rows = postgres.fetchAll("solves", run_id, client=client)
    return sorted((LoggedSolve.from_row(row) for row in rows), key=lambda solve: solve.solved_at)


def saved_scenarios(run_id: str, *, client: postgres.Client | None = None) -> list[SavedScenario]:
    """The scenarios saved for a run, by name. Raises MissingTable without our SQL."""
    rows = postgres.fetchAll("scenarios", run_id, client=client)
    return sorted((SavedScenario.from_row(row) for row in rows), key=lambda saved: saved.name)


def save_scenario(
    run_id: str,
    name: str,
    operator: str,
    definition: Mapping[str, Any],
    *,
    scenario_id: str | None = None,
    client: postgres.Client | None = None,
) -> SavedScenario:
    """Save a scenario, or replace the one with `scenario_id`.

    Raises UsageError when another scenario of the run has this name.
    """
    row: dict[str, Any] = {"name": name, "operator": operator, "definition": dict(definition)}
    if scenario_id is not None:
        row |= {"id": scenario_id, "updated_at": datetime.now().astimezone().isoformat()}
    try:
        stored = postgres.post("scenarios", [row], run_id, client=client)
    except DatabaseError as exc:
        if exc.facts.get("code") != UNIQUE_VIOLATION:
            raise
        raise UsageError(
            f"This run has a scenario called {name} already.", remedy="Choose another name."
        ) from exc
    return SavedScenario.from_row(stored[0])
