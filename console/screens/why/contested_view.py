"""Is the placement contested: equally good allocations, seeds, job lines in demand, swaps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pandas as pd
import streamlit as st

from allocator.database.records import LoggedSolve
from allocator.explanation import contested_job_lines, tied_workers, wanted_swaps
from allocator.explanation.wording import outcome_words, total_words
from console.charts.explanation import chain_picture, chain_words
from console.state import backend
from console.ui.about import ShownAllocation
from console.ui.data_table import data_table
from console.ui.messages import literal, shown_errors
from console.ui.solve_progress import draw_solves
from console.ui.tables import counted, draw, is_dark

SAVING = "One more place would save (points)"
MOST_TOLD = 8


def draw_contested(source: ShownAllocation) -> None:
    """The whole part."""
    for part in (_ties, _seeds, _demand, _swaps):
        with shown_errors():
            part(source)


def _ties(source: ShownAllocation) -> None:
    ties = tied_workers(source.inputs, source.result)
    seed = source.result.settings.seed
    st.markdown("## Equally good allocations")
    if ties.empty:
        st.markdown(
            "This is the only best allocation under these settings: no lots were drawn, and "
            f"another seed than {seed} would have given the same."
        )
        return
    differ = "doctor differs" if len(ties) == 1 else "doctors differ"
    st.markdown(
        f"**{len(ties):,} {differ} between equally good allocations**; the other "
        f"{len(source.inputs.workers) - len(ties):,} are placed alike in every best allocation. "
        f"Lots were drawn among the best allocations with the seed {seed}. No name or id plays "
        "a part in it, and it never costs anything in the total."
    )
    ties = ties.rename(columns={"alternatives": "Could equally be on"})
    data_table(
        ties,
        key=source.key("why ties"),
        version=source.version,
        noun="worker",
        file_name="equally-good",
        columns=["name", "job_line_name", "score", "Could equally be on"],
        search=("name", "job_line_name"),
    )


def _seeds(source: ShownAllocation) -> None:
    st.markdown("## Every seed that was tried")
    solves = backend.service().solve_log(source.run.id)
    if not solves:
        st.caption("No solve of this run is on record yet.")
        return
    seeds = sorted({s.seed for s in solves if s.seed is not None})
    st.markdown(
        f"{counted(len(solves), 'record')} with {counted(len(seeds), 'seed')}: "
        f"{', '.join(map(str, seeds[:20]))}{' …' if len(seeds) > 20 else ''}. Each seed that is "
        "tried is recorded with who tried it, so that nobody can try seeds until one suits."
    )
    if fished := seeds_alone_changed(solves):
        st.warning(
            f"{counted(fished, 'setting')} of this run {'was' if fished == 1 else 'were'} solved "
            "with more than one seed on the same data. Ask why before this result is used.",
            icon=":material/casino:",
        )
    draw_solves(
        source.run,
        solves,
        fingerprint=source.inputs.fingerprint,
        same="As now",
        key=source.key("why seeds"),
        height=300,
    )


def seeds_alone_changed(solves: Sequence[LoggedSolve]) -> int:
    """How many settings were solved on the same data with several seeds."""

    def but_for_the_seed(solve: LoggedSolve) -> tuple[str, str, str]:
        rest = {k: v for k, v in solve.settings.items() if k not in ("seed", "time_limit")}
        return solve.fingerprint, solve.scenario, repr(sorted(rest.items()))

    ordered = sorted(solves, key=but_for_the_seed)
    groups = groupby(ordered, key=but_for_the_seed)
    return sum(len({solve.seed for solve in group}) > 1 for _, group in groups)


def _demand(source: ShownAllocation) -> None:
    st.markdown("## Job lines in demand")
    lines = contested_job_lines(source.inputs, source.result)
    st.markdown(
        "What one more place on a job line would save: by how much the total dissatisfaction of "
        "everybody would fall. Select a job line to see who would move."
    )
    wanted = lines["saving"] > 0
    chosen = data_table(
        lines.rename(
            columns={"preferred_by": "Eligible and would rather have it", "saving": SAVING}
        ),
        key=source.key("why demand"),
        version=source.version,
        noun="job line",
        file_name="job-lines-in-demand",
        columns=[
            "job_line_name",
            "places",
            "filled",
            "Eligible and would rather have it",
            SAVING,
        ],
        id_column="job_line",
        search=("job_line_name",),
        kinds={"One more place would help": wanted},
        height=300,
    )
    if chosen is not None:
        _draw_place(source, lines[lines["job_line"] == chosen].iloc[0])


def _draw_place(source: ShownAllocation, line: pd.Series) -> None:
    with st.container(border=True):
        st.markdown(f"## One more place on {literal(line['job_line_name'])}")
        if not line["moves"]:
            st.markdown("It would change nothing.")
            return
        would = f"It would {total_words(-line['saving'])}. {outcome_words(line['moves'])}"
        st.markdown(literal(would.replace("other doctor", "doctor").replace("have to ", "")))
        draw(
            chain_picture(line["moves"], dark=is_dark()),
            key=source.key(f"why place {line['job_line']}"),
            alt=chain_words(line["moves"]),
        )


def _swaps(source: ShownAllocation) -> None:
    st.markdown("## Pairs who would both like to swap")
    swaps = wanted_swaps(source.inputs, source.result)
    if swaps.empty:
        st.markdown("No two workers would each rather have what the other got.")
        return
    for swap in swaps.head(MOST_TOLD).to_dict("records"):
        pair = f"{swap['first_name']} and {swap['second_name']}"
        st.markdown(f"- **{literal(pair)}**: {literal(swap['why_not'])}")
    names = {
        "first_name": "Worker",
        "second_name": "Other worker",
        "first_score_change": "Ranks gained",
        "second_score_change": "Other's ranks gained",
        "price": "Price (points)",
        "first_job_line": "Has",
        "second_job_line": "Other has",
        "why_not": "Why not",
    }
    swaps = swaps.assign(
        first_score_change=-swaps["first_score_change"],
        second_score_change=-swaps["second_score_change"],
    )
    data_table(
        swaps.rename(columns=names),
        key=source.key("why swaps"),
        version=source.version,
        noun="pair",
        file_name="wanted-swaps",
        columns=list(names.values()),
        search=("Worker", "Other worker"),
    )
