"""A letter to one doctor: the placement, and why not a job line ranked higher.

One self-contained HTML page to print. It names no other doctor, and their ranks are left out
unless asked for.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from allocator.explanation.answers import Answer, worker_answers
from allocator.explanation.fairness import tied_workers
from allocator.explanation.odds import odds, odds_words
from allocator.explanation.wording import AIMS, choice_words, placed_words
from allocator.measures.bands import rank_words
from allocator.measures.terms import terms_line
from allocator.models import Policy, RunInputs, Settings
from allocator.report.parts import day_words, run_title
from allocator.report.printable import printed_page
from allocator.result import SolveResult
from allocator.rules.moments import local_time
from allocator.rules.naming import worker_name
from allocator.solving.tie_break import lottery_numbers

Told = tuple[dict[Hashable, Any], Answer]


@dataclass(frozen=True, slots=True)
class LetterOptions:
    """`others_ranks`: tell the moves of other doctors, which give their ranks away.
    `also`: a job line to explain even when it was not ranked higher. `is_draft`: say that the
    allocation has not been committed. `terms`: as `measures.terms.terms_of` gives them; without
    any, those of the settings alone."""

    others_ranks: bool = False
    also: str = ""
    is_draft: bool = False
    terms: str = ""


def doctor_letter(
    inputs: RunInputs,
    result: SolveResult,
    worker_id: str,
    options: LetterOptions | None = None,
    now: datetime | None = None,
) -> str:
    """The letter as HTML for A4. Raises KeyError when the worker does not take part,
    NotExplained when the allocation is not proven optimal."""
    options = options or LetterOptions()
    answers = worker_answers(
        inputs, result, worker_id, letter=True, others_ranks=options.others_ranks
    )
    higher = [told for told in answers if told[0]["score_change"] < 0]
    also = [t for t in answers if t[0]["job_line"] == options.also and t not in higher]
    job_line, rank = placed_words(inputs, result, worker_id)
    return printed_page(
        "letter.html",
        kind="About your placement",
        title=worker_name(inputs, worker_id),
        facts=_facts(inputs, result, worker_id, options, now),
        job_line=job_line,
        choice=choice_words(rank, "your"),
        list_words=_list_words(inputs, worker_id, len(higher)),
        higher=list(map(_explained, higher)),
        also=list(map(_explained, also)),
        decided=_how_decided(inputs, result, worker_id),
    )


def _facts(
    inputs: RunInputs,
    result: SolveResult,
    worker_id: str,
    options: LetterOptions,
    now: datetime | None,
) -> list[tuple[str, str]]:
    moment = now or datetime.now(UTC)
    facts = [
        ("Internal id", inputs.worker(worker_id).internal_id),
        ("Allocation", run_title(inputs.run)),
        ("Written", local_time(inputs.run, moment) if inputs.run.timezone else day_words(moment)),
        ("Under these terms", options.terms or terms_line(result.settings.as_dict())),
        ("Status", "Draft: this allocation is not final." if options.is_draft else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _list_words(inputs: RunInputs, worker_id: str, higher: int) -> str:
    ranked = len(inputs.worker(worker_id).preferences.scores)
    own = f"You ranked {ranked} of the {len(inputs.job_lines)} job lines"
    if not ranked:
        return "You ranked no job line, so all of them counted alike for you."
    if not higher:
        return f"{own} and none of them higher than this one."
    return f"{own}, {higher} of them higher than this one."


def _explained(told: Told) -> dict[str, Any]:
    """A job line that was not received, for a row of the letter."""
    option, answer = told
    return {
        "rank": rank_words(option["rank"], option["bucket"]),
        "job_line": option["job_line_name"],
        "said": " ".join(filter(None, (answer.reason, answer.price, answer.outcome))),
        "moves": answer.chain,
    }


def _held(result: SolveResult, worker_id: str) -> str:
    held = (a.job_line for a in result.allocations if a.worker_mapping == worker_id)
    return next(held, "")


def _how_decided(inputs: RunInputs, result: SolveResult, worker_id: str) -> tuple[str, ...]:
    chosen = result.settings
    aim = f"The aim was {AIMS[chosen.policy]}."
    if chosen.policy is not Policy.LEAST_TOTAL:
        aim += " Among the allocations that reach it, the least total dissatisfaction decided."
    weights = (
        f"In the total, the doctors' ranks count {1 - chosen.alpha:.0%} and the organisation's"
        f" needs {chosen.alpha:.0%}. A rank counts as its number"
        + ("." if chosen.power == 1 else f", raised to the power {chosen.power:g}.")
        + " A job line that you did not rank counts as the mean of the ranks you left open."
    )
    proof = (
        "It is proven, and was checked independently, that no other allocation under these rules"
        " does better."
    )
    if chosen.policy is Policy.LOTTERY_ORDER:
        return aim, weights, proof, _turn_words(inputs, chosen, worker_id)
    ties = tied_workers(inputs, result)
    count, is_tied = len(ties), worker_id in set(ties["worker"])
    lots = "One allocation was better than all others, so no lots had to be drawn."
    if count:
        lots = (
            f"Several allocations were equally good; they differ in where {count} doctors go."
            f" Lots were drawn among them with the number {chosen.seed}, without regard to names."
        )
        if is_tied:
            chances = odds_words(odds(inputs, result), inputs, worker_id, _held(result, worker_id))
            lots += f" The lots decided your placement, too. {chances}"
        else:
            lots += " Your placement is the same in all of them."
    return aim, weights, proof, lots


def _turn_words(inputs: RunInputs, chosen: Settings, worker_id: str) -> str:
    ids = [worker.id for worker in inputs.workers]
    numbers = lottery_numbers(chosen.seed, ids).tolist()
    turn = 1 + sum(number < numbers[ids.index(worker_id)] for number in numbers)
    words = (
        f"The order was drawn with the number {chosen.seed}, without regard to names; you came as"
        f" number {turn} of {len(ids)}."
    )
    # A cap on the worst rank binds by the lists themselves: another list may change what it binds.
    honest = " Nobody could have got more by handing in another list."
    return words + (honest if chosen.worst_rank is None else "")
