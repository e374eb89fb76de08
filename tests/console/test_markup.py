"""Names that look like markup print as they are, on every page and in every kind of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from allocator.demo import demo_data
from allocator.jobs import JobKind
from allocator.models import Settings
from allocator.scenario import Scenario
from allocator.scenario.changes import LeaveOut
from console.state import backend, readings, solving
from console.ui.messages import JOINER, literal
from tests.database.demo_rows import demo_rows
from tests.waiting import PATIENCE

NAME = ":material/delete: *Bo* [l](http://e.org) www.e.org a@e.org $x$ <i>i</i> -> &amp;"
PLAIN = re.compile(r"(?<!\\)\*Bo\*|(?<!\\):material/delete:|(?<!\\)\$x\$|://e\.org|www\.e|a@e")
MARKDOWN_FIELDS = {"body", "label", "help", "delta", "tooltip"}
OPTIONS_IN_MARKDOWN = ("radio", "button_group")


@pytest.fixture
def marked(connected):
    """The demo data with markup in every name."""
    connected.insert_tables(demo_rows())
    for query in (
        "update workers set preferred_name = %s, lastname = lastname || %s",
        "update job_lines set name = name || %s || %s",
        "update allocationplans set name = %s || %s",
        "update qualification_tags set name = name || %s || %s",
    ):
        connected.rows(query, NAME, NAME)
    return connected


def texts(app: AppTest) -> Iterator[str]:
    """Everything on the page that Streamlit takes for Markdown."""
    for node in nodes(app._tree):
        kind, proto = node.type, getattr(node, "proto", None)
        if proto is None or kind in ("html", "iframe", "code", "text"):
            continue
        if kind == "markdown" and proto.allow_html:
            continue  # `facts_row` escapes for HTML
        yield from (
            str(value)
            for field, value in fields_of(proto)
            if field in MARKDOWN_FIELDS or (field == "options" and kind in OPTIONS_IN_MARKDOWN)
        )


def nodes(block) -> Iterator:
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from nodes(child)


def fields_of(proto) -> Iterator[tuple[str, object]]:
    for field, value in proto.ListFields():
        if field.name == "arrow_data" or field.name == "spec":
            continue
        several = value if field.is_repeated else [value]
        for one in several:
            if hasattr(one, "ListFields"):
                inner = dict(fields_of(one)) if field.name == "options" else {}
                yield from [("options", v) for v in inner.values()] or fields_of(one)
            else:
                yield field.name, one


def assert_prints_names_as_they_are(app: AppTest) -> None:
    assert not app.exception
    found = list(texts(app))
    assert any(r"\*Bo\*" in text for text in found)
    assert not [text for text in found if PLAIN.search(text)]


def scenario_of(as_read, *changes) -> Scenario:
    return Scenario(NAME, Settings(), changes, NAME, as_read.run.id, as_read.fingerprint)


@pytest.mark.parametrize("path", ["review", "solve", "results", "why", "commit", "history"])
def test_names_on_the_pages_of_a_solved_run(page, marked, path, monkeypatch):
    as_read = readings.reading(demo_data.BY_EYE).inputs
    left_out = LeaveOut(as_read.workers[0].id, reason=NAME, author=NAME)
    scenario = scenario_of(as_read, left_out)
    job = solving.solve_in_background(as_read, Settings(), NAME, scenario=scenario)
    assert job.wait(PATIENCE)
    assert_prints_names_as_they_are(page(path, run=demo_data.BY_EYE))


def test_names_on_the_list_of_runs(page, marked):
    assert_prints_names_as_they_are(page("runs"))


@pytest.mark.parametrize("part", ["Try changes", "Compare", "Policies", "Sweep"])
def test_names_on_every_part_of_scenarios(page, marked, part):
    as_read = readings.reading(demo_data.BY_EYE).inputs
    left_out = LeaveOut(as_read.workers[0].id, reason=NAME, author=NAME)
    for number in range(2):
        scenario = scenario_of(as_read, left_out)
        name = f"{NAME} {number}"
        kept = backend.service().save_scenario(as_read.run.id, name, NAME, scenario.as_dict())
    app = page("scenarios", run=demo_data.BY_EYE, scenario=kept.id, part=part)
    if part == "Compare":
        compared = app.multiselect[0]
        compared.set_value(compared.options[:3]).run()
    assert_prints_names_as_they_are(app)


@pytest.mark.parametrize(
    "part",
    ["What stands in the way", "What would help", "Best partial allocation", "Quick checks"],
)
def test_names_in_a_diagnosis(page, marked, part):
    app = page("infeasibility", run=demo_data.INFEASIBLE, part=part)
    job = backend.jobs().get(JobKind.DIAGNOSIS, demo_data.INFEASIBLE)
    assert job is not None
    assert job.wait(PATIENCE)
    assert_prints_names_as_they_are(app.run())


def test_names_among_data_errors(page, marked):
    assert_prints_names_as_they_are(page("review", run=demo_data.NEEDS_ACKNOWLEDGEMENT))


def test_names_in_the_receipt_of_a_committed_run(page, marked):
    service = backend.service()
    as_read = service.hydrate(demo_data.BY_EYE)
    scenario = scenario_of(as_read, LeaveOut(as_read.workers[0].id, reason=NAME, author=NAME))
    inputs = scenario.apply(as_read)
    result = service.solve(inputs, Settings(), operator=NAME)
    service.commit(inputs, result, NAME, scenario=scenario.audit(), as_read=as_read)
    for path in ("history", "results", "commit"):
        assert_prints_names_as_they_are(page(path, run=demo_data.BY_EYE))


def test_facts_are_escaped_for_html_and_stay_on_one_line(page, marked):
    as_read = readings.reading(demo_data.BY_EYE).inputs
    scenario = scenario_of(as_read, LeaveOut(as_read.workers[0].id))
    scenario = replace(scenario, name="<i>x</i>\n\ny")
    job = solving.solve_in_background(as_read, Settings(), NAME, scenario=scenario)
    assert job.wait(PATIENCE)
    app = page("commit", run=demo_data.BY_EYE)
    blocks = [m.value for m in app.markdown if m.proto.allow_html]
    assert any(literal("<i>x</i>") in m.value for m in app.markdown)
    assert not [block for block in blocks if "<i>" in block or "\n" in block]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("*a* _b_ `c`", r"\*a\* \_b\_ \`c\`"),
        ("1. first", r"1\. first"),
        ("- x", r"\- x"),
        ("Ward-3 (a)", r"Ward-3 \(a\)"),
        ("x\n\n# y", r"x \# y"),
        (":material/home:", rf"\:{JOINER}material/home\:"),
        ("http://e.org", rf"http\:{JOINER}//e.org"),
        ("www.e.org", f"www{JOINER}.e.org"),
        ("a@e.org", f"a{JOINER}@e.org"),
        ("->", rf"-{JOINER}\>"),
    ],
)
def test_text_is_escaped(text, printed):
    assert literal(text) == printed
