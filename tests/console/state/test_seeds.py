"""Seeds that were tried: logged once for each operator and kind of work, before the outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allocator.demo import demo_data
from allocator.errors import MissingTable
from allocator.models import Settings
from allocator.scenario import Scenario
from console.state import backend, diagnosing, readings, seeds, trials
from console.state.diagnosing import Question
from tests.database.demo_rows import demo_rows
from tests.services import hidden
from tests.waiting import PATIENCE

RUN = demo_data.BY_EYE


@pytest.fixture
def reading(connected):
    connected.insert_tables(demo_rows())
    return readings.reading(RUN)


def entries() -> list[tuple[int | None, str, str]]:
    return [(one.seed, one.operator, one.work) for one in backend.service().solve_log(RUN)]


def scenario(seed: int, **settings) -> Scenario:
    return Scenario("x", Settings(seed=seed, **settings), run=RUN)


def test_a_trial_is_logged_once_for_each_operator_also_when_it_was_solved_before(reading):
    for operator in ("Ada", "Ada", "Bob"):
        trials.solve_trial(reading, scenario(5), operator)
    trials.solve_trial(reading, scenario(5, alpha=0.3), "Bob")
    trials.solve_all(reading, [scenario(5), scenario(6)], "Ada")
    assert entries() == [(5, "Ada", "trial"), (5, "Bob", "trial"), (6, "Ada", "trial")]


def test_trials_in_the_background_are_logged_for_whoever_asks_for_them(reading, monkeypatch):
    monkeypatch.setattr(trials, "MOST_AT_ONCE", 0)
    job = trials.solve_all(reading, [scenario(5), scenario(6)], "Ada")
    assert job.wait(PATIENCE)
    assert len(trials.solve_all(reading, [scenario(5), scenario(6)], "Bob")) == 2
    assert sorted(entries()) == [
        (seed, operator, "trial") for seed in (5, 6) for operator in ("Ada", "Bob")
    ]


def test_a_diagnosis_logs_its_seed_before_it_ends(reading):
    question = Question(RUN, reading.inputs.fingerprint, Settings(seed=9))
    for operator in ("Ada", "Ada", "Bob"):
        job = diagnosing.diagnose_in_background(question, reading.inputs, operator)
        assert job.wait(PATIENCE)
    assert entries() == [(9, "Ada", "diagnosis"), (9, "Bob", "diagnosis")]


def test_a_log_that_cannot_be_written_is_told_and_tried_again(reading, connected):
    with hidden(connected, "table", "allocator_console_solves"):
        trials.solve_trial(reading, scenario(5), "Ada")
        assert isinstance(seeds.unlogged(RUN), MissingTable)
        seeds.log_tried(reading.inputs, Settings(seed=6), "Ada", seeds.Work.SWEEP)
        assert isinstance(seeds.unlogged(RUN), MissingTable)
    trials.solve_trial(reading, scenario(5), "Ada")
    assert seeds.unlogged(RUN) is None
    assert entries() == [(5, "Ada", "trial")]


def test_outcomes_under_many_settings_are_bounded(reading, monkeypatch):
    monkeypatch.setattr(trials, "MOST_SOLVED", 3)
    tried = [replace(scenario(5), settings=Settings(alpha=a / 10)) for a in range(6)]
    for one in tried:
        trials.solve_trial(reading, one, "Ada")
    assert [trials.known(reading, one) is not None for one in tried] == [False] * 3 + [True] * 3
