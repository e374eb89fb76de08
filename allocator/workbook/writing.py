"""A `Book` as a workbook to fill in: headings with explanations, drop-downs, texts as texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from allocator.database.hydrate import inputs_of
from allocator.models import RunInputs
from allocator.rules.ranks import BUCKET_NAMES
from allocator.workbook import layout
from allocator.workbook.book import Book, rows_in_memory
from allocator.workbook.layout import Layout

FILL, FONT = PatternFill("solid", fgColor="0B5186"), Font(bold=True, color="FFFFFF")
Cell = str | int | None


def template() -> bytes:
    """An empty workbook to fill in (.xlsx)."""
    return written(Book())


def example() -> bytes:
    """The demo's intern year as a workbook (.xlsx)."""
    from allocator.demo import demo_data

    tables = demo_data.rows()
    rows = rows_in_memory(tables, demo_data.INTERN_YEAR, datetime.now(UTC))
    return written(book_of(inputs_of(rows)))


def book_of(inputs: RunInputs) -> Book:
    """A run's inputs by name: workers and job lines that take part, and their ranks of these.

    Places are those that are left; a worker or job line whose name is missing or taken gets its
    id as well. Data errors, and the terms of job lines, are left behind.
    """
    workers = _names((w.id, w.internal_id) for w in inputs.workers)
    lines = _names((j.id, j.name) for j in inputs.job_lines)
    tags = _names((tag.id, tag.name) for tag in inputs.tags)
    run = inputs.run
    facts = dict(
        zip(
            layout.FACTS,
            (run.plan_name, run.org, run.timezone, run.allocation_run_status),
            strict=True,
        )
    )
    book = Book(facts, tags=dict.fromkeys(tags.values()))

    def known(ids: Iterable[str], names: dict[str, str]) -> tuple[str, ...]:
        return tuple(sorted(names[one] for one in ids if one in names))

    for worker in inputs.workers:
        name, chosen = workers[worker.id], worker.preferences
        book.workers[name] = {
            "firstname": worker.firstname,
            "lastname": worker.lastname,
            "preferred_name": worker.preferred_name,
            "qualificationlevel": worker.qualificationlevel,
            "tags": known(worker.qualification_ids, tags),
            "submitted": worker.submitted,
            "locked": worker.locked,
        }
        for key in lines.keys() & (chosen.order.keys() | chosen.buckets.keys()):
            pair = chosen.order.get(key), chosen.buckets.get(key)
            book.preferences[name, lines[key]] = pair
    for line in inputs.job_lines:
        book.job_lines[lines[line.id]] = {
            "sort_order": line.sort_order,
            "max_n_workers": line.places,
            "must_have_workers": bool(line.least_places),
        }
        if rule := line.eligibility:
            book.eligibility[lines[line.id]] = (
                known(rule.included_qualification_tag_ids, tags),
                known(rule.excluded_qualification_tag_ids, tags),
                known(rule.included_worker_mapping_ids, workers),
                known(rule.excluded_worker_mapping_ids, workers),
            )
    book.weightings = [
        {
            "job_line": lines[w.job_line] if w.job_line else None,
            "tags": known(w.qualification_tag_ids, tags),
            "workers": known(w.worker_mapping_ids, workers),
            "weighting": w.weighting,
        }
        for w in inputs.weightings
    ]
    return book


def _names(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Id → a name that no other has, without what lists and blanks would take for something
    else."""
    found: dict[str, str] = {}
    for key, name in pairs:
        plain = " ".join(name.replace(";", ",").split())
        found[key] = plain if plain and plain not in found.values() else f"{plain} {key}".strip()
    return found


def written(book: Book) -> bytes:
    """The workbook (.xlsx): preferences go to the long sheet; the matrix has its headings."""
    file = Workbook(write_only=True)
    about = file.create_sheet("About")
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 26, 90
    about.append(["Sheet", "What goes into it"])
    for each in layout.LAYOUTS:
        about.append([each.title, each.words])
    for each, rows in _tables(book):
        headings = [column.title for column in each.columns]
        if each is layout.MATRIX:
            headings += list(book.job_lines)
        sheet = file.create_sheet(each.title)
        sheet.freeze_panes = "B2"
        for at, column in enumerate(each.columns, start=1):
            letter = get_column_letter(at)
            sheet.column_dimensions[letter].width = 24
            if column.choices:
                offered = DataValidation("list", formula1=f'"{",".join(column.choices)}"')
                offered.add(f"{letter}2:{letter}100000")
                sheet.data_validations.append(offered)
        heads = [_cell(sheet, heading) for heading in headings]
        for head, column in zip(heads, each.columns, strict=False):
            if column.words:
                head.comment = Comment(column.words, "Allocator")
        for head in heads:
            head.fill, head.font = FILL, FONT
        sheet.append(heads)
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    stream = BytesIO()
    file.save(stream)
    return stream.getvalue()


def _cell(sheet: Any, value: Cell) -> Any:
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type, cell.number_format = "s", "@"
    return cell


def _flag(value: bool) -> str:
    return layout.YES if value else layout.NO


def _tables(book: Book) -> list[tuple[Layout, list[Sequence[Cell]]]]:
    return [
        (layout.RUN, [(name, book.facts.get(name)) for name in layout.FACTS]),
        (
            layout.WORKERS,
            [
                (
                    worker,
                    row["firstname"] or None,
                    row["lastname"] or None,
                    row["preferred_name"] or None,
                    row["qualificationlevel"] or None,
                    _joined(row["tags"]),
                    _flag(row["submitted"]),
                    _flag(row["locked"]),
                )
                for worker, row in book.workers.items()
            ],
        ),
        (
            layout.JOB_LINES,
            [
                (name, row["sort_order"], row["max_n_workers"], _flag(row["must_have_workers"]))
                for name, row in book.job_lines.items()
            ],
        ),
        (
            layout.PREFERENCES,
            [
                (*pair, rank, None if bucket is None else BUCKET_NAMES.get(bucket, str(bucket)))
                for pair, (rank, bucket) in sorted(book.preferences.items())
            ],
        ),
        (layout.MATRIX, []),
        (
            layout.ELIGIBILITY,
            [(line, *map(_joined, lists)) for line, lists in book.eligibility.items()],
        ),
        (
            layout.WEIGHTINGS,
            [
                (row["job_line"], _joined(row["tags"]), _joined(row["workers"]), row["weighting"])
                for row in book.weightings
            ],
        ),
        (layout.TAGS, [(tag,) for tag in book.tags]),
    ]


def _joined(names: Iterable[str]) -> str | None:
    return "; ".join(names) or None
