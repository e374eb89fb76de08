"""Which scenario is open; new ones, saving, deleting, files."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from allocator.errors import MissingTable, UsageError
from allocator.rules.moments import local_time
from allocator.scenario import Scenario
from console.screens.scenarios.bench import Bench
from console.state import drafts, scenario_drafts, scenario_store
from console.state.scenario_drafts import AsideDraft
from console.state.scenario_store import Shelf, StoredScenario
from console.ui import session
from console.ui.messages import literal, shown_errors
from console.ui.notes import writes
from console.ui.tables import counted

OPEN_ANOTHER = "Open another scenario"
LONGEST_NAME = 80
_JUST_SAVED = "scenario just saved"
IN_DATABASE = (
    ":material/edit_document: Writes to the console's own table of scenarios. Everybody who signs "
    "in will see it; the run is not touched."
)


def draw_shelf(bench: Bench, shelf: Shelf) -> None:
    """Other scenarios to open, and what can be done with the open one."""
    if name := session.remembered(_JUST_SAVED, bench.run_id):  # a rerun can swallow a toast
        session.forget(_JUST_SAVED, bench.run_id)
        st.toast(f"Saved “{literal(name)}”.", icon=":material/check:")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _open_another(bench, shelf)
            _actions(bench, shelf)
        _saved_by(bench)
        _notes(bench, shelf)


def draw_draft_state(bench: Bench) -> None:
    """The scenario's name, whether it is saved, and how old what is not saved is."""
    draft = bench.draft
    if draft.is_saved:
        badge = ":green-badge[:material/check: Saved]"
    elif draft.kept:
        badge = ":orange-badge[:material/edit: Changes not saved]"
    else:
        badge = ":orange-badge[:material/edit: Not saved]"
    told = f"{badge} **{literal(bench.scenario.name)}**"
    if draft.restored_at:
        told += f" :small[Your draft of {drafts.ago(draft.restored_at)} restored.]"
    elif draft.is_at_risk and draft.changed_at:
        told += f" :small[Draft kept, changed {drafts.ago(draft.changed_at)}]"
    st.markdown(told, width="stretch")


def draw_steps(bench: Bench) -> None:
    """Undo and redo."""
    for label, icon, on_click, steps in (
        ("Undo last", ":material/undo:", _undo_last, bench.draft.done),
        ("Redo", ":material/redo:", _redo, bench.draft.undone),
    ):
        st.button(
            label, icon=icon, on_click=on_click, args=(bench.run_id,), disabled=not steps,
            key=f"scenario {label.split()[0].lower()}",
        )  # fmt: skip


def _saved_by(bench: Bench) -> None:
    if kept := bench.draft.kept:
        when = local_time(bench.as_read.run, kept.updated_at)
        st.caption(f"Saved by {literal(kept.operator or 'nobody named')}, {when}")


def _open_another(bench: Bench, shelf: Shelf) -> None:
    others = [k for k in shelf.readable if not bench.draft.kept or k.id != bench.draft.kept.id]
    aside = scenario_drafts.set_aside(bench.run_id, bench.operator)
    words = {k.id: f"{k.name} · {k.operator}" if k.operator else k.name for k in others}
    words |= {one.id: _aside_words(one) for one in aside}
    chosen = st.selectbox(
        OPEN_ANOTHER,
        list(words),
        index=None,
        format_func=lambda kept_id: words.get(kept_id, ""),
        placeholder=_placeholder(len(others), len(aside)),
        disabled=not words,
        key=bench.key("open scenario"),
        width=300,
    )
    if chosen:
        kept = next((k for k in others if k.id == chosen), None)
        if kept:
            scenario_drafts.open_kept(bench.run_id, kept)
        elif scenario_drafts.take_up(bench.run_id, bench.operator, chosen) is None:
            raise UsageError("That draft is gone, or cannot be read.", remedy="Open another one.")
        st.rerun()


def _aside_words(one: AsideDraft) -> str:
    when = drafts.ago(one.kept_at) if one.kept_at else "in this tab"
    return f"Draft, not saved: {one.name} · {when}"


def _placeholder(n_saved: int, n_aside: int) -> str:
    counts = [f"{n_saved} saved"] * bool(n_saved)
    counts += [counted(n_aside, "draft")] * bool(n_aside)
    return ", ".join(counts) or "None saved yet"


