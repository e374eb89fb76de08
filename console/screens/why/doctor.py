"""What the page Why? explains: the last solve of a waiting run, or what was committed."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
import streamlit as st

from allocator.errors import NotExplained
from allocator.explanation import Situation
from allocator.explanation.answers import Answer, teller, worker_answers
from allocator.explanation.odds import odds, odds_words
from allocator.explanation.wording import placed_words
from allocator.measures import higher_choices, status_words, worst_off
from allocator.measures.terms import terms_of
from allocator.models import AllocatorRun, Policy, RunInputs, Worker
from allocator.report.letter import LetterOptions, doctor_letter
from allocator.report.parts import POLICIES
from allocator.rules.naming import job_line_name
from allocator.rules.ranks import NEVER_WORDS
from console.charts.explanation import chain_picture, chain_words
from console.state import solving
from console.ui import messages, navigation, tables
from console.ui.about import ShownAllocation
from console.ui.data_table import data_table, newly_chosen, plain_table
from console.ui.messages import literal
from console.ui.session import stored_outcome
from console.ui.tables import counted, draw, facts_row, is_dark

PART, WORKER, LINE = "about", "worker", "line"
"""What the address says: the open tab, the worker, the job line to explain."""
ONE_WORKER = "One worker"
OTHER_AIM = (
    "This run was solved with another aim than the least total dissatisfaction: "
    "**{aim}**. That aim comes first and the total second. A price below zero then means: the "
    "total would be better, but the aim would be met less well."
)


def explained(run: AllocatorRun, operator: str) -> ShownAllocation:
    """The allocation of a run; without one the page ends here and says what to do."""
    solved = solving.solved(run.id) if run.is_pending else stored_outcome(run).solved
    if solved is None:
        _nothing(run)
        st.stop()
    return ShownAllocation(solved, operator)


def draw_what(source: ShownAllocation) -> None:
    """Which allocation is explained, and under which aim."""
    result = source.result
    scenario = result.scenario or source.inputs.scenario
    which = f"Scenario “{literal(scenario)}”. " if scenario else ""
    which += "The committed allocation. " if not source.run.is_pending else ""
    st.caption(f"{which}{status_words(result)}")
    if result.settings.policy is not Policy.LEAST_TOTAL:
        st.info(OTHER_AIM.format(aim=POLICIES[result.settings.policy]), icon=":material/info:")


def open_worker(worker_id: str) -> None:
    """Show the reasons for one worker's placement, and end this script."""
    st.query_params.pop(LINE, None)
    st.query_params.update({PART: ONE_WORKER, WORKER: worker_id})
    st.rerun()


def _nothing(run: AllocatorRun) -> None:
    if run.is_pending:
        st.info(
            "There is no allocation to explain yet. Solve the run first, then come back: every "
            "placement can be explained.",
            icon=":material/play_circle:",
        )
        navigation.link("solve", "Solve this run")
        return
    st.info(
        "This completed run cannot be explained any more: it was not committed from here, or its "
        "data has changed since, so that reasons would mix what was with what is.",
        icon=":material/lock:",
    )
    navigation.link("runs", "Go to the list of runs")


PRICE, CHAIN = "Price (points)", "What would follow"
OWN_SCORE = "Own attractiveness"
COLUMNS = [
    "rank",
    "bucket",
    OWN_SCORE,
    "job_line_name",
    "Compared with now",
    PRICE,
    "Others moved",
    "Why not",
    CHAIN,
]
Told = list[tuple[dict[Hashable, Any], Answer]]


def draw_one_worker(source: ShownAllocation) -> None:
    """The whole part; the worker is in the address."""
    worker_id = _pick(source)
    if worker_id is None:
        st.caption("Pick a worker to see why each job line was or was not theirs.")
        return
    worker = source.inputs.worker(worker_id)
    try:
        told = worker_answers(source.inputs, source.result, worker_id)
    except NotExplained as error:
        _facts(source, worker)
        _without_prices(source, worker_id, error)
        return
    line = _pick_line(source, worker, told)
    _facts(source, worker)
    if line is not None:
        _draw_answer(source, worker, next(o for o, _ in told if o["job_line"] == line))
    _options(source, worker, told)
    _draw_odds(source, worker_id)
    _letter(source, worker, line)


