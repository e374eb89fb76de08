"""The printable report: one self-contained HTML page, with nothing to fetch and no scripts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from allocator.models import RunInputs
from allocator.report.parts import LABELS, SHARES, plain_value, report_facts, run_title
from allocator.report.sections import ReportOptions, ReportTable, report_tables
from allocator.result import SolveResult

_PAGES = Environment(
    loader=PackageLoader("allocator.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.globals["zip"] = zip


def printed_page(template: str, **values: Any) -> str:
    """A page of `templates/` with every value escaped.

    All pages need `kind`, `title` and `facts` (label and value). Raises jinja2's UndefinedError
    for a value that the page needs and nobody gave.
    """
    return _PAGES.get_template(template).render(**values)


def printable_report(
    inputs: RunInputs,
    result: SolveResult,
    options: ReportOptions | None = None,
    operator: str = "",
    now: datetime | None = None,
) -> str:
    """The report as HTML for A4, without names unless the options ask for them."""
    return printed_page(
        "report.html",
        kind="Allocation report",
        title=run_title(inputs.run),
        facts=report_facts(inputs, result, operator, now)[1:],  # the title says the first
        tables=[printed_table(table) for table in report_tables(inputs, result, options)],
    )


@dataclass(frozen=True, slots=True)
class _Column:
    label: str
    is_number: bool
    is_wide: bool


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell's text, and the length of its bar (empty: none)."""

    text: str
    bar: str = ""


def printed_table(table: ReportTable) -> dict[str, Any]:
    """Title, note, columns and rows of cells."""
    frame = table.frame
    columns = [
        _Column(str(name), _is_numeric(frame[name]), str(name) == LABELS["job_line_name"])
        for name in frame.columns
    ]
    rows = [
        [_cell(value, column.label) for value, column in zip(values, columns, strict=True)]
        for values in frame.itertuples(index=False, name=None)
    ]
    return {"title": table.title, "note": table.note, "columns": columns, "rows": rows}


def _cell(value: Any, column: str) -> _Cell:
    is_share = column == "Share" and isinstance(value, float)
    return _Cell(_text(value, column), f"{max(0.0, min(1.0, value)):.1%}" if is_share else "")


def _text(value: Any, column: str) -> str:
    value = plain_value(value)
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.1%}" if column in SHARES else f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_numeric(column: pd.Series) -> bool:
    """Numbers, also with small ones masked."""
    values = [plain_value(value) for value in column]
    return any(v is not None for v in values) and all(
        v is None or isinstance(v, int | float) or v.isdigit() or v in ("hidden", "<5")
        for v in values
    )
