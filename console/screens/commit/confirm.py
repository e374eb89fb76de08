"""A solve before it is written: preview, typed confirmation, the call, and what a refusal means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd
import streamlit as st

from allocator.errors import AlreadyCompleted, InputChange, InputsChanged, MissingFunction
from allocator.measures import status_words
from allocator.models import AllocatorRun, Settings
from allocator.report.parts import settings_words
from allocator.result import Status
from allocator.rules.moments import local_time
from allocator.rules.naming import job_line_name, worker_name
from allocator.solved import Solved
from console.state import backend, readings, solving
from console.ui import messages, navigation, session, tables
from console.ui.about import ShownAllocation
from console.ui.data_table import data_table, plain_table
from console.ui.messages import literal, shown_errors
from console.ui.notes import draw_audited_changes, writes
from console.ui.receipt import draw_exceptions
from console.ui.tables import counted, facts_row

_PRESSED = "commit pressed"
NOTICES = "I have read the points to be accepted above ({count:,}) and commit nevertheless."
UNPROVEN = "I know that a better allocation may exist and want to commit this one nevertheless."


def name_to_type(run: AllocatorRun) -> str:
    """What is typed to confirm: plan and batch, e.g. `Intern year batch 2`."""
    batch = readings.batch(run.id)
    return f"{' '.join(run.plan_name.split()) or 'Allocation run'} batch {batch.number}"


def draw_confirmation(
    run: AllocatorRun, solved: Solved, *, possible: bool, pressed: SeenSolve | None
) -> None:
    """The form that commits. `possible` False: it is shown at rest. `pressed` is what it was
    last pressed for, which is this solve."""
    name = name_to_type(run)
    mine = solved.identity[:16]  # another solve gets an empty form of its own
    with (
        writes("Writes to the database and cannot be undone here"),
        st.form(f"commit {mine}", border=False, enter_to_submit=False),
    ):
        accepted, to_accept = True, solved.inputs.to_accept
        reasons = _ask_reasons(solved, mine)
        if to_accept:
            accepted = st.checkbox(NOTICES.format(count=len(to_accept)), key=f"notices {mine}")
        if solved.result.status is not Status.OPTIMAL:
            accepted &= st.checkbox(UNPROVEN, key=f"unproven {mine}")
        typed = st.text_input(
            f"To confirm, type the run's name: **{literal(name)}**",
            placeholder=name,
            autocomplete="off",
            width="stretch",
            key=f"name {mine}",
        )
        st.form_submit_button(
            f"Commit {counted(len(solved.result.allocations), 'placement')}",
            type="primary",
            icon=":material/lock:",
            disabled=not possible,
            on_click=_press,
            args=(run.id, SeenSolve.of(solved)),
        )
    if pressed is None:
        return
    if _plain(typed) != _plain(name):
        st.warning("The name does not match, so nothing was written.", icon=":material/info:")
    elif not accepted:
        st.warning("Tick every box above the name first.", icon=":material/info:")
    elif not all(reasons.values()):
        st.warning(
            "Give a reason for each change above the name; the receipt keeps it. Nothing was "
            "written.",
            icon=":material/info:",
        )
    else:
        _commit(run, _with_reasons(solved, reasons))


def _ask_reasons(solved: Solved, mine: str) -> dict[int, str]:
    """Place of each change without a reason → the one typed for it."""
    if solved.scenario is None:
        return {}
    told = zip(solved.scenario.words(solved.as_read), solved.scenario.changes, strict=True)
    return {
        place: " ".join(
            st.text_input(
                f"Reason for the change: {literal(words)}",
                autocomplete="off",
                key=f"reason {place} {mine}",
            ).split()
        )
        for place, (words, change) in enumerate(told)
        if not change.reason.strip()
    }


def _with_reasons(solved: Solved, reasons: Mapping[int, str]) -> Solved:
    """The solve with these reasons in its scenario, which the audit row keeps."""
    if solved.scenario is None or not reasons:
        return solved
    changes = tuple(
        replace(change, reason=reasons.get(place, change.reason))
        for place, change in enumerate(solved.scenario.changes)
    )
    return replace(solved, scenario=replace(solved.scenario, changes=changes))


@session.signed_in
def _press(run_id: str, seen: SeenSolve) -> None:
    session.remember(_PRESSED, seen, run_id)


def pressed_for(run_id: str) -> SeenSolve | None:
    """What the form was pressed for just now; the next look finds nothing."""
    seen: SeenSolve | None = session.remembered(_PRESSED, run_id)
    session.forget(_PRESSED, run_id)
    return seen


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _commit(run: AllocatorRun, solved: Solved) -> None:
    """Commit and show the page anew; a refusal says why and what next."""
    operator = session.require_operator()
    try:
        with st.spinner("Reading the run again and committing …"):
            receipt = backend.service().commit(
                solved.inputs,
                solved.result,
                operator,
                scenario=solved.audit,
                as_read=solved.as_read,
                expect=solved.identity,
            )
    except InputsChanged as exc:
        st.error("The commit was refused; nothing was written.", icon=":material/block:")
        draw_changed_rows(exc.changes)
        return
    except AlreadyCompleted as exc:
        messages.show_error(exc)
        readings.refresh(run.id)
        navigation.link("commit", "See what was committed")
        return
    except MissingFunction as exc:
        messages.show_error(exc)
        navigation.link("system", "See the SQL on the System page")
        return
    finally:
        look_again(run.id)
    readings.refresh(run.id)
    session.remember("receipt", receipt, run.id)
    st.rerun()


NOTHING_WRITTEN = "**Nothing was written.** What you confirmed is no longer this run's allocation."
NOT_PLACED = "Not placed"


@dataclass(frozen=True, slots=True)
class SeenSolve:
    """The solve that a form was drawn for: small, because each open tab keeps one."""

    identity: str
    solved_by: str
    solved_at: datetime | None
    settings: Settings
    scenario: str
    fingerprint: str
    job_lines: Mapping[str, str]

    @staticmethod
    def of(solved: Solved) -> SeenSolve:
        """What the page shows of a solve."""
        return SeenSolve(
            solved.identity,
            solved.solved_by,
            solved.solved_at,
            solved.result.settings,
            solved.name,
            solved.result.fingerprint,
            {a.worker_mapping: a.job_line for a in solved.result.allocations},
        )


def draw_gone(run: AllocatorRun) -> None:
    """There is nothing to commit any more: somebody is solving, or solved without an outcome."""
    snapshot = solving.latest(run.id)
    if snapshot is None:
        why = "The console was started anew since."
    else:
        who = literal(snapshot.started_by or "Somebody")
        when = literal(local_time(run, snapshot.started_at))
        what = "is solving" if snapshot.is_running else "solved"
        why = f"{who} {what} it again (started {when})."
    st.warning(f"{NOTHING_WRITTEN} {why}", icon=":material/block:")
    navigation.link("solve", "Look at the solve")


def draw_replaced(seen: SeenSolve, now: Solved) -> None:
    """Who solved what meanwhile, and how it differs from what was confirmed."""
    run, present = now.inputs.run, SeenSolve.of(now)
    st.warning(
        f"{NOTHING_WRITTEN} {literal(now.solved_by or 'Somebody')} solved it again meanwhile. "
        "Below is the present allocation; confirm it anew if it is the one to commit.",
        icon=":material/block:",
    )
    with st.container(border=True, key="solved meanwhile"):
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**What you confirmed**")
            _about(run, seen, present)
        with right:
            st.markdown("**What is there now**")
            _about(run, present, seen)
        if unworded := _other_settings(seen.settings, present.settings):
            st.markdown(f"Other settings that differ: {', '.join(unworded)}.")
        if seen.fingerprint != present.fingerprint:
            st.markdown("The two were solved on different data: rows of the run changed between.")
        _moves(now, seen, present)


def _about(run: AllocatorRun, one: SeenSolve, other: SeenSolve) -> None:
    when = local_time(run, one.solved_at) if one.solved_at else ""
    facts_row([("Solved by", one.solved_by), ("Solved", when), ("Scenario", one.scenario)])
    theirs = dict(settings_words(other.settings))
    for label, value in settings_words(one.settings):
        if theirs.get(label) != value:
            st.markdown(f"{literal(label)}: **{literal(value)}**")


def _other_settings(one: Settings, other: Settings) -> list[str]:
    """Settings that differ without any of the words above telling so."""
    if settings_words(one) != settings_words(other):
        return []
    before, after = one.as_dict(), other.as_dict()
    return [name.replace("_", " ") for name in before if before[name] != after[name]]


def _moves(now: Solved, seen: SeenSolve, present: SeenSolve) -> None:
    both = (seen.job_lines, present.job_lines)
    rows = [
        (worker_name(now.inputs, worker), *(_line(now, lines, worker) for lines in both))
        for worker in {*seen.job_lines, *present.job_lines}
        if seen.job_lines.get(worker) != present.job_lines.get(worker)
    ]
    if not rows:
        st.markdown("Every worker holds the same job line in both.")
        return
    st.markdown(f"**{counted(len(rows), 'worker')}** placed differently:")
    frame = pd.DataFrame(sorted(rows), columns=["Worker", "In what you confirmed", "Now"])
    plain_table(frame, key="placed differently", file_name="placed-differently")


def _line(now: Solved, held: Mapping[str, str], worker: str) -> str:
    return job_line_name(now.inputs, held[worker]) if worker in held else NOT_PLACED


KEPT_SECONDS = 30


def draw_preview(solved: Solved, operator: str) -> None:
    """What the commit writes, the changes, and what follows from them."""
    result = solved.result
    st.header("What will be written", anchor=False)
    st.markdown(
        f"- **{counted(len(result.allocations), 'placement')}**, one job line for each worker\n"
        "- the run is marked as **completed** and becomes read-only\n"
        f"- a receipt with your name, **{literal(operator)}**, the settings and the checks"
    )
    if result.scenario:
        st.markdown(f"Scenario: **{literal(result.scenario)}**")
    st.caption(literal(status_words(result)))
    draw_audited_changes(solved.audit, solved.as_read)
    draw_exceptions(solved, key="preview")
    with st.expander("Settings"):
        for label, value in settings_words(result.settings):
            st.markdown(f"{literal(label)}: **{literal(value)}**")
    with st.expander("The placements"):
        shown = ShownAllocation(solved, operator)
        data_table(
            shown.placed,
            key="to write",
            version=shown.version,
            noun="placement",
            file_name=shown.file_name("to-be-committed"),
            columns=tables.without_empty(
                shown.placed,
                ["name", "internal_id", "job_line_name", "rank", "bucket", "original_preference"],
                "bucket",
            ),
            search=["name", "internal_id", "job_line_name"],
        )


def draw_changed_since(solved: Solved) -> bool:
    """What changed in the database since the run was read; True when nothing did."""
    st.header("Changes since the run was solved", anchor=False)
    with shown_errors():
        changes = _changes(solved)
        if not changes:
            st.success("Nothing changed in the database since.", icon=":material/check_circle:")
            return True
        draw_changed_rows(changes)
    return False


def draw_changed_rows(changes: tuple[InputChange, ...]) -> None:
    """Each changed row, and the way back to Solve."""
    st.warning(
        f"**{counted(len(changes), 'row')} changed since the run was solved.** The allocation "
        "may no longer be valid or the best, so it cannot be committed. Solve again with the "
        "present data.",
        icon=":material/sync_problem:",
    )
    plain_table(tables.changes_table(changes), key="changes", file_name="changed-rows")
    navigation.link("solve", "Solve again", fresh="1")


def draw_passed_checks(solved: Solved) -> None:
    """Every rule that was checked independently, with its count."""
    checks = solved.result.checks
    st.header("Checks passed", anchor=False)
    st.caption(
        "A second program part that shares nothing with the solver tested the allocation "
        "against the data."
    )
    plain_table(tables.checks_table(checks), key="checks", file_name="checks")


def look_again(run_id: str) -> None:
    """Forget the comparison with the database: the next one reads it."""
    backend.store().drop("changes", run_id)


def _changes(solved: Solved) -> tuple[InputChange, ...]:
    service, as_read = backend.service(), solved.as_read
    with st.spinner("Reading the run again to see what changed …"):
        return backend.store().made(
            ("changes", as_read.run.id, solved.identity),
            lambda: service.changes_since(as_read),
            KEPT_SECONDS,
        )
