"""Rows of text that name workers and job lines of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, worker_name
from allocator.scenario.pasted import read_pasted
from tests.scenario.conftest import ADA, BEN, MEDICINE, SURGERY
from tests.strategies import run_inputs


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("Ada Lovelace; Surgery\nBen Nevis;Medicine", [(ADA, SURGERY), (BEN, MEDICINE)]),
        ("  ada   LOVELACE\tSurgery  ", [(ADA, SURGERY)]),
        ("\nAda Lovelace\n\nBen Nevis;\n", [(ADA, None), (BEN, None)]),
        ("Surgery\n; Medicine", [(None, SURGERY), (None, MEDICINE)]),
        (" \n;\n", []),
    ],
)
def test_rows_are_found_in_their_order(inputs: RunInputs, text: str, subjects: list) -> None:
    found = read_pasted(inputs, text)
    assert (list(found.subjects), found.problems) == (subjects, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ada Lovelac; Surgery", ["Row 1", "no worker", "is “Ada Lovelace” meant"]),
        ("Ada Lovelace; Sewing", ["Row 1", "no job line", "Sewing"]),
        ("Xyzzy", ["Row 1", "nobody and no job line"]),
        ("\nAda Lovelace\nada lovelace", ["Row 3", "the same as row 2"]),
        (
            "Ada Lovelace; Surgery\nBen Nevis",
            ["Row 2", "a worker alone", "row 1 names a worker and"],
        ),
        ("Ada; Lovelace; Surgery", ["Row 1", "3 parts"]),
    ],
)
def test_every_row_that_is_wrong_is_named(inputs: RunInputs, text: str, words: list) -> None:
    [problem] = read_pasted(inputs, text).problems
    assert [word for word in words if word not in problem] == []


def test_a_name_that_two_bear_asks_for_what_tells_them_apart(inputs: RunInputs) -> None:
    ada, ben, cleo = inputs.workers
    twin = replace(ben, firstname="Ada", lastname="Lovelace", internal_id="I2")
    twins = replace(inputs, workers=(replace(ada, internal_id="I1"), twin, cleo))
    [problem] = read_pasted(twins, "Ada Lovelace; Surgery").problems
    assert "could be 2 workers: write “Ada Lovelace (I1)” or “Ada Lovelace (I2)”" in problem
    assert read_pasted(twins, "Ada Lovelace (I2)\nI1").subjects == ((BEN, None), (ADA, None))


def test_too_many_rows_are_refused(inputs: RunInputs) -> None:
    assert "at most 2,000" in read_pasted(inputs, "Ada Lovelace\n" * 2_001).problems[0]


@given(run_inputs())
def test_every_pair_is_found_under_the_names_that_the_console_shows(inputs: RunInputs) -> None:
    pairs = [(w.id, j.id) for w in inputs.workers for j in inputs.job_lines]
    rows = [f"{worker_name(inputs, w)}; {job_line_name(inputs, j)}" for w, j in pairs]
    found = read_pasted(inputs, "\n".join(rows))
    assert (list(found.subjects), found.problems) == (pairs, ())
