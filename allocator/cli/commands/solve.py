"""`solve` and `process-pending`: the commands that solve, and write when asked to."""

from __future__ import annotations

import getpass
import threading
import time
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allocator.cli.commands.runs import (
    left_out_fields,
    notice_fields,
    tell_issues_and_left_out,
    used_places_fields,
)
from allocator.cli.output import (
    Output,
    error_fields,
    issue_fields,
    receipt_fields,
    scenario_of,
    service_for,
    settings_of,
    stdout_reserved,
    write_bytes,
)
from allocator.cli.progress import cancel_on_interrupt, progress_bar
from allocator.errors import ExitCode, InvalidData, UsageError
from allocator.models import RunInputs, Settings
from allocator.result import SolveResult, Status
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import NEVER, read_by
from allocator.solved import identity_of

if TYPE_CHECKING:
    from allocator.scenario import Scenario
    from allocator.service import AllocatorService
    from allocator.unattended import Processed


def solve(args: Namespace, out: Output) -> int:
    """Solve one run; commit it with `--commit`. Without it nothing is written but the log of
    solves."""
    if args.commit and not (args.operator or "").strip():
        raise UsageError("--commit needs --operator.", remedy="Say who commits.")
    if args.expect and not args.commit:
        raise UsageError("--expect goes with --commit.", remedy="Add --commit, or leave it out.")
    from allocator.workbook import read_workbook

    _require_one_source(args)
    settings = settings_of(args)
    service = service_for(args)
    book = read_workbook(Path(args.workbook)).inputs() if args.workbook else None
    run = book.run if book else service.find_run(args.run)
    scenario = scenario_of(args, service, run.id)
    if scenario is not None:
        settings = scenario.settings
    timings: dict[str, float] = {}
    with (
        stdout_reserved(True),  # HiGHS prints a banner the first time, whatever its options say
        progress_bar(args.json) as on_progress,
        cancel_on_interrupt() as cancel,
    ):
        began = time.perf_counter()
        read = book or service.hydrate(run.id, on_progress=on_progress)
        as_read = read_by(read, settings)
        inputs = scenario.apply(as_read) if scenario else as_read
        timings["hydrate"] = time.perf_counter() - began
        _add_result(out, inputs, None, settings, timings, args.operator, scenario)
        out.add(scenario=_audit(scenario))
        try:
            result = service.solve(
                inputs,
                settings,
                operator=args.operator or f"{getpass.getuser()} (command line)",
                acknowledged=args.acknowledge,
                work=None if book else "solve",
                on_progress=on_progress,
                cancel=cancel,
            )
        except InvalidData as exc:
            errors = [issue_fields(issue) for issue in exc.issues]
            out.add(status=Status.INVALID_DATA.value, data_errors=errors)
            if all(issue.acknowledgeable for issue in exc.issues):
                exc.how = "Mend each row that is listed, or accept them all with --acknowledge."
            raise
    _add_result(out, inputs, result, settings, timings, args.operator, scenario)
    _tell_result(inputs, result, out)
    if result.allocations:
        identity = identity_of(result, _audit(scenario))
        out.add(identity=identity)
        if not book:
            out.say(f"Identity: {identity}  (commit just this with --expect)")
        if args.out:
            from allocator.report import workbook

            write_bytes(args.out, workbook(inputs, result, operator=args.operator or ""))
            out.add(written=args.out)
            out.say(f"Written: {args.out}")
    if args.commit and result.status is not Status.INFEASIBLE:
        _commit(args, service, (as_read, inputs), result, scenario, out, timings, cancel)
    return _exit_code(result)


def _require_one_source(args: Namespace) -> None:
    """Raises UsageError unless the run comes from the database or from a workbook, which nobody
    commits and which no scenario is saved for."""
    if bool(args.run) == bool(args.workbook):
        raise UsageError("Solve one run.", remedy="Give the id of a run, or --workbook FILE.")
    if args.workbook and args.commit:
        raise UsageError(
            "A workbook cannot be committed.",
            remedy="Import it with `local import`, then solve the run that this makes.",
        )
    if args.workbook and args.scenario and not args.scenario.endswith(".json"):
        raise UsageError(
            "A workbook has no saved scenario.", remedy="Give the scenario's JSON file."
        )


