"""The parts of the Results page: first screen, tables behind it, files to take along."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.config import console_options
from allocator.errors import UsageError
from allocator.measures import (
    Headline,
    by_job_line,
    headline,
    higher_choices,
    outcome_of_ranks,
    rank_distribution,
    worst_off,
)
from allocator.measures.bands import band_labels, rank_words
from allocator.models import AllocatorRun
from allocator.report import (
    XLSX,
    ReportOptions,
    printable_report,
    report_tables,
    to_csv,
    workbook,
)
from allocator.report.sections import PLACEMENT_COLUMNS
from allocator.result import Status
from console.charts import (
    dissatisfaction_scatter,
    job_line_satisfaction,
    rank_distribution_chart,
    satisfaction_by_worker,
    seats_filled,
)
from console.state.solving import StoredOutcome
from console.ui import navigation, tables
from console.ui.about import ShownAllocation
from console.ui.data_table import data_table, plain_table
from console.ui.messages import literal
from console.ui.tables import counted, draw, facts_row, is_dark


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


def draw_report(shown: ShownAllocation) -> None:
    """Choose what the report holds, see its tables, download it."""
    options = _options()
    _draw_downloads(shown, options)
    for table in report_tables(shown.inputs, shown.result, options):
        rows = counted(len(table.frame), "row")
        with st.expander(f"{table.title} ({rows})"):
            if table.note:
                st.caption(table.note)
            name = "-".join(table.title.lower().split())
            plain_table(table.frame, key=f"report {table.title}", file_name=shown.file_name(name))


def _options() -> ReportOptions:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        edges = st.text_input(
            "Bands end at choice", ", ".join(map(str, console_options().rank_bands)), width=180,
            help="1, 3, 5 counts 1st, 2nd–3rd, 4th–5th, and the rest.",
        )  # fmt: skip
        bottom = st.number_input("Count the last … choices apart", 0, 50, 5, 1, width=220)
    names = st.checkbox(
        "Printable report with names",
        help="Adds the worst-off and every placement by name. Leave it out of what is published.",
    )
    masked = st.checkbox(
        "Hide small groups",
        True,
        help="Counts below 5 in a group are hidden, so that nobody can be picked out.",
    )
    return ReportOptions(names=names, masked=masked, edges=_edges(edges), bottom=int(bottom))


def _edges(text: str) -> tuple[int, ...]:
    try:
        edges = tuple(int(part) for part in text.replace(";", ",").split(",") if part.strip())
        band_labels(edges)
    except ValueError:
        raise UsageError(
            "The bands must end at whole numbers from 1 up, each above the last.",
            remedy="Write them as in 1, 3, 5.",
        ) from None
    return edges


def _draw_downloads(shown: ShownAllocation, options: ReportOptions) -> None:
    inputs, result = shown.inputs, shown.result
    with_names = ReportOptions(True, options.masked, options.edges, options.bottom)
    with st.container(horizontal=True):
        st.download_button(
            "Workbook (Excel)",
            lambda: workbook(inputs, result, with_names, shown.operator),
            f"{shown.file_name('allocation')}.xlsx",
            XLSX,
            icon=":material/grid_on:",
            on_click="ignore",
        )
        st.download_button(
            "Allocation (CSV)",
            lambda: to_csv(tables.allocation_table(shown.placed)),
            f"{shown.file_name('allocation')}.csv",
            "text/csv",
            icon=":material/table_rows:",
            on_click="ignore",
        )
        st.download_button(
            "Printable report (HTML)",
            lambda: printable_report(inputs, result, options, shown.operator).encode(),
            f"{shown.file_name('report')}.html",
            "text/html",
            icon=":material/print:",
            on_click="ignore",
        )
    st.caption(
        "Workbook and CSV hold names and internal ids; for Excel take the workbook. The report "
        "opens in a browser; print it or save it as PDF from there."
    )


FIRST_WORST = 8


def draw_first_screen(shown: ShownAllocation) -> None:
    """Status, key figures, ranks received, and the worst-off beside them."""
    head = headline(shown.inputs, shown.result)
    _draw_status(head, shown)
    facts_row(_figures(head))
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Choices received", anchor=False)
        chart = rank_distribution_chart(
            rank_distribution(shown.placed, head.outcome.workers), dark=is_dark()
        )
        draw(chart, key="distribution", alt="Workers by the choice that they received.")
    with right:
        st.subheader("Worst-off workers", anchor=False)
        st.caption(_worst_words(head))
        name = shown.file_name("worst-off")
        # Ranks are words here, so the columns get no formats of numbers.
        plain_table(_worst(shown), key=f"worst {shown.version}", file_name=name, column_config=None)
        navigation.link("why", "Why, and is it fair?", about="Fair?")


def _worst(shown: ShownAllocation) -> pd.DataFrame:
    worst = worst_off(shown.placed, FIRST_WORST)
    table = tables.worst_off_table(worst)
    table["Rank"] = [rank_words(rank) for rank in worst["rank"]]
    return table[["Name", "Rank", "Job line", "Job lines ranked"]]


def _draw_status(head: Headline, shown: ShownAllocation) -> None:
    tell = st.success if head.status is Status.OPTIMAL else st.warning
    icon = ":material/verified:" if head.status is Status.OPTIMAL else ":material/info:"
    scenario = shown.result.scenario
    extra = f" With the changes of the scenario **{literal(scenario)}**." if scenario else ""
    tell(f"{literal(head.status_words)}{extra}", icon=icon)


def _figures(head: Headline) -> list[tuple[str, str]]:
    got = head.outcome
    tops = [(f"In top {k}", f"{got.share(k):.0%} ({got.within[k]:,})") for k in got.within]
    worst = "–" if got.worst_score is None else f"{got.worst_score:g}"
    return [
        ("Placed", f"{got.placed:,} of {got.workers:,}"),
        ("First choices", got.first_choice_words),
        *tops,
        ("Unranked", f"{got.unranked:,}"),
        ("Mean rank", f"{_number(got.mean_rank)} (median {_number(got.median_rank)})"),
        ("Worst rank", worst),
        ("Gave no preferences", f"{len(got.no_preferences):,}"),
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _worst_words(head: Headline) -> str:
    got = head.outcome
    if got.worst_score is None:
        return "Nobody who ranked something is placed."
    with_it = counted(got.n_worst, "worker")
    words = f"Of those who ranked, the lowest rank counted is {got.worst_score:g} ({with_it})."
    if got.unranked:
        words += " An unranked job line counts as the mean of the ranks left open."
    return words
