"""Before a commit: what will be written, what changed since, what was checked."""

from __future__ import annotations

import streamlit as st

from allocator.errors import InputChange
from allocator.measures import status_words
from allocator.measures.bands import amount
from allocator.report.parts import settings_words
from allocator.rules.moments import local_time
from allocator.solved import Solved
from console.state import backend
from console.ui import navigation, tables
from console.ui.data_table import data_table, plain_table
from console.ui.figures import counted, facts_row
from console.ui.messages import literal, shown_errors
from console.ui.notes import draw_audited_changes
from console.ui.shown import ShownAllocation

KEPT_SECONDS = 30


def draw_preview(solved: Solved, operator: str) -> None:
    """What the commit writes."""
    result, run = solved.result, solved.inputs.run
    st.subheader("What will be written", anchor=False)
    st.markdown(
        f"- **{counted(len(result.allocations), 'placement')}**, one job line for each worker\n"
        "- the run is marked as **completed** and becomes read-only\n"
        f"- a receipt with your name, **{literal(operator)}**, the settings and the checks"
    )
    when = local_time(run, solved.solved_at) if solved.solved_at else ""
    facts_row(
        [
            ("Solved", when),
            ("Solved by", solved.solved_by),
            ("Total dissatisfaction", amount(result.objective or 0.0)),
            ("Scenario", result.scenario or "None: the data as it is"),
        ]
    )
    st.caption(literal(status_words(result)))
    draw_audited_changes(solved.audit, solved.as_read)
    with st.expander("Settings"):
        for label, value in settings_words(result.settings):
            st.markdown(f"{literal(label)}: **{literal(value)}**")
    with st.expander("The placements"):
        shown = ShownAllocation(solved, operator)
        data_table(
            shown.placed,
            key="to write",
            version=shown.version,
            noun="placement",
            file_name=shown.file_name("to-be-committed"),
            columns=["name", "internal_id", "job_line_name", "rank", "original_preference"],
            search=["name", "internal_id", "job_line_name"],
        )


def draw_changed_since(solved: Solved) -> bool:
    """What changed in the database since the run was read; True when nothing did."""
    st.subheader("Changes since the run was solved", anchor=False)
    with shown_errors():
        changes = _changes(solved)
        if not changes:
            st.success("Nothing changed in the database since.", icon=":material/check_circle:")
            return True
        draw_changed_rows(changes)
    return False


def draw_changed_rows(changes: tuple[InputChange, ...]) -> None:
    """Each changed row, and the way back to Solve."""
    st.warning(
        f"**{counted(len(changes), 'row')} changed since the run was solved.** The allocation "
        "may no longer be valid or the best, so it cannot be committed. Solve again with the "
        "present data.",
        icon=":material/sync_problem:",
    )
    plain_table(tables.changes_table(changes), key="changes", file_name="changed-rows")
    navigation.link("solve", "Solve again", fresh="1")


def draw_passed_checks(solved: Solved) -> None:
    """Every rule that was checked independently, with its count."""
    checks = solved.result.checks
    st.subheader("Checks passed", anchor=False)
    st.caption(
        "A second program part that shares nothing with the solver tested the allocation "
        "against the data."
    )
    plain_table(tables.checks_table(checks), key="checks", file_name="checks")


def look_again(run_id: str) -> None:
    """Forget the comparison with the database: the next one reads it."""
    backend.store().drop("changes", run_id)


def _changes(solved: Solved) -> tuple[InputChange, ...]:
    service, as_read = backend.service(), solved.as_read
    with st.spinner("Reading the run again to see what changed …"):
        return backend.store().made(
            ("changes", as_read.run.id, solved.identity),
            lambda: service.changes_since(as_read),
            KEPT_SECONDS,
        )
