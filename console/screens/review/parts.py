"""What needs attention in a run, and a choice between views of one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from allocator.review import Attention, attention
from allocator.rules.naming import job_line_name, worker_name
from console.state import diagnosing
from console.state.diagnosing import DataCheck
from console.state.readings import RunReading
from console.ui import navigation, session
from console.ui.about import about_job_line, about_worker
from console.ui.data_table import newly_chosen
from console.ui.messages import literal
from console.ui.notes import draw_issues, draw_notices


def draw_view(source: RunReading, key: str, views: dict[str, Callable[[RunReading], None]]) -> None:
    """Let one of the views be chosen; only that one is worked out."""
    chosen = st.segmented_control(
        "View",
        list(views),
        default=next(iter(views)),
        required=True,
        label_visibility="collapsed",
        key=source.key(key),
    )
    views[str(chosen)](source)


def draw_lookup(source: RunReading, key: str) -> None:
    """Everything about one doctor or job line of a map: its cells cannot be selected."""
    workers = {w.id: worker_name(source.inputs, w.id) for w in source.inputs.workers}
    lines = {j.id: job_line_name(source.inputs, j.id) for j in source.inputs.job_lines}
    names = {
        **dict(sorted(workers.items(), key=lambda one: one[1])),
        **dict(sorted(lines.items(), key=lambda one: one[1])),
    }
    chosen = st.selectbox(
        "Everything about a doctor or job line of the map",
        list(names),
        index=None,
        format_func=names.__getitem__,
        placeholder="Type a part of a name",
        key=source.key(f"lookup {key}"),
        width=460,
    )
    opened = newly_chosen(source.key(f"lookup {key}"), chosen)
    if opened:
        (about_worker if opened in workers else about_job_line)(source, opened)


MOST_NAMED = 4


def draw_attention(source: RunReading) -> None:
    """What needs attention, by name: first whether the run can be solved at all."""
    st.header("What needs attention", anchor=False)
    if source.inputs.run.is_pending:
        is_known = _found(source.run_id, source.read_at) is not None
        watched = st.fragment(draw_solvable, run_every=None if is_known else 1.0)
        watched(source.run_id, source.read_at)
    draw_issues(source.inputs.issues, key=source.key("issues"), version=source.version)
    draw_notices(source.inputs.notices, key=source.key("notices"), version=source.version)
    points = source.made(attention)
    for point in points:
        _draw_point(point)
    if not points:
        st.caption("Everybody submitted, nothing is left out, and no job line is out of reach.")


def _draw_point(point: Attention) -> None:
    """The names, all of them behind a fold when there are many."""
    shown = [literal(name) for name in point.names]
    if len(shown) <= MOST_NAMED:
        st.markdown(f"**{literal(point.headline)}** · {' · '.join(shown)}")
        return
    with st.expander(literal(point.headline)):
        st.markdown("\n".join(f"- {name}" for name in shown))
        st.caption(f"More on each under *{point.tab}* below.")


def _found(run_id: str, read_at: datetime) -> DataCheck | None:
    """What the quick checks say of the run as it is shown."""
    found = diagnosing.the_checks().found(run_id)
    return found if found and found.checked_at >= read_at else None


@session.signed_in
def draw_solvable(run_id: str, read_at: datetime) -> None:
    """Whether the run has an allocation; the checks run in the background."""
    found = _found(run_id, read_at)
    if found is None:
        st.caption(":material/hourglass_top: Checking whether the run can be solved …")
    elif found.obstacles is None:
        st.caption("Whether the run can be solved shows once the data errors are mended.")
    elif found.obstacles:
        told = "\n".join(f"- {literal(words)}" for words in found.obstacles)
        st.error(f"**As it is, this run cannot be solved.**\n\n{told}", icon=":material/block:")
        navigation.link("infeasibility", "Find out what would help")
    else:
        st.markdown(":green-badge[:material/check_circle: An allocation exists: it can be solved]")
