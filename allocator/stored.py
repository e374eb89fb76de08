"""A committed run as it was solved: put together again from its receipt and stored rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from allocator.checker import check
from allocator.effort import Effort
from allocator.errors import UsageError
from allocator.matrices import matrices
from allocator.models import Allocation, Receipt, RunInputs, Settings, SolveResult, Status
from allocator.naming import job_line_name, worker_name
from allocator.scenario import apply_changes
from allocator.scenario.file import changes_from

Row = Mapping[str, Any]


def committed(
    inputs: RunInputs, receipt: Receipt, rows: Iterable[Row]
) -> tuple[RunInputs, SolveResult] | None:
    """The inputs that were solved (with the scenario's changes) and the result, checked anew.

    `inputs` are the completed run as it is read today. None when the data is no longer that of
    the commit, so that measures would mix what was with what is.
    """
    if inputs.fingerprint != receipt.fingerprint or receipt.objective is None:
        return None
    try:
        settings = Settings(**receipt.settings)
        solved = _with_scenario(inputs, receipt.scenario)
        allocations = tuple(_allocations(solved, settings, rows))
    except (KeyError, TypeError, ValueError, UsageError):
        return None
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
    `original_preference` (the rank on the worker's whole list, NaN: unranked)."""
    records = [
        {
            "worker": row["worker_mapping"],
            "name": worker_name(inputs, row["worker_mapping"]),
            "job_line": row["job_line"],
            "job_line_name": job_line_name(inputs, row["job_line"]),
            "original_preference": row["original_preference"],
        }
        for row in rows
    ]
    columns = ["worker", "name", "job_line", "job_line_name", "original_preference"]
    frame = pd.DataFrame(records, columns=columns).astype({"original_preference": "float64"})
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
            None if original is None or np.isnan(original) else float(original),
            float(arrays.coefficients(settings, *map(np.atleast_1d, pair))[0]),
        )
