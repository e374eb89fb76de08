"""What the coordinator marks as fixed: no fix may touch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from allocator.diagnosis import FixKind, Frozen
from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, worker_name
from allocator.scenario.change import Change
from allocator.scenario.changes import AllowPair, LeaveOut, LiftPin, SetMandatory, SetPlaces
from console.screens.infeasibility.running import EndedDiagnosis, ask
from console.ui import session
from console.ui.figures import counted

KINDS = {
    FixKind.EXTRA_PLACES: "Extra places",
    FixKind.EXCEPTIONS: "Exceptions to eligibility",
    FixKind.MANDATORY: "Job lines that must have somebody left empty",
    FixKind.LEFT_OUT: "Workers left out",
    FixKind.PINS: "Pins lifted",
    FixKind.WORST_RANK: "A higher cap on the worst rank",
}


def draw_frozen(found: EndedDiagnosis) -> None:
    """The marks as they are, in a form that looks for fixes again."""
    frozen, inputs = found.question.frozen, found.inputs
    count = sum(len(getattr(frozen, name)) for name in Frozen.__slots__)
    note = f": {counted(count, 'mark')}" if count else ""
    with (
        st.expander(f"What may never move{note}", icon=":material/lock:"),
        st.form(found.key("frozen"), border=False),
    ):
        st.caption("Fixes leave alone what is chosen here.")
        marks = _inputs(found, frozen, inputs)
        submitted = st.form_submit_button("Find fixes again", icon=":material/search:")
    if submitted and marks != frozen:
        ask(found.question, marks)
    elif submitted:
        st.info("Nothing was marked differently.")


def _inputs(found: EndedDiagnosis, frozen: Frozen, inputs: RunInputs) -> Frozen:
    lines = [j.id for j in sorted(inputs.job_lines, key=lambda j: (j.sort_order, j.name))]
    mandatory = [j for j in lines if inputs.job_line(j).least_places]
    people = [w.id for w in sorted(inputs.workers, key=lambda w: w.name)]
    pinned = [w for w in people if w in inputs.pins]
    kinds = [kind for kind in KINDS if _is_open(found, kind, pinned)]

    def several(
        label: str, options: Sequence[Any], name: str, words: Callable[[Any], str]
    ) -> frozenset[Any]:
        chosen: frozenset[Any] = getattr(frozen, name)
        if not options and not chosen:
            return chosen
        kept = [*options, *(c for c in chosen if c not in options)]
        return frozenset(
            st.multiselect(
                label,
                kept,
                default=[o for o in kept if o in chosen],
                format_func=words,
                key=found.key(f"frozen {name}"),
                placeholder="None chosen",
            )
        )

    def line(row: str) -> str:
        return job_line_name(inputs, row)

    def worker(row: str) -> str:
        return worker_name(inputs, row)

    return Frozen(
        kinds=several("Changes that are out of the question", kinds, "kinds", KINDS.__getitem__),
        places=several("Job lines whose places stay as they are", lines, "places", line),
        eligibility=several("Job lines that make no exceptions", lines, "eligibility", line),
        mandatory=several("Job lines that must get somebody", mandatory, "mandatory", line),
        workers=several("Workers who must be placed", people, "workers", worker),
        pairs=several(
            "Exclusions that stay", [], "pairs", lambda p: f"{worker(p[0])}, {line(p[1])}"
        ),
        pins=several("Pins that stay", pinned, "pins", worker),
    )


def _is_open(found: EndedDiagnosis, kind: FixKind, pinned: list[str]) -> bool:
    if kind is FixKind.PINS:
        return bool(pinned)
    return kind is not FixKind.WORST_RANK or found.diagnosis.settings.worst_rank is not None


def keeping(frozen: Frozen, change: Change) -> Frozen | None:
    """The marks with what this change would move; None when it cannot be marked."""
    match change:
        case SetPlaces():
            return replace(frozen, places=frozen.places | {change.job_line})
        case AllowPair():
            return replace(frozen, pairs=frozen.pairs | {(change.worker, change.job_line)})
        case SetMandatory():
            return replace(frozen, mandatory=frozen.mandatory | {change.job_line})
        case LeaveOut():
            return replace(frozen, workers=frozen.workers | {change.worker})
        case LiftPin():
            return replace(frozen, pins=frozen.pins | {change.worker})
    return None


@session.signed_in
def keep_clicked(found: EndedDiagnosis, change: Change) -> None:
    """Mark what the change would move, and look for fixes again."""
    frozen = keeping(found.question.frozen, change)
    if frozen is not None:
        ask(found.question, frozen)