def _audit(scenario: Scenario | None) -> dict[str, Any]:
    """The scenario as the audit row keeps it; empty without one."""
    return scenario.audit() if scenario else {}


def _commit(
    args: Namespace,
    service: AllocatorService,
    read_and_solved: tuple[RunInputs, RunInputs],
    result: SolveResult,
    scenario: Scenario | None,
    out: Output,
    timings: dict[str, float],
    cancel: threading.Event,
) -> None:
    from allocator.unattended import require_allocation

    require_allocation(result, accept_unproven=args.accept_unproven, cancel=cancel)
    began = time.perf_counter()
    as_read, inputs = read_and_solved
    receipt = service.commit(
        inputs,
        result,
        args.operator,
        scenario=_audit(scenario),
        as_read=as_read,
        expect=args.expect,
    )
    timings["commit"] = time.perf_counter() - began
    out.add(receipt=receipt_fields(receipt), timings={**result.timings, **timings})
    again = "This commit had succeeded before; nothing changed." if receipt.repeated else ""
    out.say(
        f"Committed by {receipt.operator}: {receipt.n_allocations} allocations. {again}".strip(),
        style="bold green",
    )
    if receipt.proof_words:
        out.say(receipt.proof_words)
    for change in receipt.told:
        out.say(f"Spelled anew since it was read, which changes nothing: {change}.")


def _exit_code(result: SolveResult) -> int:
    if result.status is Status.INFEASIBLE:
        return ExitCode.INFEASIBLE
    if result.status is Status.CANCELLED:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if result.allocations else ExitCode.FAILED


def _add_result(
    out: Output,
    inputs: RunInputs,
    result: SolveResult | None,
    settings: Settings,
    timings: dict[str, float],
    operator: str | None,
    scenario: Scenario | None,
) -> None:
    """The JSON fields of a solve; before it ends they say that there is no allocation."""
    from allocator.measures.outcome import outcome
    from allocator.measures.terms import terms_line

    certificate = result.certificate if result else None
    got = outcome(inputs, result).as_dict() if result and result.allocations else None
    by = f"solved by {operator.strip()}" if operator and operator.strip() else ""
    phases = dict.fromkeys(("hydrate", "formulate", "solve", "check", "commit"))
    out.add(
        run_id=inputs.run.id,
        status=result.status.value if result else None,
        objective=result.objective if result else None,
        bound=result.bound if result else None,
        gap=result.gap if result else None,
        worker_dissatisfaction=result.worker_dissatisfaction if result else None,
        organisation_dissatisfaction=result.organisation_dissatisfaction if result else None,
        outcome=got,
        terms=terms_line(settings.as_dict(), len(scenario.changes) if scenario else 0, by),
        settings=settings.as_dict(),
        fingerprint=inputs.fingerprint,
        identity=None,
        solver=result.solver if result else "",
        effort=asdict(result.effort) if result else None,
        message=result.message if result else "",
        never=sum(
            inputs.worker(a.worker_mapping).preferences.buckets.get(a.job_line) == NEVER
            for a in (result.allocations if result else ())
        ),
        allocations=[
            {
                "worker_mapping": a.worker_mapping,
                "job_line": a.job_line,
                "score": a.score,
                "original_preference": a.original_preference,
                "bucket": inputs.worker(a.worker_mapping).preferences.buckets.get(a.job_line),
            }
            for a in (result.allocations if result else ())
        ],
        data_errors=[issue_fields(issue) for issue in inputs.issues],
        left_out=[left_out_fields(row) for row in inputs.left_out],
        notices=[notice_fields(notice) for notice in inputs.notices],
        used_places=used_places_fields(inputs),
        timings={**phases, **(result.timings if result else {}), **timings},
        certificate={
            "verified": certificate is not None and certificate.verified,
            "bound": certificate.bound if certificate else None,
        },
        receipt=None,
    )


