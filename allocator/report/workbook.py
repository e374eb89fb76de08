"""An Excel workbook with one well-formatted sheet a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from allocator.models import RunInputs
from allocator.report.parts import SHARES, is_formula_like, plain_value, report_facts
from allocator.report.sections import ReportOptions, ReportTable, report_tables
from allocator.result import SolveResult

HEADER_FILL = PatternFill("solid", fgColor="0B5186")
HEADER_FONT = Font(bold=True, color="FFFFFF")
NARROWEST, WIDEST = 10, 60
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(
    inputs: RunInputs, result: SolveResult, options: ReportOptions | None = None, operator: str = ""
) -> bytes:
    """The report's tables as an .xlsx file, names included unless the options say otherwise."""
    options = options or ReportOptions(names=True)
    facts = report_facts(inputs, result, operator)
    return to_workbook(report_tables(inputs, result, options), facts)


def to_workbook(tables: Iterable[ReportTable], facts: Sequence[tuple[str, str]] = ()) -> bytes:
    """An .xlsx file: a sheet *About* with the facts, if any, then a sheet for each table.

    Text is stored as text, whatever it begins with: no cell of ours is a formula.
    """
    book = Workbook()
    book.remove(book.active)
    if facts:
        sheet = book.create_sheet("About")
        for row, (label, value) in enumerate(facts, start=1):
            _write(sheet.cell(row, 1), label).font = Font(bold=True)
            _write(sheet.cell(row, 2), value).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 34, 80
    for table in tables:
        _sheet(book.create_sheet(_sheet_title(table.title, book.sheetnames)), table)
    if not book.sheetnames:
        book.create_sheet("Empty")
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def table_workbook(frame: pd.DataFrame) -> bytes:
    """A displayed frame as an .xlsx file of one sheet, written row by row: quick for long tables.

    Text is stored as text, whatever it looks like; numbers are numbers.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Table")
    sheet.freeze_panes = "A2"
    columns = [[plain_value(value) for value in frame[name]] for name in frame.columns]
    for position, (name, values) in enumerate(zip(frame.columns, columns, strict=True), start=1):
        longest = max([len(str(name)), *(len(str(v)) for v in values[:200] if v is not None)])
        width = min(WIDEST, max(NARROWEST, longest + 2))
        sheet.column_dimensions[get_column_letter(position)].width = width
    heads = [_write(WriteOnlyCell(sheet), str(name)) for name in frame.columns]
    for head in heads:
        head.font, head.fill = HEADER_FONT, HEADER_FILL
    sheet.append(heads)
    for row in zip(*columns, strict=True):
        sheet.append(
            [
                _write(WriteOnlyCell(sheet), v) if isinstance(v, str) and is_formula_like(v) else v
                for v in row
            ]
        )
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _sheet(sheet: Any, table: ReportTable) -> None:
    columns = [str(column) for column in table.frame.columns]
    for position, column in enumerate(columns, start=1):
        head = _write(sheet.cell(1, position), column)
        head.font, head.fill = HEADER_FONT, HEADER_FILL
        head.alignment = Alignment(wrap_text=True, vertical="center")
        values = [plain_value(value) for value in table.frame.iloc[:, position - 1]]
        for row, value in enumerate(values, start=2):
            cell = _write(sheet.cell(row, position), value)
            if isinstance(value, float):
                cell.number_format = "0.0%" if column in SHARES else "0.###"
        longest = max([len(column) * 0.7, *(len(str(v)) for v in values if v is not None)])
        width = min(WIDEST, max(NARROWEST, longest + 2))
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.freeze_panes = "B2" if len(columns) > 2 else "A2"
    last = get_column_letter(max(1, len(columns)))
    sheet.auto_filter.ref = f"A1:{last}{len(table.frame) + 1}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if table.note:
        note = _write(sheet.cell(len(table.frame) + 3, 1), table.note)
        note.font = Font(italic=True, color="5A6670")


def _write(cell: Any, value: Any) -> Any:
    """Write a value; text never becomes a formula, also not after editing the cell."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        if is_formula_like(value):
            cell.quotePrefix = True
    return cell


def _sheet_title(title: str, taken: Sequence[str]) -> str:
    """At most 31 characters, none that Excel forbids, unlike the others."""
    base = re.sub(r"[\[\]:*?/\\]", " ", title).strip("' ")[:31] or "Table"
    name, number = base, 2
    while name.lower() in {other.lower() for other in taken}:
        suffix = f" ({number})"
        name, number = base[: 31 - len(suffix)] + suffix, number + 1
    return name
