"""A letter to one doctor: the placement, and why not a job line ranked higher.

A letter is put together once and printed as one self-contained HTML page or as a PDF (`pdf`). It
names no other doctor, and their ranks are left out unless asked for.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from allocator.errors import NotExplained
from allocator.explanation.answers import Answer, worker_answers
from allocator.explanation.fairness import all_ties
from allocator.explanation.odds import MARGIN, odds, odds_words
from allocator.explanation.wording import AIMS, choice_words
from allocator.measures.bands import rank_words
from allocator.measures.terms import terms_line
from allocator.models import JobLine, LeftOut, Policy, RunInputs
from allocator.report.parts import day_words, run_title
from allocator.report.printable import printed_page
from allocator.result import SolveResult, Status
from allocator.rules.moments import local_time
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import bucket_words
from allocator.solving.tie_break import lottery_numbers

Told = tuple[dict[Hashable, Any], Answer]
PLACED, NOT_PLACED_KIND = "About your placement", "About this year's placements"
HIGHER, ASKED = "The job lines that you ranked higher", "The job line that you asked about"
YEAR, DECIDED = "Your year", "How places were decided"
MOST_WITH_ODDS = 2000
"""Workers up to which a letter tells the odds of the draw; beyond, finding them takes minutes."""
COLUMNS = ("Your choice", "Job line", "Why you did not get it")


@dataclass(frozen=True, slots=True)
class LetterOptions:
    """`others_ranks`: tell the moves of other doctors, which give their ranks away;
    `others_names`: name them. `also`: a job line to explain even when it was not ranked higher.
    `is_draft`: say that the allocation has not been committed. `before`: worker → former job
    line, when placements were published before; whoever has another now is told so. `terms`: as
    `measures.terms.terms_of` gives them; without any, those of the settings alone. The odds of a
    lottery that is drawn again and again are told to `odds_margin`."""

    others_ranks: bool = False
    also: str = ""
    is_draft: bool = False
    others_names: bool = False
    before: Mapping[str, str] | None = None
    terms: str = ""
    odds_margin: float = MARGIN


@dataclass(frozen=True, slots=True)
class Explained:
    """A job line that was not received: choice, name, why, and the moves that would follow."""

    rank: str
    job_line: str
    said: str
    moves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says. `title` is the doctor's name, `facts` are label and value; `placed` is
    the job line (empty: none) and `choice` what it was to the doctor. `year` holds a line for each
    term; `explained` pairs a heading with rows."""

    kind: str
    title: str
    facts: tuple[tuple[str, str], ...]
    placed: str = ""
    choice: str = ""
    text: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    explained: tuple[tuple[str, tuple[Explained, ...]], ...] = ()
    decided: tuple[str, ...] = ()

    @property
    def html(self) -> str:
        """The letter as a page for A4."""
        return printed_page(
            "letter.html", kind=self.kind, title=self.title, facts=self.facts, letter=self
        )


def doctor_letter(
    inputs: RunInputs,
    result: SolveResult,
    worker_id: str,
    options: LetterOptions | None = None,
    now: datetime | None = None,
) -> str:
    """The letter as HTML for A4. Raises KeyError when the worker does not take part,
    NotExplained when the allocation is not proven optimal."""
    if result.status is not Status.OPTIMAL:
        raise NotExplained
    return placed_letter(inputs, result, worker_id, options, now).html


def placed_letter(
    inputs: RunInputs,
    result: SolveResult,
    worker_id: str,
    options: LetterOptions | None = None,
    now: datetime | None = None,
) -> Letter:
    """The letter to a doctor who takes part and is placed; without reasons when the allocation is
    not proven optimal. Raises KeyError when the worker does not take part or is not placed."""
    options = options or LetterOptions()
    worker, line = inputs.worker(worker_id), inputs.job_line(placement_of(result)[worker_id])
    chosen = worker.preferences
    rank = rank_words(chosen.scores.get(line.id), bucket_words(chosen, line.id))
    terms = options.terms or terms_line(result.settings.as_dict())
    higher, also = _answers(inputs, result, worker_id, options)
    sections = [(HIGHER, tuple(map(_explained, higher))), (ASKED, tuple(map(_explained, also)))]
    return Letter(
        PLACED,
        worker_name(inputs, worker_id),
        _facts(inputs, worker.internal_id, options, now, terms),
        job_line_name(inputs, line.id),
        choice_words(rank, "your"),
        (*_before_words(inputs, worker_id, options), _list_words(inputs, line, worker_id)),
        tuple(_terms(line)),
        tuple(section for section in sections if section[1]),
        _how_decided(inputs, result, worker_id, options.odds_margin),
    )


def not_placed_letter(
    inputs: RunInputs,
    left: LeftOut,
    options: LetterOptions | None = None,
    now: datetime | None = None,
) -> Letter:
    """The letter to somebody who took no part, or who took part and has no place."""
    options = options or LetterOptions()
    reason = left.reason.rstrip(".")
    text = ["You were not placed on a job line in this allocation."]
    if reason:
        text.append(f"Why: {reason[:1].lower()}{reason[1:]}.")
    held = (options.before or {}).get(left.id)
    if held:
        text.append(
            f"The placement on {job_line_name(inputs, held)} that you were told of before no "
            "longer holds."
        )
    text.append("If you think that this is a mistake, please answer this letter.")
    known = {worker.id: worker.internal_id for worker in inputs.workers}
    facts = _facts(inputs, known.get(left.id, ""), options, now)
    return Letter(NOT_PLACED_KIND, worker_name(inputs, left.id), facts, text=tuple(text))


