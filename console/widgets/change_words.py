"""Changes of a scenario in words, with who made them and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from allocator.models import RunInputs
from allocator.scenario import Change, Scenario
from allocator.scenario.file import changes_from
from console.messages import literal


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
