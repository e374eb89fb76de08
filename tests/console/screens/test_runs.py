"""The list of runs: what it says of each, search and order, and what it says when it cannot."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from allocator.demo import demo_data
from allocator.jobs import JobKind
from console.state import backend, diagnosing
from tests.console.conftest import connect_pages
from tests.console.ui.test_frame import text_of
from tests.database.year import requests_of
from tests.waiting import PATIENCE, eventually


def shown(app) -> str:
    captions = "\n".join(caption.value for caption in app.caption)
    infos = "\n".join(info.value for info in app.info)
    headers = "\n".join(header.value for header in app.header)
    return "\n".join([text_of(app), captions, infos, headers]).replace("\\", "")


def cards(app) -> list[str]:
    """The titles of the cards, which are links into the runs, in the order of the page."""
    labels = [link.proto.label for link in app.main.get("page_link")]
    return [text.replace("\\", "").strip("*") for text in labels if text.startswith("**")]


def wait_for_checks(ids) -> None:
    known = diagnosing.the_checks()
    eventually(lambda: all(known.found(run_id) for run_id in ids))


def test_runs_lists_waiting_runs_before_completed_ones(page, demo_database):
    app = page("runs")
    assert not app.exception
    text = shown(app)
    assert "Waiting (6)" in text
    assert "Completed (2)" in text
    assert text.index("Waiting (6)") < text.index("Completed (2)")
    assert set(cards(app)[-2:]) == {"House officer year 2027", "Registrar year 2027"}


def test_runs_tells_counts_seats_dates_and_batch(page, demo_database):
    text = shown(page("runs"))
    assert ">129 of 138<" in text
    assert ">140 (2 to spare)<" in text
    assert ">12 (just enough)<" in text
    assert "Created 29 September 2026 09:05, queued 29 September 2026 09:06" in text
    assert "Australia/Brisbane" in text
    assert "Batch 2 of 2" in text


def test_runs_tells_how_completed_ones_came_out(page, demo_database):
    text = shown(page("runs"))
    (count,) = demo_database.rows(
        "select count(*) as placed, count(*) filter (where original_preference < 2) as first "
        "from allocator_py_allocations where allocator_py_run = %s",
        demo_data.COMPLETED,
    )
    assert f">{count['first'] / count['placed']:.0%} ({count['first']})<" in text
    assert "Another program" in text
    assert "Completed 23 September 2026 09:07 (Pacific/Auckland)" in text


def test_runs_shows_data_errors_once_they_are_checked(page, demo_database):
    app = page("runs")
    wait_for_checks([demo_data.NEEDS_ACKNOWLEDGEMENT, demo_data.BY_EYE])
    text = shown(app.run())
    assert ">2 (to accept)<" in text
    assert ">None<" in text


def test_runs_says_when_a_run_cannot_be_solved_before_it_is_mended(page, demo_database):
    line = demo_database.rows("select id from job_lines where allocation_run = "
                              "(select allocation_run from allocator_py_runs where id = %s)",
                              demo_data.BY_EYE)[0]["id"]  # fmt: skip
    demo_database.rows("update job_lines set max_n_workers = -1 where id = %s", line)
    app = page("runs")
    wait_for_checks([demo_data.BY_EYE])
    assert ">1 (1 to mend)<" in shown(app.run())


def test_runs_search_keeps_what_matches(page, demo_database):
    app = page("runs")
    app.text_input(key="q").set_value("sample 12").run()
    assert cards(app) == ["Intern sample 2027 (12 by 12)"]
    assert "No completed run matches the search." in shown(app)
    app.text_input(key="q").set_value("nothing like it").run()
    assert cards(app) == []
    assert "No waiting run matches the search." in shown(app)


def test_runs_order_follows_the_choice(page, demo_database):
    app = page("runs")
    app.selectbox[0].select("Most workers first").run()
    assert cards(app)[0] == "Intern year 2027"
    app.selectbox[0].select("Fewest spare places first").run()
    assert cards(app)[0] == "Intern sample 2027 (12 by 12)"
    app.selectbox[0].select("Plan, A to Z").run()
    assert cards(app)[:-2] == sorted(cards(app)[:-2], key=str.casefold)


def test_runs_shows_a_solve_under_way(page, demo_database):
    goes_on = threading.Event()

    def solve(on_progress, cancel):
        assert goes_on.wait(PATIENCE)

    backend.jobs().start(JobKind.SOLVE, demo_data.BY_EYE, solve, started_by="Grace")
    try:
        text = shown(page("runs"))
        assert "started by Grace" in text
        assert text.count("Being solved") == 2  # the note on top and the run's own card
    finally:
        goes_on.set()


def test_runs_without_any_run_says_how_they_come(page, connected):
    app = page("runs")
    assert "There are no runs yet." in shown(app)
    assert "What to do next" in shown(app)
    assert not app.exception


def test_runs_with_nothing_waiting_says_so(page, demo_database):
    demo_database.rows("update allocator_py_runs set completed_at = now()")
    assert "every run is completed" in shown(page("runs"))


def test_runs_with_unreachable_database_says_what_to_do(page, unreachable):
    app = page("runs")
    assert "cannot be reached" in text_of(app)
    assert not app.exception


def test_runs_with_a_wrong_key_says_what_to_do(page, demo_database, monkeypatch):
    connect_pages(monkeypatch, demo_database.info.url, "not-a-key")
    app = page("runs")
    assert "refused the key" in text_of(app)
    assert "not-a-key" not in shown(app)
    assert not app.exception


def test_checks_look_again_when_told_to_and_survive_a_run_that_is_gone(demo_database):
    known = diagnosing.Checks()
    gone = "00000000-0000-4000-8000-000000000000"
    known.want([gone, demo_data.BY_EYE])
    eventually(lambda: known.found(demo_data.BY_EYE) and known.found(gone))
    assert known.found(gone).failed
    before = known.found(demo_data.BY_EYE).checked_at
    assert before <= datetime.now(UTC)
    known.forget()
    assert known.found(demo_data.BY_EYE).checked_at == before  # shown until the next look is done
    known.want([demo_data.BY_EYE])
    eventually(lambda: known.found(demo_data.BY_EYE).checked_at != before)


def test_runs_names_the_bad_row_and_lists_all_the_same(page, demo_database):
    demo_database.rows(
        "update allocationplans set timezone = 'AEST' where name = 'Resident year 2027'"
    )
    text = shown(page("runs"))
    assert "Waiting (6)" in text
    assert "timezone is 'AEST', which is no time zone" in text
    assert "Set allocationplans.timezone to a name such as Australia/Sydney" in text


def test_runs_are_found_by_their_organisations_name(page, demo_database):
    app = page("runs")
    app.text_input(key="q").set_value("harakeke").run()
    assert set(cards(app)) == {"House officer year 2027"}


def test_runs_are_not_read_again_while_somebody_types_or_sorts(page, demo_database):
    app = page("runs")
    sent = requests_of(backend.service().client)

    def lists_read() -> int:  # the checks in the background read single runs
        urls = [str(request.url) for request in sent]
        return sum("/allocator_py_runs?" in url and "id=eq." not in url for url in urls)

    app.text_input(key="q").set_value("s").run()
    app.text_input(key="q").set_value("sample").run()
    app.selectbox[0].select("Plan, A to Z").run()
    assert cards(app) == ["Intern sample 2027 (12 by 12)"]
    assert lists_read() == 0
    app.run()
    assert lists_read() > 0
