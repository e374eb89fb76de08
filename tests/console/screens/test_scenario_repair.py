"""Repair: from the placements of a completed run to a point of few moves, as a scenario."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from allocator.demo import demo_data
from allocator.demo.files import PLACEMENTS, demo_lists
from allocator.jobs import JobKind
from allocator.models import Policy, RunInputs, Settings
from allocator.repair.frontier import frontier
from allocator.repair.moves import shifts
from allocator.repair.points import Point
from allocator.rules.naming import job_line_name, worker_name
from allocator.scenario import Scenario
from allocator.scenario.changes import BanPair, Hold, ImproveOnly, SetBaseline
from allocator.solving.solver import solve
from console.screens.scenarios.point_view import shifts_list
from console.screens.scenarios.repair_view import best_at, highest_price, price_of, price_words
from console.state import backend, drafts, readings, repairs
from tests.console.screens.test_scenarios import by_label, html_of, show, shown
from tests.console.server import OPERATOR
from tests.console.solving import press, words_of
from tests.console.solving import solve as solve_run
from tests.waiting import PATIENCE, eventually

RUN, COMPLETED = demo_data.REPAIR_BATCH, demo_data.TO_REPAIR


@pytest.fixture
def year(demo_database) -> RunInputs:
    return backend.service().hydrate(RUN)


@pytest.fixture
def base(year: RunInputs) -> SetBaseline:
    of = backend.service().find_run(COMPLETED)
    return backend.service().baseline(year.run, of)


def draft_of(run_id: str = RUN) -> Scenario:
    """The operator's draft, as the database has it once it is written."""
    assert drafts.keeper().written(PATIENCE)
    return Scenario.from_dict(backend.service().drafts(run_id, OPERATOR)[0].content["scenario"])


def begun(page, run_id: str = RUN) -> AppTest:
    """The part Repair, after "Begin with it"."""
    app = show(page("scenarios", run=run_id), "Repair")
    return app.button(key="take baseline").click().run()


def found(app: AppTest) -> AppTest:
    """The page once the points are worked out."""

    def there() -> bool:
        return any(one.label == "Doctors moved" for one in app.run().selectbox)

    eventually(there)
    return app


def points_of(year: RunInputs, base: SetBaseline) -> tuple[Point, ...]:
    inputs = Scenario("x", changes=(base,)).apply(year)
    return frontier(inputs, Settings()).points


def test_a_completed_run_of_the_same_year_is_what_a_repair_begins_with(page, year, base):
    app = show(page("scenarios", run=RUN), "Repair")
    [run] = [one for one in app.selectbox if one.label == "Completed run"]
    assert len(run.options) == 1
    app = found(app.button(key="take baseline").click().run())
    assert not app.exception
    text = shown(app)
    assert "24 placements" in text
    [gone] = [row for row in year.left_out if row.kind == "worker"]
    assert f"Take no part any more: {gone.name} ({gone.reason})" in text
    assert [c.placements for c in draft_of().changes] == [base.placements]


def test_points_are_the_frontier_and_the_first_is_chosen(page, year, base):
    app, points = found(begun(page)), points_of(year, base)
    choice = by_label(app.selectbox, "Doctors moved")
    assert choice.options == [f"{p.moves}: {p.total:,.6g} points" for p in points]
    assert choice.value == points[0].moves


def test_a_chosen_point_tells_who_moves_and_opens_as_a_scenario_that_is_that_point(
    page, year, base
):
    app = found(begun(page))
    point = points_of(year, base)[-1]
    app = by_label(app.selectbox, "Doctors moved").set_value(point.moves).run()
    assert f"{point.moves} doctor" in shown(app)
    inputs = Scenario("x", changes=(base,)).apply(year)
    moved = shifts(inputs, point.placements)
    for one in moved:
        assert one.name in html_of(app)
        assert one.why in html_of(app)
    app = app.button(key="open point").click().run()
    assert "Proven optimal" in shown(app)
    scenario = draft_of()
    result = solve(scenario.apply(year), scenario.settings)
    assert len(shifts(inputs, {a.worker_mapping: a.job_line for a in result.allocations})) == (
        point.moves
    )
    assert scenario.author == OPERATOR


