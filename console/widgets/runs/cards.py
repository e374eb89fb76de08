"""One card for each run of the list, with the ways into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from allocator.overview import RunOverview
from console import backend, heading, navigation, session
from console.checks import Found
from console.messages import literal
from console.widgets.facts import facts_row
from console.widgets.runs import words

PAGE = 20
LINKS_AS_BUTTONS = """
<style>
[class*="st-key-ways"] a {
  border: 1px solid color-mix(in srgb, currentColor 30%, transparent);
  border-radius: 0.5rem;
  padding-inline: 0.75rem;
}
</style>
"""


def draw_pending(rows: Sequence[RunOverview], found: dict[str, Found | None]) -> None:
    """Waiting runs, each with what is in it."""
    _draw(rows, lambda row: words.pending_facts(row, found.get(row.run.id)), "pending")


def draw_completed(rows: Sequence[RunOverview]) -> None:
    """Completed runs, each with how it came out."""
    _draw(rows, words.completed_facts, "completed")


def _draw(
    rows: Sequence[RunOverview], facts: Callable[[RunOverview], list[tuple[str, str]]], key: str
) -> None:
    st.html(LINKS_AS_BUTTONS)
    kept = f"more {key} runs"
    shown = PAGE * (1 + int(session.remembered(kept, default=0)))
    for row in rows[:shown]:
        _card(row, facts(row))
    if len(rows) > shown:
        hidden = f"Show more ({len(rows) - shown:,} not shown)"
        st.button(hidden, key=kept, on_click=_more, args=(kept,))


def _card(row: RunOverview, facts: list[tuple[str, str]]) -> None:
    run = row.run
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width="stretch", gap=None):
                title = literal(run.plan_name or "Allocation run")
                st.markdown(f"**{title}** {heading.chip(run)}")
                st.caption(literal(words.subtitle(row)))
            _ways(row)
        facts_row(facts)


def _ways(row: RunOverview) -> None:
    there = {place.path for place in navigation.available()}
    with st.container(horizontal=True, width="content", gap="small", key=f"ways {row.run.id}"):
        for path in _paths(row):
            if path in there:
                navigation.link(path, run=row.run.id)


def _paths(row: RunOverview) -> tuple[str, ...]:
    """Where to go from a run: results as soon as it was solved here."""
    if not row.run.is_pending:
        return ("results", "review")
    job = backend.jobs().get(row.run.id)
    is_solved = job is not None and job.snapshot().result is not None
    return ("review", "solve", "results") if is_solved else ("review", "solve")


def _more(kept: str) -> None:
    session.remember(kept, int(session.remembered(kept, default=0)) + 1)
