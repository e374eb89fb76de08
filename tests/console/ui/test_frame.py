"""The frame around the pages: second look at the session, navigation, System, messages."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from allocator.errors import DataIssue, InputChange, InputsChanged, InvalidData, Unreachable
from console.gate.access import the_access
from console.places import safe_next
from console.ui import session
from console.ui.messages import message_for
from console.ui.notes import in_words
from tests.console.server import OPERATOR, ROOT
from tests.waiting import PATIENCE

MAIN = str(ROOT / "console" / "main.py")
UNKNOWN = "4a000000-0000-4000-8000-000000000004"


def text_of(app: AppTest) -> str:
    kinds = (app.title, app.header, app.markdown, app.error, app.warning, app.success, app.text)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def test_script_without_session_shows_nothing_but_the_way_back(monkeypatch):
    monkeypatch.setattr(session, "gate_token", lambda: "made up")
    app = AppTest.from_file(MAIN, default_timeout=PATIENCE).run()
    assert [header.value for header in app.header] == ["You are signed out"]
    assert not app.title
    assert not app.sidebar.button
    assert not app.exception


def test_session_that_ends_takes_the_page_along(page, connected, signed_in):
    app = page("system")
    assert app.title[0].value == "System"
    the_access().sign_out(signed_in)
    app.run()
    assert [header.value for header in app.header] == ["You are signed out"]
    assert not app.title
    assert "operator" not in app.session_state


def test_sign_out_button_ends_the_session(page, connected, signed_in):
    app = page("system")
    app.sidebar.button[0].click().run()
    assert the_access().look_up(signed_in) is None
    assert [header.value for header in app.header] == ["You are signed out"]


def test_sidebar_names_the_operator(page, connected):
    assert OPERATOR in [text.value for text in page("system").sidebar.text]


def test_pages_keep_the_run_of_the_address(page, connected):
    app = page("system", run="abc-1")
    assert app.query_params["run"] == "abc-1"


def test_system_shows_findings_sql_and_versions(page, connected):
    app = page("system")
    assert "checks passed" in text_of(app)
    assert any("allocator_console_commit" in code.value for code in app.code)
    assert not app.exception


def test_system_with_unreachable_database_says_what_to_do(page, unreachable):
    app = page("system")
    assert "cannot be reached" in text_of(app)
    assert "SUPABASE_URL" in text_of(app).replace("\\", "")
    assert "Traceback" not in text_of(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("/review?run=ab-1", "/review?run=ab-1"),
        ("/solve?run=ab-1&job=2", "/solve?run=ab-1&job=2"),
        ("/review?run=<b>", "/review"),
        ("/review?RUN=1", "/review"),
        ("review", "/"),
        ("", "/"),
        ("http:///review", "/"),
        ("/review#x", "/review"),
        ("//[", "/"),
    ],
)
def test_safe_next_gives_own_pages_with_plain_parameters(address, safe):
    assert safe_next(address) == safe


def test_message_lists_data_issues_and_changes():
    issue = DataIssue("job_lines", "Line *A*", "It has no places.", "Set max_n_workers.")
    message = message_for(InvalidData((issue,)))
    assert "Line \\*A\\*" in message.markdown
    assert "Set max\\_n\\_workers" in message.markdown
    change = InputChange("job_lines", "Line B", "2 places", "1 place")
    assert "was 2 places, is now 1 place" in message_for(InputsChanged((change,))).markdown
    assert message_for(Unreachable()).remedy


def test_unexpected_failure_is_logged_under_a_number_and_not_shown(caplog):
    message = message_for(RuntimeError("secret detail"))
    assert "secret detail" not in message.markdown
    number = message.remedy.rsplit(" ", 1)[1].rstrip(".")
    assert f"{number}: RuntimeError" in caplog.text
    assert "secret detail" not in caplog.text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            f"included_worker_mappings names a worker that no longer exists ({UNKNOWN}).",
            "The run's list of doctors names a worker that no longer exists.",
        ),
        (
            "Set allocationplans.timezone to a name such as Australia/Sydney.",
            "Set the plan's time zone to a name such as Australia/Sydney.",
        ),
        (
            f"This person is in the allocation run 2 times, as the mappings {UNKNOWN} and "
            f"{UNKNOWN}, and would get a job line for each.",
            "This person is in the allocation run 2 times and would get a job line for each.",
        ),
    ],
)
def test_data_errors_are_told_without_columns_and_ids(said: str, words: str) -> None:
    assert in_words(said) == words
