"""An allocation as its pages show it, and everything about one worker or job line, in a dialog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from allocator.models import AllocatorRun, JobLine, RunInputs
from allocator.result import SolveResult
from allocator.review import (
    pairs_of_job_line,
    pairs_of_worker,
    review_job_lines,
    review_terms,
    review_weightings,
    review_workers,
    weightings_of,
)
from allocator.rules.naming import listed, tag_name, worker_name
from allocator.rules.ranks import NEVER_WORDS
from allocator.solved import Solved
from console.state.readings import RunReading
from console.ui import session, tables
from console.ui.data_table import data_table, plain_table
from console.ui.messages import literal
from console.ui.tables import Fact, copyable_ids, counted, facts_row


@st.dialog("About this worker", width="large")
@session.signed_in
def about_worker(source: RunReading, worker_id: str) -> None:
    """All that is known of one worker."""
    row = source.made(review_workers).set_index("worker").loc[worker_id]
    st.header(literal(row["name"]), anchor=False)
    if not row["takes_part"]:
        st.warning(f"Left out: {literal(row['reason'])}")
        copyable_ids([("Worker mapping", worker_id)])
        return
    facts_row(
        [
            ("Internal id", row["internal_id"]),
            ("Level", row["qualificationlevel"]),
            ("Qualifications", row["qualifications"] or "None"),
            ("Preferences", "Submitted" if row["submitted"] else "Not submitted"),
            ("Locked", "Yes" if row["locked"] else "No"),
            ("Ranked", counted(row["n_ranked"], "job line")),
            ("Eligible for", counted(row["n_eligible"], "job line")),
            ("An unranked job line counts as", f"rank {row['unranked_score']:g}"),
        ]
    )
    _pairs_of_worker(source, worker_id)
    weightings = weightings_of(source.inputs, worker_id=worker_id)
    _draw_weightings_of(source, weightings, "this worker", worker_id)
    copyable_ids([("Worker mapping", worker_id)])


def _pairs_of_worker(source: RunReading, worker_id: str) -> None:
    frame = pairs_of_worker(source.inputs, worker_id)
    ranked = frame["raw_rank"].notna()
    data_table(
        frame,
        key=f"{source.key('pairs of worker')} {worker_id}",
        version=source.version,
        noun="job line",
        file_name="one-worker",
        columns=tables.without_empty(
            frame,
            ["job_line_name", "raw_rank", "bucket", "score", "eligible", "rule", "effect"],
            "bucket",
        ),
        search=["job_line_name", "rule"],
        kinds={
            "Ranked": ranked,
            "Under “never”": frame["bucket"] == NEVER_WORDS,
            "Ranked but not eligible": ranked & ~frame["eligible"],
            "Eligible": frame["eligible"],
            "Not eligible": ~frame["eligible"],
            "Moved by weightings": frame["weighting"] != 0,
        },
        height=320,
    )


@st.dialog("About this job line", width="large")
@session.signed_in
def about_job_line(source: RunReading, job_line_id: str) -> None:
    """All that is known of one job line."""
    row = source.made(review_job_lines).set_index("job_line").loc[job_line_id]
    st.header(literal(row["job_line_name"]), anchor=False)
    if row["reason"]:
        st.warning(f"Left out: {literal(row['reason'])}")
        copyable_ids([("Job line", job_line_id)])
        return
    used = row["used_places"]
    facts_row(
        [
            ("Places", f"{row['places']}" + (f" ({used} used before)" if used else "")),
            ("Must be filled", "Yes" if row["must_have"] else "No"),
            ("First choice of", counted(row["first_choices"], "worker")),
            ("Ranked by", counted(row["times_ranked"], "worker")),
            ("Open to", counted(row["eligible_workers"], "worker")),
        ]
    )
    facts_row(_rules(source.inputs, source.inputs.job_line(job_line_id)))
    terms = review_terms(source.inputs, job_line_id)
    if len(terms):
        st.markdown("**The year, term by term**")
        shown = tables.display(terms)
        plain_table(shown, key=f"terms {job_line_id}", file_name="terms")
    _pairs_of_job_line(source, job_line_id)
    weightings = weightings_of(source.inputs, job_line_id=job_line_id)
    _draw_weightings_of(source, weightings, "this job line", job_line_id)
    copyable_ids([("Job line", job_line_id)])


def _rules(inputs: RunInputs, job_line: JobLine) -> list[Fact]:
    """The job line's eligibility row in words, in the order in which its parts apply."""
    row = job_line.eligibility
    if row is None:
        return [("Eligibility rules", "None: everybody is eligible")]

    def tags(ids: frozenset[str]) -> str:
        return listed((tag_name(inputs, tag) for tag in ids), "qualification")

    def workers(ids: frozenset[str]) -> str:
        return listed((worker_name(inputs, worker) for worker in ids), "worker")

    return [
        ("Always open to", workers(row.included_worker_mapping_ids)),
        ("Never open to", workers(row.excluded_worker_mapping_ids)),
        ("Closed to holders of", tags(row.excluded_qualification_tag_ids)),
        ("Asks for", tags(row.included_qualification_tag_ids)),
    ]


