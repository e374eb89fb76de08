"""`diagnose`: why a run has no allocation, and which changes are proven to help."""

from __future__ import annotations

import getpass
import time
from argparse import Namespace
from typing import TYPE_CHECKING

from allocator.cli.output import Output, service_for, settings_of, stdout_reserved
from allocator.cli.progress import cancel_on_interrupt, progress_bar
from allocator.errors import DatabaseError, ExitCode
from allocator.rules.naming import job_line_name, worker_name

if TYPE_CHECKING:
    from allocator.diagnosis import Diagnosis, Fix
    from allocator.models import RunInputs

MOST_CHANGES = 6
"""More changes of a fix than this are counted instead of told to people."""


def diagnose(args: Namespace, out: Output) -> int:
    """Diagnose one run; nothing is written but that its seed was tried. Raises InvalidData when
    its data errors block it."""
    settings = settings_of(args)
    service = service_for(args)
    run = service.find_run(args.run)
    with (
        stdout_reserved(True),  # HiGHS prints a banner the first time, whatever its options say
        progress_bar(args.json) as on_progress,
        cancel_on_interrupt() as cancel,
    ):
        began = time.perf_counter()
        inputs = service.hydrate(run.id, on_progress=on_progress)
        hydrated = time.perf_counter() - began
        out.add(
            run_id=run.id,
            fingerprint=inputs.fingerprint,
            settings=settings.as_dict(),
            feasible=None,
            causes=[],
            fixes=[],
        )
        from allocator.diagnosis import diagnose as find

        try:
            service.log_seed(inputs, settings, f"{getpass.getuser()} (command line)", "diagnosis")
        except DatabaseError as exc:
            out.say(f"The seed could not be logged: {exc.message}", style="bold red")
        found = find(inputs, settings, on_progress=on_progress, cancel=cancel)
    out.add(**found.as_dict())
    out.add(timings={"hydrate": hydrated, **found.timings})
    _tell(inputs, found, out)
    if found.cancelled:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if found.feasible else ExitCode.INFEASIBLE


def _tell(inputs: RunInputs, found: Diagnosis, out: Output) -> None:
    """The diagnosis for people: causes, fixes, the best partial allocation."""
    if out.as_json:
        return
    if found.cancelled:
        out.say("Cancelled; this is what was found until then.", style="bold red")
    if found.feasible:
        out.say("An allocation exists: every hard rule can be kept.", style="bold green")
        return
    out.table(
        ("Check", "", "Found"),
        [(c.name, "passed" if c.passed else "failed", c.words) for c in found.pre_checks],
        title="Quick checks",
    )
    if found.feasible is None:
        return
    out.say(f"No allocation exists. {found.causes_words}", style="bold red")
    _tell_causes(found, out)
    _tell_fixes(found, out)
    _tell_partial(inputs, found, out)


def _tell_causes(found: Diagnosis, out: Output) -> None:
    for number, cause in enumerate(found.causes, start=1):
        out.say(f"{number}. {cause.explanation}", style="bold")
        for rule in cause.rules:
            out.say(f"   • {rule.words}")
    if found.remaining_words:
        out.say(found.remaining_words)


def _tell_fixes(found: Diagnosis, out: Output) -> None:
    if found.fixes:
        out.table(
            ("Fix", "Cost", "Changes", "Objective", "First choices", "Worst rank"),
            [_fix_cells(fix) for fix in found.fixes],
            title="Fixes, each applied and solved",
            numbers=("Cost", "Objective", "Worst rank"),
        )
    for note in found.unavailable:
        out.say(f"  • {note}")


def _fix_cells(fix: Fix) -> tuple[str, str, str, str, str, str]:
    words = list(fix.words[:MOST_CHANGES])
    if len(fix.words) > MOST_CHANGES:
        words.append(f"… and {len(fix.words) - MOST_CHANGES} more changes")
    got = fix.outcome
    return (
        fix.title,
        f"{fix.cost}{'' if fix.is_least else ' (perhaps fewer)'}",
        "\n".join(words),
        "–" if fix.objective is None else f"{fix.objective:.6g}",
        got.first_choice_words if got else "–",
        "–" if got is None or got.worst_score is None else f"{got.worst_score:g}",
    )


def _tell_partial(inputs: RunInputs, found: Diagnosis, out: Output) -> None:
    partial = found.partial
    if partial is None:
        return
    out.say(f"At most {len(partial.placed)} of {len(inputs.workers)} workers can be placed.")
    for words, names in (
        ("Left without a job line", [worker_name(inputs, w) for w in partial.left]),
        ("Mandatory, but left empty", [job_line_name(inputs, j) for j in partial.unfilled]),
    ):
        if names:
            out.say(f"  • {words}: {'; '.join(sorted(names))}")