def _draw_odds(source: ShownAllocation, worker_id: str) -> None:
    """Whether lots decided the placement, and with which odds."""
    held = {a.worker_mapping: a.job_line for a in source.result.allocations}
    place = st.empty()

    def on_draws(done: int, most: int) -> None:
        words = f"Drawing the lots again to see the chances, {done:,} of at most {most:,} …"
        place.progress(min(1.0, done / most), text=words)

    found = odds(source.inputs, source.result, on_draws=on_draws)
    place.empty()
    words = odds_words(found, source.inputs, worker_id, held[worker_id])
    st.markdown(f"**By lot?** {literal(words)}")


def _pick(source: ShownAllocation) -> str | None:
    workers = {w.id: w for w in sorted(source.inputs.workers, key=lambda w: (w.name, w.id))}
    wanted = st.query_params.get(WORKER)
    if wanted is None:
        wanted = _worst_off(source)
    chosen = st.selectbox(
        "Worker",
        list(workers),
        index=list(workers).index(wanted) if wanted in workers else None,
        format_func=lambda worker_id: _label(workers[worker_id]),
        placeholder="Type a name or an internal id",
        key=source.key(f"why worker {wanted}"),
        width=460,
    )
    if chosen != (wanted if wanted in workers else None):
        open_worker(chosen or "")
    if WORKER not in st.query_params:
        st.caption(
            "Shown first: the worst-off of those who ranked job lines. Pick anybody else above."
        )
    return chosen


def _worst_off(source: ShownAllocation) -> str | None:
    """The worst-off worker, of those who ranked anything if there are any."""
    worst = worst_off(source.placed, len(source.inputs.workers))
    if worst.empty:
        return None
    return str(worst["worker"].iloc[int(worst["n_ranked"].gt(0).to_numpy().argmax())])


def _label(worker: Worker) -> str:
    return f"{worker.name} ({worker.internal_id})" if worker.internal_id else worker.name


def _facts(source: ShownAllocation, worker: Worker) -> None:
    line, rank = placed_words(source.inputs, source.result, worker.id)
    ranked = len(worker.preferences.scores)
    facts_row(
        [
            ("Rank of the placement", rank),
            ("Ranked", f"{ranked:,} of {counted(len(source.inputs.job_lines), 'job line')}"),
            ("Qualification level", worker.qualificationlevel),
            ("Placed on", line or "Not placed"),
            ("Held before", held_before(source.inputs, worker.id)),
        ]
    )


def held_before(inputs: RunInputs, worker_id: str) -> str:
    """The job line that a repair or swap round begins with; empty without one."""
    before = inputs.baseline.placements.get(worker_id)
    return job_line_name(inputs, before) if before else ""


def _pick_line(source: ShownAllocation, worker: Worker, told: Told) -> str | None:
    """The job line to explain: the one of the address, else the best that was missed."""
    options = {o["job_line"]: o for o, _ in told}
    better = [line for line, option in options.items() if option["score_change"] < 0]
    asked = st.query_params.get(LINE)
    wanted = asked if asked in options else next(iter(better), None)
    chosen = st.selectbox(
        "Why not this job line?",
        list(options),
        index=list(options).index(wanted) if wanted else None,
        format_func=lambda line: _line_label(options[line]),
        placeholder="Type a part of a job line's name",
        key=source.key(f"why line {worker.id} {wanted}"),
        width=620,
    )
    if chosen != wanted:
        _open_line(chosen or "")
    return chosen


def _line_label(option: dict[Hashable, Any]) -> str:
    rank = option["rank"]
    return f"{option['job_line_name']} ({'not ranked' if pd.isna(rank) else f'rank {rank:g}'})"


def _open_line(line: str) -> None:
    st.query_params[LINE] = line
    st.rerun()


def _options(source: ShownAllocation, worker: Worker, told: Told) -> None:
    """The table of all job lines; a selected one is explained above it."""
    frame = options_frame(told)
    situation = pd.Series([o["situation"] for o, _ in told])
    better = pd.Series([o["score_change"] < 0 for o, _ in told])
    st.markdown(
        "**Every job line.** Select one to see the reason in full above. The price is exact: "
        "how much worse the total dissatisfaction of everybody would be if the worker had that "
        "job line and all others were placed anew as well as possible.",
    )
    chosen = data_table(
        frame,
        key=source.key(f"why options {worker.id}"),
        version=source.version,
        noun="job line",
        file_name=f"why-{worker.internal_id or 'worker'}",
        columns=tables.without_empty(frame, COLUMNS, "bucket", OWN_SCORE),
        id_column="job_line",
        search=("job_line_name", "Why not"),
        kinds={
            "Ranked higher than the placement": better,
            "Full": situation == Situation.FULL,
            "Not eligible": situation == Situation.INELIGIBLE,
            "Under “never”": frame["bucket"] == NEVER_WORDS,
        },
        height=420,
        placeholder="Job line or holder",
    )
    selected = newly_chosen(source.key(f"why options {worker.id}"), chosen)
    if selected:
        _open_line(selected)


