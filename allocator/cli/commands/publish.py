"""`publish` and `years`: what goes out after a commit, and how it compares with former years."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from allocator.cli.output import Output, service_for, stdout_reserved
from allocator.cli.progress import cancel_on_interrupt, progress_bar
from allocator.errors import ExitCode, UsageError
from allocator.measures.terms import terms_of_receipt
from allocator.models import AllocatorRun

if TYPE_CHECKING:
    from allocator.service import AllocatorService


def publish(args: Namespace, out: Output) -> int:
    """Write letters, lists, mail merge and report of a committed run. Raises NoProof, UsageError
    when the target is there already."""
    from allocator.report.publication import PublicationOptions, publish_file, publish_folder

    service, target = service_for(args), Path(args.out)
    if target.exists() and (target.is_file() or any(target.iterdir())):
        raise UsageError(f"{target} is there already.", remedy="Name a new file or folder.")
    run = service.find_run(args.run)
    before = _before(service, run, args.since) if args.since else None
    with (
        stdout_reserved(True),  # HiGHS prints a banner when a proof is solved again
        progress_bar(args.json) as on_progress,
        cancel_on_interrupt() as cancel,
    ):
        inputs, result = service.committed_solve(run.id)
        receipt = service.receipt(run.id)
        made = (publish_file if target.suffix.lower() == ".zip" else publish_folder)(
            inputs,
            result,
            target,
            PublicationOptions(
                not args.no_pdf,
                args.with_names,
                args.everybody,
                before,
                terms_of_receipt(run, receipt) if receipt else "",
            ),
            operator=receipt.operator if receipt else "",
            on_progress=on_progress,
            cancel=cancel,
        )
    if made is None:
        raise KeyboardInterrupt
    out.add(
        run_id=run.id,
        out=target,
        letters=made.placed,
        letters_to_those_not_placed=made.not_placed,
        other_files=made.files,
        only_changes=made.only_changes,
        notes=made.notes,
    )
    whom = " whose placement changed" if made.only_changes else ""
    out.say(f"Wrote {made.placed:,} letters to doctors{whom} and {made.not_placed:,} to those")
    out.say(f"who are not placed, with lists, mail merge and report, to {target}")
    for note in made.notes:
        out.say(note, style="yellow")
    return ExitCode.DONE


def _before(service: AllocatorService, run: AllocatorRun, since: str) -> Mapping[str, str]:
    """Who held what in the completed run that letters were written for before."""
    return dict(service.baseline(run, service.find_run(since)).placements)


def years(args: Namespace, out: Output) -> int:
    """The completed runs of each plan side by side. Raises UsageError when there is none."""
    found = service_for(args).years(args.plan)
    if not found:
        which = f" of a plan with {args.plan!r} in its name" if args.plan else ""
        raise UsageError(f"There is no completed run{which}.", remedy="See the command runs.")
    out.add(
        plans=[
            {
                "plan": plan.plan,
                "runs": [row.run.id for row in plan.runs],
                "tables": [
                    {
                        "title": table.title,
                        "columns": list(table.frame.columns),
                        "rows": table.frame.to_numpy().tolist(),
                    }
                    for table in plan.tables
                ],
            }
            for plan in found
        ]
    )
    for plan in found:
        for table in plan.tables:
            columns = [str(name) for name in table.frame.columns]
            rows = table.frame.to_numpy().tolist()
            out.table(columns, rows, title=f"{plan.plan}: {table.title}", numbers=columns[1:])
            if table.note:
                out.say(table.note)
    return ExitCode.DONE
