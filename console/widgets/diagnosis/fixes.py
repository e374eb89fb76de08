"""What would help: the least changes of each kind, each applied and solved before it is shown."""

from __future__ import annotations

import streamlit as st

from allocator.diagnosis import Fix, FixKind
from allocator.models import RunInputs
from allocator.satisfaction.ordinals import rank_words
from console.messages import literal
from console.widgets.diagnosis.frozen import draw_frozen, keep_clicked
from console.widgets.diagnosis.source import Found, bullets, open_as_scenario
from console.widgets.facts import counted, facts_row

MOST_CHANGES = 6
NOUNS = {
    FixKind.EXTRA_PLACES: "extra places",
    FixKind.EXCEPTIONS: "exceptions to eligibility",
    FixKind.MANDATORY: "mandatory flags dropped",
    FixKind.LEFT_OUT: "workers left out",
    FixKind.PINS: "pins lifted",
}


def draw_fixes(found: Found) -> None:
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


def _draw_fix(found: Found, fix: Fix, number: int) -> None:
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


def _changes(found: Found, fix: Fix, number: int) -> None:
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
    got = fix.satisfaction
    if got is None:
        return
    facts_row(
        [
            ("Placed", f"{got.placed:,} of {len(inputs.workers):,}"),
            ("First choice", counted(got.first_choices, "worker")),
            ("Top three", counted(got.top_three, "worker")),
            ("Unranked", counted(got.unranked, "worker")),
            ("Mean rank counted", f"{got.mean_score:.2f}"),
            ("Worst rank counted", rank_words(got.worst_score).replace(" (tied)", "")),
            ("Total dissatisfaction", f"{fix.objective:,.2f}" if fix.objective is not None else ""),
        ]
    )
