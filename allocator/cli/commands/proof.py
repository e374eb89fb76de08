"""`export-proof` and `replay`: what lets others check a committed run."""

from __future__ import annotations

import csv
import io
import json
from argparse import Namespace
from pathlib import Path

from allocator.cli.output import Output, service_for, stdout_reserved
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
