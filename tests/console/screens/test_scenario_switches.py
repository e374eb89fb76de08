"""The Scenarios page's switches: changes about the whole run that are on or off."""

from __future__ import annotations

from allocator.demo import demo_data
from tests.console.solving import words_of
from tests.database.demo_rows import placed_elsewhere

RUN = demo_data.BY_EYE


def test_never_is_made_ineligible_by_one_switch(page, demo_database):
    app = page("scenarios", run=RUN)
    assert "Under “never”" in [metric.label for metric in app.metric]
    switch = next(t for t in app.toggle if "means not eligible (1 pair)" in t.label)
    app = switch.set_value(True).run()
    assert "Nobody gets a job line that they put into the bucket" in words_of(app)
    never = next(metric for metric in app.metric if metric.label == "Under “never”")
    assert (never.value, never.delta) == ("0", "-1")
    next(button for button in app.button if button.label == "Undo").click().run()
    assert not next(t for t in app.toggle if "means not eligible" in t.label).value


def test_lists_are_read_by_bucket_and_other_placements_taken_out_by_switches(page, demo_database):
    placed_elsewhere(demo_database, RUN)
    app = page("scenarios", run=RUN)
    next(t for t in app.toggle if "other applications placed" in t.label).set_value(True).run()
    app = next(t for t in app.toggle if t.label == "Bucket first, then rank").set_value(True).run()
    assert "The placement that other applications made is taken out." in words_of(app)
    assert not app.exception
