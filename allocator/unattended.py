"""Solve and commit every pending run in turn, without anybody watching."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from allocator.errors import AllocatorError, CommitRefused, NotSolved, UsageError
from allocator.jobs import Unexpected
from allocator.models import AllocatorRun, Progress, Receipt, Settings, SolveResult, Status

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from allocator.service import AllocatorService

INFEASIBLE_EXIT = 3


class NotProven(CommitRefused):
    """The allocation is not proven optimal, so it was not committed."""

    remedy = "Give it more time, accept it with --accept-unproven, or commit it in the console."


class Infeasible(NotSolved):
    """No allocation satisfies every hard rule."""

    exit_code = INFEASIBLE_EXIT
    remedy = "Open the run's diagnosis to see the cause and the fixes."


@dataclass(frozen=True, slots=True)
class Processed:
    """What happened to one run: a receipt, or the error that kept it pending."""

    run: AllocatorRun
    seconds: float
    result: SolveResult | None = None
    receipt: Receipt | None = None
    error: AllocatorError | None = None

    @property
    def is_committed(self) -> bool:
        """True when the run is completed now."""
        return self.receipt is not None


def process_pending(
    service: AllocatorService,
    operator: str,
    settings: Settings,
    *,
    acknowledged: bool = False,
    accept_unproven: bool = False,
    on_run: Callable[[AllocatorRun], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> list[Processed]:
    """Solve and commit each pending run, the oldest first; one that fails does not stop the rest.

    Only proven optima are committed unless `accept_unproven`. `cancel` ends the work before the
    next run. Raises UsageError without an operator, and DatabaseError when the list of runs
    cannot be read.
    """
    if not operator.strip():
        raise UsageError("Nobody is named as the operator.", remedy="Name the operator.")
    cancel = cancel or threading.Event()
    processed = []
    for run in service.pending():
        if cancel.is_set():
            break
        if on_run:
            on_run(run)
        processed.append(
            _process(
                service, run, operator, settings, acknowledged, accept_unproven, on_progress, cancel
            )
        )
    return processed


def _process(
    service: AllocatorService,
    run: AllocatorRun,
    operator: str,
    settings: Settings,
    acknowledged: bool,
    accept_unproven: bool,
    on_progress: Callable[[Progress], None] | None,
    cancel: threading.Event,
) -> Processed:
    began = time.perf_counter()
    result: SolveResult | None = None
    try:
        inputs = service.hydrate(run.id)
        result = service.solve(
            inputs,
            settings,
            operator=operator,
            acknowledged=acknowledged,
            on_progress=on_progress,
            cancel=cancel,
        )
        require_allocation(result, accept_unproven=accept_unproven)
        receipt = service.commit(inputs, result, operator)
        return Processed(run, time.perf_counter() - began, result, receipt)
    except AllocatorError as exc:
        return Processed(run, time.perf_counter() - began, result, error=exc)
    except Exception as exc:  # a defect that one run brings out must not cost the others
        log.exception("run %s stopped unexpectedly", run.id)
        error = Unexpected()
        error.__cause__ = exc
        return Processed(run, time.perf_counter() - began, result, error=error)


def require_allocation(result: SolveResult, *, accept_unproven: bool) -> None:
    """Raise Infeasible, NotSolved or NotProven unless the result may be committed unattended."""
    if result.status is Status.INFEASIBLE:
        raise Infeasible(result.message)
    if not result.allocations:
        raise NotSolved(result.message or "The solve ended without an allocation.")
    if result.status is not Status.OPTIMAL and not accept_unproven:
        raise NotProven
