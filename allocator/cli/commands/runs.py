"""`runs` and `show`: what is there, without solving or writing."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from allocator.cli.output import Output, issue_fields, moment, receipt_fields, service_for
from allocator.errors import ExitCode
from allocator.models import LeftOut, Notice, RunInputs
from allocator.rules.naming import job_line_name, worker_name

if TYPE_CHECKING:
    from allocator.database.overview import RunOverview


def runs(args: Namespace, out: Output) -> int:
    """Every run, pending ones first."""
    rows = service_for(args).runs()
    out.add(runs=[overview_fields(row) for row in rows])
    pending = [row for row in rows if row.run.is_pending]
    completed = [row for row in rows if not row.run.is_pending]
    out.table(
        ("Run", "Plan", "Starts", "Batch", "Queued", "Workers", "Submitted", "Job lines", "Seats"),
        [_pending_cells(row) for row in pending],
        title=f"{len(pending)} pending",
        numbers=("Batch", "Workers", "Submitted", "Job lines", "Seats"),
    )
    if completed:
        out.table(
            ("Run", "Plan", "Starts", "Batch", "Completed", "By", "Placed", "1st", "Top 5"),
            [_completed_cells(row) for row in completed],
            title=f"{len(completed)} completed",
            numbers=("Batch", "Placed", "1st", "Top 5"),
        )
    faults = [(row.run.id[:8], issue) for row in rows for issue in row.issues]
    if faults:
        out.table(
            ("Run", "Row", "What is wrong", "What to do"),
            [(run, issue.row, issue.message, issue.remedy) for run, issue in faults],
            title=f"{len(faults)} data errors in the runs' own rows",
        )
    return ExitCode.DONE


def overview_fields(row: RunOverview) -> dict[str, Any]:
    """One run as JSON fields."""
    run = row.run
    return {
        "run_id": run.id,
        "plan": run.plan_name,
        "organisation": row.org,
        "timezone": run.timezone,
        "allocation_run": run.allocation_run,
        "allocation_run_status": run.allocation_run_status,
        "startdate": run.startdate,
        "enddate": run.enddate,
        "batch": row.batch,
        "batches": row.batches,
        "pending": run.is_pending,
        "is_exclusive": run.is_exclusive,
        "created_at": run.created_at,
        "queued_at": run.queued_at,
        "completed_at": run.completed_at,
        "workers": row.workers,
        "submitted": row.submitted,
        "job_lines": row.job_lines,
        "seats": row.seats,
        "left_out": row.left_out,
        "operator": row.receipt.operator if row.receipt else None,
        "outcome": dict(row.outcome),
        "data_errors": [issue_fields(issue) for issue in row.issues],
    }


def _pending_cells(row: RunOverview) -> tuple[Any, ...]:
    run = row.run
    return (
        run.id[:8],
        run.plan_name,
        run.startdate,
        f"{row.batch} of {row.batches}",
        moment(run.queued_at or run.created_at, run.timezone),
        row.workers,
        row.submitted,
        row.job_lines,
        row.seats,
    )


def _completed_cells(row: RunOverview) -> tuple[Any, ...]:
    run, within = row.run, row.outcome.get("within", {})
    return (
        run.id[:8],
        run.plan_name,
        run.startdate,
        f"{row.batch} of {row.batches}",
        moment(run.completed_at, run.timezone),
        row.receipt.operator if row.receipt else "another program",
        row.outcome.get("placed"),
        row.outcome.get("first_choices"),
        within.get("5"),
    )


def show(args: Namespace, out: Output) -> int:
    """One run: what the solver would see, its data errors, who is left out, its receipt."""
    service = service_for(args)
    run = service.find_run(args.run)
    inputs = service.hydrate(run.id)
    receipt = None if inputs.run.is_pending else service.receipt(run.id)
    seats = sum(j.places for j in inputs.job_lines)
    submitted = sum(w.submitted for w in inputs.workers)
    out.add(
        run_id=inputs.run.id,
        plan=inputs.run.plan_name,
        timezone=inputs.run.timezone,
        allocation_run=inputs.run.allocation_run,
        pending=inputs.run.is_pending,
        is_exclusive=inputs.run.is_exclusive,
        created_at=inputs.run.created_at,
        queued_at=inputs.run.queued_at,
        completed_at=inputs.run.completed_at,
        workers=len(inputs.workers),
        submitted=submitted,
        job_lines=len(inputs.job_lines),
        seats=seats,
        fingerprint=inputs.fingerprint,
        data_errors=[issue_fields(issue) for issue in inputs.issues],
        left_out=[left_out_fields(row) for row in inputs.left_out],
        notices=[notice_fields(notice) for notice in inputs.notices],
        used_places=used_places_fields(inputs),
        receipt=receipt_fields(receipt) if receipt else None,
    )
    zone = inputs.run.timezone
    state = "pending" if run.is_pending else f"completed {moment(run.completed_at, zone)}"
    out.table(
        ("", ""),
        [
            ("Plan", f"{run.plan_name}, from {run.startdate} to {run.enddate}"),
            ("Run", run.id),
            ("State", state),
            ("Created", moment(run.created_at, zone)),
            ("Workers", f"{len(inputs.workers)}, of whom {submitted} submitted preferences"),
            ("Job lines", f"{len(inputs.job_lines)} with {seats} seats"),
            ("Fingerprint", inputs.fingerprint),
            *([("Committed by", receipt.operator)] if receipt else []),
        ],
    )
    tell_issues_and_left_out(inputs, out)
    return ExitCode.DONE


def left_out_fields(row: LeftOut) -> dict[str, str]:
    """Somebody left out, as JSON fields."""
    return {"kind": row.kind, "id": row.id, "name": row.name, "reason": row.reason}


def _left_out_name(inputs: RunInputs, row: LeftOut) -> str:
    name = worker_name if row.kind == "worker" else job_line_name
    return name(inputs, row.id)


def notice_fields(notice: Notice) -> dict[str, Any]:
    """Something to know of, as JSON fields."""
    return {
        "kind": notice.kind.value,
        "row": notice.row,
        "message": notice.message,
        "ids": list(notice.ids),
        "must_be_accepted": notice.must_accept,
    }


def used_places_fields(inputs: RunInputs) -> list[dict[str, Any]]:
    """Job lines of the run that earlier completed runs have taken places of, as JSON fields."""
    return [
        {
            "id": line.id,
            "name": job_line_name(inputs, line.id),
            "used": line.used_places,
            "of": line.max_n_workers,
        }
        for line in inputs.job_lines
        if line.used_places
    ]


def tell_issues_and_left_out(inputs: RunInputs, out: Output) -> None:
    """Tables of the data errors and of whoever is left out, when there are any."""
    if inputs.issues:
        out.table(
            ("Table", "Row", "What is wrong", "What to do", "Can be accepted"),
            [
                (i.table, i.row, i.message, i.remedy, "yes" if i.acknowledgeable else "no")
                for i in inputs.issues
            ],
            title=f"{len(inputs.issues)} data errors",
        )
    if inputs.notices:
        out.table(
            ("About", "Notice", "Must be accepted"),
            [(n.row, n.message, "yes" if n.must_accept else "no") for n in inputs.notices],
            title=f"{len(inputs.notices)} to know of",
        )
    if inputs.left_out:
        out.table(
            ("Left out", "Name", "Reason"),
            [(row.kind, _left_out_name(inputs, row), row.reason) for row in inputs.left_out],
            title=f"{len(inputs.left_out)} left out",
        )
    used = used_places_fields(inputs)
    if used:
        out.table(
            ("Job line", "Places used by earlier runs"),
            [(row["name"], f"{row['used']} of {row['of']}") for row in used],
        )
