"""The same run and changes under every aim, and along alpha and power."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from allocator.database.records import Work
from allocator.errors import NotSolved
from allocator.explanation import extremes
from allocator.jobs import Job, JobKind, OnProgress
from allocator.measures import outcome, rank_distribution
from allocator.measures.outcome import (
    FIRST_CHOICES,
    MEAN_RANK,
    NOT_RANKED,
    WEIGHTING_POINTS,
    WORST_RANK,
    points_words,
)
from allocator.measures.terms import AIM_NAMES, terms_line
from allocator.models import Policy, RunInputs, Settings
from allocator.result import Phase, Progress, Status
from allocator.scenario import Scenario
from allocator.solved import Solved
from allocator.solving.sweep import SweepProgress, grid, scheduler_address, sweep
from console.charts import CONFIG, overlaid_distributions
from console.charts.scenarios import frontier_chart, shares_chart
from console.screens.scenarios.bench import (
    VIEWS,
    Bench,
    has_allocation,
    show_view,
    solved_or_wait,
    watch_job,
)
from console.screens.scenarios.change_list import draw_problems
from console.screens.scenarios.dials import figure_words, signed_words
from console.screens.scenarios.honesty_view import draw_honesty
from console.state import backend, scenario_drafts, seeds, trials
from console.ui import messages, session
from console.ui.data_table import data_table
from console.ui.messages import literal
from console.ui.scoreboard import draw_choices
from console.ui.tables import counted, draw, is_dark

CAPPED = "Best worst rank"
MEANS = {
    AIM_NAMES[
        Policy.LEAST_TOTAL
    ]: "The least sum of the workers' and the organisation's dissatisfaction. The default.",
    AIM_NAMES[
        Policy.GREEDY
    ]: "As many first choices as possible, then as many second ones, and so on.",
    AIM_NAMES[Policy.GENEROUS]: (
        "As few unranked placements as possible, then as few last ranks, then the one before."
    ),
    AIM_NAMES[
        Policy.LEXIMIN
    ]: "The worst-off worker as well off as possible, then the next, and so on.",
    AIM_NAMES[Policy.LOTTERY_ORDER]: (
        "In an order drawn from the seed each worker gets the best job line that leaves an "
        "allocation for the rest. No other list would ever get a worker a better one."
    ),
    AIM_NAMES[Policy.FEWEST_MOVES]: "As few moves from the earlier allocation as possible.",
    AIM_NAMES[Policy.MOST_MOVES]: "As many moves from the earlier allocation as possible.",
    CAPPED: "The least total among allocations in which nobody is worse off than need be.",
}


def draw_policies(bench: Bench) -> None:
    """Solve the draft under every aim and show what each brings and costs."""
    st.markdown(
        f"“{literal(bench.scenario.name)}” with its changes and settings, solved under every aim. "
        "**Costs all together** is what everybody's dissatisfaction and the organisation's rise by "
        "against the least total, in points."
    )
    if draw_problems(bench):
        return
    offered = variants(bench)
    solved = solved_or_wait(bench, list(offered.values()))
    if solved is None:
        return
    found = {name: one for name, one in zip(offered, solved, strict=True) if has_allocation(one)}
    if not found:
        st.warning("No allocation keeps every rule of this scenario, whatever the aim.")
        return
    frame = policy_table(found)
    data_table(
        frame,
        key=f"policies {bench.run_id}",
        version=bench.key(str(hash(bench.scenario))),
        noun="aim",
        file_name="policies",
    )
    changes, best = len(bench.scenario.changes), next(iter(found.values()))
    best_possible = outcome(best.inputs, best.result).first_choices_possible
    st.caption(
        f"Best possible number of first choices: {best_possible:,}. All aims under "
        f"{literal(terms_line({**bench.scenario.settings.as_dict(), 'policy': ''}, changes))}; a "
        "worst rank set in the scenario is lifted here."
    )
    _chart(found)
    _open_buttons(bench, offered)
    draw_honesty(bench)


def variants(bench: Bench) -> dict[str, Scenario]:
    """Name → the draft under that aim; the cap is the least that any allocation reaches."""
    settings = replace(bench.scenario.settings, worst_rank=None)
    inputs = trials.variant(bench.reading, bench.scenario).inputs
    wanted: dict[str, Settings] = {
        name: replace(settings, policy=policy)
        for policy, name in AIM_NAMES.items()
        if inputs.baseline or not policy.needs_baseline
    }
    least = _least_cap(inputs, bench.scenario.settings)
    if least is not None:
        wanted[CAPPED] = least
    return {
        name: replace(bench.scenario, name=f"{bench.scenario.name}: {name}", settings=settings)
        for name, settings in wanted.items()
    }


def _least_cap(inputs: RunInputs, settings: Settings) -> Settings | None:
    try:
        return extremes(inputs, settings).for_worst_off
    except NotSolved:
        return None


def policy_table(found: dict[str, Solved]) -> pd.DataFrame:
    """One row an aim, in words; the price is against the least total."""
    first = next(iter(found.values()))
    rows = []
    for name, one in found.items():
        got = outcome(one.inputs, one.result)
        price = (one.result.objective or 0.0) - (first.result.objective or 0.0)
        rows.append(
            {
                "Aim": name,
                "Costs all together": NO_PRICE if abs(price) < 1e-9 else _price_words(price),
                FIRST_CHOICES: got.first_choices,
                "Within the top 3": got.within[3],
                NOT_RANKED: got.unranked,
                MEAN_RANK: figure_words("mean_rank", got.mean_rank),
                WORST_RANK: figure_words("worst_score", got.worst_score),
                "Workers who share it": got.n_worst,
                WEIGHTING_POINTS: points_words(got.weighting_points),
            }
        )
    return pd.DataFrame(rows)


NO_PRICE = "Nothing"


def _price_words(price: float) -> str:
    return f"{signed_words('objective', price)} points"


def _chart(found: dict[str, Solved]) -> None:
    draw_choices(
        overlaid_distributions(
            {n: rank_distribution(o.placed, len(o.inputs.workers)) for n, o in found.items()},
            dark=is_dark(),
        ),
        found,
        key="policies distributions",
        alt="Share of workers within their first choices, by aim",
    )


def _open_buttons(bench: Bench, offered: dict[str, Scenario]) -> None:
    st.header("What the aims mean", anchor=False)
    for name, scenario in offered.items():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{name}**  \n{MEANS[name]}", width="stretch")
            st.button(
                "Go on with it",
                icon=":material/open_in_new:",
                on_click=_open,
                args=(bench, scenario),
                key=f"open policy {name}",
            )


@session.signed_in
def _open(bench: Bench, scenario: Scenario) -> None:
    """Work on the draft under that aim; a stored scenario stays as it is stored."""
    scenario_drafts.work_on(bench.run_id, replace(scenario, author=bench.operator))
    show_view(bench.run_id, VIEWS[0])


POWERS = (0.5, 1.0, 1.5, 2.0, 3.0)
MOST_POINTS = 150


def draw_sweep(bench: Bench) -> None:
    """The form, then the progress, then the frontier."""
    st.markdown(
        f"“{literal(bench.scenario.name)}” is solved for a range of the organisation's "
        "weight (alpha: 0 = workers only, 1 = organisation only). Each point is a best allocation; "
        "click one to open it as a scenario."
    )
    if draw_problems(bench):
        return
    _form(bench)
    job = backend.jobs().get(JobKind.SWEEP, _subject(bench))
    if job is None:
        return
    snapshot = job.snapshot()
    if snapshot.is_running:
        watch_job(job, lambda progress: progress.iterations / max(progress.variables, 1))
    elif snapshot.error is not None:
        messages.show_error(snapshot.error)
    elif isinstance(snapshot.result, pd.DataFrame):
        _outcome(bench, job, snapshot.result)


def _form(bench: Bench) -> None:
    with st.form(f"sweep {bench.run_id}", border=True):
        low, high = st.slider(
            "Organisation's weight (alpha) from … to",
            0.0,
            1.0,
            (0.0, 0.95),
            0.05,
            key="sweep alpha",
        )
        left, right = st.columns(2)
        steps = left.number_input("How many weights", 2, 101, 20, 1, key="sweep steps")
        own = bench.scenario.settings.power
        powers = right.multiselect(
            "Powers", sorted({own, *POWERS}), [own], format_func="{:g}".format, key="sweep powers"
        )
        where = scheduler_address()
        place = f"the cluster at {where}" if where else "this machine, in parallel processes"
        st.caption(f"Solved on {literal(place)}.")
        if st.form_submit_button("Run the sweep", icon=":material/play_arrow:", key="run sweep"):
            _start(bench, np.linspace(low, high, int(steps)), powers or [own])


def _start(bench: Bench, alphas: np.ndarray, powers: Sequence[float]) -> None:
    points = grid(bench.scenario.settings, [round(float(a), 4) for a in alphas], powers)
    if len(points) > MOST_POINTS:
        st.warning(f"{len(points)} points are too many; at most {MOST_POINTS} at once.")
        return
    inputs = trials.variant(bench.reading, bench.scenario).inputs
    settings, operator = bench.scenario.settings, bench.operator

    def work(on_progress: OnProgress, cancel: threading.Event) -> pd.DataFrame:
        began = time.perf_counter()
        seeds.log_tried(inputs, settings, operator, Work.SWEEP)

        def report(progress: SweepProgress) -> None:
            on_progress(_step(progress, time.perf_counter() - began))

        return sweep(inputs, points, on_progress=report, cancel=cancel)

    backend.jobs().start(JobKind.SWEEP, _subject(bench), work, started_by=bench.operator)
    st.rerun()


def _step(progress: SweepProgress, elapsed: float) -> Progress:
    words = f"{progress.done} of {counted(progress.total, 'point')} solved"
    if not progress.done:
        words = "Starting the processes"
    return Progress(
        Phase.MASTER, elapsed, words, variables=progress.total, iterations=progress.done
    )


def _subject(bench: Bench) -> str:
    """One sweep a scenario and reading; alpha and power of the scenario do not matter."""
    settings = replace(bench.scenario.settings, alpha=0.0, power=1.0)
    content = replace(bench.scenario, name="", author="", settings=settings).to_json()
    digest = hashlib.sha256(content.encode()).hexdigest()[:24]
    return f"{bench.run_id} {bench.version} {digest}"


def _outcome(bench: Bench, job: Job, frame: pd.DataFrame) -> None:
    solved = frame[frame["objective"].notna()]
    unsolved = len(frame) - len(solved)
    if unsolved:
        words = frame.loc[frame["objective"].isna(), "message"]
        first = next((word for word in words if word), "The sweep was stopped.")
        st.warning(f"{counted(unsolved, 'point')} without an allocation. {literal(first)}")
    if solved.empty:
        return
    powers = sorted(solved["power"].unique())
    power = powers[0]
    if len(powers) > 1:
        power = st.segmented_control(
            "Power (each measures on its own scale)", powers, default=powers[0], required=True,
            format_func="{:g}".format, key=f"sweep power {job.subject}",
        )  # fmt: skip
    rows = solved[solved["power"] == power].reset_index(drop=True)
    left, right = st.columns(2)
    with left:
        _frontier(bench, rows)
    with right:
        draw(shares_chart(rows, dark=is_dark()), key="sweep shares", alt="Shares by alpha")
    data_table(
        sweep_table(rows),
        key="sweep table",
        version=f"{job.subject} {job.started_at}",
        noun="point",
        file_name="sweep",
    )


def _frontier(bench: Bench, rows: pd.DataFrame) -> None:
    now = bench.scenario.settings
    event = st.plotly_chart(
        frontier_chart(rows, now.alpha, dark=is_dark()),
        theme=None,
        config=CONFIG,
        on_select="rerun",
        selection_mode="points",
        key=bench.key(f"sweep frontier {rows['power'].iloc[0]:g}"),
        alt="Workers' against organisation's dissatisfaction, a point for each alpha",
    )
    points = event.selection.points
    if points and points[0].get("customdata"):
        alpha, power = (float(value) for value in points[0]["customdata"][:2])
        open_point(bench, replace(now, alpha=alpha, power=power))
        st.rerun()
    st.markdown("**Open a point as a scenario**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        alpha = st.selectbox(
            "Organisation's weight (alpha)", list(rows["alpha"]), format_func="{:g}".format,
            width=240, key=bench.key(f"sweep choice {rows['power'].iloc[0]:g}"),
        )  # fmt: skip
        st.button(
            "Open it",
            icon=":material/open_in_new:",
            on_click=_open_clicked,
            args=(bench, replace(now, alpha=alpha, power=float(rows["power"].iloc[0]))),
            key="open sweep point",
        )


@session.signed_in
def _open_clicked(bench: Bench, settings: Settings) -> None:
    open_point(bench, settings)


def open_point(bench: Bench, settings: Settings) -> None:
    """Work on a new scenario with the point's settings and the draft's changes."""
    name = f"{bench.scenario.name}, alpha {settings.alpha:g}"
    if settings.power != bench.scenario.settings.power:
        name += f", power {settings.power:g}"
    scenario = replace(bench.scenario, name=name, settings=settings, author=bench.operator)
    scenario_drafts.work_on(bench.run_id, scenario)
    show_view(bench.run_id, VIEWS[0])


def sweep_table(frame: pd.DataFrame) -> pd.DataFrame:
    """The sweep's points under labels that a coordinator reads."""
    proven = frame["status"].map(
        lambda status: "Proven best" if status == Status.OPTIMAL else str(status).capitalize()
    )
    return pd.DataFrame(
        {
            "Organisation's weight (alpha)": frame["alpha"],
            "Power": frame["power"],
            "Workers' dissatisfaction": frame["worker_dissatisfaction"],
            WEIGHTING_POINTS: frame["weighting_points"],
            MEAN_RANK: frame["mean_rank"].astype(float).round(3),
            "First choice, %": (frame["first_choice_share"].astype(float) * 100).round(1),
            "Top 3, %": (frame["top_3_share"].astype(float) * 100).round(1),
            "On the frontier": frame["frontier"].map({True: "Yes", False: "No"}),
            "Outcome": proven,
        }
    )
