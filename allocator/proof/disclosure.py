"""One export that answers a request for information about a committed run.

It says how places were decided, with which settings, what was changed by hand and by whom and why,
which solves and seeds were tried, how many placements lots decided, who committed when, and how
groups fared, small counts masked. No worker is named, by their rank or otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from allocator.errors import NotExplained
from allocator.explanation.odds import odds
from allocator.explanation.wording import AIMS
from allocator.models import Policy, RunInputs
from allocator.proof.seal import Seal
from allocator.report.parts import report_facts, run_title, settings_words
from allocator.report.printable import drawn_table, printed_page
from allocator.report.sections import ReportOptions, ReportTable, report_tables
from allocator.report.workbook import to_workbook
from allocator.result import Receipt, SolveResult
from allocator.rules.moments import local_time
from allocator.scenario.file import changes_from

KIND = "Disclosure of an allocation"
DECISIONS = {
    "lottery": "Equally good allocations are chosen by a lottery",
    "independent-check": "Every result is checked by a program part of its own",
    "price-and-solve": "How the best allocation is found, and proven",
    "whole-number-costs": "Why rounding decides nothing",
    "commit-function": "How a result is written, once and whole",
    "proof": "How anybody can check a committed allocation",
}
"""Pages of docs/decisions that come with the program, and what they answer."""
LEFT_OUT = ("By job line",)
"""Tables of the report that tell the choice of a job line's only holder."""


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What the export is made of. `tried` are rows of the log of solves, the oldest first."""

    inputs: RunInputs
    result: SolveResult
    receipt: Receipt
    tried: Sequence[Mapping[str, Any]]
    seals: Sequence[Seal] = ()


def disclosure(of: Disclosed, now: datetime | None = None) -> tuple[str, bytes]:
    """The page (HTML) and the workbook (.xlsx) of a committed run."""
    facts = _facts(of, now or datetime.now(UTC))
    tables = disclosure_tables(of)
    page = printed_page(
        "disclosure.html",
        kind=KIND,
        title=run_title(of.inputs.run),
        facts=facts,
        words=algorithm_words(of.result),
        tables=[drawn_table(table) for table in tables],
    )
    return page, to_workbook(tables, facts)


def algorithm_words(result: SolveResult) -> list[str]:
    """How places were decided, a paragraph each."""
    chosen = result.settings
    words = [
        "Each doctor ranked job lines. The hard rules came first: everybody gets exactly one job "
        "line that they may hold, no job line gets more doctors than it has places, and a "
        "mandatory one gets at least one.",
        f"Among all allocations that keep these rules, the aim was {AIMS[chosen.policy]}.",
        f"In the total, the doctors' ranks count {1 - chosen.alpha:.0%} and the organisation's "
        f"weightings {chosen.alpha:.0%}; a rank counts as its number raised to the power "
        f"{chosen.power:g}, a job line that was not ranked as the mean of the ranks left open.",
        "A mathematical program found the best allocation, and dual prices prove that none is "
        "better. A second program part that shares nothing with it checked every rule.",
        "Where several allocations were equally good, lots decided: each doctor's lottery number "
        "is a hash of the seed and an id that says nothing about them, and in the order of these "
        "numbers each took the job line that they like best among those still possible.",
    ]
    if chosen.policy is not Policy.LEAST_TOTAL:
        words[2] = f"Where that left a choice, the least total decided. {words[2]}"
    return words


def disclosure_tables(of: Disclosed) -> list[ReportTable]:
    """Every table of the export; nobody is named in any."""
    options = ReportOptions(names=False, masked=True)
    return [
        _table("Settings", ("Setting", "Value"), settings_words(of.result.settings)),
        _changes(of),
        _tried(of),
        _seals(of),
        _lots(of),
        *(t for t in report_tables(of.inputs, of.result, options) if t.title not in LEFT_OUT),
        _table("Where the choices of method are explained", ("Page", "Question"), [
            (f"docs/decisions/{name}.md", words) for name, words in DECISIONS.items()
        ]),
    ]  # fmt: skip


def _facts(of: Disclosed, now: datetime) -> list[tuple[str, str]]:
    run, receipt = of.inputs.run, of.receipt
    return [
        ("Committed by", receipt.operator),
        ("Committed on", local_time(run, receipt.committed_at)),
        ("Placements", f"{receipt.n_allocations:,}"),
        *report_facts(of.inputs, of.result, now=now)[1:],
    ]


def _table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], note: str = ""
) -> ReportTable:
    return ReportTable(title, pd.DataFrame(list(rows), columns=list(columns)), note)


def _changes(of: Disclosed) -> ReportTable:
    """Changes by hand: kind, reason, author; the worker or job line is not told."""
    scenario = of.receipt.scenario
    changes = changes_from(list(scenario.get("changes") or ()))
    author = str(scenario.get("author") or of.receipt.operator)
    rows = [
        (number, change.kind.capitalize(), _reason(of, change.reason), change.author or author)
        for number, change in enumerate(changes, start=1)
    ]
    note = "Whom a change is about is not told. A name in a reason is left out."
    return _table("Changes by hand", ("No.", "Kind", "Reason", "Made by"), rows, note)


def _reason(of: Disclosed, text: str) -> str:
    """The reason without any worker's name or internal id."""
    told = text or "No reason was given"
    words = {out.name for out in of.inputs.left_out if out.kind == "worker"}
    for worker in of.inputs.workers:
        words |= {worker.firstname, worker.lastname, worker.preferred_name, worker.internal_id}
    words = {word for word in words if len(word) > 1}
    for word in sorted(words, key=len, reverse=True):
        told = told.replace(word, "…")
    return told


def _tried(of: Disclosed) -> ReportTable:
    rows = [
        (
            local_time(of.inputs.run, datetime.fromisoformat(str(row["solved_at"]))),
            row["operator"],
            "" if row["seed"] is None else str(row["seed"]),
            row["status"],
            row["objective"],
            "as committed" if row["fingerprint"] == of.receipt.fingerprint else "other data",
        )
        for row in of.tried
    ]
    columns = ("Solved", "By", "Seed", "Result", "Total dissatisfaction", "Data")
    seeds = {row["seed"] for row in of.tried}
    return _table("Solves and seeds tried", columns, rows, f"{len(seeds)} different seed(s).")


def _seals(of: Disclosed) -> ReportTable:
    run = of.inputs.run
    rows = [
        (one.hash, local_time(run, one.sealed_at), one.sealed_by, one.source, one.words)
        for one in of.seals
    ]
    note = "" if rows else "The run was not sealed: its operators chose the seed themselves."
    return _table("Sealed draws", ("Hash", "Sealed", "By", "Source", "What became"), rows, note)


def _lots(of: Disclosed) -> ReportTable:
    """How many placements lots decided."""
    n_workers = len(of.inputs.workers)
    try:
        drawn = len(odds(of.inputs, of.result).shares)
    except NotExplained:
        rows = [("Cannot be told: the allocation is not proven optimal", "–")]
    else:
        rows = [("Decided by lot", f"{drawn:,}"), ("The same in every best allocation",
                f"{n_workers - drawn:,}")]  # fmt: skip
    return _table("Ties decided by lot", ("Placements", "Doctors"), rows)