def _pairs_of_job_line(source: RunReading, job_line_id: str) -> None:
    frame = pairs_of_job_line(source.inputs, job_line_id)
    ranked = frame["raw_rank"].notna()
    data_table(
        frame,
        key=f"{source.key('pairs of job line')} {job_line_id}",
        version=source.version,
        noun="worker",
        file_name="one-job-line",
        columns=tables.without_empty(
            frame,
            ["name", "internal_id", "raw_rank", "bucket", "score", "eligible", "rule", "effect"],
            "bucket",
        ),
        search=["name", "internal_id", "rule"],
        kinds={
            "Ranked it": ranked,
            "Put it under “never”": frame["bucket"] == NEVER_WORDS,
            "Ranked it but is not eligible": ranked & ~frame["eligible"],
            "Eligible": frame["eligible"],
            "Not eligible": ~frame["eligible"],
            "Moved by weightings": frame["weighting"] != 0,
        },
        height=320,
    )


def _draw_weightings_of(
    source: RunReading, weightings: Sequence[str], of_what: str, key: str
) -> None:
    """The weightings that bear on a worker or job line, behind a fold."""
    if not weightings:
        st.caption(f"There is no weighting for {of_what}.")
        return
    frame = source.made(review_weightings)
    rows = frame[frame["weighting_id"].isin(weightings)]
    with st.expander(f"{counted(len(rows), 'weighting')} for {of_what}"):
        shown = tables.display(rows, ["effect", "whom", "where", "weighting"])
        plain_table(shown, key=f"weightings {key}", file_name="weightings")


@dataclass(frozen=True, slots=True)
class ShownAllocation:
    """A solve that is shown to an operator."""

    solved: Solved
    operator: str = ""

    @property
    def inputs(self) -> RunInputs:
        """The inputs that were solved."""
        return self.solved.inputs

    @property
    def result(self) -> SolveResult:
        """The checked result."""
        return self.solved.result

    @property
    def run(self) -> AllocatorRun:
        """The run that it belongs to."""
        return self.solved.inputs.run

    @property
    def placed(self) -> pd.DataFrame:
        """One row a placement, by name."""
        return self.solved.placed

    @property
    def version(self) -> str:
        """Changes with the allocation: goes into the keys of tables with selections."""
        return self.solved.identity[:16]

    def key(self, name: str) -> str:
        """The key of a widget of this run."""
        return f"{name} {self.run.id}"

    def file_name(self, what: str) -> str:
        """A file's name: the plan and what it holds."""
        plan = "-".join(self.run.plan_name.lower().split()) or "allocation"
        safe = "".join(c for c in plan if c.isalnum() or c == "-")
        return f"{safe}-{what}"