def test_the_price_of_a_move_chooses_the_point_that_is_best_at_it(page, year, base):
    app, points = found(begun(page)), points_of(year, base)
    slider = by_label(app.slider, "Price of a move, in points")
    app = slider.set_value(0.0).run()
    assert by_label(app.selectbox, "Doctors moved").value == points[-1].moves
    slider = by_label(app.slider, "Price of a move, in points")
    app = slider.set_value(slider.max).run()
    assert by_label(app.selectbox, "Doctors moved").value == points[0].moves


def test_who_may_not_move_or_only_to_gain_is_a_change_that_acts_at_once(page, year, base):
    app, points = found(begun(page)), points_of(year, base)
    inputs = Scenario("x", changes=(base,)).apply(year)
    mover = shifts(inputs, points[-1].placements)[0].worker
    app = by_label(app.multiselect, "May not move at all").set_value([mover]).run()
    app = found(app)
    assert [c for c in draft_of().changes if isinstance(c, Hold)] == [
        Hold(frozenset({mover}), author=OPERATOR)
    ]
    held = found(by_label(app.selectbox, "Doctors moved").set_value(points[0].moves).run())
    assert worker_name(year, mover) not in html_of(held)
    app = by_label(held.multiselect, "May not move at all").set_value([]).run()
    label = "May move only to something they rank better"
    app = found(by_label(app.multiselect, label).set_value([mover]).run())
    assert [type(c) for c in draft_of().changes] == [SetBaseline, ImproveOnly]


def test_a_list_begins_a_repair_as_the_run_does(page, year, base):
    app = show(page("scenarios", run=RUN), "Repair")
    app = by_label(app.get("button_group"), "Begin with").set_value("A list (CSV)").run()
    upload = by_label(app.file_uploader, "List of placements")
    upload.set_value((PLACEMENTS, demo_lists()[PLACEMENTS].encode(), "text/csv"))
    app = found(app.run())
    here = {w.id for w in year.workers}
    [taken] = draft_of().changes
    assert isinstance(taken, SetBaseline)
    assert taken.placements == tuple(pair for pair in base.placements if pair[0] in here)
    assert taken.source == f"the list {PLACEMENTS}"


def test_a_wrong_list_is_refused_with_every_row_and_nothing_is_taken(page, year):
    app = show(page("scenarios", run=RUN), "Repair")
    app = by_label(app.get("button_group"), "Begin with").set_value("A list (CSV)").run()
    first = year.workers[0].internal_id
    rows = f"worker,job line\n{first},{year.job_lines[0].name}\n"
    rows += "".join(f"nobody {number},{year.job_lines[1].id}\n" for number in range(12))
    upload = by_label(app.file_uploader, "List of placements")
    app = upload.set_value(("wrong.csv", rows.encode(), "text/csv")).run()
    [error] = app.error
    assert "12 rows" in error.value
    for number in range(3, 15):
        assert f"Row {number}\\:" in error.value
    assert drafts.keeper().written(PATIENCE)
    assert not backend.service().drafts(RUN, OPERATOR)


def test_a_saved_scenario_begins_a_repair_with_its_allocation(page, year):
    settings = Settings(policy=Policy.GREEDY)
    service = backend.service()
    service.save_scenario(RUN, "Greedy", "Zoë", Scenario("Greedy", settings).as_dict())
    app = show(page("scenarios", run=RUN), "Repair")
    app = by_label(app.get("button_group"), "Begin with").set_value("A saved scenario").run()
    app = found(app.button(key="take baseline").click().run())
    result = solve(year, settings)
    [taken] = draft_of().changes
    assert isinstance(taken, SetBaseline)
    assert dict(taken.placements) == {a.worker_mapping: a.job_line for a in result.allocations}
    assert taken.source == "the scenario “Greedy”"


def test_free_places_tell_who_would_gain_and_the_best_chain(page, year):
    app = found(begun(page))
    assert "Would gain" in shown(app)
    app = app.button(key="find gains").click().run()
    eventually(lambda: "nobody is worse off." in shown(app.run()))
    assert "▲" in html_of(app)
    app.button(key="open gains").click().run()
    assert any(c.same_effect(ImproveOnly()) for c in draft_of().changes)


