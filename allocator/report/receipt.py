"""The receipt of a commit, on paper: what was written, by whom, under which terms."""

from __future__ import annotations

from typing import Any

import pandas as pd

from allocator.measures.exceptions import exceptions, rule_words, to_change
from allocator.measures.outcome import scoreboard
from allocator.measures.terms import ENDINGS, terms_of_receipt
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.report.parts import run_title, settings_words
from allocator.report.printable import drawn_table, printed_page
from allocator.report.sections import ReportTable
from allocator.result import Effort, Receipt
from allocator.rules.moments import local_time
from allocator.scenario import Scenario
from allocator.scenario.file import changes_from
from allocator.solved import Solved


def receipt_facts(run: AllocatorRun, receipt: Receipt) -> list[tuple[str, str]]:
    """Label and value of what a coordinator reads first: who, when, and the scoreboard."""
    counts = receipt.counts
    facts = [
        ("Committed", f"{local_time(run, receipt.committed_at)} ({run.timezone})"),
        ("By", receipt.operator),
        ("Placements written", f"{receipt.n_allocations:,}"),
        ("Result", ENDINGS.get(str(counts.get("status")), "")),
        ("Scenario", str(receipt.scenario.get("name") or "")),
        *scoreboard(counts),
        ("Proof", receipt.proof_words),
    ]
    return [(label, value) for label, value in facts if value]


def receipt_settings(receipt: Receipt) -> list[tuple[str, str]]:
    """The settings in words; as they are stored when this version does not know them."""
    stored: dict[str, Any] = dict(receipt.settings)
    try:
        return settings_words(Settings(**stored))
    except (TypeError, ValueError):
        return [(str(name), str(value)) for name, value in stored.items()]


def printed_receipt(
    run: AllocatorRun, receipt: Receipt, inputs: RunInputs, solved: Solved | None = None
) -> str:
    """The receipt as HTML for A4. It names workers.

    `inputs` are the run's, for the names in changes. Without `solved` (the data has changed since)
    it does not tell exceptions and what to change in the source system.
    """
    facts = [
        ("Under these terms", terms_of_receipt(run, receipt)),
        *receipt_facts(run, receipt),
        *([("Placements", rule_words(solved))] if solved else []),
        *receipt_settings(receipt),
    ]
    if receipt.solver:
        facts.append(("Solver", Effort.of_counts(receipt.counts).words(receipt.solver)))
    facts += [
        ("Fingerprint of the data", receipt.fingerprint),
        ("Id of the run", receipt.allocator_py_run),
    ]
    tables = [
        _changes(receipt, inputs),
        *(_exceptions(solved) if solved else ()),
        ReportTable(
            "Checks passed before the commit",
            pd.DataFrame(
                list((receipt.counts.get("checks") or {}).items()), columns=["Rule", "Times tested"]
            ),
        ),
    ]
    return printed_page(
        "report.html",
        kind="Receipt",
        title=run_title(run),
        facts=facts,
        tables=[drawn_table(table) for table in tables if len(table.frame)],
    )


def _changes(receipt: Receipt, inputs: RunInputs) -> ReportTable:
    changes = changes_from(list(receipt.scenario.get("changes") or []))
    words = Scenario("committed", changes=changes).words(inputs)
    rows = [(w, c.reason, c.author) for w, c in zip(words, changes, strict=True)]
    return ReportTable(
        "Changes of the scenario", pd.DataFrame(rows, columns=["Change", "Reason", "Made by"])
    )


EXCEPTIONS = "Placements by exception"
TO_CHANGE = "To change in the source system"


def exceptions_frame(solved: Solved) -> pd.DataFrame:
    """Each placement by exception: `Name`, `Job line`, `Exception`, `Reason`."""
    rows = [(e.name, e.job_line_name, e.waives, e.reason) for e in exceptions(solved)]
    return pd.DataFrame(rows, columns=["Name", "Job line", "Exception", "Reason"])


def to_change_frame(solved: Solved) -> pd.DataFrame:
    """What to change in the source system: `Where`, `What`, `Reason`."""
    rows = [(one.where, one.what, one.reason) for one in to_change(solved)]
    return pd.DataFrame(rows, columns=["Where", "What", "Reason"])


def _exceptions(solved: Solved) -> tuple[ReportTable, ...]:
    return (
        ReportTable(EXCEPTIONS, exceptions_frame(solved), rule_words(solved)),
        ReportTable(TO_CHANGE, to_change_frame(solved)),
    )
