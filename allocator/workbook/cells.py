"""A workbook (.xlsx) or a folder of CSV files → sheets of plain cells, each with its address."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from allocator.errors import BadWorkbook, DataIssue, UsageError

LARGEST = 400 * 2**20
"""Bytes that a workbook may unpack to."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of cells without blanks at the ends of texts; None is a blank cell."""

    title: str
    rows: list[list[Any]]

    def address(self, row: int, column: int) -> str:
        """The cell at these positions (from 0) as spreadsheets call it, e.g. `C7`."""
        return f"{get_column_letter(column + 1)}{row + 1}"


def read_sheets(source: Path | bytes) -> list[Sheet]:
    """The sheets of a workbook, its path or its bytes, or of a folder's CSV files, by name.

    Formulas count by the values that the file holds; hidden cells count like others. Raises
    UsageError for what is neither, BadWorkbook for formulas without a value.
    """
    if isinstance(source, Path) and source.is_dir():
        found = [_csv(path) for path in sorted(source.glob("*.csv"))]
        if not found:
            raise UsageError(f"The folder {source} has no CSV file.", remedy="Name another one.")
        return found
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except OSError as exc:
        raise UsageError(
            f"{source!s} cannot be read: {exc.strerror or 'it is no file'}.",
            remedy="Give the path of an existing workbook (.xlsx) or of a folder of CSV files.",
        ) from exc
    except zipfile.BadZipFile as exc:
        raise _no_workbook() from exc
    if size > LARGEST:
        raise UsageError("The workbook is too large.", remedy="Keep only its filled sheets.")
    try:
        found = list(_sheets(data))
        uncomputed = tuple(_uncomputed(data, found))
    except Exception as exc:  # openpyxl raises whatever a damaged part makes it stumble over
        raise _no_workbook() from exc
    if uncomputed:
        raise BadWorkbook(uncomputed)
    return found


def _no_workbook() -> UsageError:
    return UsageError(
        "The file is not an Excel workbook that can be read.",
        remedy="Save it as .xlsx without a password, or give a folder of CSV files.",
    )


def _sheets(data: bytes) -> Iterator[Sheet]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # programs other than Excel may write wrong ones
            rows = [[_value(cell) for cell in row] for row in sheet.iter_rows()]
            yield Sheet(sheet.title, rows)
    finally:
        book.close()


def _uncomputed(data: bytes, sheets: list[Sheet]) -> Iterator[DataIssue]:
    """Formulas whose value the file does not hold: a program wrote it and nobody opened it."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = [name for name in packed.namelist() if name.startswith("xl/worksheets/sheet")]
        if not any(re.search(rb"<f[ >/]", packed.read(name)) for name in parts):
            return
    book = load_workbook(io.BytesIO(data), read_only=True)
    try:
        for sheet, seen in zip(book.worksheets, sheets, strict=True):
            sheet.reset_dimensions()
            for number, (row, values) in enumerate(zip(sheet.iter_rows(), seen.rows, strict=True)):
                for at, (cell, value) in enumerate(zip(row, values, strict=True)):
                    if value is None and cell.data_type == "f":
                        remedy = "Open the workbook in your spreadsheet program and save it again."
                        where = f"cell {seen.address(number, at)}"
                        message = "The formula has no value in the file."
                        yield DataIssue(f"sheet {seen.title}", where, message, remedy)
    finally:
        book.close()


def _value(cell: Any) -> Any:
    value = cell.value
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        padded = re.fullmatch(r"0{2,}", cell.number_format)
        if padded and value == int(value):  # a staff number that is shown as 00123
            return f"{int(value):0{len(padded.group())}d}"
    return tidy(value)


def tidy(value: Any) -> Any:
    """A text without blanks at its ends (None when nothing is left), a whole float as an int, a
    date as ISO text."""
    if isinstance(value, str):
        return " ".join(value.replace("\u00a0", " ").split()) or None
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value.isoformat() if isinstance(value, datetime | date) else value


def _csv(path: Path) -> Sheet:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # what Excel writes on Windows
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return Sheet(path.stem, [[tidy(cell) for cell in row] for row in rows])