def test_a_completed_run_is_only_looked_at_and_leads_to_the_batch_that_waits(page, year):
    app = found(begun(page, COMPLETED))
    assert "stays as it is" in shown(app)
    [waiting] = [link for link in app.get("page_link") if "waits" in link.proto.label]
    assert f"run={RUN}" in waiting.proto.query_string
    assert "part=Repair" in waiting.proto.query_string


def test_without_a_completed_batch_the_page_says_what_else_will_do(page, demo_database):
    app = show(page("scenarios", run=demo_data.BY_EYE), "Repair")
    assert "No batch of this year is completed yet" in shown(app)
    assert not app.exception


def test_what_leaves_no_allocation_is_told(page, year, base):
    held = dict(base.placements)
    worker = next(w for w in year.workers if w.id in held)
    bans = tuple(BanPair(worker.id, line.id) for line in year.job_lines)
    scenario = Scenario("Nothing left", changes=(base, *bans))
    saved = backend.service().save_scenario(RUN, scenario.name, "Zoë", scenario.as_dict())
    app = page("scenarios", run=RUN, scenario=saved.id, part="Repair")
    eventually(lambda: app.run().error or app.warning)
    assert "No allocation" in shown(app)
    assert not app.exception


def test_a_long_search_is_stopped_and_begun_again(page, year, base):
    app = found(begun(page))
    reading = readings.reading(RUN)
    longer = draft_of().then(Hold(frozenset({year.workers[0].id})))
    subject = repairs.subject_of(reading, longer)
    waits = backend.jobs().start(
        JobKind.FRONTIER, subject, lambda _, cancel: cancel.wait() and None
    )
    app = by_label(app.multiselect, "May not move at all").set_value([year.workers[0].id]).run()
    assert "progress" in [element.type for element in app.main]
    press(app, "Stop")
    assert waits.wait(PATIENCE)
    app = app.run()
    assert "It was stopped" in shown(app)
    found(app.button(key="frontier again").click().run())


def test_the_seed_of_a_repair_is_logged(page, year):
    found(begun(page))
    assert "repair" in {row.work for row in backend.service().solve_log(RUN)}


POINTS = (
    Point(1, 20.0, 20.0, True, True, {}, (5.0, float("inf"))),
    Point(2, 17.0, 15.0, True, False, {}),
    Point(3, 10.0, 10.0, True, True, {}, (0.0, 5.0)),
)


def test_prices_belong_to_points():
    corners = [POINTS[0], POINTS[2]]
    assert highest_price(corners) == 6.25
    assert best_at(corners, 5.0) is POINTS[0]
    assert best_at(corners, 4.9) is POINTS[2]
    assert price_of(corners, POINTS[0], 6.25) == pytest.approx(5.625)
    assert price_of(corners, POINTS[1], 6.25) == 5.0
    assert price_of(corners, POINTS[2], 6.25) == 2.5
    assert [price_words(p) for p in POINTS] == ["5 or more", "No price", "0 to 5"]


def test_names_in_the_list_of_moves_are_text(year, base):
    inputs = Scenario("x", changes=(base,)).apply(year)
    shift = shifts(inputs, points_of(year, base)[-1].placements)[0]
    told = shifts_list([replace(shift, name="<b>Eve</b>")], "Who")
    assert "&lt;b&gt;Eve&lt;/b&gt;" in told


def test_why_tells_who_may_not_move(page, year, base):
    worker = next(w for w in year.workers if w.preferences.scores)
    hold = Hold(frozenset({worker.id}), reason="Lease signed", author=OPERATOR)
    scenario = Scenario("Repair", changes=(base, hold), run=RUN)
    solve_run(RUN, scenario=scenario, acknowledged=True)
    app = page("why", run=RUN)
    app = app.selectbox[0].set_value(worker.id).run()
    assert not app.exception
    told = " ".join([words_of(app), *(frame.value.to_csv() for frame in app.dataframe)])
    assert "keep what they had" in told
    before = dict(base.placements)[worker.id]
    assert f"Held before {job_line_name(year, before)}" in plain_words(told)


def plain_words(html: str) -> str:
    """The words of HTML, without its tags."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).split())
