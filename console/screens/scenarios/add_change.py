"""The one control that adds changes: choose workers and job lines, or paste them, see how they
stand, and say what should hold of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import pandas as pd
import streamlit as st

from allocator.measures.bands import rank_words
from allocator.models import JobLine, RunInputs
from allocator.review import pairs_of_job_line, pairs_of_worker
from allocator.review.restrictions import effect_words
from allocator.rules.eligibility import Rule, rule_for
from allocator.rules.naming import job_line_name, places, worker_name
from allocator.scenario.change import Change
from allocator.scenario.changes import (
    MOST_PLACES,
    AddWeighting,
    AllowPair,
    BanPair,
    LeaveOut,
    Pin,
    SetMandatory,
    SetPlaces,
)
from allocator.scenario.pasted import Subject, read_pasted
from allocator.scenario.weighting_changes import LARGEST_WEIGHTING, SMALLEST_WEIGHTING
from allocator.solved import Solved
from console.screens.scenarios.bench import Bench, has_allocation
from console.state import scenario_drafts
from console.ui import tables
from console.ui.messages import literal
from console.ui.tables import SIGN, counted

CHOOSE, PASTE = "Choose", "Paste rows"
LONGEST_REASON = 200
MOST_TOLD = 6
"""How many subjects are told one by one."""
PASTE_HELP = (
    "One row each: `worker; job line`, as a sheet with two columns pastes it, or one name a row. "
    "Workers by name or internal id. Nothing is added while a row is wrong."
)


class Kind(StrEnum):
    """What should hold."""

    PIN = "Must get it (pin)"
    ALLOW = "May get it (allow)"
    BAN = "May not get it (ban)"
    PLACES = "Number of places"
    MANDATORY = "Must have somebody"
    OPTIONAL = "May stay empty"
    LEAVE_OUT = "Leave out"
    WEIGHTING = "Weighting"


@dataclass(frozen=True, eq=False)
class Standing:
    """How workers and job lines stand in the scenario; `now` is None while it has no outcome."""

    bench: Bench
    now: Solved | None

    @property
    def inputs(self) -> RunInputs:
        """The run with the scenario's changes, or as it was read."""
        return self.now.inputs if self.now else self.bench.as_read

    @cached_property
    def free(self) -> RunInputs:
        """`inputs` without pins, which would hide the rule of every other job line."""
        return replace(self.inputs, pins={})

    @cached_property
    def held(self) -> dict[str, tuple[str, float]]:
        """Worker → job line now, and its rank (NaN: not ranked)."""
        if self.now is None or not has_allocation(self.now):
            return {}
        placed = self.now.placed
        return dict(
            zip(placed["worker"], zip(placed["job_line"], placed["rank"], strict=True), strict=True)
        )

    def holders(self, job_line: str) -> list[str]:
        """Who holds a job line now."""
        return [worker for worker, (line, _) in self.held.items() if line == job_line]

    def rule(self, worker: str, job_line: str) -> Rule | None:
        """The rule that decides the pair; None when the scenario leaves one of them out."""
        try:
            return rule_for(self.free, self.free.worker(worker), self.free.job_line(job_line))
        except KeyError:
            return None

    def words(self, subject: Subject) -> str:
        """How a subject stands, as a sentence of Markdown."""
        worker, job_line = subject
        if worker and job_line:
            return self._pair_words(worker, job_line)
        return self._worker_words(worker) if worker else self._line_words(job_line or "")

    def _pair_words(self, worker: str, job_line: str) -> str:
        name, line = self._name(worker), literal(job_line_name(self.bench.as_read, job_line))
        rule = self.rule(worker, job_line)
        if rule is None:
            return f"**{name}** · {line}: left out of this scenario."
        rank = self.free.worker(worker).preferences.scores.get(job_line)
        verdict = "may hold it" if rule.eligible else "may **not** hold it"
        told = f"{rule.words[0].lower()}{rule.words[1:]}"
        return (
            f"**{name}** · {line}: {'ranked ' + rank_words(rank) if rank else 'not ranked'}, "
            f"{verdict} ({literal(told)}). {self._now_words(worker)}"
        )

    def _worker_words(self, worker: str) -> str:
        return f"**{self._name(worker)}**: {self._now_words(worker)}"

    def _now_words(self, worker: str) -> str:
        if worker not in self.held:
            return "Holds nothing now."
        line, rank = self.held[worker]
        told = "not ranked" if pd.isna(rank) else rank_words(rank)
        return f"Holds {literal(job_line_name(self.bench.as_read, line))} now ({told})."

    def _line_words(self, job_line: str) -> str:
        row = self.line(job_line)
        name = literal(job_line_name(self.bench.as_read, job_line))
        if row is None:
            return f"**{name}**: left out of this scenario."
        must = "must have somebody" if row.must_have_workers else "may stay empty"
        held = ", ".join(self._name(worker) for worker in self.holders(job_line))
        return f"**{name}**: {places(row.places)}, {must}. Held by {held or 'nobody'} now."

    def line(self, job_line: str) -> JobLine | None:
        """The job line in the scenario; None when it is left out."""
        return next((row for row in self.inputs.job_lines if row.id == job_line), None)

    def _name(self, worker: str) -> str:
        return literal(worker_name(self.bench.as_read, worker))