def _tell_result(inputs: RunInputs, result: SolveResult, out: Output) -> None:
    """The result for people: who gets what, then the headline."""
    if out.as_json:
        return
    tell_issues_and_left_out(inputs, out)
    if not result.allocations:
        out.say(result.message or f"The solve ended as {result.status.value}.", style="bold red")
        return
    out.table(
        ("Worker", "Job line", "Rank", "On their list"),
        [_placement_cells(inputs, a) for a in _by_name(inputs, result)],
        title=f"{len(result.allocations)} allocations",
        numbers=("Rank", "On their list"),
    )
    from allocator.measures.outcome import outcome, scoreboard

    certificate = result.certificate
    proof = {Status.OPTIMAL: "proven optimal", Status.FEASIBLE: "not proven optimal"}
    certified = " (certificate verified)" if certificate and certificate.verified else ""
    out.table(
        ("", ""),
        [
            ("Status", f"{proof.get(result.status, result.status.value)}{certified}"),
            *scoreboard(outcome(inputs, result).as_dict()),
            ("Workers' dissatisfaction", _figure(result.worker_dissatisfaction)),
            ("Total dissatisfaction", f"{result.objective:.6g}, bound {_figure(result.bound)}"),
            ("Solver", result.effort.words(result.solver)),
            ("Time", f"{sum(result.timings.values()):.2f} s"),
        ],
    )
    out.say(out.fields["terms"])


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


def _by_name(inputs: RunInputs, result: SolveResult) -> list[Any]:
    return sorted(
        result.allocations, key=lambda a: (worker_name(inputs, a.worker_mapping), a.worker_mapping)
    )


def _placement_cells(inputs: RunInputs, a: Any) -> tuple[str, str, str, str]:
    from allocator.measures.bands import NEVER_MARK

    chosen = inputs.worker(a.worker_mapping).preferences
    rank = f"{a.score:g}" if a.job_line in chosen.scores else "unranked"
    is_never = chosen.buckets.get(a.job_line) == NEVER
    return (
        worker_name(inputs, a.worker_mapping),
        job_line_name(inputs, a.job_line),
        rank + NEVER_MARK if is_never else rank,
        "–" if a.original_preference is None else f"{a.original_preference:g}",
    )


def process_pending(args: Namespace, out: Output) -> int:
    """Solve and commit every pending run in turn; say what happened to each."""
    from allocator import unattended

    service = service_for(args)
    terms = unattended.Terms(
        args.operator or f"{getpass.getuser()} (process-pending)",
        settings_of(args),
        acknowledged=args.acknowledge,
        accept_unproven=args.accept_unproven,
    )
    with (
        stdout_reserved(True),
        progress_bar(args.json) as on_progress,
        cancel_on_interrupt() as stop,
    ):
        processed = unattended.process_pending(service, terms, on_progress=on_progress, cancel=stop)
    failed = [p for p in processed if p.error is not None]
    out.add(
        operator=terms.operator,
        committed=len(processed) - len(failed),
        failed=len(failed),
        runs=[processed_fields(p) for p in processed],
    )
    out.table(
        ("Run", "Plan", "What happened", "Allocations", "Seconds"),
        [
            (
                p.run.id[:8],
                p.run.plan_name,
                str(p.error) if p.error else "committed",
                p.receipt.n_allocations if p.receipt else None,
                f"{p.seconds:.2f}",
            )
            for p in processed
        ],
        title=f"{len(processed) - len(failed)} committed, {len(failed)} left pending",
        numbers=("Allocations", "Seconds"),
    )
    if stop.is_set():
        return ExitCode.INTERRUPTED
    return failed[0].error.exit_code if failed and failed[0].error else ExitCode.DONE


def processed_fields(p: Processed) -> dict[str, Any]:
    """What happened to one run, as JSON fields."""
    return {
        "run_id": p.run.id,
        "plan": p.run.plan_name,
        "committed": p.is_committed,
        "status": p.result.status.value if p.result else None,
        "objective": p.result.objective if p.result else None,
        "seconds": p.seconds,
        "receipt": receipt_fields(p.receipt) if p.receipt else None,
        "error": error_fields(p.error) if p.error else None,
    }
