"""What a command prints: tables for people, or exactly one JSON object for programs.

With `--json` standard output belongs to that object alone: whatever else writes there meanwhile
(a solver's banner, a warning) goes to standard error.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allocator.errors import (
    AllocatorError,
    ConfigurationError,
    DatabaseError,
    InputsChanged,
    InvalidData,
    NotAccepted,
    UsageError,
)
from allocator.models import Policy, RunInputs, Settings, SolverName
from allocator.result import Receipt
from allocator.rules.moments import time_zone

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod

    from allocator.scenario import Scenario
    from allocator.service import AllocatorService


class Output:
    """Collects one JSON object, or prints for people as it goes."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.fields: dict[str, Any] = {}

    def add(self, **fields: Any) -> None:
        """Fields of the JSON object; people do not see them."""
        self.fields.update(fields)

    def say(self, text: str = "", *, style: str = "") -> None:
        """A line for people."""
        if not self.as_json:
            people().print(text, style=style or None, markup=False, highlight=False)

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        title: str = "",
        numbers: Sequence[str] = (),
    ) -> None:
        """A table for people; the columns in `numbers` are aligned to the right."""
        if self.as_json:
            return
        from rich import box
        from rich.table import Table
        from rich.text import Text

        drawn = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
        for column in columns:
            justify: JustifyMethod = "right" if column in numbers else "left"
            drawn.add_column(column, justify=justify, overflow="fold")
        for row in rows:
            drawn.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
        people().print(drawn)

    def fail(self, exc: AllocatorError) -> None:
        """Report an error: a field of the JSON object, or red lines on standard error."""
        self.add(error=error_fields(exc))
        if self.as_json:
            return
        said = people(stderr=True)
        said.print(exc.message, style="bold red", markup=False, highlight=False)
        for line in error_rows(exc):
            said.print(f"  • {line}", markup=False, highlight=False)
        if exc.how:
            said.print(exc.how, markup=False, highlight=False)

    def close(self) -> None:
        """Print the JSON object."""
        if self.as_json:
            text = json.dumps(self.fields, default=plain, ensure_ascii=False, allow_nan=False)
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def people(*, stderr: bool = False) -> Console:
    """A console for people; plain and wide when it is not a terminal, so that pipes keep rows."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 200)


def error_fields(exc: AllocatorError) -> dict[str, Any]:
    """An error as JSON fields."""
    fields = {
        "kind": type(exc).__name__,
        "message": exc.message,
        "remedy": exc.how,
        "exit_code": exc.exit_code,
        **exc.facts,
    }
    if isinstance(exc, InputsChanged):
        fields["changes"] = [
            {"table": c.table, "row": c.row, "before": c.before, "after": c.after}
            for c in exc.changes
        ]
    if isinstance(exc, NotAccepted):
        fields["notices"] = list(exc.notices)
    if isinstance(exc, InvalidData):
        fields["data_errors"] = [issue_fields(issue) for issue in exc.issues]
    return fields


def error_rows(exc: AllocatorError) -> list[str]:
    """The rows that an error is about, one line each."""
    if isinstance(exc, InputsChanged):
        return [str(change) for change in exc.changes]
    if isinstance(exc, NotAccepted):
        return list(exc.notices)
    if isinstance(exc, InvalidData):
        return [str(issue) for issue in exc.issues]
    return []


def issue_fields(issue: Any) -> dict[str, Any]:
    """A data error as JSON fields."""
    return {
        "table": issue.table,
        "row": issue.row,
        "message": issue.message,
        "remedy": issue.remedy,
        "ids": list(issue.ids),
        "acknowledgeable": issue.acknowledgeable,
    }


def plain(value: Any) -> Any:
    """JSON for what json does not know: dates as ISO 8601, sets sorted, paths as text."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def moment(value: datetime | None, timezone: str = "UTC") -> str:
    """A time in the plan's time zone, to the minute; a dash when there is none."""
    if value is None:
        return "–"
    zone = time_zone(timezone)
    return value.astimezone(zone).strftime("%d %b %Y %H:%M") if zone else value.isoformat(" ")


@contextlib.contextmanager
def stdout_reserved(reserve: bool) -> Iterator[None]:
    """Send what anybody writes to standard output, C libraries too, to standard error."""
    if not reserve:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def service_for(args: Namespace) -> AllocatorService:
    """The service of the configured project, or of the local stack in `--data-dir`."""
    from allocator.service import AllocatorService

    if args.data_dir is None:
        return AllocatorService()
    from allocator import postgres
    from allocator.config import Connection
    from allocator.local import stack

    running = stack.running(args.data_dir)
    if running is None:
        raise ConfigurationError(
            f"No local stack runs in {args.data_dir}.",
            remedy="Start it with `python -m allocator local start --data-dir …`.",
        )
    return AllocatorService(postgres.connect(Connection(running.url, running.service_role_key)))


def add_data_dir(parser: ArgumentParser) -> None:
    """`--data-dir`, for the local stack's data."""
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="data directory of the local stack"
    )