def draw_add_change(bench: Bench, now: Solved | None) -> None:
    """Choose or paste, see how things stand, and add."""
    st.header("Add a change", anchor=False)
    how = st.segmented_control(
        "How to name them", (CHOOSE, PASTE), default=CHOOSE, required=True,
        label_visibility="collapsed", key=f"add how {bench.run_id}",
    )  # fmt: skip
    standing = Standing(bench, now)
    subjects = _pasted(bench) if how == PASTE else _chosen(standing)
    if subjects:
        _what_should_hold(standing, subjects)


def _chosen(standing: Standing) -> list[Subject]:
    """Workers × job lines, or one side alone; rows of the one side's table count as chosen."""
    bench = standing.bench
    names = {w.id: f"{w.name} · {w.internal_id}" for w in bench.as_read.workers}
    lines = sorted(bench.as_read.job_lines, key=lambda line: (line.sort_order, line.name))
    workers = st.multiselect(
        "Workers",
        sorted(names, key=lambda worker: names[worker].casefold()),
        format_func=lambda worker: names.get(worker, ""),
        placeholder="Choose one or more",
        key=bench.key("add workers"),
    )
    job_lines = st.multiselect(
        "Job lines",
        [line.id for line in lines],
        format_func=lambda line: job_line_name(bench.as_read, line),
        placeholder="Choose one or more",
        key=bench.key("add job lines"),
    )
    if len(workers) == 1 and not job_lines:
        job_lines = _lines_of(standing, workers[0])
    elif len(job_lines) == 1 and not workers:
        workers = _workers_of(standing, job_lines[0])
    if not workers and not job_lines:
        st.caption("Of one worker or one job line, a table lets you select many of the other.")
        return []
    nobody: list[str | None] = [None]
    return [(w, line) for w in workers or nobody for line in job_lines or nobody]


def _lines_of(standing: Standing, worker: str) -> list[str]:
    """The job lines selected in the table of a worker."""
    try:
        frame = pairs_of_worker(standing.inputs, worker)
    except KeyError:
        return []
    inputs = standing.inputs
    frame["holders"] = [
        tuple(worker_name(inputs, w) for w in standing.holders(line)) for line in frame["job_line"]
    ]
    columns = ["raw_rank", "eligible", "job_line_name", "holders", "rule"]
    return _selected(standing, frame, columns, "job_line", f"lines of {worker}")


def _workers_of(standing: Standing, job_line: str) -> list[str]:
    """The workers selected in the table of a job line."""
    if standing.line(job_line) is None:
        return []
    frame = pairs_of_job_line(standing.inputs, job_line)
    columns = ["raw_rank", "eligible", "name", "internal_id", "rule"]
    return _selected(standing, frame, columns, "worker", f"workers of {job_line}")


