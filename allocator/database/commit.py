"""Commit a checked result: read again, compare, one call, and the truth after a lost answer."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from allocator import postgres
from allocator.database.hydrate import hydrate
from allocator.database.records import read_receipt, receipt_of
from allocator.errors import (
    AllocatorError,
    AlreadyCompleted,
    CommitRefused,
    InputsChanged,
    MalformedAnswer,
    MissingTable,
    NotSolved,
    SolveCancelled,
    TimedOut,
    Unreachable,
    UsageError,
)
from allocator.measures.outcome import audit_counts
from allocator.models import RunInputs
from allocator.proof.bundle import MOST_BYTES, packed, proof_bundle
from allocator.result import Receipt, SolveResult, Status
from allocator.rules.fingerprint import deciding_fingerprint, differences, spellings
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import read_by

COMMITTABLE = (Status.OPTIMAL, Status.FEASIBLE)

LOOK_AGAIN = (0.2, 0.6, 1.2, 2.0)
"""Seconds before each look at a run whose commit lost its answer."""


def commit(
    inputs: RunInputs,
    result: SolveResult,
    operator: str,
    *,
    scenario: Mapping[str, Any] | None = None,
    as_read: RunInputs | None = None,
    client: postgres.Client,
) -> Receipt:
    """Write the result's allocations and complete the run, once; give the receipt.

    `as_read` are the inputs before a scenario changed them (default: `inputs`). Repeating a
    commit that succeeded gives its receipt, marked as repeated. Raises NotSolved, SolveCancelled,
    UsageError, InputsChanged, AlreadyCompleted, CommitRefused and the database's errors.
    """
    operator = operator.strip()
    require_committable(inputs, result, operator)
    before = as_read or inputs
    # Taken before the last reading: a change after that reading changes the digest too.
    digest = postgres.digest(inputs.run.id, client=client)
    now = hydrate(inputs.run.id, client=client)
    # A run that is completed by now is the commit function's to judge: a repeat, or too late.
    if now.run.is_pending and read_by(now, result.settings).fingerprint != result.fingerprint:
        raise InputsChanged(differences(before, now))
    rows = [
        {
            "worker_mapping": a.worker_mapping,
            "job_line": a.job_line,
            "original_preference": a.original_preference,
        }
        for a in result.allocations
    ]
    audit = {**audit_of(inputs, result, operator, scenario or {}), "digest": digest}
    audit["counts"] = {**audit["counts"], "deciding": deciding_fingerprint(before)}
    audit |= _proof_of(before, inputs, result, audit, client)
    try:
        receipt = postgres.post("allocations", rows, inputs.run.id, client=client, audit=audit)
    except (Unreachable, TimedOut, MalformedAnswer) as exc:
        if exc.facts.get("nothing_written"):
            raise
        return _find_out(inputs.run.id, rows, operator, exc, client)
    except AlreadyCompleted:
        raise
    except CommitRefused as exc:
        raise _in_names(exc, inputs) from exc
    return replace(receipt_of(receipt), told=spellings(before, now))


def _proof_of(
    before: RunInputs,
    inputs: RunInputs,
    result: SolveResult,
    audit: Mapping[str, Any],
    client: postgres.Client,
) -> dict[str, str]:
    """The proof bundle as the commit function stores it; nothing when it is too large for that."""
    try:
        tried = postgres.fetchAll("solves", inputs.run.id, client=client)
    except MissingTable:
        tried = []
    tried.sort(key=lambda row: str(row["solved_at"]))
    bundle = proof_bundle(before, inputs, result, audit["operator"], audit["scenario"], tried)
    text = packed(bundle)
    return {} if len(text) > MOST_BYTES else {"proof": text, "proof_digest": bundle["digest"]}


def require_committable(inputs: RunInputs, result: SolveResult, operator: str) -> None:
    """Raise NotSolved, SolveCancelled or UsageError unless this operator may commit the result."""
    if not operator:
        raise UsageError("The commit does not say who commits.", remedy="Name the operator.")
    if result.status is Status.CANCELLED:
        raise SolveCancelled
    if result.status not in COMMITTABLE or not result.allocations:
        raise NotSolved(f"The solve ended as {result.status.value}, without an allocation.")
    if not result.is_checked:
        raise NotSolved("The allocation has not passed the independent check.")
    solved = read_by(inputs, result.settings)
    if result.fingerprint != solved.fingerprint or result.scenario != inputs.scenario:
        raise NotSolved("The allocation belongs to other inputs than these.")


def audit_of(
    inputs: RunInputs, result: SolveResult, operator: str, scenario: Mapping[str, Any]
) -> dict[str, Any]:
    """The audit row's facts, JSON-ready."""
    return {
        "operator": operator,
        "settings": result.settings.as_dict(),
        "scenario": dict(scenario),
        "objective": result.objective,
        "bound": result.bound,
        "solver": result.solver,
        "fingerprint": result.fingerprint,
        "counts": audit_counts(inputs, result),
    }


def _find_out(
    run_id: str,
    rows: list[dict[str, Any]],
    operator: str,
    lost: AllocatorError,
    client: postgres.Client,
) -> Receipt:
    """Look whether a commit whose answer was lost took place; it is never sent again from here.

    A commit that reached the database ends within its statement timeout, usually at once.
    Raises the loss, with what is known, when the run is still pending or cannot be read.
    """
    was_read = False
    for delay in LOOK_AGAIN:
        time.sleep(delay)
        try:
            run = postgres.fetchAll("run", run_id, client=client)
            if run and run[0]["completed_at"] is not None:
                return _receipt_or_refusal(run_id, rows, operator, run[0]["completed_at"], client)
            was_read = True
        except (Unreachable, TimedOut):
            continue
    if was_read:
        raise type(lost)(
            "The connection broke during the commit, and the run is still pending: as far as "
            "can be seen, nothing was written.",
            remedy="Commit again; repeating a commit is safe.",
        ) from lost
    raise type(lost)(
        "The connection broke during the commit, and the database cannot be read now, so it is "
        "not known whether the run was committed.",
        remedy="When the database answers again, open the run; repeating a commit is safe.",
    ) from lost


def _receipt_or_refusal(
    run_id: str,
    rows: list[dict[str, Any]],
    operator: str,
    completed_at: str,
    client: postgres.Client,
) -> Receipt:
    receipt = read_receipt(run_id, client=client)
    written = postgres.fetchAll("allocations", run_id, client=client)
    ours = {(row["worker_mapping"], row["job_line"]) for row in rows}
    theirs = {(row["worker_mapping"], row["job_line"]) for row in written}
    if receipt is not None and receipt.operator == operator and ours == theirs:
        return replace(receipt, repeated=False)
    who = receipt.operator if receipt else "Another program"
    raise AlreadyCompleted(
        f"{who} completed this run first ({completed_at}); nothing was written.",
        operator=receipt.operator if receipt else "",
        committed_at=completed_at,
    )


def _in_names(exc: CommitRefused, inputs: RunInputs) -> CommitRefused:
    """The refusal with the worker's or job line's name for its id."""

    def name(match: re.Match[str]) -> str:
        row_id = match.group().lower()
        workers = {worker.id for worker in inputs.workers}
        return (worker_name if row_id in workers else job_line_name)(inputs, row_id)

    message = re.sub(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", name, exc.message)
    remedy = exc.how or "Load the run again and solve it anew."
    return CommitRefused(message, remedy=remedy, **exc.facts)
