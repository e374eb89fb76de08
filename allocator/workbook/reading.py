"""Sheets → a `Book`, with everything that makes no sense named by its cell; nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allocator.errors import BadWorkbook, DataIssue
from allocator.rules.moments import time_zone
from allocator.rules.ranks import BUCKET_NAMES
from allocator.workbook import layout
from allocator.workbook.book import Book
from allocator.workbook.cells import Sheet, read_sheets
from allocator.workbook.layout import Layout, plain_heading

Cells = dict[str, tuple[Any, str]]
"""Heading → value and address, of one row."""

BUCKETS = {name: bucket for bucket, name in BUCKET_NAMES.items()}
YES = frozenset({"yes", "y", "true", "1", "x"})
NO = frozenset({"no", "n", "false", "0"})


def read_workbook(source: Path | bytes) -> Book:
    """The run in a workbook or a folder of CSV files.

    Raises UsageError when it is neither, BadWorkbook with every cell that must be mended.
    """
    return _Reader(read_sheets(source)).book()


class _Reader:
    def __init__(self, sheets: list[Sheet]) -> None:
        self._sheets = {plain_heading(sheet.title): sheet for sheet in sheets}
        self._faults: list[DataIssue] = []
        self._book = Book()

    def book(self) -> Book:
        for kind, cells in self._rows(layout.RUN):
            self._fact(kind, cells)
        declared = [self._text(cells, "Qualification") for _, cells in self._rows(layout.TAGS)]
        self._book.tags = dict.fromkeys(tag for tag in declared if tag)
        open_list = not self._book.tags
        for kind, cells in self._rows(layout.WORKERS, required=True):
            self._worker(kind, cells, open_list)
        for kind, cells in self._rows(layout.JOB_LINES, required=True):
            self._job_line(kind, cells)
        for kind, cells in self._rows(layout.PREFERENCES):
            pair = self._known(kind, cells, "Worker ID"), self._known(kind, cells, "Job line")
            rank, where = cells.get("Rank", (None, ""))
            bucket = self._bucket(kind, cells)
            self._prefer(
                kind, where or cells["Job line"][1], pair, self._rank(kind, where, rank), bucket
            )
        self._matrix()
        for kind, cells in self._rows(layout.ELIGIBILITY):
            line = self._known(kind, cells, "Job line")
            lists = tuple(
                self._names(kind, cells, column.title) for column in layout.ELIGIBILITY.columns[1:]
            )
            if line in self._book.eligibility:
                self._fault(
                    kind,
                    cells["Job line"][1],
                    f"{line} has a row already.",
                    "Merge them into one row.",
                )
            elif line:
                self._book.eligibility[line] = lists
        for kind, cells in self._rows(layout.WEIGHTINGS):
            self._weighting(kind, cells)
        if self._faults:
            raise BadWorkbook(tuple(self._faults))
        return self._book

    def _fault(self, sheet: str, cell: str, message: str, remedy: str) -> None:
        self._faults.append(DataIssue(f"sheet {sheet}", f"cell {cell}", message, remedy))

    def _sheet(self, wanted: Layout) -> Sheet | None:
        for name in (wanted.title, *wanted.others):
            if found := self._sheets.get(plain_heading(name)):
                return found
        return None

    def _rows(self, wanted: Layout, *, required: bool = False) -> Iterator[tuple[str, Cells]]:
        """The filled rows below the headings: title of the sheet, and cells by heading."""
        sheet = self._sheet(wanted)
        if sheet is None:
            if required:
                remedy = "Add it; `allocator template` writes one."
                self._fault(wanted.title, "A1", "The sheet is missing.", remedy)
            return
        heading = {
            plain_heading(name): column.title
            for column in wanted.columns
            for name in (*column.others, column.title)
        }
        columns: dict[int, str] = {}
        for position, name in enumerate(sheet.rows[0] if sheet.rows else ()):
            title = heading.get(plain_heading(str(name or "")))
            if title in columns.values():
                remedy = "Delete or rename one of them."
                self._fault(
                    sheet.title, sheet.address(0, position), f"{title} is there twice.", remedy
                )
            elif title:
                columns[position] = title
        missing = [
            c.title for c in wanted.columns if c.required and c.title not in columns.values()
        ]
        for title in missing:
            remedy = "Write it into the first row, above its column."
            self._fault(sheet.title, "A1", f"There is no column {title}.", remedy)
        if missing:
            return
        must = [c.title for c in wanted.columns if c.required]
        for number, row in enumerate(sheet.rows[1:], start=1):
            cells: Cells = {
                title: (row[at] if at < len(row) else None, sheet.address(number, at))
                for at, title in columns.items()
            }
            if all(value is None for value, _ in cells.values()):
                continue
            blank = [title for title in must if cells[title][0] is None]
            for title in blank:
                remedy = "Fill it, or clear the whole row."
                self._fault(sheet.title, cells[title][1], f"{title} is blank.", remedy)
            if not blank:
                yield sheet.title, cells

    def _text(self, cells: Cells, title: str) -> str:
        value = cells.get(title, (None, ""))[0]
        return "" if value is None else str(value)

    def _fact(self, kind: str, cells: Cells) -> None:
        name, value = self._text(cells, "Fact"), self._text(cells, "Value")
        at = cells["Value"][1]
        if name == layout.ZONE and value and time_zone(value) is None:
            self._fault(
                kind, at, f"{value} is no time zone.", "Write one such as Australia/Sydney."
            )
        if name == layout.STATUS and value and value not in layout.STATUSES:
            self._fault(kind, at, f"{value} is no status.", "Write open, closed or archived.")
        self._book.facts[name] = value

    def _worker(self, kind: str, cells: Cells, open_list: bool) -> None:
        worker = self._text(cells, "Worker ID")
        if worker in self._book.workers:
            self._fault(
                kind,
                cells["Worker ID"][1],
                f"{worker} is there twice.",
                "Give each worker one row.",
            )
            return
        tags = _parts(self._text(cells, "Qualifications"))
        for tag in tags:
            if open_list:
                self._book.tags[tag] = None
            elif tag not in self._book.tags:
                self._lost(kind, cells["Qualifications"][1], "qualification", tag)
        self._book.workers[worker] = {
            "firstname": self._text(cells, "First name"),
            "lastname": self._text(cells, "Last name"),
            "preferred_name": self._text(cells, "Preferred name"),
            "qualificationlevel": self._text(cells, "Level"),
            "tags": tags,
            "submitted": self._flag(kind, cells, "Submitted", True),
            "locked": self._flag(kind, cells, "Locked", False),
        }

    def _job_line(self, kind: str, cells: Cells) -> None:
        name = self._text(cells, "Job line")
        if name in self._book.job_lines:
            self._fault(
                kind,
                cells["Job line"][1],
                f"{name} is there twice.",
                "Give each job line a name of its own.",
            )
            return
        self._book.job_lines[name] = {
            "sort_order": self._whole(kind, cells, "Order", len(self._book.job_lines) + 1, -32768),
            "max_n_workers": self._whole(kind, cells, "Places", 1, 0),
            "must_have_workers": self._flag(kind, cells, "Must be filled", False),
        }

    def _weighting(self, kind: str, cells: Cells) -> None:
        line = self._known(kind, cells, "Job line") if self._text(cells, "Job line") else None
        self._book.weightings.append(
            {
                "job_line": line,
                "tags": self._names(kind, cells, "Qualifications"),
                "workers": self._names(kind, cells, "Workers"),
                "weighting": self._whole(kind, cells, "Weighting", 0, -32768),
            }
        )

    def _matrix(self) -> None:
        sheet = self._sheet(layout.MATRIX)
        if sheet is None or not sheet.rows:
            return
        lines: dict[int, str] = {}
        for at, heading in enumerate(sheet.rows[0][1:], start=1):
            if heading is None:
                continue
            if str(heading) not in self._book.job_lines:
                self._lost(sheet.title, sheet.address(0, at), "job line", str(heading))
            lines[at] = str(heading)
        for number, row in enumerate(sheet.rows[1:], start=1):
            worker = row[0] if row else None
            filled = {at: v for at, v in enumerate(row[1:], start=1) if v is not None}
            if worker is None and filled:
                first = sheet.address(number, 0)
                self._fault(
                    sheet.title, first, "Worker ID is blank.", "Fill it, or clear the whole row."
                )
            elif worker is not None and str(worker) not in self._book.workers:
                self._lost(sheet.title, sheet.address(number, 0), "worker", str(worker))
            elif worker is not None:
                for at, value in filled.items():
                    self._matrix_cell(sheet, number, at, str(worker), lines.get(at), value)

    def _matrix_cell(
        self, sheet: Sheet, number: int, at: int, worker: str, line: str | None, value: Any
    ) -> None:
        where = sheet.address(number, at)
        if line is None:
            remedy = "Write the job line's name above it, or clear the cell."
            self._fault(sheet.title, where, "There is no job line above it.", remedy)
            return
        bucket = BUCKETS.get(str(value).casefold())
        rank = None if bucket else self._rank(sheet.title, where, value)
        self._prefer(sheet.title, where, (worker, line), rank, bucket)

    def _prefer(
        self, kind: str, where: str, pair: tuple[str, str], rank: int | None, bucket: int | None
    ) -> None:
        if not all(pair):
            return
        if pair in self._book.preferences:
            said = f"{pair[0]} has a row or cell for {pair[1]} already."
            self._fault(kind, where, said, "Delete all but one of them.")
        else:
            self._book.preferences[pair] = rank, bucket

    def _rank(self, kind: str, where: str, value: Any) -> int | None:
        number = _number(value)
        if value is None or (number is not None and 1 <= number < 2**31):
            return number
        remedy = "Set the rank to 1 or more, or clear it to leave the job line unranked."
        self._fault(kind, where, f"The rank is {value}; ranks are whole numbers from 1.", remedy)
        return None

    def _bucket(self, kind: str, cells: Cells) -> int | None:
        word = self._text(cells, "Bucket").casefold()
        if not word:
            return None
        bucket = BUCKETS.get(word) or _number(word)
        if bucket is None:
            remedy = f"Write one of {', '.join(BUCKETS)}, or clear it."
            self._fault(kind, cells["Bucket"][1], f"{word} is no bucket.", remedy)
        return bucket

    def _whole(self, kind: str, cells: Cells, title: str, usual: int, least: int) -> int:
        value, where = cells.get(title, (None, ""))
        number = usual if value is None else _number(value)
        if number is None or not least <= number < 2**15:
            remedy = f"Write a whole number from {least} to 32767."
            self._fault(kind, where, f"{title} is {value}.", remedy)
            return usual
        return number

    def _flag(self, kind: str, cells: Cells, title: str, usual: bool) -> bool:
        word = self._text(cells, title).casefold()
        if word and word not in YES | NO:
            self._fault(kind, cells[title][1], f"{title} is {word}.", "Write yes or no.")
        return word in YES if word else usual

    def _known(self, kind: str, cells: Cells, title: str) -> str:
        """The worker or job line that a cell names; "" when it names none."""
        name = self._text(cells, title)
        is_worker = title == "Worker ID"
        if name in (self._book.workers if is_worker else self._book.job_lines):
            return name
        self._lost(kind, cells[title][1], "worker" if is_worker else "job line", name)
        return ""

    def _names(self, kind: str, cells: Cells, title: str) -> tuple[str, ...]:
        is_tag = title.startswith("Qualifications")
        known: dict[str, Any] = self._book.tags if is_tag else self._book.workers
        names = _parts(self._text(cells, title))
        for name in names:
            if name not in known:
                self._lost(kind, cells[title][1], "qualification" if is_tag else "worker", name)
        return names

    def _lost(self, kind: str, where: str, noun: str, name: str) -> None:
        sheet = {"worker": "Workers", "job line": "Job lines"}.get(noun, "Qualifications")
        remedy = f"Write it as on the sheet {sheet}, or add it there."
        self._fault(kind, where, f"There is no {noun} {name}.", remedy)


def _number(value: Any) -> int | None:
    """A whole number, also one that was stored as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for one in text.split(";") if (part := one.strip())))