def _selected(
    standing: Standing, frame: pd.DataFrame, columns: list[str], id_column: str, key: str
) -> list[str]:
    shown = tables.display(frame, columns)
    event = st.dataframe(
        shown,
        hide_index=True,
        height=250,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            shown.columns[0]: st.column_config.NumberColumn("Rank", width=50),
            shown.columns[1]: st.column_config.TextColumn(width=60),
        },
        placeholder="",
        alt="Select the rows that the change is about",
        key=standing.bench.key(f"{key} {len(frame)}"),
    )
    rows = [row for row in event.selection.rows if row < len(frame)]
    return [tables.id_at(frame, row, id_column) for row in rows]


def _pasted(bench: Bench) -> list[Subject]:
    """What the rows name; nothing while one of them is wrong."""
    text = st.text_area(
        "Rows", placeholder="Worker; job line", help=PASTE_HELP, height=140,
        key=bench.key("pasted rows"),
    )  # fmt: skip
    st.caption(PASTE_HELP)
    found = read_pasted(bench.as_read, text or "")
    if found.problems:
        told = "\n".join(f"- {literal(problem)}" for problem in found.problems)
        count = counted(len(found.problems), "row")
        st.error(
            f"**{count} cannot be used, so nothing is added.**\n\n{told}", icon=":material/block:"
        )
        return []
    return list(found.subjects)


def kinds_for(standing: Standing, subjects: Sequence[Subject]) -> list[Kind]:
    """What may be said of subjects that all name the same: pairs, workers or job lines."""
    worker, job_line = subjects[0]
    if worker and job_line:
        workers = [one for one, _ in subjects]
        pins = [Kind.PIN] if len(set(workers)) == len(workers) else []
        return [*pins, Kind.ALLOW, Kind.BAN, Kind.WEIGHTING]
    if worker:
        return [Kind.LEAVE_OUT, Kind.WEIGHTING]
    must = {row.must_have_workers for _, line in subjects if (row := standing.line(line or ""))}
    mandatory = [Kind.MANDATORY] * (False in must) + [Kind.OPTIONAL] * (True in must)
    return [Kind.PLACES, *mandatory, Kind.WEIGHTING]


def _what_should_hold(standing: Standing, subjects: Sequence[Subject]) -> None:
    bench = standing.bench
    told = [f"- {standing.words(subject)}" for subject in subjects[:MOST_TOLD]]
    if len(subjects) > MOST_TOLD:
        told.append(f"- … and {len(subjects) - MOST_TOLD} more")
    st.markdown("\n".join(told))
    kinds = kinds_for(standing, subjects)
    kind = st.pills(
        "What should hold", kinds, default=kinds[0], required=True,
        key=bench.key(f"add kind {' '.join(kinds)}"),
    )  # fmt: skip
    about = _Fields.of(standing, kind, subjects)
    reason = st.text_input(
        "Reason", max_chars=LONGEST_REASON, placeholder="Goes into the audit row with your name",
        key=bench.key("add reason"),
    )  # fmt: skip
    note = {"reason": (reason or "").strip(), "author": bench.operator}
    changes = about.changes(standing, kind, subjects, note)
    label = "Add the change" if len(changes) <= 1 else f"Add {len(changes)} changes"
    if st.button(label, icon=":material/add:", disabled=not changes, key=bench.key("add change")):
        scenario_drafts.add(bench.run_id, *changes)
        st.rerun()


