"""Cells that no spreadsheet takes for a formula, and CSV made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from allocator.measures import status_words
from allocator.measures.bands import amount
from allocator.measures.terms import terms_line
from allocator.models import AllocatorRun, Policy, RunInputs, Settings
from allocator.result import SolveResult
from allocator.rules.moments import local_time

_STARTS_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠\t\r\n|%]")
_TAKEN_FOR_A_VALUE = re.compile(
    r"(?=[^\n]*\d)([-+](?=[^-+]*(E[-+]\d+)?$))?[-\d.,:/%()$€£ ]*"  # 00123, -3, 3-4, 12:30, 50%
    r"((E|AM?|PM?|JAN|FEB|MAR|APR|MAY|JUNE?|JULY?|AUG|SEPT?|OCT|NOV|DEC|JANUARY|FEBRUARY|MARCH"
    r"|APRIL|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER)[-+\d.,:/ ]*)?"  # 1E10, 3 March, MAR-5
    r"|TRUE|FALSE",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet may run the text: it begins, after blanks, with = + - @ or the like."""
    return bool(_STARTS_FORMULA.match(text))


def plain_value(value: Any) -> Any:
    """A frame's cell as str, int, float, bool or None; tuples joined, control characters gone."""
    if isinstance(value, tuple | list):
        value = ", ".join(str(item) for item in value)
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | float):
        return None if isinstance(value, float) and np.isnan(value) else value
    return _CONTROL.sub("", str(value))


def safe_text(value: Any) -> Any:
    """`plain_value` for CSV, where a spreadsheet guesses what text is.

    Text that it would take for a number, date or truth value becomes `="00123"`, a formula that
    gives the text itself; text that looks like any other formula gets a leading apostrophe.
    """
    value = plain_value(value)
    if not isinstance(value, str) or not value:
        return value
    if _TAKEN_FOR_A_VALUE.fullmatch(value):
        return f'="{value}"'
    return f"'{value}" if is_formula_like(value.lstrip("'")) else value


def csv_text(cell: str) -> str:
    """The text that `safe_text` was given, for whoever reads our CSV back."""
    if cell.startswith('="') and cell.endswith('"') and _TAKEN_FOR_A_VALUE.fullmatch(cell[2:-1]):
        return cell[2:-1]
    return cell[1:] if cell.startswith("'") and is_formula_like(cell.lstrip("'")) else cell


def to_csv(frame: pd.DataFrame) -> bytes:
    """UTF-8 CSV with a byte order mark (so that Excel reads accents), header row, no index.

    Text stays text when it is opened in Excel with English names of months; `csv_text` reads it
    back. A workbook needs no such care.
    """
    safe = pd.DataFrame(
        {
            safe_text(str(column)): pd.Series(
                [safe_text(value) for value in frame[column]], dtype="object"
            )
            for column in frame.columns
        }
    )
    text: str = safe.to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")


IDS = ("worker", "job_line", "weighting_id", "holder_ids", "sort_order", "of_above")
"""Columns to act on, never to show."""

LABELS = {
    "name": "Name",
    "internal_id": "Internal id",
    "qualificationlevel": "Qualification level",
    "qualifications": "Qualifications",
    "submitted": "Submitted",
    "locked": "Locked",
    "takes_part": "Takes part",
    "status": "Status",
    "reason": "Why left out",
    "n_ranked": "Job lines ranked",
    "n_ranked_elsewhere": "Ranks outside this run",
    "n_tied": "Tied job lines",
    "n_gaps": "Gaps in the ranks",
    "unranked_score": "Rank counted for an unranked job line",
    "n_eligible": "Eligible",
    "n_ranked_eligible": "Ranked and eligible",
    "flag": "Note",
    "job_line_name": "Job line",
    "job_lines": "Job lines",
    "raw_rank": "Rank as entered",
    "rank": "Rank",
    "bucket": "Bucket",
    "locations": "Hospital",
    "first_day": "From",
    "last_day": "To",
    "position": "Position",
    "team": "Team",
    "location": "Hospital",
    "state": "State",
    "since": "Since",
    "choice": "Choice",
    "label": "Choice",
    "first_choice": "First choice received",
    "tied_with": "Tied with",
    "gap_before": "Ranks skipped before it",
    "in_run": "In this run",
    "score": "Rank counted",
    "original_preference": "Rank on the whole list",
    "rule": "Eligibility rule",
    "eligible": "Eligible",
    "pairs": "Pairs",
    "weighting": "Weighting (positive = less wanted)",
    "effect": "Effect",
    "whom": "Whom",
    "where": "Job line",
    "n_workers": "Workers reached",
    "n_pairs": "Pairs reached",
    "worker_dissatisfaction": "Worker's dissatisfaction",
    "weighting_points": "Organisation's weighting points",
    "cost": "Contribution to the total",
    "band": "Choice received",
    "group": "Group",
    "workers": "Workers",
    "share": "Share",
    "cumulative_workers": "Running total",
    "cumulative_share": "Running share",
    "mean_rank": "Mean rank",
    "places": "Places",
    "capacity": "Capacity",
    "used_places": "Places used before",
    "must_have": "Must be filled",
    "first_choices": "First choices",
    "eligible_first_choices": "First choices from eligible workers",
    "times_ranked": "Times ranked",
    "eligible_workers": "Eligible workers",
    "filled": "Filled",
    "open": "Open",
    "best_rank": "Best rank",
    "worst_rank": "Worst rank",
    "mean_score": "Mean rank counted",
    "holders": "Held by",
    "offers": "Received as",
}
SHARES = ("Share", "Running share")


