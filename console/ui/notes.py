"""Data errors of a run, each with what to do about it, and what else is to be known of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from allocator.errors import DataIssue
from allocator.models import Notice, RunInputs
from allocator.scenario import Change, Scenario
from allocator.scenario.file import changes_from
from console.ui import tables
from console.ui.data_table import data_table
from console.ui.messages import literal

MOST_IN_WORDS = 6


def draw_issues(issues: Sequence[DataIssue], *, key: str, version: str) -> None:
    """Say what is wrong and what to do; those that stop the run come first."""
    if not issues:
        st.markdown(":green-badge[:material/check_circle: No data errors found]")
        return
    ordered = sorted(issues, key=lambda issue: (issue.acknowledgeable, issue))
    lines = [f"**{_headline(ordered)}**"]
    for issue in ordered[:MOST_IN_WORDS]:
        lines.append(
            f"- **{literal(in_words(issue.row))}**: {literal(in_words(issue.message))} "
            f"*What to do:* {literal(in_words(issue.remedy))}"
        )
    draw = st.warning if all(issue.acknowledgeable for issue in issues) else st.error
    draw("\n".join([lines[0], "", *lines[1:]]), icon=":material/report:")
    if any(in_words(text) != text for i in ordered for text in (i.row, i.message, i.remedy)):
        with st.expander("For whoever looks after the database: as it names them"):
            st.markdown("\n".join(f"- {literal(str(i))}" for i in ordered[:MOST_IN_WORDS]))
    if len(ordered) > MOST_IN_WORDS:
        with st.expander(f"All {len(ordered)} data errors"):
            table = tables.issues_table(ordered)
            data_table(
                table,
                key=key,
                version=version,
                noun="data error",
                file_name="data-errors",
                search=list(table.columns),
            )


PLAIN = {
    "included_worker_mappings": "the run's list of doctors",
    "included_job_lines": "the run's list of job lines",
    "included_worker_mapping_ids": "the list of doctors who may always hold it",
    "excluded_worker_mapping_ids": "the list of doctors who may never hold it",
    "included_qualification_tag_ids": "the list of qualifications that it asks for",
    "excluded_qualification_tag_ids": "the list of qualifications that it is closed to",
    "worker_mapping_ids": "the weighting's list of doctors",
    "qualification_tag_ids": "the weighting's list of qualifications",
    "max_n_workers": "the number of places",
    "timezone": "the plan's time zone",
    "startdate": "the first day",
    "enddate": "the last day",
    "due_date": "the due date",
    "created_at": "the time of creation",
    "queued_at": "the time of queuing",
    "completed_at": "the time of completion",
    "withdrawn_at": "the time of withdrawal",
    "withdrawal_effective_at": "the day from which the withdrawal counts",
}
"""Columns in a coordinator's words."""
_COLUMN = re.compile(rf"\b(?:[a-z_]+\.)?({'|'.join(sorted(PLAIN, key=len, reverse=True))})\b")
_ID = re.compile(r" ?\(?\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b\)?")
_ENTRIES = re.compile(r", as the mappings [^,]+,")


def in_words(text: str) -> str:
    """A sentence about the database's rows without names of columns and without ids."""
    told = _ID.sub("", _COLUMN.sub(lambda found: PLAIN[found[1]], _ENTRIES.sub("", text)))
    return told[:1].upper() + told[1:]


def _headline(issues: Sequence[DataIssue]) -> str:
    blocking = sum(not issue.acknowledgeable for issue in issues)
    found = f"{len(issues)} data error{'' if len(issues) == 1 else 's'} found"
    if not blocking:
        return f"{found}. The run can be solved once somebody accepts what is listed."
    return f"{found}; {blocking} must be mended before the run can be solved."


def draw_notices(notices: Sequence[Notice], *, key: str, version: str) -> None:
    """What is right as data and to be known: first what must be accepted before a commit."""
    for must, headline, draw, icon in (
        (True, "To be accepted before a commit", st.warning, ":material/front_hand:"),
        (False, "To know of", st.info, ":material/info:"),
    ):
        told = [notice for notice in notices if notice.must_accept is must]
        if not told:
            continue
        lines = [f"- **{literal(n.row)}**: {literal(n.message)}" for n in told[:MOST_IN_WORDS]]
        if len(told) > MOST_IN_WORDS:
            lines.append(f"- … and {len(told) - MOST_IN_WORDS:,} more")
        draw("\n".join([f"**{headline} ({len(told):,})**", "", *lines]), icon=icon)
        if len(told) > MOST_IN_WORDS:
            with st.expander(f"All {len(told):,}"):
                table = tables.notices_table(told)
                data_table(
                    table,
                    key=f"{key} {must}",
                    version=version,
                    noun="notice",
                    file_name="notices",
                    search=list(table.columns[:2]),
                )


KEY = "writes"

# One red frame and one red button; the words and the icon say it, too, for those who see no red.
_STYLE = f"""
<style>
[class*="st-key-{KEY}"] {{ border: 2px solid #B3261E; border-radius: 0.5rem; padding: 1rem; }}
[class*="st-key-{KEY}"] button[kind^="primary"]:not(:disabled) {{
  background: #B3261E; border-color: #B3261E; color: #FFFFFF;
}}
[class*="st-key-{KEY}"] button[kind^="primary"]:not(:disabled):hover {{
  background: #8C1D18; border-color: #8C1D18;
}}
</style>
"""


@contextmanager
def writes(words: str, name: str = "") -> Iterator[None]:
    """A framed part of the page for one action that writes; `words` say what it means. A second
    one on a page needs a `name`."""
    st.html(_STYLE)
    with st.container(key=f"{KEY} {name}".strip()):
        st.markdown(f":material/edit_document: **{words}**")
        yield


def because(change: Change) -> str:
    """Markdown: the reason for a change and its author."""
    told = literal(change.reason) if change.reason else "no reason given"
    return f":small[{told}{f' · {literal(change.author)}' if change.author else ''}]"


def draw_audited_changes(audited: Mapping[str, Any], as_read: RunInputs) -> None:
    """The changes that an audit row keeps: what was solved that the database does not say."""
    scenario = Scenario("audited", changes=changes_from(list(audited.get("changes") or [])))
    if not scenario.changes:
        return
    st.markdown("**Changes of the scenario** (the receipt records them; no table changes):")
    told = zip(scenario.words(as_read), scenario.changes, strict=True)
    st.markdown("\n".join(f"- {literal(words)}  {because(change)}" for words, change in told))
