"""A receipt: what a commit wrote, who did it, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd
import streamlit as st

from allocator.measures.exceptions import exceptions, rule_words, to_change
from allocator.measures.terms import terms_of_receipt
from allocator.models import AllocatorRun
from allocator.report import printed_receipt
from allocator.report.receipt import (
    EXCEPTIONS,
    TO_CHANGE,
    exceptions_frame,
    receipt_facts,
    receipt_settings,
    to_change_frame,
)
from allocator.result import Effort, Receipt
from allocator.solved import Solved
from console.ui.data_table import plain_table
from console.ui.messages import literal
from console.ui.notes import draw_audited_changes
from console.ui.session import run_reading
from console.ui.tables import copyable_ids, facts_row


def draw_receipt(run: AllocatorRun, receipt: Receipt, solved: Solved | None = None) -> None:
    """The receipt, to read, print, copy and download; `solved` as far as it can be told again."""
    inputs = run_reading(run).inputs
    with st.container(border=True, key="receipt"):
        st.header("Receipt", anchor=False)
        if receipt.repeated:
            st.caption("This commit had been made already. Nothing was written a second time.")
        facts_row(receipt_facts(run, receipt))
        st.caption(literal(terms_of_receipt(run, receipt)))
        _draw_files(run, receipt, solved)
        if receipt.scenario.get("changes"):
            draw_audited_changes(receipt.scenario, inputs)
        if solved:
            draw_exceptions(solved, key="receipt")
        with st.expander("Settings, checks and fingerprint"):
            for label, value in receipt_settings(receipt):
                st.markdown(f"{literal(label)}: **{literal(value)}**")
            if receipt.solver:
                words = Effort.of_counts(receipt.counts).words(receipt.solver)
                st.markdown(f"Solver: **{literal(words)}**")
            st.caption("Fingerprint of the data that was solved")
            st.code(receipt.fingerprint, language=None)
            _draw_checks(receipt.counts.get("checks") or {})
        copyable_ids([("Run", receipt.allocator_py_run)])


def _draw_files(run: AllocatorRun, receipt: Receipt, solved: Solved | None) -> None:
    inputs = run_reading(run).inputs
    with st.container(horizontal=True):
        st.download_button(
            "Receipt to print (HTML)",
            lambda: printed_receipt(run, receipt, inputs, solved).encode(),
            "receipt.html",
            "text/html",
            type="primary",
            icon=":material/print:",
            on_click="ignore",
            help="Opens in a browser; print it or save it as PDF from there.",
        )
        st.download_button(
            "Receipt for programs (JSON)",
            lambda: json.dumps(asdict(receipt), default=str, indent=2, ensure_ascii=False),
            "receipt.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def draw_exceptions(solved: Solved, *, key: str) -> None:
    """How many placements follow the rules, those that do not by name, and what to change."""
    st.markdown(f"**Placements:** {rule_words(solved)}")
    if exceptions(solved):
        plain_table(exceptions_frame(solved), key=f"{key} {EXCEPTIONS}", file_name="exceptions")
    if to_change(solved):
        st.markdown(f"**{TO_CHANGE}**, so that it agrees with this allocation:")
        plain_table(to_change_frame(solved), key=f"{key} {TO_CHANGE}", file_name="to-change")
    elif solved.scenario:
        st.caption("Nothing must be changed in the source system for this allocation.")


def _draw_checks(checks: Mapping[str, int]) -> None:
    if not checks:
        return
    st.markdown(f"**Checks passed before the commit** ({len(checks)} rules)")
    rows = pd.DataFrame(checks.items(), columns=["Rule", "Times tested"])
    plain_table(rows, key="receipt checks", file_name="checks")
