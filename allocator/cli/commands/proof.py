"""`export-proof`, `replay`, `seal` and `disclose`: what lets others check a run."""

from __future__ import annotations

import csv
import io
import json
from argparse import Namespace
from datetime import datetime
from pathlib import Path

from allocator.cli.output import Output, service_for, settings_of, stdout_reserved
from allocator.cli.progress import cancel_on_interrupt, progress_bar
from allocator.errors import ExitCode, UsageError
from allocator.models import SolverName

MOST_FILE = 2**30
"""A bundle's file is at most this large."""


def export_proof(args: Namespace, out: Output) -> int:
    """Write the proof bundle of a committed run to a file. Raises NoProof."""
    from allocator.proof.pseudonyms import pseudonymised

    service = service_for(args)
    run = service.find_run(args.run)
    bundle = service.proof(run.id)
    target = Path(args.out)
    written = [target]
    if args.pseudonymise:
        bundle, slips = pseudonymised(bundle)
        rows = [("Name", "Your line in the proof", "Your job line")]
        rows += [(slip.name, slip.pseudonym, slip.job_line) for slip in slips]
        told = io.StringIO()
        csv.writer(told).writerows([_safe(cell) for cell in row] for row in rows)
        written.append(target.with_name(f"{target.stem}-slips.csv"))
        _write(written[-1], told.getvalue())
    _write(target, json.dumps(bundle, separators=(",", ":")))
    if args.with_verifier:
        from allocator.proof import verify

        written.append(target.with_name("verify.py"))
        _write(written[-1], Path(verify.__file__).read_text("utf-8"))
    out.add(
        run_id=run.id,
        files=written,
        digest=bundle["digest"],
        fingerprint=bundle["fingerprint"],
        pseudonymised=bool(args.pseudonymise),
    )
    for path in written:
        out.say(f"Wrote {path} ({path.stat().st_size:,} bytes)")
    out.say(f"Check it anywhere with: python3 verify.py {target.name}")
    return ExitCode.DONE


def _safe(cell: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    from allocator.report.parts import safe_text

    return str(safe_text(cell) or "")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as exc:
        raise UsageError(f"{path} cannot be written ({exc.strerror}).") from exc


def replay(args: Namespace, out: Output) -> int:
    """Solve a proof bundle again without any database; FAILED unless everybody is placed alike."""
    from allocator.proof.bundle import parsed
    from allocator.proof.replay import replay as again

    source = Path(args.file)
    try:
        if source.stat().st_size > MOST_FILE:
            raise UsageError(f"{source} is larger than {MOST_FILE:,} bytes.")
        bundle = parsed(source.read_bytes())
    except OSError as exc:
        raise UsageError(f"{source} cannot be read ({exc.strerror}).") from exc
    with (
        stdout_reserved(True),  # HiGHS prints a banner the first time, whatever its options say
        progress_bar(args.json) as on_progress,
        cancel_on_interrupt() as cancel,
    ):
        solver = SolverName(args.solver) if args.solver else None
        found = again(bundle, solver, on_progress=on_progress, cancel=cancel)
    result = found.result
    out.add(
        identical=found.is_identical,
        moved=list(found.moved),
        status=result.status.value,
        objective=result.objective,
        solver=result.solver,
        allocations=[
            {"worker_mapping": a.worker_mapping, "job_line": a.job_line} for a in result.allocations
        ],
    )
    effort = result.effort.words(result.solver)
    if found.is_identical:
        out.say(f"Identical: {len(result.allocations)} placements. {effort}", style="bold green")
        return ExitCode.DONE
    out.say(
        f"Not identical: {len(found.moved)} placements differ, and the solve ended as "
        f"{result.status.value}. {effort}",
        style="bold red",
    )
    return ExitCode.INTERRUPTED if cancel.is_set() else ExitCode.FAILED


def seal(args: Namespace, out: Output) -> int:
    """Seal a run, enter its draw, break its seal, or (without any of these) show its seals."""
    service = service_for(args)
    run = service.find_run(args.run)
    operator = (args.operator or "").strip()
    asked = [name for name in ("source", "number", "break_reason") if getattr(args, name)]
    if len(asked) > 1:
        raise UsageError("Seal, enter a number or break the seal: one at a time.")
    if asked and not operator:
        raise UsageError("A seal needs --operator.", remedy="Say who does it.")
    if args.number:
        service.enter_draw(run.id, args.number, operator)
    elif args.break_reason:
        service.break_seal(run.id, operator, args.break_reason)
    elif args.source:
        inputs = service.hydrate(run.id)
        when = _time(args.not_before)
        service.seal(inputs, settings_of(args), operator, source=args.source, not_before=when)
    found = service.seals(run.id)
    fields = [{name: getattr(one, name) for name in one.__slots__} for one in found]
    out.add(run_id=run.id, seals=fields)
    for one in found:
        out.say(f"{one.hash}  sealed {one.sealed_at.isoformat(' ', 'seconds')}")
        out.say(f"  {one.words}")
        if one.holds and one.seed is not None:
            out.say(f"  Solve and commit it with --seed {one.seed}")
    if not found:
        out.say("The run is not sealed.")
    return ExitCode.DONE


def _time(text: str | None) -> datetime:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError as exc:
        raise UsageError(
            "--source needs --not-before, a time such as 2026-03-02T20:30+11:00."
        ) from exc


def disclose(args: Namespace, out: Output) -> int:
    """Write the page and the workbook that answer a request for information. Raises NoProof."""
    service = service_for(args)
    run = service.find_run(args.run)
    with stdout_reserved(True):
        page, book = service.disclosure(run.id)
    folder = Path(args.out)
    html, workbook = folder / "disclosure.html", folder / "disclosure.xlsx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        html.write_text(page, "utf-8")
        workbook.write_bytes(book)
    except OSError as exc:
        raise UsageError(f"{folder} cannot be written ({exc.strerror}).") from exc
    out.add(run_id=run.id, files=[html, workbook])
    out.say(f"Wrote {html} and {workbook}")
    return ExitCode.DONE
