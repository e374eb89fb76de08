"""Does an honest list pay? What other lists would bring, for several settings side by side."""

from __future__ import annotations

import hashlib
import threading

import pandas as pd
import streamlit as st

from allocator.database.records import Work
from allocator.explanation.honesty import (
    Honesty,
    budget_words,
    gains_table,
    side_by_side,
    verdict_words,
)
from allocator.jobs import JobKind, OnProgress
from allocator.measures.terms import AIM_NAMES
from console.screens.scenarios.bench import Bench, watch_job
from console.state import backend, seeds, trials
from console.ui import messages
from console.ui.data_table import data_table


def draw_honesty(bench: Bench) -> None:
    """A button, then the progress, then the figures."""
    st.header("Does an honest list pay?", anchor=False)
    inputs = trials.variant(bench.reading, bench.scenario).inputs
    st.markdown(
        "For each worker, exactly: would a shorter or reordered list of their own have brought a "
        "better job line by their own ranking, if nobody else had changed theirs? Worked out for "
        f"the least total and by lottery order. {budget_words(inputs)}"
    )
    job = backend.jobs().get(JobKind.HONESTY, _subject(bench))
    if job is None:
        if st.button("Work it out", icon=":material/balance:", key="work out honesty"):
            _start(bench)
        return
    snapshot = job.snapshot()
    if snapshot.is_running:
        watch_job(job, lambda progress: progress.iterations / max(progress.variables, 1))
    elif snapshot.error is not None:
        messages.show_error(snapshot.error)
    elif snapshot.result:
        _draw_figures(bench, snapshot.result)
    else:
        st.info("It was stopped before the first figures were there.")
    if not snapshot.is_running and st.button("Work it out again", key="honesty again"):
        _start(bench)


def _draw_figures(bench: Bench, found: list[Honesty]) -> None:
    inputs = trials.variant(bench.reading, bench.scenario).inputs
    st.markdown(f"**Least total, with this alpha and power:** {verdict_words(found[0])}")
    data_table(
        honesty_table(found),
        key=f"honesty {bench.run_id}",
        version=_subject(bench),
        noun="setting",
        file_name="honesty",
    )
    st.caption(
        "*Surely* means in every best allocation, whatever lots are drawn. *Safer*: another list "
        "would rule out a worse draw. *By luck*: another list might bring more, but not surely. "
        "Who may hold what stays as it is, also under a limit on the worst rank."
    )
    gainers = gains_table(inputs, found[0])
    if not gainers.empty:
        data_table(
            gainers.drop(columns="worker").rename(
                columns={
                    "name": "Worker",
                    "now": "Rank with the honest list",
                    "instead": "Rank with another list",
                    "gain": "Ranks gained",
                    "list": "A list that would have brought it",
                }
            ),
            key=f"honesty workers {bench.run_id}",
            version=_subject(bench),
            noun="worker",
            file_name="honesty-workers",
        )


def honesty_table(found: list[Honesty]) -> pd.DataFrame:
    """One row for each setting, under labels that a coordinator reads."""
    return pd.DataFrame(
        [
            {
                "Aim": AIM_NAMES[one.settings.policy],
                "Organisation's weight (alpha)": one.settings.alpha,
                "Power": one.settings.power,
                "Surely gain": one.n_sure,
                "Share, %": round(100 * one.share, 1),
                "Mean gain in ranks": round(one.mean_gain, 1),
                "Largest gain": one.most,
                "Safer": one.n_safer,
                "By luck": one.n_by_luck,
            }
            for one in found
        ]
    )


def _start(bench: Bench) -> None:
    inputs = trials.variant(bench.reading, bench.scenario).inputs
    settings, operator = bench.scenario.settings, bench.operator

    def work(on_progress: OnProgress, cancel: threading.Event) -> list[Honesty]:
        seeds.log_tried(inputs, settings, operator, Work.HONESTY)
        return side_by_side(inputs, settings, on_progress=on_progress, cancel=cancel)

    backend.jobs().start(JobKind.HONESTY, _subject(bench), work, started_by=operator)
    st.rerun(scope="app")


def _subject(bench: Bench) -> str:
    digest = hashlib.sha256(bench.scenario.to_json().encode()).hexdigest()[:24]
    return f"{bench.run_id} {bench.version} {digest}"
