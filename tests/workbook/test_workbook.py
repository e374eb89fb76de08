"""The workbook and back: what is written is read again, and what makes no sense is named."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from openpyxl import Workbook, load_workbook

from allocator.errors import BadWorkbook
from allocator.models import Settings
from allocator.solving.solver import solve
from allocator.workbook import book_of, example, read_workbook, template, written
from tests.strategies import run_inputs


def filled(**sheets):
    """A workbook with these rows on its sheets; an underscore stands for a blank in a title."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title.replace("_", " "))
        for row in rows:
            sheet.append(row)
    return book


def saved(book):
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


WORKERS = [["Employee ID ", "Surname"], ["00123", "Ng"], ["7", " Abbott "]]
LINES = [["LINE", "capacity"], ["Surgery", 1], ["Medicine", 2]]


@given(run_inputs())
def test_a_run_written_and_read_again_has_the_same_facts(inputs):
    first = read_workbook(written(book_of(inputs)))
    assert (
        first.inputs().fingerprint
        == read_workbook(written(book_of(first.inputs()))).inputs().fingerprint
    )
    again, names = first.inputs(), {j.id: j.name for j in inputs.job_lines}
    here = {j.id: j.name for j in again.job_lines}
    lists = {w.internal_id: w for w in again.workers}
    for worker in inputs.workers:
        found = lists[worker.internal_id]
        for kind in ("order", "buckets"):
            before, after = getattr(worker.preferences, kind), getattr(found.preferences, kind)
            wanted = {names[j]: v for j, v in before.items() if j in names}
            assert {here[j]: v for j, v in after.items()} == wanted
        assert found.submitted == worker.submitted
    assert {(j.name, j.places, j.least_places) for j in again.job_lines} == {
        (j.name, j.places, j.least_places) for j in inputs.job_lines
    }
    assert sorted(w.weighting for w in again.weightings) == sorted(
        w.weighting for w in inputs.weightings
    )
    totals = [solve(each, Settings()).objective for each in (again, inputs)]
    assert totals[0] == pytest.approx(totals[1])


def test_a_wide_matrix_with_odd_headings_and_padded_ids_is_read():
    matrix = [[None, "Surgery", "Medicine"], [123, 1, "never"], ["7", "2", 1]]
    book = filled(Workers=WORKERS, Job_lines=LINES, Matrix=matrix)
    book["Matrix"]["A2"].number_format = "00000"
    read = read_workbook(saved(book))
    assert read.preferences == {
        ("00123", "Surgery"): (1, None),
        ("00123", "Medicine"): (None, 50),
        ("7", "Surgery"): (2, None),
        ("7", "Medicine"): (1, None),
    }
    assert read.workers["7"]["lastname"] == "Abbott"


def test_every_bad_cell_is_named():
    matrix = [["Worker ID", "Surgery", "Pathology"], ["7", 0, None], ["8", 1, 1]]
    book = filled(Workers=[*WORKERS, ["7", "Twin"]], Job_lines=LINES, Matrix=matrix)
    with pytest.raises(BadWorkbook) as caught:
        read_workbook(saved(book))
    named = {(issue.table, issue.row) for issue in caught.value.issues}
    assert named == {
        ("sheet Workers", "cell A4"),
        ("sheet Matrix", "cell C1"),
        ("sheet Matrix", "cell B2"),
        ("sheet Matrix", "cell A3"),
    }
    assert all(issue.remedy for issue in caught.value.issues)


def test_a_folder_of_csv_files_is_read_like_a_workbook(tmp_path):
    (tmp_path / "workers.csv").write_text("Worker ID;Last name\n00123;Ng\n", encoding="utf-8-sig")
    (tmp_path / "job lines.csv").write_text("Job line,Places\nSurgery,1\n")
    (tmp_path / "preferences.csv").write_text("Worker ID,Job line,Rank\n00123,Surgery,1\n")
    assert read_workbook(tmp_path).preferences == {("00123", "Surgery"): (1, None)}


def test_the_template_offers_choices():
    book = load_workbook(BytesIO(template()))
    offered = [v.formula1 for s in book for v in s.data_validations.dataValidation]
    assert '"yes,no"' in offered
    assert any("never" in words for words in offered)


def test_a_formula_counts_by_its_value_and_one_without_is_named():
    book = filled(Workers=WORKERS, Job_lines=[*LINES, ["Psychiatry", "=1+1"]])
    with pytest.raises(BadWorkbook) as caught:
        read_workbook(saved(book))
    assert [issue.row for issue in caught.value.issues] == ["cell B4"]


def test_the_example_is_the_demos_intern_year():
    inputs = read_workbook(example()).inputs()
    assert not inputs.issues
    assert len(inputs.workers) > 100
    again = read_workbook(written(book_of(inputs))).inputs()
    assert again.fingerprint == inputs.fingerprint
