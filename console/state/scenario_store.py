"""The scenarios of a run, and the draft in hand.

Scenarios are in the database, or in this tab while our table is missing there. Everybody who signs
in sees those in the database; they survive a restart of anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from allocator.database.records import SavedScenario
from allocator.errors import AllocatorError, MissingTable, UsageError
from allocator.scenario import Scenario
from console.state import backend
from console.ui import session

KEPT_SECONDS = 5
IN_THIS_TAB = "scenarios kept in this tab"


@dataclass(frozen=True, slots=True)
class StoredScenario:
    """A stored scenario; `scenario` is None when its definition cannot be read."""

    id: str
    name: str
    operator: str
    updated_at: datetime
    scenario: Scenario | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A run's stored scenarios, by name, and whether the database keeps them."""

    kept: tuple[StoredScenario, ...]
    in_database: bool

    def find(self, scenario_id: str | None) -> StoredScenario | None:
        """The scenario with this id."""
        return next((kept for kept in self.kept if kept.id == scenario_id), None)

    @property
    def readable(self) -> tuple[StoredScenario, ...]:
        """Those that can be opened."""
        return tuple(kept for kept in self.kept if kept.scenario is not None)

    def free_name(self, wanted: str) -> str:
        """`wanted`, with a number when another scenario of the run has that name."""
        taken = {kept.name for kept in self.kept}
        names = (wanted if n == 1 else f"{wanted} ({n})" for n in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)


def shelf(run_id: str) -> Shelf:
    """The run's scenarios, a few seconds old at most. Raises DatabaseError."""
    found = backend.store().made(("scenarios", run_id), lambda: _read(run_id), KEPT_SECONDS)
    if found.in_database:
        return found
    mine: dict[str, StoredScenario] = session.remembered(IN_THIS_TAB, run_id, {})
    return Shelf(tuple(sorted(mine.values(), key=lambda kept: kept.name)), False)


def find_scenario(run_id: str, scenario_id: str) -> StoredScenario | None:
    """A stored scenario by its id, also one that another operator has just saved."""
    return shelf(run_id).find(scenario_id) or find_fresh(run_id, scenario_id)


def find_fresh(run_id: str, scenario_id: str) -> StoredScenario | None:
    """A stored scenario by its id, as it is stored this moment."""
    return _fresh(run_id).find(scenario_id)


def save(
    run_id: str, scenario: Scenario, operator: str, scenario_id: str | None = None
) -> StoredScenario:
    """Store a scenario under its name, or replace the one with `scenario_id`.

    Raises UsageError when the name is empty or another scenario has it, and DatabaseError.
    """
    named = replace(scenario, name=scenario.name.strip(), run=run_id)
    if not named.name:
        raise UsageError("The scenario has no name.", remedy="Give it one.")
    if not _fresh(run_id).in_database:
        return _save_here(run_id, named, operator, scenario_id)
    row = backend.service().save_scenario(
        run_id, named.name, operator, named.as_dict(), scenario_id=scenario_id
    )
    _forget(run_id)
    return _kept(row)


def save_anew(run_id: str, scenario: Scenario, operator: str) -> StoredScenario:
    """Store a scenario as a new one, under its name or the next that is free."""
    name = _fresh(run_id).free_name(scenario.name.strip() or "Scenario")
    return save(run_id, replace(scenario, name=name), operator)


def delete(run_id: str, scenario_id: str) -> None:
    """Delete a stored scenario."""
    if _fresh(run_id).in_database:
        backend.service().delete_scenario(scenario_id)
        _forget(run_id)
        return
    mine: dict[str, StoredScenario] = session.remembered(IN_THIS_TAB, run_id, {})
    session.remember(IN_THIS_TAB, {k: v for k, v in mine.items() if k != scenario_id}, run_id)


def _save_here(
    run_id: str, scenario: Scenario, operator: str, scenario_id: str | None
) -> StoredScenario:
    mine: dict[str, StoredScenario] = session.remembered(IN_THIS_TAB, run_id, {})
    if any(kept.name == scenario.name and kept.id != scenario_id for kept in mine.values()):
        raise UsageError(
            f"This run has a scenario called {scenario.name} already.",
            remedy="Choose another name.",
        )
    own_id = scenario_id or str(uuid4())
    kept = StoredScenario(own_id, scenario.name, operator, datetime.now(UTC), scenario)
    session.remember(IN_THIS_TAB, {**mine, own_id: kept}, run_id)
    return kept


def _kept(row: SavedScenario) -> StoredScenario:
    facts: dict[str, Any] = {
        name: getattr(row, name) for name in ("id", "name", "operator", "updated_at")
    }
    try:
        scenario = replace(Scenario.from_dict(row.definition), name=row.name)
    except AllocatorError as error:
        return StoredScenario(**facts, scenario=None, problem=error.message)
    return StoredScenario(**facts, scenario=scenario)


def _fresh(run_id: str) -> Shelf:
    _forget(run_id)
    return shelf(run_id)


def _forget(run_id: str) -> None:
    backend.store().drop("scenarios", run_id)


def _read(run_id: str) -> Shelf:
    try:
        return Shelf(tuple(_kept(row) for row in backend.service().scenarios(run_id)), True)
    except MissingTable:
        return Shelf((), False)