def placement_of(result: SolveResult) -> Mapping[str, str]:
    """Worker → job line of a result, made once."""
    return result.derived(_placements)


def _placements(result: SolveResult) -> dict[str, str]:
    return {a.worker_mapping: a.job_line for a in result.allocations}


def _answers(
    inputs: RunInputs, result: SolveResult, worker_id: str, options: LetterOptions
) -> tuple[list[Told], list[Told]]:
    """Why not the job lines ranked higher, and the one that was asked about beside them."""
    if result.status is not Status.OPTIMAL:
        return [], []
    answers = worker_answers(
        inputs,
        result,
        worker_id,
        letter=True,
        others_ranks=options.others_ranks,
        others_names=options.others_names,
        better_only=not options.also,
    )
    higher = [told for told in answers if told[0]["score_change"] < 0]
    return higher, [t for t in answers if t[0]["job_line"] == options.also and t not in higher]


def _facts(
    inputs: RunInputs,
    internal_id: str,
    options: LetterOptions,
    now: datetime | None,
    terms: str = "",
) -> tuple[tuple[str, str], ...]:
    moment = now or datetime.now(UTC)
    facts = [
        ("Internal id", internal_id),
        ("Allocation", run_title(inputs.run)),
        ("Written", local_time(inputs.run, moment) if inputs.run.timezone else day_words(moment)),
        ("Under these terms", terms),
        ("Status", "Draft: this allocation is not final." if options.is_draft else ""),
    ]
    return tuple((label, value) for label, value in facts if value)


def _before_words(inputs: RunInputs, worker_id: str, options: LetterOptions) -> tuple[str, ...]:
    held = (options.before or {}).get(worker_id)
    if held is None:
        return ()
    name = job_line_name(inputs, held)
    return (f"This replaces the placement on {name} that you were told of before.",)


def _list_words(inputs: RunInputs, line: JobLine, worker_id: str) -> str:
    scores = inputs.worker(worker_id).preferences.scores
    own = f"You ranked {len(scores)} of the {len(inputs.job_lines)} job lines"
    if not scores:
        return "You ranked no job line, so all of them counted alike for you."
    here = scores.get(line.id)
    higher = sum(here is None or score < here for score in scores.values())
    if not higher:
        return f"{own} and none of them higher than this one."
    return f"{own}, {higher} of them higher than this one."


def _terms(line: JobLine) -> list[str]:
    """`11 January 2027 to 10 July 2027: Resident, Surgery A, Ironbark Hospital`."""
    told = []
    for term in line.terms:
        days = " to ".join(day_words(day) for day in (term.start, term.end) if day is not None)
        place = ", ".join(filter(None, (term.position, term.team, term.location)))
        told.append(": ".join(filter(None, (days, place))))
    return [words for words in told if words]


def _explained(told: Told) -> Explained:
    option, answer = told
    said = " ".join(filter(None, (answer.reason, answer.price, answer.outcome)))
    rank = rank_words(option["rank"], option["bucket"])
    return Explained(rank, option["job_line_name"], said, answer.chain)


def _how_decided(
    inputs: RunInputs, result: SolveResult, worker_id: str, margin: float
) -> tuple[str, ...]:
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
    if result.status is not Status.OPTIMAL:
        unproven = "Every rule was checked independently. That no other allocation does better"
        return aim, weights, f"{unproven} was not proven in the time that there was."
    proof = (
        "It is proven, and was checked independently, that no other allocation under these rules"
        " does better."
    )
    if chosen.policy is Policy.LOTTERY_ORDER:
        return aim, weights, proof, _turn_words(inputs, result, worker_id)
    ties = all_ties(inputs, result)
    lots = "One allocation was better than all others, so no lots had to be drawn."
    if ties.n_workers:
        lots = (
            f"Several allocations were equally good; they differ in where {ties.n_workers} doctors"
            f" go. Lots were drawn among them with the number {chosen.seed}, without regard to"
            " names."
        )
        if len(ties.of(inputs.worker_positions[worker_id])):
            lots += " The lots decided your placement, too."
            if len(inputs.workers) <= MOST_WITH_ODDS:
                held = placement_of(result)[worker_id]
                found = odds(inputs, result, margin=margin)
                lots += f" {odds_words(found, inputs, worker_id, held)}"
        else:
            lots += " Your placement is the same in all of them."
    return aim, weights, proof, lots


def _turn_words(inputs: RunInputs, result: SolveResult, worker_id: str) -> str:
    turns, chosen = result.derived(_turns, inputs), result.settings
    words = (
        f"The order was drawn with the number {chosen.seed}, without regard to names; you came as"
        f" number {turns[worker_id]} of {len(turns)}."
    )
    # A cap on the worst rank binds by the lists themselves: another list may change what it binds.
    honest = " Nobody could have got more by handing in another list."
    return words + (honest if chosen.worst_rank is None else "")


def _turns(result: SolveResult, inputs: RunInputs) -> dict[str, int]:
    """Worker → its turn in the order drawn by lot, from 1."""
    ids = [worker.id for worker in inputs.workers]
    order = lottery_numbers(result.settings.seed, ids).argsort()
    return {ids[place]: turn for turn, place in enumerate(order, start=1)}
