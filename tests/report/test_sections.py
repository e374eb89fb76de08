"""Exports: what they hold, how they look, and that no cell runs as a formula."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO, StringIO
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from allocator.measures import placements
from allocator.models import Policy, Settings
from allocator.report import (
    ReportOptions,
    ReportTable,
    labelled,
    printable_report,
    report_tables,
    table_workbook,
    to_csv,
    to_workbook,
    workbook,
)
from allocator.report.parts import IDS, LABELS, csv_text
from allocator.result import Status
from allocator.solving.solver import solve
from tests.builders import W1, renamed, result_for, small_result, small_run
from tests.profiles import examples
from tests.strategies import run_inputs

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HOSTILE = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1"]


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", HOSTILE)
def test_csv_formulas_are_neutralised(text: str) -> None:
    rows = read_csv(to_csv(pd.DataFrame({"Name": [text], text: ["plain"]})))
    assert rows[1][0] == f"'{text}"
    assert rows[0][1] == f"'{text}"


def test_csv_keeps_negative_numbers_and_accents() -> None:
    rows = read_csv(to_csv(pd.DataFrame({"a": [-2], "b": ["Zoë"], "c": [None], "d": [True]})))
    assert rows[1] == ["-2", "Zoë", "", "Yes"]


@given(st.text(), st.integers())
def test_csv_text_survives_the_round_trip(text: str, number: int) -> None:
    clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text).encode("utf-8", "replace").decode()
    rows = read_csv(to_csv(pd.DataFrame({"t": [clean], "n": [number]})))
    assert csv_text(rows[1][0]) == clean
    assert re.fullmatch(r'="[^"]*"', rows[1][0]) or not re.match(r"^\s*[=+\-@]", rows[1][0])
    assert rows[1][1] == str(number)


TAKEN_FOR_A_VALUE = ["00123", "1E10", "3-4", "MARCH1", "2027-01-11", "TRUE", "-3", "12:30"]


def test_csv_text_that_looks_like_a_number_or_date_stays_text() -> None:
    frame = pd.DataFrame({"Internal id": [*TAKEN_FOR_A_VALUE, "Ward 3"]})
    cells = [row[0] for row in read_csv(to_csv(frame))[1:]]
    assert cells == [*(f'="{text}"' for text in TAKEN_FOR_A_VALUE), "Ward 3"]
    assert [csv_text(cell) for cell in cells] == [*TAKEN_FOR_A_VALUE, "Ward 3"]


def test_a_table_as_workbook_keeps_text_and_numbers_apart() -> None:
    texts = [*TAKEN_FOR_A_VALUE, *HOSTILE]
    frame = pd.DataFrame({"Id": texts, "Rank": [1.5] * len(texts)})
    sheet = load_workbook(BytesIO(table_workbook(frame)))["Table"]
    cells = [sheet.cell(row, 1) for row in range(2, len(texts) + 2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value.strip() for cell in cells] == [text.strip() for text in texts]
    assert all(cell.quotePrefix for cell in cells[len(TAKEN_FOR_A_VALUE) :])
    assert sheet["B2"].value == 1.5
    assert [cell.value for cell in sheet[1]] == ["Id", "Rank"]


@pytest.mark.parametrize("text", HOSTILE)
def test_workbook_text_is_never_a_formula(text: str) -> None:
    data = to_workbook([ReportTable("Sheet", pd.DataFrame({"Name": [text]}))])
    cell = load_workbook(BytesIO(data))["Sheet"]["A2"]
    assert cell.data_type == "s"
    assert cell.value.strip() == text.strip()
    assert cell.quotePrefix


def test_workbook_sheets_are_formatted() -> None:
    book = load_workbook(BytesIO(workbook(small_run(), small_result(), operator="Kim")))
    assert book.sheetnames[0] == "About"
    assert "Allocation" in book.sheetnames
    sheet = book["Allocation"]
    assert sheet.freeze_panes == "B2"
    assert sheet["A1"].font.bold
    assert sheet.auto_filter.ref == "A1:J5"
    assert [c.value for c in sheet["A"][1:5]] == ["Ada Archer", "Ben Birch", "Cy Cole", "Di Dale"]
    assert book["Placed by choice number"]["C2"].number_format == "0.0%"
    facts = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert facts["Made by"] == "Kim"


def test_workbook_long_and_repeated_titles_become_sheet_names() -> None:
    frame = pd.DataFrame({"a": [1]})
    data = to_workbook([ReportTable("A/B: " + "x" * 40, frame)] * 2 + [ReportTable("'", frame)])
    names = load_workbook(BytesIO(data)).sheetnames
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 31


def test_workbook_without_tables_opens() -> None:
    assert load_workbook(BytesIO(to_workbook([]))).sheetnames == ["Empty"]


@pytest.mark.parametrize("options", [ReportOptions(), ReportOptions(names=True, masked=False)])
def test_tables_show_no_ids_and_have_labels(options: ReportOptions) -> None:
    for table in report_tables(small_run(), small_result(), options):
        assert not set(table.frame.columns) & {*IDS, *LABELS}
        assert not UUID.search(table.frame.to_string())


def test_tables_without_names_name_nobody() -> None:
    text = printable_report(small_run(), small_result())
    assert not any(name in text for name in ("Archer", "Birch", "Cole", "Dale", "Early"))
    assert "Archer" in printable_report(small_run(), small_result(), ReportOptions(names=True))


def test_tables_of_groups_are_masked_unless_told_otherwise() -> None:
    def group(options: ReportOptions) -> pd.DataFrame:
        tables = {t.title: t.frame for t in report_tables(small_run(), small_result(), options)}
        return tables["By qualification level"].set_index("Group")

    assert group(ReportOptions()).loc["PGY1", "Workers"] in ("<5", "hidden")
    assert group(ReportOptions(masked=False)).loc["PGY1", "Workers"] == 2


def test_report_bands_are_configurable() -> None:
    options = ReportOptions(edges=(2,), bottom=0)
    tables = {t.title: t.frame for t in report_tables(small_run(), small_result(), options)}
    bands = list(tables["Placed by band of choices"]["Choice received"])
    assert bands == ["1st–2nd", "Outside the top two", "Unranked", "No preferences"]


class Page(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[Any] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


def test_printable_report_is_self_contained() -> None:
    page = Page(printable_report(small_run(), small_result(), operator="Kim"))
    assert page.addresses == []
    assert "script" not in page.tags
    assert page.tags.count("h2") == page.tags.count("section") == 8


def test_printable_report_escapes_names_of_the_database() -> None:
    inputs = renamed(small_run(), W1, "<script>alert(1)</script>")
    text = printable_report(inputs, small_result(), ReportOptions(names=True))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_printable_report_speaks_of_run_settings_and_time() -> None:
    inputs = small_run()
    inputs = replace(inputs, run=replace(inputs.run, timezone="Australia/Brisbane"))
    result = result_for(
        inputs, {}, Settings(policy=Policy.LEXIMIN, worst_rank=9), Status.INFEASIBLE
    )
    text = printable_report(inputs, result, now=datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    assert "25 November 2026 06:00" in text
    assert "The worst-off first" in text
    assert "Cap on the worst rank" in text
    assert "No allocation satisfies every rule." in text


@examples(25)
@given(run_inputs(feasible=True))
def test_every_solved_run_can_be_exported(inputs: Any) -> None:
    result = solve(inputs, Settings())
    assert printable_report(inputs, result).endswith("</html>")
    rows = read_csv(to_csv(labelled(placements(inputs, result))))
    assert len(rows) == len(inputs.workers) + 1
