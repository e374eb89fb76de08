"""What would help: the least changes of each kind, each applied and solved before it is shown."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.diagnosis import Fix, FixKind, PartialAllocation, PreCheck
from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, tag_name
from console.screens.infeasibility.frozen import draw_frozen, keep_clicked
from console.screens.infeasibility.running import EndedDiagnosis, bullets, open_as_scenario
from console.ui.data_table import data_table
from console.ui.figures import counted, facts_row
from console.ui.messages import literal

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
