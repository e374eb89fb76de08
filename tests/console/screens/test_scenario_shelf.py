"""The shelf of saved scenarios: opened by address or from the list, saved beside others."""

from __future__ import annotations

from allocator.errors import MissingTable
from allocator.models import Settings
from allocator.scenario import Scenario
from tests.console.screens.test_scenarios import (
    RUN,
    a_price_to_pay,
    by_label,
    keep,
    service,
    shown,
)
from tests.waiting import eventually


def test_saved_scenario_is_opened_by_its_address(page, as_read):
    pin = a_price_to_pay(as_read)
    scenario = Scenario("Wards", Settings(alpha=0.6), (pin,), "Zoë", RUN, as_read.fingerprint)
    kept = keep(scenario)
    app = page("scenarios", run=RUN, scenario=kept)
    text = shown(app)
    assert ":green-badge[:material/check: Saved] **Wards**" in text
    assert "Saved by Zoë" in text
    assert app.slider[0].value == 0.6
    assert app.query_params["scenario"] == kept


def test_scenario_of_another_operator_can_be_opened_from_the_list(page, as_read):
    kept = keep(Scenario("Theirs", Settings(alpha=0.9)))
    app = page("scenarios", run=RUN)
    by_label(app.selectbox, "Open another scenario").set_value(kept).run()
    assert "**Theirs**" in shown(app)
    assert app.slider[0].value == 0.9


def test_an_address_of_a_deleted_scenario_says_so(page, demo_database):
    app = page("scenarios", run=RUN, scenario="00000000-0000-4000-8000-000000000000")
    assert "not there any more" in shown(app)
    assert "Proven optimal" in shown(app)


def test_scenario_made_on_other_data_says_so(page, as_read):
    kept = keep(Scenario("Old", fingerprint="0" * 64))
    assert "data has changed since" in shown(page("scenarios", run=RUN, scenario=kept))


def test_saving_does_not_write_over_somebody_elses_later_version(page, as_read):
    kept = keep(Scenario("Shared", fingerprint=as_read.fingerprint))
    app = page("scenarios", run=RUN, scenario=kept)
    app.slider[0].set_value(0.8).run()
    theirs = Scenario("Shared", Settings(alpha=0.1)).as_dict()
    service().save_scenario(RUN, "Shared", "Zoë", theirs, scenario_id=kept)
    app.button(key="scenario save").click().run()
    assert "Zoë has saved this scenario in the meantime" in shown(app)
    [saved] = service().scenarios(RUN)
    assert saved.definition["settings"]["alpha"] == 0.1


def test_a_name_that_is_taken_is_refused(page, as_read):
    keep(Scenario("Mine"))
    app = page("scenarios", run=RUN)
    by_label(app.text_input, "Name").set_value("Mine").run()
    app.button(key="scenario save new").click().run()
    assert "has a scenario called Mine already" in shown(app)


def test_without_our_table_scenarios_stay_in_the_tab(page, demo_database):
    demo_database.rows("alter table allocator_console_scenarios rename to gone_for_a_test")
    demo_database.rows("notify pgrst, 'reload schema'")
    try:
        eventually(lambda: not has_table())
        app = page("scenarios", run=RUN)
        assert "kept in this tab only" in shown(app)
        app.button(key="scenario save new").click().run()
        assert ":green-badge[:material/check: Saved]" in shown(app)
        assert not app.exception
    finally:
        demo_database.rows("alter table gone_for_a_test rename to allocator_console_scenarios")
        demo_database.rows("notify pgrst, 'reload schema'")
        eventually(has_table)


def has_table() -> bool:
    try:
        service().scenarios(RUN)
    except MissingTable:
        return False
    return True
