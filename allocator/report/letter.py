"""A letter to one doctor: the placement, and why not a job line ranked higher.

One self-contained HTML page to print. It names no other doctor, and their ranks are left out
unless asked for.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Any

from allocator.explanation.answers import Answer, worker_answers
from allocator.explanation.fairness import tied_workers
from allocator.explanation.wording import AIMS, choice_words, placed_words
from allocator.measures.bands import rank_words
from allocator.models import Policy, RunInputs, SolveResult
from allocator.report.parts import day_words, run_title
from allocator.rules.moments import local_time
from allocator.rules.naming import worker_name

Told = tuple[dict[Hashable, Any], Answer]


@dataclass(frozen=True, slots=True)
class LetterOptions:
    """`others_ranks`: tell the moves of other doctors, which give their ranks away.
    `also`: a job line to explain even when it was not ranked higher. `is_draft`: say that the
    allocation has not been committed."""

    others_ranks: bool = False
    also: str = ""
    is_draft: bool = False


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
    higher = [t for t in answers if t[0]["score_change"] < 0]
    also = [t for t in answers if t[0]["job_line"] == options.also and t not in higher]
    name = worker_name(inputs, worker_id)
    style = files("allocator.report").joinpath("report.css").read_text(encoding="utf-8")
    body = "".join(
        (
            _placement(inputs, result, worker_id, len(higher)),
            _section("The job lines that you ranked higher", _table(higher)) if higher else "",
            _section("The job line that you asked about", _table(also)) if also else "",
            _section("How places were decided", _how_decided(inputs, result, worker_id)),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>About your placement: {escape(name)}</title><style>{style}</style></head><body>"
        f"<header><p>About your placement</p><h1>{escape(name)}</h1>"
        f"<dl>{_facts(inputs, worker_id, options, now)}</dl></header>"
        f"<main>{body}</main></body></html>"
    )


def _facts(inputs: RunInputs, worker_id: str, options: LetterOptions, now: datetime | None) -> str:
    moment = now or datetime.now(UTC)
    facts = [
        ("Internal id", inputs.worker(worker_id).internal_id),
        ("Allocation", run_title(inputs.run)),
        ("Written", local_time(inputs.run, moment) if inputs.run.timezone else day_words(moment)),
        ("Status", "Draft: this allocation is not final." if options.is_draft else ""),
    ]
    return "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts if v)


def _placement(inputs: RunInputs, result: SolveResult, worker_id: str, higher: int) -> str:
    line, rank = placed_words(inputs, result, worker_id)
    ranked = len(inputs.worker(worker_id).preferences.scores)
    own = f"You ranked {ranked} of the {len(inputs.job_lines)} job lines"
    if not ranked:
        rest = "You ranked no job line, so all of them counted alike for you."
    elif not higher:
        rest = f"{own} and none of them higher than this one."
    else:
        rest = f"{own}, {higher} of them higher than this one."
    placed = f"You were placed on <strong>{escape(line)}</strong>"
    return f"<section><p>{placed} ({escape(choice_words(rank, 'your'))}). {rest}</p></section>"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _table(told: list[Told]) -> str:
    head = "".join(
        f'<th scope="col">{t}</th>' for t in ("Your choice", "Job line", "Why you did not get it")
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(rank_words(option["rank"]))}</th>'
        f'<td class="wide">{escape(option["job_line_name"])}</td>'
        f"<td>{_answer(answer)}</td></tr>"
        for option, answer in told
    )
    return (
        '<div class="scroll"><table class="letter">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _answer(answer: Answer) -> str:
    said = " ".join(filter(None, (answer.reason, answer.price, answer.outcome)))
    moves = "".join(f"<li>{escape(move)}</li>" for move in answer.chain)
    return escape(said) + (f"<ol>{moves}</ol>" if moves else "")


def _how_decided(inputs: RunInputs, result: SolveResult, worker_id: str) -> str:
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
    ties = tied_workers(inputs, result)
    count, is_tied = len(ties), worker_id in set(ties["worker"])
    lots = "One allocation was better than all others, so no lots had to be drawn."
    if count:
        lots = (
            f"Several allocations were equally good; they differ in where {count} doctors go."
            f" Lots were drawn among them with the number {chosen.seed}, without regard to names."
        )
        concerned = "The lots decided your placement, too."
        lots += f" {concerned if is_tied else 'Your placement is the same in all of them.'}"
    return "".join(f"<p>{escape(text)}</p>" for text in (aim, weights, proof, lots))
