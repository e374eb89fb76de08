"""Solve and commit every pending run in turn, without anybody watching.

The one loop behind `process-pending`, from the command line and over HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from allocator.errors import (
    AllocatorError,
    Infeasible,
    NotAccepted,
    NotProven,
    NotSolved,
    SolveCancelled,
    Unexpected,
    UsageError,
)
from allocator.jobs import OnProgress
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.result import Receipt, SolveResult, Status
from allocator.service import AllocatorService

log = logging.getLogger(__name__)

Attempt = Callable[[OnProgress | None, threading.Event], SolveResult]
"""Solve and commit one run; it reports progress and stops early when the event is set."""

CarryOut = Callable[[RunInputs, Attempt, threading.Event], object]
"""Where an attempt runs. It lets the attempt's failure through; the event cancels it."""


@dataclass(frozen=True, slots=True)
class Processed:
    """What happened to one run: a receipt, or the error that kept it pending.

    `seconds` includes reading and committing. `result` is there once the run was solved.
    """

    run: AllocatorRun
    seconds: float
    result: SolveResult | None = None
    receipt: Receipt | None = None
    error: AllocatorError | None = None

    @property
    def is_committed(self) -> bool:
        """True when the run is completed now."""
        return self.receipt is not None


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms runs are solved and committed, and by whom.

    `acknowledged` accepts the data errors that may be accepted; without `accept_unproven` only
    proven optima are committed. With `expect` (run's id → `solved.identity_of` of the solve that
    was looked at) only those runs are solved, and only just that is committed. Raises UsageError
    without an operator.
    """

    operator: str
    settings: Settings
    acknowledged: bool = False
    accept_unproven: bool = False
    expect: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if not self.operator.strip():
            raise UsageError("Nobody is named as the operator.", remedy="Name the operator.")


def process_pending(
    service: AllocatorService,
    terms: Terms,
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
    carry_out: CarryOut | None = None,
) -> list[Processed]:
    """Solve and commit each pending run, the longest waiting first; none stops the rest.

    `cancel` stops the present solve, which is then not committed, and ends the work. Each
    attempt runs here and now unless `carry_out` takes it elsewhere. Raises DatabaseError when
    the list of runs cannot be read.
    """
    cancel = cancel or threading.Event()
    carry_out = carry_out or (lambda _inputs, attempt, stop: attempt(on_progress, stop))
    processed = []
    for run in service.pending():
        if cancel.is_set():
            break
        if terms.expect is None or run.id in terms.expect:
            processed.append(_process(service, run, terms, cancel, carry_out))
    return processed


def _process(
    service: AllocatorService,
    run: AllocatorRun,
    terms: Terms,
    cancel: threading.Event,
    carry_out: CarryOut,
) -> Processed:
    began = time.perf_counter()
    result: SolveResult | None = None
    receipt: Receipt | None = None

    def attempt(on_progress: OnProgress | None, stop: threading.Event) -> SolveResult:
        nonlocal result, receipt
        if inputs.to_accept and not terms.acknowledged:
            raise NotAccepted(tuple(map(str, inputs.to_accept)))
        result = service.solve(
            inputs,
            terms.settings,
            operator=terms.operator,
            acknowledged=terms.acknowledged,
            on_progress=on_progress,
            cancel=stop,
        )
        require_allocation(result, accept_unproven=terms.accept_unproven, cancel=stop)
        expected = (terms.expect or {}).get(run.id, "")
        receipt = service.commit(inputs, result, terms.operator, expect=expected)
        return result

    error: AllocatorError | None = None
    try:
        inputs = service.hydrate(run.id)
        carry_out(inputs, attempt, cancel)
    except AllocatorError as exc:
        error = exc
    except Exception as exc:  # a defect that one run brings out must not cost the others
        log.exception("run %s stopped unexpectedly", run.id)
        error = Unexpected()
        error.__cause__ = exc
    return Processed(run, time.perf_counter() - began, result, receipt, error)


def require_allocation(
    result: SolveResult, *, accept_unproven: bool, cancel: threading.Event
) -> None:
    """Raise Infeasible, SolveCancelled, NotSolved or NotProven unless the result may be committed
    unattended. Once `cancel` is set nothing may be, not even an optimum that it came too late
    for."""
    if result.status is Status.INFEASIBLE:
        raise Infeasible(result.message)
    if cancel.is_set() or result.status is Status.CANCELLED:
        raise SolveCancelled
    if not result.allocations:
        raise NotSolved(result.message or "The solve ended without an allocation.")
    if result.status is not Status.OPTIMAL and not accept_unproven:
        raise NotProven
