"""What other lists would bring: every claim against every list, and the smallest case by eye."""

from __future__ import annotations

import threading
from dataclasses import replace
from random import Random

import pytest

from allocator.errors import NotSolved, UsageError
from allocator.explanation.honesty import (
    budget_words,
    gains_table,
    honesty,
    side_by_side,
    verdict_words,
)
from allocator.models import JobLine, Policy, RunInputs, Settings, Worker
from allocator.report.letter import doctor_letter
from allocator.rules.ranks import preferences
from allocator.solving.solver import solve
from tests.honest_lists import (
    gain_by_lottery_order,
    gains_that_fail,
    random_run,
    random_settings,
    wrong_claims,
)
from tests.strategies import RUN
from tests.synthetic import synthetic_inputs


@pytest.mark.parametrize("seed", range(12))
def test_every_list_of_every_worker_brings_what_is_claimed(seed: int):
    random = Random(seed)
    inputs, settings = random_run(random), random_settings(random)
    found = honesty(inputs, settings)
    assert found is not None
    assert wrong_claims(inputs, settings, found)[2] == 0
    assert gains_that_fail(inputs, settings, found)[1] == 0


def test_lists_that_surely_gain_do_so_when_a_larger_run_is_solved_anew():
    inputs = synthetic_inputs(25, 26, 8)
    found = honesty(inputs, Settings())
    assert found is not None
    tried, failed = gains_that_fail(inputs, Settings(), found)
    assert tried == found.n_sure > 0
    assert failed == 0


@pytest.mark.parametrize("seed", range(15))
def test_by_lottery_order_no_list_is_better_than_the_honest_one(seed: int):
    random = Random(1000 + seed)
    settings = replace(random_settings(random), policy=Policy.LOTTERY_ORDER, seed=seed)
    assert not gain_by_lottery_order(random_run(random), settings, random)


def smallest(order: dict[str, int]) -> RunInputs:
    """A ranks x, y, z; B hands in `order`."""
    lists = {"A": {"x": 1, "y": 2, "z": 3}, "B": order}
    workers = tuple(Worker(w, preferences=preferences(told, "xyz")) for w, told in lists.items())
    return RunInputs(RUN, workers, tuple(JobLine(line) for line in "xyz"))


def test_the_smallest_case_in_which_a_short_list_pays():
    long, short = smallest({"x": 1, "y": 2, "z": 3}), smallest({"x": 1})

    def received(inputs: RunInputs) -> int:
        solved = (solve(inputs, Settings(seed=seed)).allocations for seed in range(40))
        return sum(
            any(a.worker_mapping == "B" and a.job_line == "x" for a in rows) for rows in solved
        )

    assert received(short) == 40
    assert 0 < received(long) < 40
    found = honesty(long, Settings())
    assert found is not None
    assert (found.n_sure, found.n_safer) == (0, 2)
    assert found.sure.tolist() == [1, 1]
    assert found.worst.tolist() == [2, 2]


def test_side_by_side_has_the_settings_at_hand_first_and_the_lottery_order_last():
    found = side_by_side(smallest({"x": 1}), Settings(alpha=0.1))
    assert found[0].settings == Settings(alpha=0.1)
    assert {one.settings.alpha for one in found} == {0.1, 0.0, 0.3, 0.6, 0.9}
    assert {one.settings.power for one in found} == {1, 2, 3}
    assert found[-1].settings.policy is Policy.LOTTERY_ORDER
    assert found[-1].n_sure == found[-1].n_safer == found[-1].n_by_luck == 0


def test_words_and_table_tell_the_figures():
    inputs = synthetic_inputs(25, 26, 8)
    found = honesty(inputs, Settings())
    assert found is not None
    frame = gains_table(inputs, found)
    assert len(frame) == found.n_sure
    assert frame["gain"].max() == found.most
    names = {line.id: line.name for line in inputs.job_lines}
    for worker, words in zip(frame["worker"], frame["list"], strict=True):
        first = min(found.lists[worker], key=found.lists[worker].__getitem__)
        assert words.startswith(names[first])
    assert f"{found.n_sure} of 25 workers" in verdict_words(found)
    short = smallest({"x": 1})
    assert "a list of 1 counts each job line left out as rank 2.5" in budget_words(short)


def test_letter_by_lottery_order_tells_the_turn_and_claims_honesty_only_without_a_cap():
    inputs, order = smallest({"x": 1, "y": 2}), Settings(policy=Policy.LOTTERY_ORDER)
    letters = {w: doctor_letter(inputs, solve(inputs, order), w) for w in "AB"}
    turns = [
        number for text in letters.values() for number in (1, 2) if f"number {number} of 2" in text
    ]
    assert sorted(turns) == [1, 2]
    assert all("handing in another list" in text for text in letters.values())
    capped = replace(order, worst_rank=2)
    assert "handing in another list" not in doctor_letter(inputs, solve(inputs, capped), "A")


def test_what_cannot_be_worked_out_is_told():
    with pytest.raises(UsageError):
        honesty(smallest({}), Settings(policy=Policy.GREEDY))
    too_few = tuple(replace(line, used_places=1) for line in smallest({}).job_lines)
    with pytest.raises(NotSolved):
        honesty(replace(smallest({}), job_lines=too_few), Settings())
    stopped = threading.Event()
    stopped.set()
    assert honesty(smallest({}), Settings(), cancel=stopped) is None


@pytest.mark.parametrize("policy", [p for p in Policy if not p.needs_baseline])
@pytest.mark.parametrize("cap", [None, 3.0])
def test_the_letter_under_each_policy_says_nothing_that_the_figures_contradict(policy, cap):
    """A pays by naming x alone under the least total; only lottery order may praise honesty."""
    inputs, chosen = smallest({"x": 1, "y": 2, "z": 3}), Settings(policy=policy, worst_rank=cap)
    letters = [doctor_letter(inputs, solve(inputs, chosen), worker) for worker in "AB"]
    praised = ["another list" in text for text in letters]
    honest = policy is Policy.LOTTERY_ORDER and cap is None
    assert praised == [honest] * 2
    if policy is Policy.LOTTERY_ORDER:
        found = honesty(inputs, chosen)
        assert found is not None
        assert found.n_sure + found.n_safer + found.n_by_luck == 0
        assert ("as long as" in verdict_words(found)) == (cap is not None)