@dataclass(frozen=True, slots=True)
class _Fields:
    """What else is asked for: `exceptions` are the pairs to allow beside their pin."""

    number: int = 0
    tags: frozenset[str] = frozenset()
    exceptions: tuple[Subject, ...] = ()

    @classmethod
    def of(cls, standing: Standing, kind: Kind, subjects: Sequence[Subject]) -> _Fields:
        """Draw the fields of a kind of change."""
        if kind is Kind.PIN:
            return cls(exceptions=_exceptions(standing, subjects))
        if kind is Kind.PLACES:
            row = standing.line(subjects[0][1] or "")
            key = standing.bench.key(f"add places {subjects[0]}")
            start = row.places if row else 1
            return cls(int(st.number_input("Places", 0, MOST_PLACES, start, 1, key=key)))
        if kind is Kind.WEIGHTING:
            return cls(*_weighting(standing.bench, subjects))
        return cls()

    def changes(
        self, standing: Standing, kind: Kind, subjects: Sequence[Subject], note: dict[str, str]
    ) -> list[Change]:
        """The changes to add; none while there is nothing to change."""
        if kind is Kind.WEIGHTING:
            return self._weightings(subjects, note) if self.number else []
        made: list[Change] = [
            AllowPair(worker, line, **note) for worker, line in self.exceptions if worker and line
        ]
        for worker, line in subjects:
            if worker and line:
                pair = {Kind.PIN: Pin, Kind.ALLOW: AllowPair, Kind.BAN: BanPair}[kind]
                made.append(pair(worker, line, **note))
            elif worker:
                made.append(LeaveOut(worker, **note))
            elif line and (row := standing.line(line)):
                made += self._about_line(row, kind, note)
        return made

    def _about_line(self, row: JobLine, kind: Kind, note: dict[str, str]) -> list[Change]:
        if kind is Kind.PLACES:
            return [SetPlaces(row.id, self.number, **note)] if self.number != row.places else []
        must = kind is Kind.MANDATORY
        return [SetMandatory(row.id, must, **note)] if must != row.must_have_workers else []

    def _weightings(self, subjects: Sequence[Subject], note: dict[str, str]) -> list[Change]:
        """One weighting for each job line, or one for all of them."""
        by_line: dict[str | None, set[str]] = {}
        for worker, line in subjects:
            by_line.setdefault(line, set()).update({worker} - {None})  # type: ignore[arg-type]
        return [
            AddWeighting(self.number, line, self.tags, frozenset(workers), **note)
            for line, workers in by_line.items()
        ]


def _exceptions(standing: Standing, subjects: Sequence[Subject]) -> tuple[Subject, ...]:
    """The pairs that are not eligible, when somebody says that they are meant."""
    barred = []
    for worker, line in subjects:
        rule = standing.rule(worker or "", line or "")
        if rule is not None and not rule.eligible:
            barred.append((worker, line))
    if not barred:
        return ()
    st.warning(
        f"{counted(len(barred), 'pair')} {'is' if len(barred) == 1 else 'are'} not eligible, so "
        "that no allocation keeps the pin.",
        icon=":material/block:",
    )
    which = "the pair" if len(barred) == 1 else f"these {len(barred)} pairs"
    meant = st.checkbox(
        f"Make an exception: allow {which}, too", key=standing.bench.key("add exception")
    )
    return tuple(barred) if meant else ()


def _weighting(bench: Bench, subjects: Sequence[Subject]) -> tuple[int, frozenset[str]]:
    value = st.number_input(
        "Weighting (positive = less wanted)", SMALLEST_WEIGHTING, LARGEST_WEIGHTING, 1, 1,
        key=bench.key("add weighting"),
    )  # fmt: skip
    st.caption(f"{value:+d}: {effect_words(value).lower()}. {SIGN}")
    tags: list[str] = []
    if not any(worker for worker, _ in subjects):
        names = {tag.id: tag.name for tag in bench.as_read.tags}
        tags = st.multiselect(
            "Holders of", list(names), format_func=lambda tag: names.get(tag, ""),
            placeholder="Everybody, unless a qualification is named", key=bench.key("add tags"),
        )  # fmt: skip
    elif not any(line for _, line in subjects):
        st.caption("Without a job line it reaches every job line.")
    return int(value), frozenset(tags)
