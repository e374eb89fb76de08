"""What a command prints: tables for people, or exactly one JSON object for programs.

With `--json` standard output belongs to that object alone: whatever else writes there meanwhile
(a solver's banner, a warning) goes to standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allocator.errors import AllocatorError, InputsChanged, InvalidData, NotAccepted
from allocator.rules.moments import time_zone

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod


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
