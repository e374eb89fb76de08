"""Every pending run solved and committed without anybody watching, on a real database."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from allocator.demo import demo_data
from allocator.errors import (
    Infeasible,
    InvalidData,
    NotProven,
    SolveCancelled,
    Unexpected,
    UsageError,
)
from allocator.models import Settings
from allocator.result import Status
from allocator.service import AllocatorService
from allocator.unattended import Terms, process_pending, require_allocation
from tests.builders import small_result
from tests.services import service_at

TERMS = Terms("night job", Settings())
SOUND = {demo_data.INTERN_YEAR, demo_data.BY_EYE, demo_data.SECOND_BATCH}
"""The demo's pending runs that have an allocation and no data error."""


def committed(database) -> set[str]:
    """The runs with a completion, an audit row and allocations, which come together."""
    completed, audited, allocated = (
        {str(row["id"]) for row in database.rows(query)}
        for query in (
            "select id from allocator_py_runs where completed_at is not null",
            "select allocator_py_run as id from allocator_console_audit",
            "select allocator_py_run as id from allocator_py_allocations",
        )
    )
    before = {demo_data.COMPLETED, demo_data.TO_REPAIR}
    assert completed - before == audited == allocated - before
    return audited


def test_runs_that_fail_do_not_stop_the_others(service, database):
    processed = {p.run.id: p for p in process_pending(service, TERMS)}
    assert len(processed) == 6
    assert {run_id for run_id, p in processed.items() if p.is_committed} == SOUND
    assert committed(database) == SOUND
    assert processed[demo_data.INFEASIBLE].result.status is Status.INFEASIBLE
    assert isinstance(processed[demo_data.INFEASIBLE].error, Infeasible)
    assert isinstance(processed[demo_data.NEEDS_ACKNOWLEDGEMENT].error, InvalidData)
    assert processed[demo_data.BY_EYE].receipt == service.receipt(demo_data.BY_EYE)


def test_acknowledged_data_errors_do_not_keep_a_run_pending(service, database):
    process_pending(service, replace(TERMS, acknowledged=True))
    acknowledged = {demo_data.NEEDS_ACKNOWLEDGEMENT, demo_data.REPAIR_BATCH}
    assert committed(database) == SOUND | acknowledged


@pytest.mark.parametrize(
    "failure", [ZeroDivisionError("secret detail"), KeyError("row"), OSError()]
)
def test_a_defect_that_one_run_brings_out_does_not_cost_the_others(service, database, failure):
    class Brittle(AllocatorService):
        def hydrate(self, run_id, **options):
            if run_id == demo_data.INTERN_YEAR:
                raise failure
            return super().hydrate(run_id, **options)

    processed = {p.run.id: p for p in process_pending(Brittle(service.client), TERMS)}
    failed = processed[demo_data.INTERN_YEAR]
    assert isinstance(failed.error, Unexpected)
    assert "secret" not in str(failed.error)
    assert committed(database) == SOUND - {demo_data.INTERN_YEAR}


def test_cancel_commits_nothing_of_the_solve_under_way_and_ends_the_work(service, database):
    cancel = threading.Event()

    def carry_out(inputs, attempt, stop):
        if inputs.run.id in SOUND:
            cancel.set()
        attempt(None, stop)

    terms = replace(TERMS, accept_unproven=True)
    processed = process_pending(service, terms, cancel=cancel, carry_out=carry_out)
    assert isinstance(processed[-1].error, SolveCancelled)
    assert processed[-1].run.id in SOUND
    assert len(processed) < 5
    assert committed(database) == set()


def test_cancel_before_the_first_run_solves_nothing(service, database):
    cancel = threading.Event()
    cancel.set()
    assert process_pending(service, TERMS, cancel=cancel) == []


def test_nothing_pending_is_nothing_to_do(database):
    assert process_pending(service_at(database, database.info.url), TERMS) == []


def test_somebody_answers_for_the_work():
    with pytest.raises(UsageError, match="operator"):
        Terms("  ", Settings())


def test_unproven_result_needs_to_be_accepted():
    result = replace(small_result(), status=Status.FEASIBLE)
    with pytest.raises(NotProven) as refusal:
        require_allocation(result, accept_unproven=False, cancel=threading.Event())
    assert refusal.value.exit_code == 6
    require_allocation(result, accept_unproven=True, cancel=threading.Event())


@pytest.mark.parametrize("accept_unproven", [False, True])
def test_cancelled_result_is_never_accepted(accept_unproven):
    result = replace(small_result(), status=Status.CANCELLED)
    with pytest.raises(SolveCancelled):
        require_allocation(result, accept_unproven=accept_unproven, cancel=threading.Event())


def test_optimum_that_a_cancel_came_too_late_for_is_not_committed_either():
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(SolveCancelled):
        require_allocation(small_result(), accept_unproven=True, cancel=cancel)
