"""The parts of the Results page below the first screen."""

from __future__ import annotations

import streamlit as st

from allocator.measures import by_job_line, higher_choices, outcome_of_ranks, worst_off
from allocator.measures.bands import rank_words
from allocator.models import AllocatorRun
from allocator.report.sections import PLACEMENT_COLUMNS
from console.charts import (
    dissatisfaction_scatter,
    job_line_satisfaction,
    satisfaction_by_worker,
    seats_filled,
)
from console.state.solving import StoredOutcome
from console.ui import navigation, tables
from console.ui.data_table import data_table, plain_table
from console.ui.figures import draw, facts_row, is_dark
from console.ui.messages import literal
from console.ui.shown import ShownAllocation


def draw_allocation(shown: ShownAllocation) -> None:
    """Every placement, to search, filter and download."""
    placed = shown.placed
    data_table(
        placed,
        key="allocation",
        version=shown.version,
        noun="placement",
        file_name=shown.file_name("allocation"),
        columns=PLACEMENT_COLUMNS,
        search=["name", "internal_id", "job_line_name", "qualificationlevel"],
        kinds={
            "First choice": placed["first_choice"],
            "Outside the top 5": placed["rank"] > 5,
            "Unranked": placed["rank"].isna() & (placed["n_ranked"] > 0),
            "Gave no preferences": placed["n_ranked"] == 0,
            "More wanted by the organisation": placed["weighting"] < 0,
            "Less wanted by the organisation": placed["weighting"] > 0,
        },
        placeholder="Name, internal id, job line or level",
    )


def draw_worst_off(shown: ShownAllocation) -> None:
    """One worker at a time, worst first: what it ranked higher, and who holds that."""
    ordered = worst_off(shown.placed, len(shown.placed))
    if ordered.empty:
        return
    labels = {
        row.worker: f"{row.name} · {row.job_line_name} · {rank_words(row.rank)}"
        for row in ordered.itertuples(index=False)
    }
    chosen = st.selectbox(
        "Worker, the worst-off first (type to search)",
        list(labels),
        format_func=labels.__getitem__,
        key=f"worker {shown.version}",
        width=560,
    )
    if chosen is None:
        return
    row = ordered[ordered["worker"] == chosen].iloc[0]
    name = row["name"]
    navigation.link("why", f"Why was {literal(name)} placed there?", worker=chosen)
    higher = higher_choices(shown.inputs, shown.result, chosen, shown.placed)
    if higher.empty:
        st.info(f"{literal(name)} ranked nothing higher than what they got.")
        return
    st.markdown(f"What **{literal(name)}** ranked higher, and who holds it:")
    table = tables.higher_choices_table(higher)
    plain_table(table, key=f"higher {shown.version} {chosen}", file_name="ranked-higher")


def draw_rank_by_worker(shown: ShownAllocation) -> None:
    """Each worker's rank, best placed first."""
    chart = satisfaction_by_worker(shown.placed, dark=is_dark())
    draw(chart, key="by worker", alt="Rank received by each worker, best placed first.")


def draw_job_line_outcome(shown: ShownAllocation) -> None:
    """Job lines: how content their holders are, the places, and the whole table."""
    lines = by_job_line(shown.inputs, shown.placed)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**How content the holders are, the least content first**")
        chart = job_line_satisfaction(lines, dark=is_dark())
        draw(chart, key="by line", alt="Mean rank of each job line's holders, worst first.")
    with right:
        st.markdown("**Places filled**")
        draw(seats_filled(lines, dark=is_dark()), key="seats", alt="Places filled and open.")
    data_table(
        lines,
        key="job lines",
        version=shown.version,
        noun="job line",
        file_name=shown.file_name("job-lines"),
        search=["job_line_name"],
        kinds={"With open places": lines["open"] > 0, "Nobody": lines["filled"] == 0},
        columns=["job_line_name", "places", "filled", "open", "first_choices", "times_ranked",
                 "eligible_workers", "mean_score", "offers", "holders"],
    )  # fmt: skip


def draw_organisation(shown: ShownAllocation) -> None:
    """The workers' wishes against the organisation's."""
    st.caption(
        "Each point is a worker. Further left: the worker is more content. Further down: the "
        "organisation is. A positive weighting means less wanted, a negative one more wanted."
    )
    chart = dissatisfaction_scatter(shown.placed, dark=is_dark())
    draw(chart, key="scatter", alt="Worker's against the organisation's dissatisfaction.")


CHANGED = (
    "The run's data has changed since it was committed, so what was solved cannot be shown "
    "again in full. These are the placements as they are stored."
)
OTHER_PROGRAM = (
    "Another program completed this run, so there is no receipt and no settings. These are the "
    "placements as they are stored."
)


def draw_stored(run: AllocatorRun, stored: StoredOutcome) -> None:
    """The placements with the ranks that were stored, and what follows from them."""
    st.info(CHANGED if stored.receipt else OTHER_PROGRAM, icon=":material/lock:")
    placed = stored.placed
    got = outcome_of_ranks(placed["original_preference"])
    figures = {
        "Placed": got["placed"],
        "First choice": got["first_choices"],
        **{f"In top {k}": count for k, count in got["within"].items()},
        "Unranked": got["unranked"],
    }
    facts_row((label, f"{count:,}") for label, count in figures.items())
    st.caption("Ranks are those on the worker's whole list of the allocation run.")
    data_table(
        placed,
        key="stored",
        version=str(run.completed_at),
        noun="placement",
        file_name="stored-allocation",
        columns=["name", "job_line_name", "original_preference"],
        search=["name", "job_line_name"],
        kinds={"Unranked": placed["original_preference"].isna()},
    )