def options_frame(told: Told) -> pd.DataFrame:
    """The answers as rows: ids, and columns under the words that are shown."""
    return pd.DataFrame(
        {
            "job_line": [o["job_line"] for o, _ in told],
            "job_line_name": [o["job_line_name"] for o, _ in told],
            "rank": [o["rank"] for o, _ in told],
            "bucket": [o["bucket"] for o, _ in told],
            OWN_SCORE: [o["attractiveness"] for o, _ in told],
            "Compared with now": [_compared(o) for o, _ in told],
            "Why not": [answer.reason for _, answer in told],
            PRICE: [round(o["price"], 6) for o, _ in told],
            "Others moved": [max(0, len(o["moves"]) - 1) for o, _ in told],
            CHAIN: ["; ".join(m.words for m in o["moves"]) for o, _ in told],
        }
    )


def _compared(option: dict[Hashable, Any]) -> str:
    change = option["score_change"]
    if option["situation"] == Situation.HELD:
        return "Placed here"
    if not change:
        return "As good"
    return f"{abs(change):g} {'better' if change < 0 else 'worse'}"


def _draw_answer(source: ShownAllocation, worker: Worker, option: dict[Hashable, Any]) -> None:
    with st.container(border=True):
        hidden = st.toggle(
            "Hide other doctors' names",
            key=source.key("why hidden"),
            help="For showing this to the doctor: others become “another doctor”.",
        )
        tells = teller(source.inputs, source.result, worker.id, letter=hidden, others_ranks=hidden)
        answer, moves = tells.answer(option), option["moves"]
        st.markdown(f"## {literal(answer.question)}")
        st.markdown(literal(f"{answer.reason} {answer.price}"))
        if answer.note:
            st.caption(literal(answer.note))
        if moves:
            words, picture = st.columns([3, 2], gap="large")
            words.markdown("**What would follow**")
            words.markdown(literal(answer.outcome))
            words.markdown("\n".join(f"1. {literal(move)}" for move in answer.chain))
            shown = tells.told_moves(moves)
            with picture:
                draw(
                    chain_picture(shown, dark=is_dark()),
                    key=source.key(f"why chain {worker.id} {option['job_line']} {hidden}"),
                    alt=chain_words(shown),
                )
        with st.expander("Text to copy"):
            st.code(answer.text, language=None, wrap_lines=True)


def _letter(source: ShownAllocation, worker: Worker, line: str | None) -> None:
    st.markdown("## A letter to the doctor")
    st.caption(
        "One page to print or send: the placement, why not each job line ranked higher, and how "
        "places were decided. It names no other doctor."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        ranks = st.checkbox(
            "Tell other doctors' moves and ranks",
            key=source.key("why others"),
            help="Without names, but who holds a job line may be known: their ranks then are, too.",
        )
        options = LetterOptions(
            ranks, line or "", source.run.is_pending, terms=terms_of(source.solved)
        )
        st.download_button(
            "Download the letter",
            data=lambda: doctor_letter(source.inputs, source.result, worker.id, options),
            file_name=f"placement-{worker.internal_id or 'letter'}.html",
            mime="text/html",
            icon=":material/mail:",
            on_click="ignore",
            key=source.key("why letter"),
        )


def _without_prices(source: ShownAllocation, worker_id: str, error: NotExplained) -> None:
    """An allocation that is not proven has no exact prices: say so, and show who holds what."""
    messages.show_error(error)
    higher = higher_choices(source.inputs, source.result, worker_id)
    st.markdown("**Ranked higher than the placement, and who holds it**")
    if higher.empty:
        st.caption("None.")
        return
    table = tables.higher_choices_table(higher)
    plain_table(table, key=source.key("why higher choices"), file_name="ranked-higher")
    navigation.link("solve", "Solve again")
