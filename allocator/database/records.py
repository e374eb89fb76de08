"""Our own tables beside the run: the log of solves, the saved scenarios, the drafts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isnan
from typing import TYPE_CHECKING, Any, Self

from allocator import postgres
from allocator.database.rows import moment
from allocator.errors import AllocatorError, DatabaseError, MissingTable, NoProof, UsageError
from allocator.measures.outcome import audit_counts
from allocator.models import Preferences, RunInputs, Settings
from allocator.proof.seal import Seal
from allocator.result import Allocation, Effort, Receipt, SolveResult, Status
from allocator.rules.fingerprint import deciding_fingerprint
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import bucket_words, read_by
from allocator.scenario import apply_changes
from allocator.scenario.file import changes_from

if TYPE_CHECKING:
    import pandas as pd

    from allocator.proof.bundle import Bundle

log = logging.getLogger(__name__)

UNIQUE_VIOLATION = "23505"
"""SQLSTATE of a second row with the same unique key."""


class Work(StrEnum):
    """In what kind of work a seed was tried."""

    SOLVE = "solve"
    TRIAL = "trial"
    SWEEP = "sweep"
    DIAGNOSIS = "diagnosis"
    REPAIR = "repair"
    SWAP = "swap round"
    HONESTY = "honesty"


@dataclass(frozen=True, slots=True)
class LoggedSolve:
    """A solve that was tried on a run, committed or not; for sweeps and diagnoses, which solve
    many times, that they were begun: without status, objective and bound."""

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
        facts["solved_at"] = moment(row["solved_at"])
        facts["seed"] = None if row.get("seed") is None else int(row["seed"])
        return cls(**facts)

    @property
    def work(self) -> str:
        """In what kind of work the seed was tried, as in `Work`; rows from before say nothing."""
        return str(self.counts.get("work") or Work.SOLVE)


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
            facts[name] = moment(row[name])
        return cls(**facts)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an operator has begun on a run and not saved; `kind` and `name` say what it is."""

    operator: str
    allocator_py_run: str
    kind: str
    name: str
    content: Mapping[str, Any]
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `allocator_console_drafts`."""
        facts = {name: row[name] for name in cls.__slots__}
        return cls(**facts | {"updated_at": moment(row["updated_at"])})


def log_seed(
    inputs: RunInputs, settings: Settings, operator: str, work: Work, *, client: postgres.Client
) -> None:
    """Add to the run's log that a seed is tried in work of many solves, before they begin.

    Raises DatabaseError when the database cannot take it.
    """
    row = {
        "operator": operator,
        "seed": settings.seed,
        "settings": settings.as_dict(),
        "scenario": inputs.scenario,
        "fingerprint": inputs.fingerprint,
        "counts": {"work": work.value},
    }
    postgres.post("solves", [row], inputs.run.id, client=client)


def log_solve(
    inputs: RunInputs,
    result: SolveResult,
    operator: str,
    work: Work,
    *,
    client: postgres.Client,
) -> AllocatorError | None:
    """Add a solve to the run's log. Gives what kept the database from taking it, with a warning:
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
        "counts": {**audit_counts(inputs, result), "work": work.value},
    }
    try:
        postgres.post("solves", [row], inputs.run.id, client=client)
    except AllocatorError as exc:
        log.warning("the solve was not logged in the database: %s", exc.message)
        return exc
    return None


def logged_solves(run_id: str, *, client: postgres.Client) -> list[LoggedSolve]:
    """Every solve tried on a run, the oldest first. Raises MissingTable without our SQL."""
    rows = postgres.fetchAll("solves", run_id, client=client)
    return sorted((LoggedSolve.from_row(row) for row in rows), key=lambda solve: solve.solved_at)


def saved_scenarios(run_id: str, *, client: postgres.Client) -> list[SavedScenario]:
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
    client: postgres.Client,
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


def read_drafts(run_id: str, operator: str, *, client: postgres.Client) -> list[Draft]:
    """An operator's drafts of a run, the latest first. Raises MissingTable without our SQL."""
    rows = postgres.fetchAll("drafts", run_id, client=client)
    mine = (Draft.from_row(row) for row in rows if row["operator"] == operator)
    return sorted(mine, key=lambda draft: draft.updated_at, reverse=True)


def keep_draft(draft: Draft, *, client: postgres.Client) -> None:
    """Store a draft, or put it in the place of the one with its kind and name.

    The database sets the time, and drops the operator's oldest beyond 20 and everything that is
    older than 30 days (`sql/008_drafts.sql`). Raises MissingTable without our SQL.
    """
    row = {
        "operator": draft.operator,
        "kind": draft.kind,
        "name": draft.name,
        "content": dict(draft.content),
        "updated_at": "now",  # to PostgreSQL: the time of its own clock
    }
    postgres.post("drafts", [row], draft.allocator_py_run, client=client)


def receipt_of(row: Mapping[str, Any]) -> Receipt:
    """A receipt from an audit row or the commit function's answer."""
    facts: dict[str, Any] = {name: row.get(name) for name in Receipt.__slots__}
    facts["committed_at"] = moment(row["committed_at"])
    facts["repeated"] = bool(row.get("repeated"))
    facts["told"] = ()
    for name in ("settings", "scenario", "counts"):
        kept = row.get(name)
        facts[name] = kept if isinstance(kept, Mapping) else {}
    return Receipt(**facts)