def add_settings(parser: ArgumentParser) -> None:
    """The flags of `Settings`, with its defaults."""
    default = Settings()
    add = parser.add_argument
    add(
        "--alpha",
        type=float,
        default=default.alpha,
        metavar="A",
        help=f"weight of the organisation, 0 to 1 (default {default.alpha:g})",
    )
    add(
        "--power",
        type=float,
        default=default.power,
        metavar="P",
        help=f"exponent of each worker's rank, 0.1 to 10 (default {default.power:g})",
    )
    add(
        "--seed",
        type=int,
        default=default.seed,
        metavar="S",
        help=f"decides among equally good allocations (default {default.seed})",
    )
    add(
        "--time-limit",
        type=float,
        default=default.time_limit,
        metavar="T",
        help=f"seconds for the proof (default {default.time_limit:g})",
    )
    add(
        "--solver",
        choices=[s.value for s in SolverName],
        default=default.solver.value,
        help=f"PuLP's solver, which decides; both find the same (default {default.solver.value})",
    )
    add(
        "--policy",
        choices=[p.value for p in Policy],
        default=default.policy.value,
        help="what the best allocation is (default: least total dissatisfaction)",
    )
    add(
        "--worst-rank",
        type=float,
        metavar="R",
        help="no worker who ranked something may get a rank beyond this",
    )
    add(
        "--bucket-order",
        action="store_true",
        help="read each list by bucket (love … never) first, then by rank inside it",
    )
    add(
        "--move-price",
        type=float,
        default=default.move_price,
        metavar="P",
        help="what each move away from the scenario's baseline adds to the total (default 0)",
    )
    add("--no-ties", action="store_true", help="treat tied ranks as data errors")


def settings_of(args: Namespace, begun: Settings | None = None) -> Settings:
    """The settings that the flags ask for; flags at their default leave those of `begun` as they
    are. Raises UsageError when one is out of range."""
    try:
        asked = Settings(
            alpha=args.alpha,
            power=args.power,
            seed=args.seed,
            time_limit=args.time_limit,
            ties_allowed=not args.no_ties,
            solver=SolverName(args.solver),
            policy=Policy(args.policy),
            worst_rank=args.worst_rank,
            bucket_order=args.bucket_order,
            move_price=args.move_price,
        )
        if begun is None:
            return asked
        usual = Settings().as_dict()
        given = {name: v for name, v in asked.as_dict().items() if v != usual[name]}
        return replace(begun, **given)
    except ValueError as exc:
        raise UsageError(f"{str(exc)[:1].upper()}{str(exc)[1:]}.") from exc


def add_scenario(parser: ArgumentParser) -> None:
    """`--scenario`, a file or the name of a saved one."""
    parser.add_argument(
        "--scenario",
        default="",
        metavar="FILE",
        help="a scenario's JSON file, or the name of one saved for the run; its settings count, "
        "except where a flag differs from its default",
    )


def scenario_of(args: Namespace, service: AllocatorService, run_id: str) -> Scenario | None:
    """The scenario that `--scenario` names, with the settings of the flags. Raises UsageError."""
    if not args.scenario:
        return None
    from allocator.scenario import Scenario

    if args.scenario.endswith(".json"):
        found = Scenario.from_json(read_file(args.scenario))
    else:
        found = service.scenario(run_id, args.scenario)
    return replace(found, settings=settings_of(args, found.settings))


def read_file(path: str | Path) -> bytes:
    """The content of a file that the command line names. Raises UsageError."""
    try:
        return Path(path).read_bytes()
    except OSError as exc:
        raise UsageError(
            f"The file {path} cannot be read: {exc.strerror or 'it is no file'}.",
            remedy="Give the path of an existing file.",
        ) from exc


def write_file(path: str | Path, text: str) -> None:
    """Write a file that the command line names. Raises UsageError."""
    try:
        # Line ends are the text's own: a CSV has those that spreadsheets expect.
        Path(path).write_text(text, encoding="utf-8", newline="")
    except OSError as exc:
        raise UsageError(
            f"The file {path} cannot be written: {exc.strerror or 'no reason is known'}.",
            remedy="Give a path in an existing directory that you may write to.",
        ) from exc


def write_bytes(path: str | Path, data: bytes) -> None:
    """The same for a file that is not text."""
    try:
        Path(path).write_bytes(data)
    except OSError as exc:
        raise UsageError(
            f"The file {path} cannot be written: {exc.strerror or 'no reason is known'}.",
            remedy="Give a path in an existing directory that you may write to.",
        ) from exc


def log_seed(
    service: AllocatorService, inputs: RunInputs, settings: Settings, work: str, out: Output
) -> None:
    """Log that this account tries a seed in work of many solves; without a log the work goes on."""
    try:
        service.log_seed(inputs, settings, f"{getpass.getuser()} (command line)", work)
    except DatabaseError as exc:
        out.say(f"The seed could not be logged: {exc.message}", style="bold red")


def receipt_fields(receipt: Receipt) -> dict[str, Any]:
    """A receipt as JSON fields."""
    fields = {name: getattr(receipt, name) for name in Receipt.__slots__}
    return {**fields, "told": [str(change) for change in receipt.told]}
