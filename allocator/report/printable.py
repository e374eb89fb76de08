"""The printable report: one self-contained HTML page, with nothing to fetch and no scripts."""

from __future__ import annotations

from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any

import pandas as pd

from allocator.models import RunInputs, SolveResult
from allocator.report.parts import LABELS, SHARES, plain_value, report_facts, run_title
from allocator.report.sections import ReportOptions, ReportTable, report_tables


def printable_report(
    inputs: RunInputs,
    result: SolveResult,
    options: ReportOptions | None = None,
    operator: str = "",
    now: datetime | None = None,
) -> str:
    """The report as HTML for A4, without names unless the options ask for them."""
    tables = report_tables(inputs, result, options)
    title = escape(run_title(inputs.run))
    facts = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>"
        for label, value in report_facts(inputs, result, operator, now)[1:]  # the title says it
    )
    style = files("allocator.report").joinpath("report.css").read_text(encoding="utf-8")
    body = "".join(_section(table) for table in tables)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Allocation report: {title}</title><style>{style}</style></head><body>"
        f"<header><p>Allocation report</p><h1>{title}</h1><dl>{facts}</dl></header>"
        f"<main>{body}</main></body></html>"
    )


def _section(table: ReportTable) -> str:
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    if table.frame.empty:
        content = '<p class="none">None.</p>'
    else:
        content = f'<div class="scroll">{_table(table.frame)}</div>'
    return f"<section><h2>{escape(table.title)}</h2>{note}{content}</section>"


def _table(frame: pd.DataFrame) -> str:
    numeric = [_is_numeric(frame[column]) for column in frame.columns]
    head = "".join(
        f'<th scope="col"{_class(n)}>{escape(str(column))}</th>'
        for column, n in zip(frame.columns, numeric, strict=True)
    )
    rows = []
    for values in frame.itertuples(index=False, name=None):
        cells = [
            _cell(value, str(column), is_number, first=position == 0)
            for position, (value, column, is_number) in enumerate(
                zip(values, frame.columns, numeric, strict=True)
            )
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(value: Any, column: str, is_number: bool, *, first: bool) -> str:
    text = escape(_text(value, column))
    wide = ' class="wide"' if column == LABELS["job_line_name"] else ""
    if first:
        return f'<th scope="row"{wide}>{text}</th>'
    if wide:
        return f"<td{wide}>{text}</td>"
    if column == "Share" and isinstance(value, float):
        # The bar repeats the figure beside it, so it says nothing to a screen reader.
        width = f"{max(0.0, min(1.0, value)):.1%}"
        text = f'<span class="bar" style="width:{width}" aria-hidden="true"></span>{text}'
        return f'<td class="number share">{text}</td>'
    return f"<td{_class(is_number)}>{text}</td>"


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


def _class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""
