"""What would help: the least changes of each kind, each applied and solved before it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from allocator.diagnosis import Fix, FixKind, Frozen, PartialAllocation, PreCheck
from allocator.measures.exceptions import rule_words
from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, tag_name, worker_name
from allocator.scenario.change import Change
from allocator.scenario.changes import AllowPair, LeaveOut, LiftPin, SetMandatory, SetPlaces
from allocator.solved import Solved
from console.screens.infeasibility.running import EndedDiagnosis, bullets, mark, open_as_scenario
from console.state import diagnosing, drafts, readings
from console.ui import session
from console.ui.data_table import data_table
from console.ui.messages import literal
from console.ui.receipt import draw_exceptions
from console.ui.tables import counted, facts_row

MOST_CHANGES = 6
NOUNS = {
    FixKind.EXTRA_PLACES: "extra places",
    FixKind.EXCEPTIONS: "exceptions to eligibility",
    FixKind.MANDATORY: "mandatory flags dropped",
    FixKind.LEFT_OUT: "workers left out",
    FixKind.PINS: "pins lifted",
}


def draw_fixes(found: EndedDiagnosis) -> None:
    """The marks, then each fix with what it would give, the lightest first."""
    draw_frozen(found)
    fixes = found.diagnosis.fixes
    if fixes:
        st.caption(
            "The lightest first. Each was applied to a copy of the run and solved; nothing has "
            "been written. Ranks: 1 = first choice."
        )
    elif not found.diagnosis.cancelled:
        st.warning(
            "With what is marked as fixed, no change was found that helps. Take a mark away.",
            icon=":material/lock:",
        )
    for number, fix in enumerate(fixes, start=1):
        with st.container(border=True):
            _draw_fix(found, fix, number)
    if found.diagnosis.unavailable:
        st.markdown("**Kinds of change that are not offered**")
        st.markdown(bullets(found.diagnosis.unavailable))


def _draw_fix(found: EndedDiagnosis, fix: Fix, number: int) -> None:
    badge = ":green-badge[:material/verified: Proven to work]"
    least = ":blue-badge[No smaller one of its kind]" if fix.is_least else ""
    st.markdown(f"**{number}. {literal(fix.title)}** {badge} {least}")
    fewest = [NOUNS[kind] for kind in fix.also if kind in NOUNS]
    if fewest:
        st.caption(f"The same changes are also the fewest {' and the fewest '.join(fewest)}.")
    if FixKind.MIX in fix.also:
        st.caption("It is also the lightest mix of all kinds of change.")
    _changes(found, fix, number)
    _outcome(found.inputs, fix)
    _exceptions(found, fix, number)
    if st.button(
        "Try it as a scenario",
        icon=":material/alt_route:",
        type="primary" if number == 1 else "secondary",
        key=found.key(f"try {number}"),
    ):
        open_as_scenario(found, fix)


def _changes(found: EndedDiagnosis, fix: Fix, number: int) -> None:
    """Each change with a lock beside it; the first words may speak of the cap, not of a change."""
    extra = len(fix.words) - len(fix.changes)
    if extra:
        st.markdown(bullets(fix.words[:extra]))
    pairs = list(zip(fix.words[extra:], fix.changes, strict=True))
    for position, (words, change) in enumerate(pairs[:MOST_CHANGES]):
        text, lock = st.columns([6, 1], vertical_alignment="center", gap="small")
        text.markdown(f"- {literal(words)}")
        if lock.button(
            "Keep as it is",
            icon=":material/lock:",
            type="tertiary",
            key=found.key(f"keep {number} {position}"),
            help="Mark this as fixed and look for other fixes.",
        ):
            keep_clicked(found, change)
    if len(pairs) > MOST_CHANGES:
        with st.expander(f"{counted(len(pairs) - MOST_CHANGES, 'more change')}"):
            st.markdown(bullets([words for words, _ in pairs[MOST_CHANGES:]]))


def _outcome(inputs: RunInputs, fix: Fix) -> None:
    got = fix.outcome
    if got is None:
        return
    facts_row(
        [
            ("Placed", f"{got.placed:,} of {len(inputs.workers):,}"),
            ("First choices", got.first_choice_words),
            ("Top three", counted(got.within[3], "worker")),
            ("Unranked", counted(got.unranked, "worker")),
            ("Mean rank counted", "–" if got.mean_score is None else f"{got.mean_score:.2f}"),
            ("Worst rank", "–" if got.worst_score is None else f"{got.worst_score:g}"),
            ("Gave no preferences", counted(len(got.no_preferences), "worker")),
            ("Total dissatisfaction", f"{fix.objective:,.2f}" if fix.objective is not None else ""),
        ]
    )


def _exceptions(found: EndedDiagnosis, fix: Fix, number: int) -> None:
    """What a commit of the fix would say: by rule, by exception, and what to change elsewhere."""
    if fix.result is None:
        return
    as_read = readings.reading(found.question.run_id).inputs
    scenario = found.question.with_fix(fix)
    solved = Solved(scenario.apply(as_read), fix.result, as_read, scenario)
    with st.expander(f"Placements: {rule_words(solved)}", key=found.key(f"exceptions {number}")):
        draw_exceptions(solved, key=found.key(f"fix {number}"))


def draw_partial(found: EndedDiagnosis) -> None:
    """Who is left, what stays empty, and who would go where."""
    partial = found.diagnosis.partial
    if partial is None:
        st.info("The diagnosis was stopped before this was worked out.")
        return
    inputs = found.inputs
    st.markdown(
        f"Without bending a rule, at most **{len(partial.placed):,} of "
        f"{counted(len(inputs.workers), 'worker')}** can be placed. This cannot be committed; it "
        "shows how close the run is."
    )
    left, empty = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**Left without a job line ({len(partial.left):,})**")
        _left(found, partial)
    with empty:
        st.markdown(f"**Must have somebody, but stays empty ({len(partial.unfilled):,})**")
        names = [job_line_name(inputs, row) for row in partial.unfilled]
        st.markdown(bullets(names) if names else "None.")
    with st.expander(f"Who would go where ({len(partial.placed):,})"):
        _placed(found, partial)


def _left(found: EndedDiagnosis, partial: PartialAllocation) -> None:
    inputs = found.inputs
    rows = [_worker(inputs, row) for row in partial.left]
    data_table(
        pd.DataFrame(rows, columns=["name", "internal_id", "qualifications"]),
        key=found.key("left"),
        version=found.version,
        noun="worker",
        file_name="left-without-a-job-line",
        search=["name", "internal_id", "qualifications"] if len(rows) > 10 else (),
        height=320,
    )


def _worker(inputs: RunInputs, row: str) -> tuple[str, str, str]:
    worker = inputs.worker(row)
    tags = sorted(tag_name(inputs, tag) for tag in worker.qualification_ids)
    return worker.name, worker.internal_id, ", ".join(tags)


def _placed(found: EndedDiagnosis, partial: PartialAllocation) -> None:
    inputs = found.inputs
    rows = []
    for worker_id, line in partial.placed:
        worker = inputs.worker(worker_id)
        rank = worker.preferences.scores.get(line)
        rows.append((worker.name, worker.internal_id, job_line_name(inputs, line), rank))
    frame = pd.DataFrame(rows, columns=["name", "internal_id", "job_line_name", "rank"])
    data_table(
        frame.sort_values(["name", "internal_id"], ignore_index=True),
        key=found.key("placed"),
        version=found.version,
        noun="worker",
        file_name="best-partial-allocation",
        search=["name", "internal_id", "job_line_name"],
    )


def draw_pre_checks(checks: tuple[PreCheck, ...]) -> None:
    """The quick tests, failed ones first."""
    for check in sorted(checks, key=lambda check: check.passed):
        icon = ":green[:material/check_circle:]" if check.passed else ":red[:material/cancel:]"
        st.markdown(f"{icon} **{literal(NAMES.get(check.name, check.name))}**  \n"
                    f"{literal(check.words)}")  # fmt: skip


NAMES = {
    "workers without an eligible job line": "Has everybody somewhere to go?",
    "mandatory job lines without an eligible worker": "Can somebody take every must-fill job line?",
    "fewer places than workers": "Are there enough places for everybody?",
    "more mandatory job lines than workers": "Do the workers suffice for must-fill job lines?",
    "pins that collide": "Do all pins fit?",
}


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
        kept = diagnosing.kept_marks(found.question, session.require_operator())
        if kept is not None:
            st.caption(f"Your own marks, of {drafts.ago(kept.updated_at)}, are kept for you.")
        marks = _inputs(found, frozen, inputs)
        submitted = st.form_submit_button("Find fixes again", icon=":material/search:")
    if submitted and marks != frozen:
        mark(found.question, marks)
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
        mark(found.question, frozen)
