"""The most workers that can be placed without bending a rule, and who is left."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.diagnosis import PartialAllocation, PreCheck
from allocator.models import RunInputs
from allocator.naming import job_line_name, tag_name
from console.messages import literal
from console.widgets.data_table import data_table
from console.widgets.diagnosis.source import Found, bullets
from console.widgets.facts import counted


def draw_partial(found: Found) -> None:
    """Who is left, what stays empty, and who would go where."""
    partial = found.diagnosis.partial
    if partial is None:
        st.info("The diagnosis was stopped before this was worked out.")
        return
    inputs = found.inputs
    st.markdown(
        f"Without bending a rule, at most **{len(partial.placed):,} of "
        f"{counted(len(inputs.workers), 'worker')}** can be placed. This cannot be committed; it "
        "shows how close the run is."
    )
    left, empty = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**Left without a job line ({len(partial.left):,})**")
        _left(found, partial)
    with empty:
        st.markdown(f"**Must have somebody, but stays empty ({len(partial.unfilled):,})**")
        names = [job_line_name(inputs, row) for row in partial.unfilled]
        st.markdown(bullets(names) if names else "None.")
    with st.expander(f"Who would go where ({len(partial.placed):,})"):
        _placed(found, partial)


def _left(found: Found, partial: PartialAllocation) -> None:
    inputs = found.inputs
    rows = [_worker(inputs, row) for row in partial.left]
    data_table(
        pd.DataFrame(rows, columns=["name", "internal_id", "qualifications"]),
        key=found.key("left"),
        version=found.version,
        noun="worker",
        file_name="left-without-a-job-line",
        search=["name", "internal_id", "qualifications"] if len(rows) > 10 else (),
        height=320,
    )


def _worker(inputs: RunInputs, row: str) -> tuple[str, str, str]:
    worker = inputs.worker(row)
    tags = sorted(tag_name(inputs, tag) for tag in worker.qualification_ids)
    return worker.name, worker.internal_id, ", ".join(tags)


def _placed(found: Found, partial: PartialAllocation) -> None:
    inputs = found.inputs
    rows = []
    for worker_id, line in partial.placed:
        worker = inputs.worker(worker_id)
        rank = worker.preferences.scores.get(line)
        rows.append((worker.name, worker.internal_id, job_line_name(inputs, line), rank))
    frame = pd.DataFrame(rows, columns=["name", "internal_id", "job_line_name", "rank"])
    data_table(
        frame.sort_values(["name", "internal_id"], ignore_index=True),
        key=found.key("placed"),
        version=found.version,
        noun="worker",
        file_name="best-partial-allocation",
        search=["name", "internal_id", "job_line_name"],
    )


def draw_checks(checks: tuple[PreCheck, ...]) -> None:
    """The quick tests, failed ones first."""
    for check in sorted(checks, key=lambda check: check.passed):
        icon = ":green[:material/check_circle:]" if check.passed else ":red[:material/cancel:]"
        st.markdown(f"{icon} **{literal(NAMES.get(check.name, check.name))}**  \n"
                    f"{literal(check.words)}")  # fmt: skip


NAMES = {
    "workers without an eligible job line": "Has everybody somewhere to go?",
    "mandatory job lines without an eligible worker": "Can somebody take every must-fill job line?",
    "fewer places than workers": "Are there enough places for everybody?",
    "more mandatory job lines than workers": "Do the workers suffice for must-fill job lines?",
    "pins that collide": "Do all pins fit?",
}
