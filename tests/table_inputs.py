"""Hydrated inputs straight from generated table rows, without a database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from allocator.models import AllocatorRun, Eligibility, JobLine, RunInputs, Weighting, Worker
from allocator.rules.matrices import Matrices
from allocator.rules.ranks import preferences

Tables = dict[str, list[dict[str, Any]]]


def inputs_from(tables: Tables, run_id: str) -> RunInputs:
    """Who and what takes part in the allocator run, sorted by id."""
    run = _row(tables, "allocator_py_runs", run_id)
    placed = _placed_elsewhere(tables, run) if run["is_exclusive"] else []
    used = [row["job_line"] for row in placed]
    mappings = [
        row
        for row in _of(tables, "allocation_run_worker_mappings", run)
        if not _withdrew(row, run)
        and row["id"] in _included(run["included_worker_mappings"], row["id"])
        and all(row["id"] != other["worker_mapping"] for other in placed)
    ]
    job_lines = [
        row
        for row in _of(tables, "job_lines", run)
        if row["id"] in _included(run["included_job_lines"], row["id"])
        and row["max_n_workers"] > used.count(row["id"])
    ]
    present = {row["id"] for row in job_lines}
    weightings = _of(tables, "allocation_run_preferencer_weightings", run)
    return RunInputs(
        AllocatorRun(run_id, run["allocation_run"], datetime.fromisoformat(run["created_at"])),
        tuple(sorted((_worker(tables, row, present) for row in mappings), key=lambda w: w.id)),
        tuple(sorted((_job_line(tables, row, used) for row in job_lines), key=lambda j: j.id)),
        tuple(sorted((_weighting(row) for row in weightings), key=lambda w: w.id)),
    )


def seats(inputs: RunInputs) -> np.ndarray:
    """Job line position of each place."""
    return np.repeat(np.arange(len(inputs.job_lines)), Matrices(inputs).upper)


def workers_placed(inputs: RunInputs) -> int:
    """Most workers that can be placed at once."""
    graph = csr_matrix(Matrices(inputs).eligible[:, seats(inputs)])
    return int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())


def is_feasible(inputs: RunInputs) -> bool:
    """A matching that covers all workers and one that covers all mandatory job lines prove one
    that covers both (Mendelsohn and Dulmage 1958)."""
    arrays = Matrices(inputs)
    must = csr_matrix(arrays.eligible[:, arrays.lower > 0])
    filled = (maximum_bipartite_matching(must, perm_type="row") >= 0).all()
    return bool(workers_placed(inputs) == len(inputs.workers) and filled)


def _row(tables: Tables, table: str, row_id: str) -> dict[str, Any]:
    return next(row for row in tables[table] if row["id"] == row_id)


def _withdrew(row: dict[str, Any], run: dict[str, Any]) -> bool:
    """Whether a withdrawal was said before the run's completion and took effect at once."""
    said, done = row["withdrawn_at"], run["completed_at"]
    is_coming = row["withdrawal_effective_at"] is not None
    return said is not None and not is_coming and (done is None or said < done)


def _of(tables: Tables, table: str, run: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in tables[table] if row["allocation_run"] == run["allocation_run"]]


def _included(ids: list[str] | None, row_id: str) -> Collection[str]:
    return ids or [row_id]


def _placed_elsewhere(tables: Tables, run: dict[str, Any]) -> list[dict[str, Any]]:
    others = {
        row["id"]
        for row in _of(tables, "allocator_py_runs", run)
        if row["completed_at"] is not None and row["id"] != run["id"]
    }
    return [row for row in tables["allocator_py_allocations"] if row["allocator_py_run"] in others]


def _worker(tables: Tables, mapping: dict[str, Any], present: set[str]) -> Worker:
    person = _row(tables, "workers", mapping["worker"])
    order = {
        row["job_line"]: row["order_preference"]
        for row in tables["preference_worker_job_lines"]
        if row["allocation_run_worker_mapping"] == mapping["id"]
        and row["order_preference"] is not None
    }
    tags = {
        row["qualification_tag"]
        for row in tables["worker_qualifications"]
        if row["worker"] == person["id"]
    }
    return Worker(
        mapping["id"],
        person["firstname"],
        person["lastname"],
        person["preferred_name"] or "",
        person["internal_id"],
        person["qualificationlevel"],
        mapping["submitted"],
        mapping["locked"],
        frozenset(tags),
        preferences(order, present),
    )


def _job_line(tables: Tables, row: dict[str, Any], used: list[str]) -> JobLine:
    rules = [
        Eligibility(
            row["id"],
            frozenset(rule["included_qualification_tag_ids"]),
            frozenset(rule["excluded_qualification_tag_ids"]),
            frozenset(rule["included_worker_mapping_ids"]),
            frozenset(rule["excluded_worker_mapping_ids"]),
        )
        for rule in tables["job_line_eligibility"]
        if rule["job_line"] == row["id"]
    ]
    return JobLine(
        row["id"],
        row["name"],
        row["sort_order"],
        row["max_n_workers"],
        row["must_have_workers"],
        used.count(row["id"]),
        rules[0] if rules else None,
    )


def _weighting(row: dict[str, Any]) -> Weighting:
    return Weighting(
        row["id"],
        row["weighting"],
        row["job_line"],
        frozenset(row["qualification_tag_ids"]),
        frozenset(row["worker_mapping_ids"]),
    )
