"""Rows as cards on a narrow screen: whom, which job line, which rank; opened by a button."""

from __future__ import annotations

import pandas as pd
import pytest

from allocator.demo import demo_data
from console.ui import session
from console.ui.cards import AT_ONCE, cell_words, in_order
from tests.console.solving import solve

RUN = demo_data.BY_EYE


def narrow(app):
    """The same page after the browser's script has told that the screen is narrow."""
    return app.checkbox(key=session.NARROW).check().run()


def lists_of(app) -> list[str]:
    return [e.proto.body for e in app.get("html") if 'class="rows' in e.proto.body]


def test_results_are_a_list_with_name_job_line_and_rank(page, demo_database):
    solve(RUN)
    app = narrow(page("results", run=RUN))
    assert not app.exception
    assert not app.dataframe
    _, allocation, *_ = lists_of(app)
    assert allocation.count('<span class="title">') == 12
    first = allocation.split("</li>")[0]
    name, line, rank = (
        first.index(part) for part in ("Anika Chandrasekara", "Line 002 · ", "<dt>Rank</dt>")
    )
    assert name < line < rank


def test_worker_is_opened_again_and_again_from_the_same_card(page, demo_database):
    app = narrow(page("review", run=RUN))
    for _ in range(2):
        button = next(b for b in app.button if b.label == "Anika Chandrasekara")
        app = button.click().run()
        assert [h.value for h in app.header] == ["Anika Chandrasekara"]
    assert not app.exception


def test_long_tables_show_more_when_asked(page, demo_database):
    app = narrow(page("review", run=demo_data.INTERN_YEAR))
    cards = [b for b in app.button if (b.key or "").startswith("open ")]
    assert len(cards) == AT_ONCE
    more = next(b for b in app.button if b.label == "Show more (127 left)")
    app = more.click().run()
    assert len([b for b in app.button if (b.key or "").startswith("open ")]) == 5 * AT_ONCE


def test_what_a_reader_looks_for_comes_first():
    shown = pd.DataFrame(columns=["Internal id", "Name", "Bucket", "Job line", "Rank"])
    assert in_order(shown) == ["Name", "Job line", "Rank", "Internal id", "Bucket"]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [("Rank", 2.5, "2.5"), ("Share", 0.125, "12%"), ("Rank", float("nan"), ""), ("Places", 3, "3")],
)
def test_cells_in_words(column, value, words):
    assert cell_words(column, value) == words
