"""One allocation has the same figures on every page, in every file, and in every answer."""

from __future__ import annotations

import html
import json
import re
from io import BytesIO

import pytest
from openpyxl import load_workbook

from allocator.cli.main import main
from allocator.demo import demo_data
from allocator.jobs import JobKind
from allocator.measures.outcome import doctors_behind, outcome, scoreboard
from allocator.measures.terms import terms_of
from allocator.models import Settings
from allocator.report import printable_report, printed_receipt, workbook
from allocator.report.letter import LetterOptions, doctor_letter
from allocator.scenario import Scenario
from console.gate.bodies import JobAnswer
from console.state import backend, readings, scenario_store, solving
from tests.console.server import OPERATOR
from tests.console.solving import press, solve, words_of
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE
SETTINGS = Settings(alpha=0.2, seed=7)
TERMS = "alpha 0.20 (usual 0.30) · power 1 · least total · seed 7 · no changes"


@pytest.fixture
def demo_database(connected):
    connected.insert_tables(demo_rows())
    return connected


def figures_of(app) -> dict[str, str]:
    """The scoreboard of a page: label → value."""
    found = re.findall(r"^(.+?) \*\*(.+)\*\*$", "\n".join(b.label for b in app.button), re.M)
    return {label: value.replace("\\", "") for label, value in found}


def plain_text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def assert_tells(text: str, figures: dict[str, str]) -> None:
    said = " ".join(text.split())
    for label, value in figures.items():
        assert f"{label} {value}" in said


def test_every_page_file_and_answer_tells_the_same_of_one_allocation(
    page, demo_database, capfd, monkeypatch
):
    solved = solve(RUN, SETTINGS).result
    got = outcome(solved.inputs, solved.result)
    figures = dict(scoreboard(got.as_dict()))
    terms = terms_of(solved)
    assert terms.startswith(f"{TERMS} · solved by {OPERATOR} at ")

    for path in ("solve", "results", "commit"):
        app = page(path, run=RUN)
        assert not app.exception
        assert {k: v for k, v in figures_of(app).items() if k != "Placed"} == figures
        assert terms in words_of(app)
    fair = page("why", run=RUN, about="Fair?")
    assert {k: v for k, v in figures_of(fair).items() if k != "Placed"} == figures

    _scenario_pages(page, figures, got)
    _files(solved, figures, terms)
    job = JobAnswer.of(backend.jobs().get(JobKind.SOLVE, RUN).snapshot())
    assert job.outcome == got.as_dict()
    _command_line(demo_database, capfd, monkeypatch, figures, got)

    app = page("commit", run=RUN)
    field = next(f for f in app.text_input if f.label.startswith("To confirm"))
    field.set_value(field.placeholder)
    committed = press(app, "Commit ")
    facts = plain_text(" ".join(words_of(committed).split("\n")))
    assert_tells(facts, figures)
    assert f"{TERMS} · committed by {OPERATOR} at " in words_of(committed)
    audit = demo_database.rows("select * from allocator_console_audit")[0]
    assert dict(scoreboard(audit["counts"])) == figures
    run = readings.reading(RUN).inputs.run
    receipt, stored = backend.service().receipt(RUN), solving.stored(run).solved
    printed = printed_receipt(run, receipt, readings.reading(RUN).inputs, stored)
    assert_tells(plain_text(printed), figures)
    assert "12 by rule, 0 by exception" in plain_text(printed)
    history = page("history", run=RUN)
    assert_tells(plain_text(words_of(history)), figures)
    row = history.dataframe[-1].value.iloc[0]
    assert list(row[["First choices", "Worst rank"]]) == [got.first_choices, got.worst_score]
    assert (row["Aim"], row["Alpha"], row["Weighting points"]) == (
        "Least total",
        0.2,
        got.weighting_points,
    )


def _scenario_pages(page, figures, got) -> None:
    """The run as it is under the settings of the solve: headline, Compare, Policies."""
    fingerprint = readings.reading(RUN).inputs.fingerprint
    wanted = Scenario("At 0.2", SETTINGS, (), OPERATOR, RUN, fingerprint)
    kept = scenario_store.save_anew(RUN, wanted, OPERATOR).id
    app = page("scenarios", run=RUN, scenario=kept)
    shown = {metric.label: metric.value for metric in app.metric}
    told = {
        "First choices": str(got.first_choices),
        "Within the top 3": str(got.within[3]),
        "Mean rank": figures["Mean rank"],
        "Worst rank": figures["Worst rank"],
        "Weighting points": figures["Weighting points"],
    }
    assert {label: shown[label] for label in told} == told
    assert got.first_choice_words in words_of(app)
    assert TERMS in words_of(app)

    app = page("scenarios", run=RUN, scenario=kept, part="Compare")
    column = app.dataframe[0].value.set_index("Figure")["At 0.2"]
    figure = column.str.split(" (", regex=False).str[0]  # without the difference
    compared = ("First choices", "Worst rank", "Weighting points")
    assert dict(figure[list(compared)]) == {label: told[label] for label in compared}
    assert TERMS in words_of(app)

    app = page("scenarios", run=RUN, scenario=kept, part="Policies")
    row = app.dataframe[0].value.set_index("Aim").loc["Least total"]
    assert row["First choices"] == got.first_choices
    assert [row[label] for label in ("Mean rank", "Worst rank", "Weighting points")] == [
        told[label] for label in ("Mean rank", "Worst rank", "Weighting points")
    ]


def _files(solved, figures, terms) -> None:
    report = plain_text(printable_report(solved.inputs, solved.result, terms=terms))
    assert_tells(report, figures)
    assert terms in report
    book = load_workbook(BytesIO(workbook(solved.inputs, solved.result, terms=terms)))
    rows = dict(row[:2] for row in book["Key figures"].iter_rows(values_only=True))
    assert {label: rows[label] for label in figures} == figures
    assert terms in [row[1] for row in book["About"].iter_rows(values_only=True)]
    worker = solved.inputs.workers[0].id
    letter = doctor_letter(solved.inputs, solved.result, worker, LetterOptions(terms=terms))
    assert terms in plain_text(letter)


def _command_line(database, capfd, monkeypatch, figures, got) -> None:
    monkeypatch.setenv("SUPABASE_URL", database.info.url)
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.service_role_key)
    command = ["solve", RUN, "--alpha", "0.2", "--seed", "7"]
    capfd.readouterr()
    assert main(command) == 0
    text = capfd.readouterr().out
    assert_tells(text, figures)
    assert TERMS in text
    assert main([*command, "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["outcome"] == json.loads(json.dumps(got.as_dict()))
    assert answer["terms"] == TERMS


def test_doctors_behind_each_figure_are_as_many_as_it_says(page, demo_database):
    solved = solve(RUN, SETTINGS).result
    got, placed = outcome(solved.inputs, solved.result), solved.placed
    counts = {
        "First choices": got.first_choices,
        "Within the top 3": got.within[3],
        "On a job line not ranked": got.unranked,
        "Worst rank": got.n_worst,
        "Gave no preferences": len(got.no_preferences),
    }
    assert {label: len(doctors_behind(label, placed)) for label in counts} == counts
    app = press(page("results", run=RUN), "First choices")
    assert f"First choices: {got.first_choice_words}" in words_of(app)
    listed = app.dataframe[-1].value
    assert len(listed) == got.first_choices
