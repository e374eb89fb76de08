"""`python -m allocator`: parse, call the service, print, and end with a telling exit code."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from allocator import __version__
from allocator.cli.output import (
    Output,
    add_data_dir,
    add_scenario,
    add_settings,
    stdout_reserved,
)
from allocator.errors import AllocatorError, ExitCode, UsageError
from allocator.models import SolverName

TRACEBACK_VARIABLE = "ALLOCATOR_TRACEBACK"
"""Set it to see where an unexpected failure came from."""

DESCRIPTION = "List, solve, diagnose and commit allocator runs."

Command = Callable[[Namespace, Output], int]


class Parser(ArgumentParser):
    """Raises UsageError instead of ending the process, so that `--json` can tell it."""

    def __init__(self, **options: Any) -> None:
        # `--json` is looked for before parsing, so nothing may be abbreviated.
        super().__init__(**{**options, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Raise the parser's complaint."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", remedy=f"See {self.prog} --help.")


def parser() -> ArgumentParser:
    """The whole command line."""
    top = Parser(
        prog="allocator" if Path(sys.argv[0]).stem == "allocator" else "python -m allocator",
        description=DESCRIPTION,
        epilog=f"Exit codes: {ExitCode.in_words()}.",
    )
    top.add_argument("--version", action="version", version=__version__)
    verbs = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(verbs, "runs", "runs.runs", "list the runs, pending ones first")
    show = _add(verbs, "show", "runs.show", "show one run without solving it")
    _add_run(show)
    solve = _add(verbs, "solve", "solve.solve", "solve one run")
    solve.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="the run's id, or enough of its beginning"
    )
    solve.add_argument(
        "--workbook",
        default="",
        metavar="FILE",
        help="solve the run in this workbook (.xlsx) or folder of CSV files, without a database",
    )
    solve.add_argument("--out", default="", metavar="FILE", help="write the result (.xlsx) there")
    _add_solving(solve)
    solve.add_argument("--commit", action="store_true", help="write the allocations")
    solve.add_argument(
        "--expect",
        default="",
        metavar="IDENTITY",
        help="commit only the solve with this identity, which an earlier solve printed",
    )
    add_scenario(solve)
    _add_after_a_solve(verbs)
    diagnose = _add(
        verbs, "diagnose", "diagnose.diagnose", "say why a run has no allocation, and what helps"
    )
    _add_run(diagnose)
    add_settings(diagnose)
    honest = _add(
        verbs, "honesty", "honesty.honesty", "say whether another list would bring workers more"
    )
    _add_run(honest)
    add_settings(honest)
    pending = _add(
        verbs, "process-pending", "solve.process_pending", "solve and commit every pending run"
    )
    _add_solving(pending)
    _add_publication(verbs)
    _add_proof(verbs)
    _add(verbs, "doctor", "system.doctor", "look for what is wrong and say what to do")
    _add_local(verbs)
    _add(verbs, "hash-password", "system.hash_password", "hash an operator's password")
    _add_workbooks(verbs)
    files = _add(
        verbs, "demo-files", "system.demo_files", "write the lists that go with the demo data"
    )
    files.add_argument("directory", metavar="DIR", help="where to; it is made if need be")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    out = Output("--json" in argv)
    if out.as_json:  # it may stand anywhere
        argv = [*(word for word in argv if word != "--json"), "--json"]
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    # The transport logs each request's address at INFO; nobody asked for that.
    with stdout_reserved(out.as_json):
        code = _run(argv, out)
    out.close()
    return code


def _run(argv: Sequence[str], out: Output) -> int:
    try:
        args = parser().parse_args(argv)
        return _command(args.command)(args, out)
    except AllocatorError as exc:
        out.fail(exc)
        return exc.exit_code
    except KeyboardInterrupt:
        out.fail(AllocatorError("Interrupted; nothing was written after that."))
        return ExitCode.INTERRUPTED
    except Exception as exc:
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc()
        out.fail(
            AllocatorError(
                f"Something unexpected went wrong ({type(exc).__name__}).",
                remedy=f"Run it again with {TRACEBACK_VARIABLE}=1 and report what it prints.",
            )
        )
        return AllocatorError.exit_code


def _command(path: str) -> Command:
    """The function behind `module.function`; loaded late, so that each command starts quickly."""
    module, function = path.split(".")
    found: Command = getattr(import_module(f"allocator.cli.commands.{module}"), function)
    return found


def _add(verbs: Any, name: str, command: str, words: str) -> ArgumentParser:
    added: ArgumentParser = verbs.add_parser(name, help=words, description=f"{words}.".capitalize())
    added.set_defaults(command=command)
    added.add_argument("--json", action="store_true", help="print one JSON object")
    add_data_dir(added)
    return added


def _add_run(to: ArgumentParser) -> None:
    to.add_argument("run", metavar="RUN", help="the run's id, or enough of its beginning")


def _add_after_a_solve(verbs: Any) -> None:
    repair = _add(
        verbs,
        "repair",
        "repair.repair",
        "what few moves cost, from earlier placements",
    )
    swap = _add(verbs, "swap", "repair.swap", "the exchanges that grant the most wishes")
    for each in (repair, swap):
        _add_run(each)
        add_settings(each)
        each.add_argument(
            "--baseline",
            default="",
            metavar="FROM",
            help="who held what: a completed run of the same allocation run, a CSV with the "
            "columns worker and job line, or a saved scenario, which is solved; by default the "
            "run's own placements when it is completed",
        )
        each.add_argument(
            "--out", metavar="FILE", help="write the scenario (.json) or the table (.csv) there"
        )
    add_scenario(repair)
    repair.add_argument(
        "--moves", type=int, metavar="N", help="show who moves when at most so many may"
    )
    repair.add_argument(
        "--gains", action="store_true", help="show who gains from free places, and the best chains"
    )
    swap.add_argument(
        "--wishes",
        required=True,
        metavar="CSV",
        help="the worker, then one job line or more that it would take instead of its own",
    )


def _add_solving(to: ArgumentParser) -> None:
    add_settings(to)
    to.add_argument("--operator", metavar="NAME", help="who answers for it; goes into the audit")
    to.add_argument(
        "--acknowledge",
        "--accept",
        action="store_true",
        help="accept the data errors that may be accepted, and what must be known of",
    )
    to.add_argument(
        "--accept-unproven",
        action="store_true",
        help="commit an allocation that ran out of time unproven; one of a stopped solve never",
    )


def _add_publication(verbs: Any) -> None:
    publish = _add(
        verbs, "publish", "publish.publish", "write letters, lists and the report of a commit"
    )
    _add_run(publish)
    publish.add_argument(
        "--out", required=True, metavar="FOLDER", help="a new folder, or a file that ends in .zip"
    )
    publish.add_argument("--no-pdf", action="store_true", help="letters as HTML only: quicker")
    publish.add_argument(
        "--with-names",
        action="store_true",
        help="letters tell names and ranks of other doctors where they explain",
    )
    whom = publish.add_mutually_exclusive_group()
    whom.add_argument(
        "--since",
        default="",
        metavar="RUN",
        help="letters only to those whose placement is another than in this completed run; by "
        "default the baseline, when the run was solved from one",
    )
    whom.add_argument("--everybody", action="store_true", help="letters to all in any case")
    years = _add(verbs, "years", "publish.years", "put the completed runs of a plan side by side")
    years.add_argument("--plan", default="", metavar="NAME", help="plans whose name holds this")


def _add_proof(verbs: Any) -> None:
    export = _add(
        verbs, "export-proof", "proof.export_proof", "write what anybody can check a commit with"
    )
    _add_run(export)
    export.add_argument("--out", required=True, metavar="FILE", help="the file to write (JSON)")
    export.add_argument(
        "--pseudonymise",
        action="store_true",
        help="salted hashes for workers, and a CSV file with a slip for each of them",
    )
    export.add_argument(
        "--with-verifier", action="store_true", help="write verify.py beside it as well"
    )
    again = _add(verbs, "replay", "proof.replay", "solve a proof bundle again, without a database")
    again.add_argument("file", metavar="FILE", help="a file that export-proof wrote")
    again.add_argument(
        "--solver", choices=[s.value for s in SolverName], help="another of PuLP's solvers"
    )
    disclose = _add(
        verbs, "disclose", "proof.disclose", "write what answers a request for information"
    )
    _add_run(disclose)
    disclose.add_argument("--out", required=True, metavar="FOLDER", help="the folder to write to")
    seal = _add(
        verbs, "seal", "proof.seal", "fix a run before a public draw gives its seed; show its seals"
    )
    _add_run(seal)
    add_settings(seal)
    seal.add_argument("--operator", metavar="NAME", help="who seals, enters or breaks")
    seal.add_argument("--source", metavar="TEXT", help="seal: where the number will come from")
    seal.add_argument("--not-before", metavar="TIME", help="when it is drawn, with its time zone")
    seal.add_argument("--number", metavar="DIGITS", help="enter the number that was drawn")
    seal.add_argument("--break-reason", metavar="TEXT", help="break the seal, on record")


def _add_workbooks(verbs: Any) -> None:
    blank = _add(verbs, "template", "workbook.template", "write a workbook to fill in")
    blank.add_argument("file", metavar="FILE", help="the workbook to write (.xlsx)")
    blank.add_argument("--example", action="store_true", help="filled with the demo's intern year")
    export = _add(
        verbs, "export-workbook", "workbook.export_workbook", "write a run's inputs as a workbook"
    )
    _add_run(export)
    export.add_argument("--out", required=True, metavar="FILE", help="the workbook (.xlsx)")


def _add_local(verbs: Any) -> None:
    words = "a database of your own on this machine"
    local = verbs.add_parser("local", help=words, description=f"{words}.".capitalize())
    actions = local.add_subparsers(title="actions", metavar="ACTION", required=True)
    start = _add(actions, "start", "system.local_start", "start it, or find it running")
    start.add_argument("--port", type=int, default=0, metavar="N", help="0 = any free port")
    _add(actions, "stop", "system.local_stop", "stop it and keep its data")
    _add(actions, "status", "system.local_status", "say whether it runs")
    taken = _add(actions, "import", "workbook.local_import", "make a run of a workbook")
    taken.add_argument("file", metavar="FILE", help="a workbook (.xlsx) or a folder of CSV files")
    reset = _add(actions, "reset", "system.local_reset", "throw its data away and start again")
    reset.add_argument("--yes", action="store_true", help="do not ask whether to")
    for each in (start, reset):
        each.add_argument("--seed", choices=("demo", "empty"), default="empty")
