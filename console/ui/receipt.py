"""A receipt: what a commit wrote, who did it, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from allocator.measures.bands import amount
from allocator.measures.outcome import scoreboard
from allocator.models import AllocatorRun, Settings
from allocator.report.parts import settings_words
from allocator.result import Effort, Receipt
from allocator.rules.moments import local_time
from console.ui.data_table import plain_table
from console.ui.messages import literal
from console.ui.notes import draw_audited_changes
from console.ui.session import run_reading
from console.ui.solve_progress import OUTCOMES
from console.ui.tables import copyable_ids, facts_row


def draw_receipt(run: AllocatorRun, receipt: Receipt) -> None:
    """The receipt, to read, copy and download."""
    counts = receipt.counts
    with st.container(border=True, key="receipt"):
        st.subheader("Receipt", anchor=False)
        if receipt.repeated:
            st.caption("This commit had been made already. Nothing was written a second time.")
        facts_row(
            [
                ("Committed", f"{local_time(run, receipt.committed_at)} ({run.timezone})"),
                ("By", receipt.operator),
                ("Placements written", f"{receipt.n_allocations:,}"),
                ("Result", OUTCOMES.get(str(counts.get("status")), "")),
                ("Total dissatisfaction", _total(receipt.objective)),
                ("Scenario", str(receipt.scenario.get("name") or "")),
                *scoreboard(counts),
            ]
        )
        for label, value in _settings(receipt.settings):
            st.markdown(f"{literal(label)}: **{literal(value)}**")
        if receipt.solver:
            words = Effort.of_counts(counts).words(receipt.solver)
            st.markdown(f"Solver: **{literal(words)}**")
        if receipt.scenario.get("changes"):
            draw_audited_changes(receipt.scenario, run_reading(run).inputs)
        st.caption("Fingerprint of the data that was solved")
        st.code(receipt.fingerprint, language=None)
        _draw_checks(counts.get("checks") or {})
        st.download_button(
            "Download the receipt",
            lambda: json.dumps(asdict(receipt), default=str, indent=2, ensure_ascii=False),
            "receipt.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        copyable_ids([("Run", receipt.allocator_py_run)])


def _total(objective: float | None) -> str:
    return "" if objective is None else amount(objective)


def _settings(stored: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The settings in words; as they are stored when this version does not know them."""
    try:
        return settings_words(Settings(**stored))
    except (TypeError, ValueError):
        return [(str(name), str(value)) for name, value in stored.items()]


def _draw_checks(checks: Mapping[str, int]) -> None:
    if not checks:
        return
    with st.expander(f"Checks passed before the commit ({len(checks)} rules)"):
        rows = pd.DataFrame(checks.items(), columns=["Rule", "Times tested"])
        plain_table(rows, key="receipt checks", file_name="checks")