def read_receipt(run_id: str, *, client: postgres.Client) -> Receipt | None:
    """The receipt of a committed run; None when this program did not commit it."""
    try:
        rows = postgres.fetchAll("audit", run_id, client=client)
    except MissingTable:
        return None
    return receipt_of(rows[0]) if rows else None


def read_proof(run_id: str, *, client: postgres.Client) -> Bundle:
    """The proof bundle that the commit of a run stored.

    Raises NoProof when there is none: the run is pending, or committed by another program.
    """
    try:
        rows = postgres.fetchAll("proof", run_id, client=client)
    except MissingTable:
        rows = []
    if not rows:
        receipt = read_receipt(run_id, client=client)
        if receipt is not None and receipt.proof_words:
            raise NoProof(receipt.proof_words)
        raise NoProof
    from allocator.proof.bundle import unpacked

    bundle = unpacked(rows[0]["bundle"])
    if bundle.get("digest") != rows[0]["digest"]:
        raise NoProof("The stored proof bundle is not the one that was committed.")
    return bundle


def seals(run_id: str, *, client: postgres.Client) -> list[Seal]:
    """Every seal of a run, the oldest first. Raises MissingTable without our SQL."""
    rows = postgres.fetchAll("seals", run_id, client=client)
    return sorted((Seal.from_row(row) for row in rows), key=lambda seal: seal.sealed_at)


Row = Mapping[str, Any]


def committed(
    inputs: RunInputs, receipt: Receipt, rows: Iterable[Row]
) -> tuple[RunInputs, SolveResult] | None:
    """The inputs that were solved (with the scenario's changes) and the result, checked anew.

    `inputs` are the completed run as it is read today. None when the data is no longer that of
    the commit, so that measures would mix what was with what is.
    """
    if receipt.objective is None:
        return None
    try:
        settings = Settings(**receipt.settings)
        now = read_by(inputs, settings)
        deciding = receipt.counts.get("deciding")
        if receipt.fingerprint != now.fingerprint and deciding != deciding_fingerprint(inputs):
            return None
        solved = read_by(_with_scenario(inputs, receipt.scenario), settings)
        allocations = tuple(_allocations(solved, settings, rows))
    except (KeyError, TypeError, ValueError, UsageError):
        return None
    from allocator.solving.checker import check

    verdict = check(solved, settings, allocations, receipt.objective, None)
    result = SolveResult(
        _status(receipt),
        settings,
        receipt.fingerprint,
        allocations,
        objective=receipt.objective,
        bound=receipt.bound,
        gap=None if receipt.bound is None else receipt.objective - receipt.bound,
        checks=verdict.checks,
        solver=receipt.solver,
        effort=Effort.of_counts(receipt.counts),
        scenario=solved.scenario,
    )
    return (solved, result) if result.is_checked else None


def stored_placements(inputs: RunInputs, rows: Iterable[Row]) -> pd.DataFrame:
    """The stored rows with names, by worker: `worker`, `name`, `job_line`, `job_line_name`,
    `original_preference` (the rank on the worker's whole list, NaN: unranked), `bucket` as in
    `measures.placements` (empty for a worker who takes no part any more)."""
    import pandas as pd

    chosen = {worker.id: worker.preferences for worker in inputs.workers}
    records = [
        {
            "worker": row["worker_mapping"],
            "name": worker_name(inputs, row["worker_mapping"]),
            "job_line": row["job_line"],
            "job_line_name": job_line_name(inputs, row["job_line"]),
            "original_preference": row["original_preference"],
            "bucket": bucket_words(
                chosen.get(row["worker_mapping"], Preferences()), row["job_line"]
            ),
        }
        for row in rows
    ]
    columns = ["worker", "name", "job_line", "job_line_name", "original_preference", "bucket"]
    kinds = {"original_preference": "float64", "bucket": "str"}
    frame = pd.DataFrame(records, columns=columns).astype(kinds)
    return frame.sort_values(["name", "worker"], ignore_index=True)


def _with_scenario(inputs: RunInputs, scenario: Mapping[str, Any]) -> RunInputs:
    changes = scenario.get("changes") or []
    if not scenario.get("name") and not changes:
        return inputs
    return apply_changes(inputs, changes_from(list(changes)), str(scenario.get("name") or ""))


def _status(receipt: Receipt) -> Status:
    try:
        return Status(receipt.counts["status"])
    except (KeyError, ValueError):
        return Status.FEASIBLE


def _allocations(
    inputs: RunInputs, settings: Settings, rows: Iterable[Row]
) -> Iterable[Allocation]:
    """Raises KeyError when a row names a worker or job line that takes no part."""
    import numpy as np

    from allocator.rules.matrices import matrices

    arrays = matrices(inputs)
    workers = {worker.id: i for i, worker in enumerate(inputs.workers)}
    job_lines = {job_line.id: i for i, job_line in enumerate(inputs.job_lines)}
    for row in sorted(rows, key=lambda row: str(row["worker_mapping"])):
        pair = workers[row["worker_mapping"]], job_lines[row["job_line"]]
        original = row["original_preference"]
        yield Allocation(
            row["worker_mapping"],
            row["job_line"],
            float(arrays.scores[pair]),
            None if original is None or isnan(original) else float(original),
            float(arrays.coefficients(settings, *map(np.atleast_1d, pair))[0]),
        )
