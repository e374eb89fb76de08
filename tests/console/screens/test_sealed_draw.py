"""A sealed draw on the page Commit, from the seal to its number, and what History gives away."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from allocator.demo import demo_data
from console.state import backend
from tests.console.solving import press, solve, words_of
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE
LOTTERY = "Saturday Lotto, draw 4471"


@pytest.fixture
def demo_database(connected):
    connected.insert_tables(demo_rows())
    return connected


def field(app, label):
    return next(f for f in app.text_input if f.label.startswith(label))


def test_a_run_is_sealed_drawn_and_broken_on_the_page(page, demo_database):
    solve(RUN)
    app = page("commit", run=RUN)
    app = press(app, "Seal these settings")
    assert "nothing was sealed" in words_of(app)
    field(app, "Where the number").set_value(LOTTERY)
    app.date_input[0].set_value(date.today() + timedelta(days=3))
    app = press(app, "Seal these settings")
    assert f"waits for the number of {LOTTERY}" in words_of(app)
    demo_database.rows("update allocator_console_seals set not_before = now()")
    field(app, "The number").set_value("3, 11, 17")
    app = press(app, "Enter it")
    [seal] = backend.service().seals(RUN)
    assert f"Solve again with the seed {seal.seed}" in words_of(app).replace("**", "")
    field(app, "Reason").set_value("The lottery was cancelled")
    app = press(app, "Break the seal")
    assert "The lottery was cancelled" in words_of(app)
    assert not app.exception


def test_history_of_a_committed_run_offers_the_disclosure(page, demo_database):
    service = backend.service()
    inputs = service.hydrate(RUN)
    service.commit(inputs, service.solve(inputs), "Ada")
    app = page("history", run=RUN)
    assert not app.exception
    assert "A request for information" in words_of(app)