def labelled(frame: pd.DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The frame without its ids, under the labels that a coordinator reads.

    `columns` chooses and orders the columns (default: all). Columns without a label keep their
    name. Raises KeyError for a column that the frame lacks.
    """
    kept = list(columns) if columns is not None else [c for c in frame.columns if c not in IDS]
    return frame[kept].rename(columns=LABELS)


POLICIES = {
    Policy.LEAST_TOTAL: "Least total dissatisfaction",
    Policy.GREEDY: "As many first choices as possible, then second, and so on",
    Policy.GENEROUS: "As few last ranks as possible, then the one before, and so on",
    Policy.LEXIMIN: "The worst-off first, then the next worst-off, and so on",
    Policy.LOTTERY_ORDER: "In an order drawn by lot, each the best that leaves all rules intact",
    Policy.FEWEST_MOVES: "As few moves from the earlier allocation as possible",
    Policy.MOST_MOVES: "As many moves from the earlier allocation as possible",
}


def run_title(run: AllocatorRun) -> str:
    """Plan and period, e.g. `Intern year, 11 January 2027 to 9 January 2028`."""
    days = [day_words(day) for day in (run.startdate, run.enddate) if day is not None]
    return ", ".join(filter(None, [run.plan_name or "Allocation run", " to ".join(days)]))


def day_words(day: object) -> str:
    """A date as `9 January 2028`."""
    return f"{day:%d %B %Y}".lstrip("0")


def settings_words(settings: Settings) -> list[tuple[str, str]]:
    """The settings that decide an allocation, in words."""
    words = [
        ("Aim", POLICIES[settings.policy]),
        (
            "Weight of the organisation (alpha)",
            f"{settings.alpha:g} (0 = workers only, 1 = organisation only)",
        ),
        ("Power of dissatisfaction", f"{settings.power:g} (above 1 spares the worst-off)"),
        ("Seed for equally good allocations", str(settings.seed)),
    ]
    if settings.bucket_order:
        words.append(
            ("Order of the lists", "By bucket (love … never) first, then by rank inside it")
        )
    if settings.move_price:
        words.append(("Price of a move", f"{settings.move_price:g} points of dissatisfaction"))
    if settings.worst_rank is not None:
        words.append(("Cap on the worst rank", f"{settings.worst_rank:g}"))
    return words


def report_facts(
    inputs: RunInputs,
    result: SolveResult,
    operator: str = "",
    now: datetime | None = None,
    terms: str = "",
) -> list[tuple[str, str]]:
    """Label and value of everything that identifies the allocation; times in the plan's zone.

    `terms` as `measures.terms.terms_of` gives them; without any, those of the settings alone.
    """
    facts = [
        ("Run", run_title(inputs.run)),
        ("Under these terms", terms or terms_line(result.settings.as_dict())),
        ("Batch created", local_time(inputs.run, inputs.run.created_at)),
        ("Report made", local_time(inputs.run, now or datetime.now(UTC))),
    ]
    if operator:
        facts.append(("Made by", operator))
    if result.scenario or inputs.scenario:
        facts.append(("Scenario", result.scenario or inputs.scenario))
    facts += [("Result", status_words(result)), *settings_words(result.settings)]
    if result.objective is not None:
        total = f"{amount(result.objective)} (only comparable under the same alpha and power)"
        facts.append(("Total dissatisfaction", total))
    facts.append(("Solver", result.effort.words(result.solver)))
    facts.append(("Left out", f"{len(inputs.left_out)} worker(s) or job line(s)"))
    facts.append(("Fingerprint of the data", result.fingerprint))
    return facts
