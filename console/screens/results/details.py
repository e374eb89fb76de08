"""The parts of the Results page: first screen, tables behind it, files to take along."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.config import console_options
from allocator.errors import UsageError
from allocator.measures import (
    Headline,
    by_job_line,
    by_location,
    headline,
    higher_choices,
    mask_small_counts,
    outcome_of_ranks,
    rank_distribution,
    worst_off,
)
from allocator.measures.bands import NOT_PLACED, band_labels, rank_words
from allocator.measures.outcome import FIRST_CHOICES, NOT_RANKED
from allocator.measures.terms import terms_of
from allocator.models import AllocatorRun
from allocator.report import (
    XLSX,
    ReportOptions,
    labelled,
    printable_report,
    report_tables,
    to_csv,
    workbook,
)
from allocator.report.parts import LABELS
from allocator.report.sections import BY_HOSPITAL, MASKED, placement_columns
from allocator.result import Status
from allocator.rules.naming import job_line_name
from allocator.rules.ranks import NEVER_WORDS
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
from console.ui.cards import draw_rows
from console.ui.data_table import data_table, download_buttons, plain_table
from console.ui.messages import literal
from console.ui.scoreboard import draw_doctors, draw_scoreboard, draw_selectable, of_choice
from console.ui.tables import counted, facts_row, is_dark

NEVER = "Under “never”"


def draw_allocation(shown: ShownAllocation) -> None:
    """Every placement, to search, filter and download."""
    placed = shown.placed
    chosen = data_table(
        placed,
        key="allocation",
        version=shown.version,
        noun="placement",
        file_name=shown.file_name("allocation"),
        columns=placement_columns(placed),
        search=["name", "internal_id", "job_line_name", "qualificationlevel"],
        kinds={
            "First choice": placed["first_choice"],
            "Outside the top 5": placed["rank"] > 5,
            "Unranked": placed["rank"].isna() & (placed["n_ranked"] > 0),
            "Gave no preferences": placed["n_ranked"] == 0,
            NEVER: placed["bucket"] == NEVER_WORDS,
            "More wanted by the organisation": placed["weighting"] < 0,
            "Less wanted by the organisation": placed["weighting"] > 0,
            **tables.at_hospitals(shown.inputs, placed["job_line"]),
        },
        placeholder="Name, internal id, job line or level",
        id_column="worker",
        hint="select a row to ask why",
    )
    if chosen:
        name = shown.inputs.worker(chosen).name
        navigation.link("why", f"Why was {literal(name)} placed there?", worker=chosen)


def draw_worst_off(shown: ShownAllocation) -> None:
    """One worker at a time, worst first: what it ranked higher, and who holds that."""
    ordered = worst_off(shown.placed, len(shown.placed))
    if ordered.empty:
        return
    labels = {
        row.worker: f"{row.name} · {row.job_line_name} · {rank_words(row.rank, row.bucket)}"
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
    alt = "Rank received by each worker, best placed first."
    _draw_one(shown, draw_selectable(chart, key=f"by worker {shown.version}", alt=alt))


def _draw_one(shown: ShownAllocation, worker: str) -> None:
    """The doctor behind a point or bar that was selected."""
    if not worker:
        st.caption("Click a bar or point for the doctor behind it.")
        return
    draw_doctors(shown.placed[shown.placed["worker"] == worker], key="one")
    name = shown.inputs.worker(worker).name
    navigation.link("why", f"Why was {literal(name)} placed there?", worker=worker)


def draw_job_line_outcome(shown: ShownAllocation) -> None:
    """Job lines: how content their holders are, the places, and the whole table."""
    lines = by_job_line(shown.inputs, shown.placed)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**How content the holders are, the least content first**")
        chart = job_line_satisfaction(lines, dark=is_dark())
        alt = "Mean rank of each job line's holders, worst first."
        held = draw_selectable(chart, key=f"by line {shown.version}", alt=alt)
    with right:
        st.markdown("**Places filled**")
        chart = seats_filled(lines, dark=is_dark())
        alt = "Places filled and open."
        taken = draw_selectable(chart, key=f"seats {shown.version}", alt=alt)
    for name, line in (("held", held), ("taken", taken)):
        if line:
            st.markdown(f"Who holds **{literal(job_line_name(shown.inputs, line))}**:")
            draw_doctors(shown.placed[shown.placed["job_line"] == line], key=name)
    st.caption("Click a bar for the doctors who hold the job line.")
    data_table(
        lines,
        key="job lines",
        version=shown.version,
        noun="job line",
        file_name=shown.file_name("job-lines"),
        search=["job_line_name", "locations"],
        kinds={
            "With open places": lines["open"] > 0,
            "Nobody": lines["filled"] == 0,
            **tables.at_hospitals(shown.inputs, lines["job_line"]),
        },
        columns=tables.without_empty(lines, LINE_COLUMNS, "locations"),
        placeholder="A job line or a hospital",
    )
    if (lines["locations"] != "").any():
        st.markdown("**By hospital**")
        st.caption(BY_HOSPITAL)
        _by_hospital(shown)


def _by_hospital(shown: ShownAllocation) -> None:
    frame = by_location(shown.inputs, shown.placed)
    masked = mask_small_counts(frame, [*band_labels(), NOT_PLACED], "workers")
    if not (frame[NOT_PLACED] > 0).any():
        frame, masked = (f.drop(columns=[NOT_PLACED]) for f in (frame, masked))
    frame, masked = (labelled(f).rename(columns={"Group": "Hospital"}) for f in (frame, masked))
    # A static table: it has no download but the masked one below.
    shown_frame = frame.set_index("Hospital").style
    st.table(shown_frame.format("{:.2f}", subset=[LABELS["mean_rank"]], na_rep="–"))
    st.caption(f"On screen for your eyes only. In the file: {MASKED}")
    name = shown.file_name("by-hospital")
    download_buttons(lambda: masked, name, f"by hospital {shown.version}")


LINE_COLUMNS = (
    "job_line_name", "locations", "places", "filled", "open", "first_choices", "times_ranked",
    "eligible_workers", "mean_score", "offers", "holders",
)  # fmt: skip


def draw_organisation(shown: ShownAllocation) -> None:
    """The workers' wishes against the organisation's."""
    st.caption(
        "Each point is a worker. Further left: the worker is more content. Further down: the "
        "organisation is. A positive weighting means less wanted, a negative one more wanted."
    )
    chart = dissatisfaction_scatter(shown.placed, dark=is_dark())
    alt = "Workers' dissatisfaction against the organisation's weighting points."
    _draw_one(shown, draw_selectable(chart, key=f"scatter {shown.version}", alt=alt))


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
        FIRST_CHOICES: got["first_choices"],
        **{f"Within the top {k}": count for k, count in got["within"].items()},
        NOT_RANKED: got["unranked"],
        NEVER: int((placed["bucket"] == NEVER_WORDS).sum()),
    }
    facts_row((label, f"{count:,}") for label, count in figures.items() if count or label != NEVER)
    st.caption("Ranks are those on the worker's whole list of the allocation run.")
    data_table(
        placed,
        key="stored",
        version=str(run.completed_at),
        noun="placement",
        file_name="stored-allocation",
        columns=tables.without_empty(
            placed, ["name", "job_line_name", "original_preference", "bucket"], "bucket"
        ),
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
    inputs, result, terms = shown.inputs, shown.result, terms_of(shown.solved)
    with_names = ReportOptions(True, options.masked, options.edges, options.bottom)
    with st.container(horizontal=True):
        st.download_button(
            "Workbook (Excel)",
            lambda: workbook(inputs, result, with_names, shown.operator, terms),
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
            lambda: printable_report(inputs, result, options, shown.operator, terms=terms).encode(),
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
MOST_NAMED = 5


def draw_first_screen(shown: ShownAllocation) -> None:
    """Status, key figures, ranks received, and the worst-off beside them."""
    head = headline(shown.inputs, shown.result)
    _draw_status(head, shown)
    draw_scoreboard(shown.solved, key="results")
    _draw_never(head, shown)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header("Choices received", anchor=False)
        distribution = rank_distribution(shown.placed, head.outcome.workers)
        chosen = draw_selectable(
            rank_distribution_chart(distribution, dark=is_dark()),
            key=f"distribution {shown.version}",
            alt="Workers by the choice that they received.",
        )
        st.caption("Click a bar for the doctors behind it.")
        if chosen:
            st.markdown(f"**{literal(chosen)}**")
            draw_doctors(of_choice(chosen, shown.placed, distribution), key="choice")
    with right:
        st.header("Worst-off workers", anchor=False)
        st.caption(_worst_words(head))
        name = shown.file_name("worst-off")
        worst = _worst(shown)
        draw_rows(worst[["Name", "Job line", "Rank"]], is_brief=True)
        download_buttons(lambda: worst, name, f"worst {shown.version}", disabled=worst.empty)
        navigation.link("why", "Why, and is it fair?", about="Fair?")


def _draw_never(head: Headline, shown: ShownAllocation) -> None:
    """Who got a job line that they cannot accept, and what can be done."""
    if not head.never:
        return
    names = ", ".join(head.never[:MOST_NAMED])
    more = len(head.never) - MOST_NAMED
    st.warning(
        f"**{counted(len(head.never), 'worker')} got a job line that they put under “never”**: "
        f"{literal(names)}{f' and {more:,} more' if more > 0 else ''}. They said that they cannot "
        "accept it.",
        icon=":material/do_not_disturb_on:",
    )
    if shown.run.is_pending:
        navigation.link("scenarios", "Try the run with “never” as ineligible")


def _worst(shown: ShownAllocation) -> pd.DataFrame:
    worst = worst_off(shown.placed, FIRST_WORST)
    table = tables.worst_off_table(worst)
    table["Rank"] = list(map(rank_words, worst["rank"], worst["bucket"]))
    return table[["Name", "Rank", "Job line", "Job lines ranked"]]


def _draw_status(head: Headline, shown: ShownAllocation) -> None:
    tell = st.success if head.status is Status.OPTIMAL else st.warning
    icon = ":material/verified:" if head.status is Status.OPTIMAL else ":material/info:"
    scenario = shown.result.scenario
    extra = f" With the changes of the scenario **{literal(scenario)}**." if scenario else ""
    tell(f"{literal(head.status_words)}{extra}", icon=icon)


def _worst_words(head: Headline) -> str:
    got = head.outcome
    if got.worst_score is None:
        return "Nobody who ranked something is placed."
    with_it = counted(got.n_worst, "worker")
    words = f"Of those who ranked, the worst rank is {got.worst_score:g} ({with_it})."
    if got.unranked:
        words += " An unranked job line counts as the mean of the ranks left open."
    return words
