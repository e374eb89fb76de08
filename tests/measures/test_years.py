"""Completed runs side by side, worked out by hand."""

from __future__ import annotations

import pytest

from allocator.measures.years import YearColumn, side_by_side, without_year, year_in

KEPT = {
    "workers": 1200,
    "placed": 1200,
    "ranked": 1000,
    "first_choices": 250,
    "within": {"3": 500, "5": 600},
    "worst_score": 12.5,
}


def column(table, label):
    return dict(zip(table.frame.iloc[:, 0], table.frame[label], strict=True))


def test_tables_have_a_column_for_each_run_and_leave_open_what_nobody_kept():
    ranks = (1.0, 1.5, 2.0, 3.0, 4.5, 10.0, 11.0, None, float("nan"))
    runs = [YearColumn("2026", {"placed": 9, "first_choices": 2}, ranks), YearColumn("2027", KEPT)]
    figures, counts, shares = side_by_side(runs)
    assert list(figures.frame.columns) == ["Figure", "2026", "2027"]
    late, early = column(figures, "2027"), column(figures, "2026")
    assert late["First choices"] == "250 of 1,000 (25.0%)"
    assert (early["First choices"], early["Workers in the run"]) == ("2", "–")
    assert late["Worst rank"] == "12.5"
    assert "Left out" not in late  # no run kept it
    assert list(column(counts, "2026").values()) == ["1", "3", "1", "1", "1", "2"]
    assert column(counts, "2026")["Unranked"] == "2"
    assert column(shares, "2026")["2nd–3rd"] == "33.3%"
    assert set(column(shares, "2027").values()) == {"–"}
    assert [len(table.frame) for table in side_by_side([])] == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "plan", "year"),
    [
        ("Intern year 2027", "Intern year", "2027"),
        ("2027 Intern year", "Intern year", "2027"),
        ("Intern year 2027/28 (north)", "Intern year (north)", "2027/28"),
        ("Ward 20199", "Ward 20199", ""),
        ("2027", "", "2027"),
    ],
)
def test_a_plan_is_the_same_without_its_year(name, plan, year):
    assert (without_year(name), year_in(name)) == (plan, year)
