"""The log: one line a record, fixed fields, and nothing that a row or a secret could ride on."""

from __future__ import annotations

import json
import logging
import sys
from uuid import uuid4

import pytest

from allocator import log
from allocator.errors import CommitRefused
from allocator.log import Event

RUN = str(uuid4())


@pytest.fixture
def lines(capsys, monkeypatch):
    """`lines("json")` switches the log on; then calling the result gives what was written."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    levels = {name: logging.getLogger(name).level for name in ("", "allocator", "console")}
    monkeypatch.setattr(log.LOGGER, "level", log.LOGGER.level)

    def start(form: log.Form):
        log.configure(form)
        log.bind(request="", operator="")
        return lambda: capsys.readouterr().err.splitlines()

    yield start
    root.handlers[:] = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    log.LOGGER.setLevel(logging.CRITICAL)
    log.bind(request="", operator="")


def test_json_lines_name_operator_run_and_request(lines):
    written = lines("json")
    log.bind(request="abc-1", operator="Grace")
    log.event(Event.SOLVE, operator="Ada Lovelace", run=RUN, outcome="optimal", seconds=1.23456)
    log.event(Event.REFUSAL, outcome="another origin")
    solve, refusal = map(json.loads, written())
    assert solve.pop("time").endswith("Z")
    assert solve == {
        "level": "info",
        "message": "solve",
        "event": "solve",
        "operator": "Ada Lovelace",
        "run": RUN,
        "request": "abc-1",
        "outcome": "optimal",
        "seconds": 1.235,
    }
    assert (refusal["level"], refusal["operator"]) == ("warning", "Grace")


def test_text_line_holds_the_same_and_cannot_be_broken(lines):
    written = lines("text")
    log.bind(request="two\nlines", operator="")
    log.event(Event.SIGN_IN, operator='Ada "A"\nL', run="not an id\n", outcome="x y")
    logging.getLogger("allocator").warning("a\nmessage")
    first, second = written()
    assert first.endswith('sign-in operator="Ada \\"A\\"\\nL" outcome="x y"')
    assert second.endswith("a message logger=allocator")


@pytest.mark.parametrize("form", ["text", "json"])
def test_exception_is_told_by_kind_and_place_without_its_text(lines, form):
    written = lines(form)
    name = "Dr Secret Name"
    try:
        try:
            raise KeyError(name)
        except KeyError as exc:
            raise ValueError(f"row of {name}") from exc
    except ValueError:
        logging.getLogger("streamlit.example").exception("it failed")
    (line,) = written()
    assert name not in line
    assert "ValueError in test_exception_is_told" in line
    assert "after KeyError" in line
    assert "test_log.py:" in line


def test_told_writes_the_event_or_the_refusal(lines):
    written = lines("json")
    with log.told(Event.SOLVE, operator="Ada", run=RUN) as outcome:
        outcome.text = "optimal"
    with (
        pytest.raises(CommitRefused),
        log.told(Event.COMMIT, operator="Ada", run=RUN),
    ):
        raise CommitRefused("Dr Secret Name has changed")
    solve, refusal = map(json.loads, written())
    assert (solve["event"], solve["outcome"]) == ("solve", "optimal")
    assert (refusal["event"], refusal["outcome"]) == ("refusal", "commit: CommitRefused")
    assert "Secret" not in json.dumps(refusal)


def test_events_are_silent_until_the_log_is_configured(capsys):
    log.event(Event.REFUSAL, operator="Ada", run=RUN)
    assert capsys.readouterr().err == ""


def test_place_of_an_exception_that_was_never_raised_is_its_kind():
    assert log.place_of(ValueError("text")) == "ValueError"
    assert sys.exc_info()[1] is None
