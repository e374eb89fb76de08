"""Explanations in words: whom they name, what they count, and the letter to a doctor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.demo import demo_data
from allocator.errors import NotExplained
from allocator.explanation import Situation
from allocator.explanation.answers import Answer, worker_answers
from allocator.explanation.wording import outcome_words, total_words
from allocator.models import Policy, RunInputs, Settings
from allocator.report.letter import LetterOptions, doctor_letter
from allocator.result import SolveResult, Status
from allocator.solving.solver import solve
from tests.builders import W1, W2, W3, renamed, small_run
from tests.database.demo_rows import demo_rows
from tests.profiles import examples
from tests.strategies import run_inputs
from tests.table_inputs import inputs_from

runs = run_inputs(max_workers=5, max_job_lines=5, feasible=True, scenario=True)


def solved(inputs: RunInputs, **chosen: object) -> SolveResult:
    return solve(inputs, Settings(**chosen))


def answers(worker: str, **options: bool) -> dict[str, Answer]:
    inputs = small_run()
    told = worker_answers(inputs, solved(inputs), worker, **options)
    return {option["job_line_name"]: answer for option, answer in told}


def test_answer_names_holder_and_rank() -> None:
    inputs = small_run()
    result = solved(inputs)
    holder = next(a for a in result.allocations if inputs.job_line(a.job_line).name == "Surgery")
    name = inputs.worker(holder.worker_mapping).name
    for worker in {W1, W2, W3} - {holder.worker_mapping}:
        reason = answers(worker)["Surgery"].reason
        assert reason.startswith("It is full: its only place is held by " + name)


def test_answer_names_the_rule_of_an_ineligible_pair() -> None:
    answer = answers(W3)["Emergency"]
    assert answer.reason == "Cy Cole may not hold it: holds an excluded qualification."
    assert "exception" in answer.price


@examples(40)
@given(runs, st.sampled_from(Policy))
def test_letter_names_nobody_else_and_no_rank_of_others(inputs: RunInputs, aim: Policy) -> None:
    named = replace(
        inputs,
        workers=tuple(
            replace(w, firstname=f"Xq{i}x", lastname=f"Zq{i}z", preferred_name="")
            for i, w in enumerate(inputs.workers)
        ),
    )
    result = solve(named, Settings(policy=aim))
    for worker in named.workers:
        page = doctor_letter(named, result, worker.id)
        assert set(re.findall(r"[XZ]q\d+[xz]", page)) <= {worker.firstname, worker.lastname}
        assert "<ol>" not in page
        told = doctor_letter(named, result, worker.id, LetterOptions(others_ranks=True))
        assert set(re.findall(r"[XZ]q\d+[xz]", told)) <= {worker.firstname, worker.lastname}


@examples(40)
@given(runs, st.sampled_from(Policy))
def test_every_answer_agrees_with_its_option(inputs: RunInputs, aim: Policy) -> None:
    result = solve(inputs, Settings(policy=aim))
    for worker, option, answer in _every(inputs, result):
        assert len(answer.chain) == len(option["moves"])
        if option["situation"] == Situation.HELD:
            assert not answer.price
        elif option["price"] > 0 and "drawing lots" not in answer.price:
            assert "raise the total dissatisfaction" in answer.price
        movers = len({m.worker for m in option["moves"]} - {worker})
        if movers:
            assert answer.outcome.startswith(f"{movers} other doctor")


def _every(
    inputs: RunInputs, result: SolveResult
) -> Iterator[tuple[str, dict[str, object], Answer]]:
    for worker in inputs.workers:
        for option, answer in worker_answers(inputs, result, worker.id):
            yield worker.id, option, answer  # type: ignore[misc]


def test_parts_of_a_price_add_up_to_it() -> None:
    inputs = small_run()
    result = solved(inputs, alpha=0.5)
    found = 0
    for _, option, answer in _every(inputs, result):
        parts = re.findall(r"([+−]?[\d.]+) from", answer.price)
        if parts:
            found += 1
            total = sum(float(part.replace("−", "-")) for part in parts)
            assert total == pytest.approx(option["price"], rel=1e-3)
    assert found


def test_text_holds_everything_for_copying() -> None:
    for answer in answers(W1).values():
        assert answer.text.startswith(answer.question)
        assert all(move in answer.text for move in answer.chain)


def test_letter_escapes_names_and_says_that_it_is_a_draft() -> None:
    inputs = renamed(small_run(), W1, "<script>alert(1)</script>")
    page = doctor_letter(inputs, solved(inputs), W1, LetterOptions(is_draft=True))
    assert "<script" not in page
    assert "Draft: this allocation is not final." in page


def test_letter_explains_another_job_line_that_was_asked_about() -> None:
    inputs = small_run()
    result = solved(inputs)
    held = {a.worker_mapping: a.job_line for a in result.allocations}
    page = doctor_letter(inputs, result, W1, LetterOptions(also=held[W1]))
    assert "The job line that you asked about" in page
    assert "You hold it." in page


def test_letter_of_an_unproven_allocation_is_refused() -> None:
    inputs = small_run()
    result = replace(solved(inputs), status=Status.FEASIBLE)
    with pytest.raises(NotExplained):
        doctor_letter(inputs, result, W1)


def test_unknown_worker_is_refused() -> None:
    inputs = small_run()
    with pytest.raises(KeyError):
        worker_answers(inputs, solved(inputs), "nobody")


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (1.0, "raise the total dissatisfaction by 1 point"),
        (-2.5, "lower the total dissatisfaction by 2.5 points"),
        (0.0, "leave the total dissatisfaction as it is"),
    ],
)
def test_prices_in_words(price: float, words: str) -> None:
    assert total_words(price) == words


def test_nobody_moves_without_moves() -> None:
    assert outcome_words(()) == ""


def test_all_job_lines_of_a_worker_are_told() -> None:
    inputs = inputs_from(demo_rows(intern_ranks=True), demo_data.INTERN_YEAR)
    result = solved(inputs)
    told = worker_answers(inputs, result, inputs.workers[0].id)
    assert len(told) == len(inputs.job_lines)
    assert all(answer.question for _, answer in told)
