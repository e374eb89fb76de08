"""Scenarios that nobody saved: found again after a reload, never lost, undone and redone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from allocator.demo import demo_data
from allocator.models import Settings
from allocator.scenario import Scenario
from console.state import backend, drafts
from tests.console.screens.test_scenarios import by_label, keep, shown
from tests.console.server import OPERATOR
from tests.database.demo_rows import demo_rows
from tests.services import hidden
from tests.waiting import PATIENCE

RUN = demo_data.BY_EYE
OTHERS = "Open another scenario"


@pytest.fixture
def demo_database(connected):
    connected.insert_tables(demo_rows())
    return connected


def seed(app: AppTest, value: int | None = None) -> int:
    field = by_label(app.number_input, "Seed")
    if value is not None:
        field.set_value(value).run()
    return by_label(app.number_input, "Seed").value


def drafts_offered(app: AppTest) -> list[str]:
    return [o for o in by_label(app.selectbox, OTHERS).options if o.startswith("Draft")]


def test_a_draft_survives_a_reload_and_says_how_old_it_is(page, demo_database):
    first = page("scenarios", run=RUN)
    assert "restored" not in shown(first)
    seed(first, 77)
    reloaded = page("scenarios", run=RUN)
    assert seed(reloaded) == 77
    assert "Your draft of less than a minute ago restored." in shown(reloaded)
    assert drafts.keeper().written(PATIENCE)
    demo_database.rows(
        "update allocator_console_drafts set updated_at = now() - interval '5 minutes'"
    )
    drafts.keeper().stop()
    drafts.keeper.cache_clear()  # another process, which has nothing in memory
    backend.store().drop("drafts")
    later = page("scenarios", run=RUN)
    assert "Your draft of 5 minutes ago restored." in shown(later)
    later.button(key="scenario discard").click().run()
    assert seed(later) == Settings().seed
    assert seed(page("scenarios", run=RUN)) == Settings().seed


def test_opening_another_scenario_keeps_the_draft_and_it_can_be_taken_up_again(page, demo_database):
    saved = keep(Scenario("Fairer", Settings(seed=5)))
    app = page("scenarios", run=RUN)
    seed(app, 77)
    by_label(app.selectbox, OTHERS).set_value(saved).run()
    assert seed(app) == 5
    seed(app, 6)
    [offered] = drafts_offered(app)
    assert "New scenario" in offered
    older = drafts.keeper().of(OPERATOR, RUN, drafts.SCENARIO)[-1]
    by_label(app.selectbox, OTHERS).set_value(older.name).run()
    assert seed(app) == 77
    assert any("Fairer" in one for one in drafts_offered(app))


def test_a_draft_of_a_stored_scenario_is_found_under_its_address(page, demo_database):
    saved = keep(Scenario("Fairer", Settings(seed=5)))
    app = page("scenarios", run=RUN, scenario=saved)
    seed(app, 6)
    reloaded = page("scenarios", run=RUN, scenario=saved)
    assert seed(reloaded) == 6
    assert "Changes not saved" in shown(reloaded)
    reloaded.button(key="scenario save").click().run()
    assert seed(page("scenarios", run=RUN)) == Settings().seed  # saved: no draft is left
    [stored] = backend.service().scenarios(RUN)
    assert Scenario.from_dict(stored.definition).settings.seed == 6


def test_two_tabs_on_one_draft_do_not_overwrite_each_other(page, demo_database):
    seed(page("scenarios", run=RUN), 70)
    first, second = page("scenarios", run=RUN), page("scenarios", run=RUN)
    seed(first, 71)
    seed(second, 72)
    kept = drafts.keeper().of(OPERATOR, RUN, drafts.SCENARIO)
    assert sorted(row.content["scenario"]["settings"]["seed"] for row in kept) == [71, 72]


def test_changes_are_undone_and_redone(page, demo_database):
    app = page("scenarios", run=RUN)
    assert app.button(key="scenario undo").disabled
    seed(app, 7)
    seed(app, 8)
    app.button(key="scenario undo").click().run()
    app.button(key="scenario undo").click().run()
    assert seed(app) == Settings().seed
    assert app.button(key="scenario undo").disabled
    app.button(key="scenario redo").click().run()
    assert seed(app) == 7
    seed(app, 9)
    assert app.button(key="scenario redo").disabled


def test_without_the_table_a_draft_stays_in_the_tab_and_is_said_to(page, demo_database):
    saved = keep(Scenario("Fairer", Settings(seed=5)))
    with hidden(demo_database, "table", "allocator_console_drafts"):
        app = page("scenarios", run=RUN)
        seed(app, 77)
        assert drafts.keeper().written(PATIENCE)
        app.run()
        assert "this draft is in this tab only" in shown(app)
        by_label(app.selectbox, OTHERS).set_value(saved).run()
        drafts.keeper().stop()
        drafts.keeper.cache_clear()  # nothing but the tab has it now
        app.run()
        [offered] = drafts_offered(app)
        assert "in this tab" in offered
        [draft_id] = app.session_state[f"console/{RUN}/what-if drafts set aside"]
        by_label(app.selectbox, OTHERS).set_value(draft_id).run()
        assert seed(app) == 77


def test_a_draft_is_forgotten_after_its_time(page, demo_database):
    seed(page("scenarios", run=RUN), 77)
    assert drafts.keeper().written(PATIENCE)
    old = timedelta(days=31)
    demo_database.rows("update allocator_console_drafts set updated_at = now() - %s", old)
    drafts.keeper().keep(OPERATOR, RUN, drafts.MARKS, "", {})
    assert drafts.keeper().written(PATIENCE)
    assert demo_database.rows("select kind from allocator_console_drafts") == [{"kind": "marks"}]