def _actions(bench: Bench, shelf: Shelf) -> None:
    draft = bench.draft
    st.button("New", icon=":material/add:", on_click=_new, args=(bench,), key="scenario new")
    with st.popover("Save", icon=":material/save:"), shown_errors():
        _save_form(bench, shelf)
    with st.popover("File", icon=":material/file_save:"), shown_errors():
        _files(bench)
    if draft.is_at_risk:
        st.button(
            "Discard draft", icon=":material/delete_sweep:", on_click=_discard, args=(bench,),
            help="Throws away what is not saved.", key="scenario discard",
        )  # fmt: skip
    if draft.kept:
        delete = "Deletes it for everybody; the run itself is not touched"
        with st.popover("Delete", icon=":material/delete:"), writes(delete, "delete"):
            st.button(
                "Delete it",
                type="primary",
                icon=":material/delete:",
                on_click=_delete,
                args=(bench,),
                key="scenario delete",
            )


def _save_form(bench: Bench, shelf: Shelf) -> None:
    kept = bench.draft.kept
    name = st.text_input(
        "Name", bench.scenario.name, max_chars=LONGEST_NAME, key=bench.key("scenario name")
    )
    st.caption(IN_DATABASE if shelf.in_database else "Kept in this tab only.")
    if kept and st.button("Save", type="primary", key="scenario save"):
        _save(bench, name, kept)
    if st.button(
        "Save as a new one" if kept else "Save",
        type="secondary" if kept else "primary",
        key="scenario save new",
    ):
        _save(bench, name, None)


def _save(bench: Bench, name: str, kept: StoredScenario | None) -> None:
    """Store the draft; somebody else's later version is not written over."""
    if kept:
        now = scenario_store.find_fresh(bench.run_id, kept.id)
        if now is not None and now.updated_at != kept.updated_at:
            raise UsageError(
                f"{now.operator or 'Somebody'} has saved this scenario in the meantime.",
                remedy="Save yours as a new one, or open theirs.",
            )
        kept = now
    scenario = replace(bench.scenario, name=name, fingerprint=bench.as_read.fingerprint)
    stored = scenario_store.save(bench.run_id, scenario, bench.operator, kept.id if kept else None)
    scenario_drafts.saved(bench.run_id, stored)
    session.remember(_JUST_SAVED, stored.name, bench.run_id)
    st.rerun()


@session.signed_in
def _new(bench: Bench) -> None:
    scenario_drafts.start_new(bench.as_read, bench.operator)


@session.signed_in
def _undo_last(run_id: str) -> None:
    scenario_drafts.undo(run_id)


@session.signed_in
def _redo(run_id: str) -> None:
    scenario_drafts.redo(run_id)


@session.signed_in
def _discard(bench: Bench) -> None:
    scenario_drafts.discard(bench.as_read, bench.operator)


@session.signed_in
def _delete(bench: Bench) -> None:
    if bench.draft.kept:
        scenario_store.delete(bench.run_id, bench.draft.kept.id)
    scenario_drafts.discard(bench.as_read, bench.operator)


def _files(bench: Bench) -> None:
    st.download_button(
        "Download this scenario",
        bench.scenario.to_json(),
        file_name="scenario.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        key="scenario export",
    )
    file = st.file_uploader("Open a scenario file", type="json", key=bench.key("scenario import"))
    if file is not None:
        scenario = Scenario.from_json(file.getvalue())
        scenario_drafts.work_on(bench.run_id, scenario)
        st.rerun()


def _notes(bench: Bench, shelf: Shelf) -> None:
    if not shelf.in_database:
        st.warning(
            "The database lacks the console's table for scenarios, so they are kept in this tab "
            "only and are gone when it closes. The System page has the SQL that adds it.",
            icon=":material/info:",
        )
    problem = drafts.keeper().problem if bench.draft.is_at_risk else None
    if isinstance(problem, MissingTable):
        st.warning(
            "The database lacks the console's table for drafts, so this draft is in this tab only "
            "and is gone when it closes, unless you save it. The System page has the SQL.",
            icon=":material/info:",
        )
    elif problem:
        st.warning(
            f"This draft is in this tab only; the database could not take it: "
            f"{literal(problem.message)}",
            icon=":material/info:",
        )
    for kept in shelf.kept:
        if kept.scenario is None:
            st.caption(f"“{literal(kept.name)}” cannot be read: {literal(kept.problem)}")
    if bench.scenario.is_stale(bench.as_read):
        st.warning(
            "The run's data has changed since this scenario was made or last saved. What is shown "
            "is solved on the data as it was read now, so it can differ from what was seen then. "
            "Saving the scenario takes note of the new data.",
            icon=":material/history:",
        )
