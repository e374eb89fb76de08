"""Lists of placements and wishes: read by any name, and every wrong row told."""

from __future__ import annotations

import pytest

from allocator.demo import demo_data
from allocator.demo.files import PLACEMENTS, WISHES, demo_lists
from allocator.errors import UsageError
from allocator.repair.lists import read_placements, read_wishes, write_csv
from tests.builders import J1, J2, J4, OUTSIDE, W1, W2, W3, W4, small_run
from tests.table_inputs import inputs_from


def test_read_placements_finds_workers_and_job_lines_by_id_number_or_name():
    text = f"Worker;Job_Line\n{W1};Surgery\nNBEN;{J2}\nCY  cole;  surgery \n\nEve Early;Rural\n"
    assert read_placements(text.encode("utf-8-sig"), small_run()) == (
        (W1, J1),
        (W2, J2),
        (W3, J1),
        (OUTSIDE, J4),
    )


def test_read_placements_names_every_wrong_row():
    text = (
        "worker,job line\nNADA,Surgery\nNobody,Surgery\nNBEN,Nowhere\n,Surgery\nNADA,Rural\nNCY\n"
    )
    with pytest.raises(UsageError) as refused:
        read_placements(text, small_run())
    assert refused.value.facts["problems"] == (
        "Row 3: the run has no worker “Nobody”.",
        "Row 4: the run has no job line “Nowhere”.",
        "Row 5: it names no worker.",
        "Row 6: row 2 has placed “NADA” already.",
        "Row 7: it names no job line.",
    )
    assert "nothing was taken" in refused.value.how


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "must name its columns"),
        ("NADA,Surgery\n", "must name its columns"),
        ("worker,job line,why\nNADA,Surgery,so\n", "must name its columns"),
        ("worker,job line\n", "is empty"),
        (b"worker,job line\n\xff\xfe,x\n", "not UTF-8"),
        ("worker,job line\n" + "x" * (8 * 2**20), "larger than 8 MB"),
    ],
)
def test_read_placements_of_a_file_that_is_no_list_says_what_is_wrong(content, words):
    with pytest.raises(UsageError, match=words):
        read_placements(content, small_run())


def test_read_wishes_takes_several_columns_and_rows_of_a_doctor():
    text = "doctor,job line,job line 2\nNADA,Surgery,Rural\nNDI,Surgery,\nNADA,Medicine\n"
    assert read_wishes(text, small_run()) == {W1: (J1, J4, J2), W4: (J1,)}
    again = "doctor,job line\nNADA,Surgery\nNADA,Surgery\nNDI,\n"
    with pytest.raises(UsageError) as refused:
        read_wishes(again, small_run())
    assert refused.value.facts["problems"] == (
        "Row 3: it names a job line of “NADA” again.",
        "Row 4: it names no job line.",
    )


def test_write_csv_is_safe_to_open_and_reads_back():
    assert write_csv(("A", "B"), [("=1+1", None), ("x,y", "-0.5")]) == (
        'A,B\r\n\'=1+1,\r\n"x,y",-0.5\r\n'
    )


def test_demo_lists_fit_the_demo_data():
    inputs = inputs_from(demo_data.rows(), demo_data.REPAIR_BATCH)
    lists = demo_lists()
    assert len(read_placements(lists[PLACEMENTS], inputs)) == len(inputs.workers) == 23
    wishes = read_wishes(lists[WISHES], inputs)
    assert sum(map(len, wishes.values())) == 12
