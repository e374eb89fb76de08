"""The only reader and writer of `st.session_state`, and the gate's second look.

The gate lets nobody reach a page without a session; but a page can outlive one. So pages,
fragments, dialogs and callbacks ask `require_operator()` again before they show or do anything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from allocator import log
from allocator.config import ADMINISTRATOR
from allocator.models import AllocatorRun
from allocator.rules.moments import local_clock
from console.gate.access import session_in, the_access
from console.gate.caller import REQUEST_ID
from console.gate.sign_in import LEAVE
from console.state import readings, solving
from console.state.readings import RunReading
from console.state.solving import StoredOutcome
from console.ui.messages import shown_errors

P = ParamSpec("P")
R = TypeVar("R")

_OPERATOR = "operator"
_LEFT = "signed out here"
NARROW = "narrow screen"
"""The hidden box that the page's script ticks on a narrow screen."""


def gate_token() -> str | None:
    """The session token that this browser's socket came with, None outside a browser."""
    return session_in(st.context.cookies)


def current_operator() -> str | None:
    """The operator who is signed in, None when the session has ended. Does not prolong it."""
    return the_access().look_up(gate_token())


def require_operator() -> str:
    """The operator's name; without a live session the script ends here with a way back in.

    When another operator signed in with the same browser, what the page remembered is dropped.
    """
    operator = current_operator()
    if operator is None:
        why = "out" if st.session_state.get(_LEFT) else "ended"
        _forget_everything()
        _show_ended(why)
        st.stop()
    if st.session_state.get(_OPERATOR, operator) != operator:
        _forget_everything()
    st.session_state[_OPERATOR] = operator
    log.bind(request=st.context.headers.get(REQUEST_ID, ""), operator=operator)
    return operator


def may_see_system() -> bool:
    """Whether the System page is for the operator who is signed in."""
    roles = the_access().settings.roles
    return roles.get(current_operator() or "", ADMINISTRATOR) == ADMINISTRATOR


def signed_in(function: Callable[P, R]) -> Callable[P, R | None]:
    """Decorate fragments, dialogs and callbacks: they run for a signed-in operator only, and
    what fails in them is shown as a message (they then give None).

    It goes below Streamlit's own decorator: `@st.fragment(run_every=1)` over `@signed_in`.
    """

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R | None:
        require_operator()
        given: R | None = None
        with shown_errors():
            given = function(*args, **kwargs)
        return given

    return checked


def sign_out() -> None:
    """End this browser's session, in every tab."""
    the_access().sign_out(gate_token())
    _forget_everything()
    st.session_state[_LEFT] = True


def remembered(name: str, run: str = "", default: Any = None) -> Any:
    """What `remember` kept in this tab under a name, for one run when it belongs to one."""
    return st.session_state.get(_key(name, run), default)


def remember(name: str, value: Any, run: str = "") -> None:
    """Keep a small value (an id, a choice) for this tab."""
    st.session_state[_key(name, run)] = value


def forget(name: str, run: str = "") -> None:
    """Drop what `remember` kept."""
    st.session_state.pop(_key(name, run), None)


def is_narrow() -> bool:
    """Whether the browser's window is at most 640 pixels wide: draw cards, not tables."""
    return bool(st.session_state.get(NARROW, False))


def _key(name: str, run: str) -> str:
    return f"console/{run}/{name}"


def _forget_everything() -> None:
    st.session_state.clear()


def _show_ended(why: str) -> None:
    st.header("You are signed out")
    st.html(
        f'<a href="/sign-in?why={why}" target="_self">Sign in again</a>'
        f'<script src="{LEAVE}"></script>',
        unsafe_allow_javascript=True,
    )


def run_reading(run: AllocatorRun) -> RunReading:
    """The run as it was last read; reads it when need be. Raises RunNotFound, DatabaseError."""
    with st.spinner("Reading the run from the database …", show_time=True):
        return readings.reading_of(run)


def stored_outcome(run: AllocatorRun) -> StoredOutcome:
    """What is stored of a completed run. Raises DatabaseError."""
    with st.spinner("Reading what was committed …"):
        return solving.stored(run)


def reading_note(reading: RunReading) -> None:
    """Say when the shown data was read, with a button to read it again."""
    run = reading.inputs.run
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Read from the database at {local_clock(run, reading.read_at)}")
        st.button(
            "Refresh from database",
            icon=":material/refresh:",
            key=f"refresh {run.id}",
            type="tertiary",
            on_click=_refresh_clicked,
            args=(run.id,),
        )


@signed_in
def _refresh_clicked(run_id: str) -> None:
    readings.refresh(run_id)
