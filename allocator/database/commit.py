"""Commit a checked result: read again, compare, one call, and the truth after a lost answer."""

from __future__ import annotations

import json
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
    CommitInterrupted,
    CommitRefused,
    DatabaseError,
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
from allocator.result import PROOF_LEFT_OUT, Receipt, SolveResult, Status
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
    UsageError, InputsChanged, AlreadyCompleted, CommitRefused, CommitInterrupted and the
    database's errors. When it is not known whether the run is or will be committed, they say so.
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
    audit = _with_proof(before, inputs, result, audit, client)
    try:
        answer = postgres.post("allocations", rows, inputs.run.id, client=client, audit=audit)
    except KeyboardInterrupt:
        raise CommitInterrupted from None
    except DatabaseError as exc:
        may_be_lost = isinstance(exc, Unreachable | TimedOut | MalformedAnswer)
        if exc.facts.get("nothing_written", not may_be_lost):
            raise
        return _find_out(inputs.run.id, rows, audit, exc, client)
    except AlreadyCompleted:
        raise
    except CommitRefused as exc:
        raise _in_names(exc, inputs) from exc
    receipt = receipt_of(answer)
    if receipt.repeated and not _is_of(receipt, audit):
        raise _completed_first(receipt, receipt.committed_at.isoformat(sep=" "))
    return replace(receipt, told=spellings(before, now))


def _with_proof(
    before: RunInputs,
    inputs: RunInputs,
    result: SolveResult,
    audit: dict[str, Any],
    client: postgres.Client,
) -> dict[str, Any]:
    """The audit facts with the proof bundle as the commit function stores it; with its size in
    bytes among the counts instead when it is too large for that."""
    try:
        tried = postgres.fetchAll("solves", inputs.run.id, client=client)
    except MissingTable:
        tried = []
    tried.sort(key=lambda row: str(row["solved_at"]))
    bundle = proof_bundle(before, inputs, result, audit["operator"], audit["scenario"], tried)
    text = packed(bundle)
    if len(text) > MOST_BYTES:
        return {**audit, "counts": {**audit["counts"], PROOF_LEFT_OUT: len(text)}}
    return {**audit, "proof": text, "proof_digest": bundle["digest"]}


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
    audit: Mapping[str, Any],
    lost: AllocatorError,
    client: postgres.Client,
) -> Receipt:
    """Look whether a commit whose answer was lost took place; it is never sent again from here.

    A commit that reached the database ends within its statement timeout, usually at once; one
    that the network still holds may come at any time, so a run that is pending proves nothing.
    Raises the loss, with what is known, when the run is still pending or cannot be read.
    """
    known = "the database cannot be read now"
    for delay in LOOK_AGAIN:
        time.sleep(delay)
        try:
            run = postgres.fetchAll("run", run_id, client=client)
            if run and run[0]["completed_at"] is not None:
                return _receipt_or_refusal(run_id, rows, audit, run[0]["completed_at"], client)
            known = "the run is still pending, though what was sent may yet arrive"
        except DatabaseError:
            continue
    raise type(lost)(
        f"No answer to the commit arrived, and {known}, so it is not known whether the run is "
        "committed.",
        remedy="Open the run again in a minute to see; repeating the commit is safe.",
    ) from lost


def _receipt_or_refusal(
    run_id: str,
    rows: list[dict[str, Any]],
    audit: Mapping[str, Any],
    completed_at: str,
    client: postgres.Client,
) -> Receipt:
    receipt = read_receipt(run_id, client=client)
    written = postgres.fetchAll("allocations", run_id, client=client)
    ours = {(row["worker_mapping"], row["job_line"]) for row in rows}
    theirs = {(row["worker_mapping"], row["job_line"]) for row in written}
    if receipt is not None and ours == theirs and _is_of(receipt, audit):
        return replace(receipt, repeated=False)
    raise _completed_first(receipt, completed_at)


def _is_of(receipt: Receipt, audit: Mapping[str, Any]) -> bool:
    """True when the receipt is of this solve by this operator. The same places can come out of
    other settings, and an audit row must not be taken for that of a solve that it does not name."""
    sent: dict[str, Any] = json.loads(
        json.dumps({name: audit[name] for name in ("settings", "scenario")})
    )
    kept = {"settings": dict(receipt.settings), "scenario": dict(receipt.scenario)}
    named = (receipt.operator, receipt.fingerprint)
    return named == (audit["operator"], audit["fingerprint"]) and kept == sent


def _completed_first(receipt: Receipt | None, completed_at: str) -> AlreadyCompleted:
    who = receipt.operator if receipt else "Another program"
    return AlreadyCompleted(
        f"{who} completed this run first ({completed_at}) with another solve than this; nothing "
        "was written now.",
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
