"""Failures in plain words: what happened, and what to do. Never a stack trace.

Coordinators see the allocator's own sentences, which name rows and hold no secrets. Anything
unexpected goes to the server's log under a short number that they can quote.
"""

from __future__ import annotations

import logging
import re
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

from allocator.errors import (
    AllocatorError,
    CommitRefused,
    ConfigurationError,
    DataIssue,
    InputChange,
    InputsChanged,
    InvalidData,
    ProjectStopped,
    RunNotFound,
    TimedOut,
    Unreachable,
    UsageError,
)

LOGGER = logging.getLogger(__name__)
_MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Message:
    """What to show: `is_mild` = nothing is broken, somebody has to do something first."""

    what: str
    remedy: str = ""
    details: tuple[str, ...] = ()
    is_mild: bool = False

    @property
    def markdown(self) -> str:
        """One block of text, with Markdown's own characters taken literally."""
        lines = [f"**{literal(self.what)}**", literal(self.remedy)]
        shown = [f"- {literal(detail)}" for detail in self.details[:_MOST_LISTED]]
        if len(self.details) > _MOST_LISTED:
            shown.append(f"- … and {len(self.details) - _MOST_LISTED} more")
        return "\n\n".join([line for line in lines if line] + ["\n".join(shown)]).strip()


def message_for(error: BaseException) -> Message:
    """The message for an allocator error; any other one is logged and gets a number."""
    if isinstance(error, InvalidData):
        return Message(error.message, error.how, tuple(map(_issue, error.issues)), is_mild=True)
    if isinstance(error, InputsChanged):
        return Message(error.message, error.how, tuple(map(_change, error.changes)), is_mild=True)
    if isinstance(error, ConfigurationError):
        return Message(error.message, error.how)
    if isinstance(error, RunNotFound):
        remedy = "Open Runs and pick one of the list."
        return Message("There is no such run, or it is gone.", remedy, is_mild=True)
    if isinstance(error, AllocatorError):
        mild = isinstance(error, CommitRefused | UsageError)
        return Message(error.message, error.how, is_mild=mild)
    number = secrets.token_hex(4)
    # The exception's own text may quote rows or keys, so the log gets its kind and its place.
    place = "".join(traceback.format_tb(error.__traceback__))
    LOGGER.error("unexpected failure %s: %s\n%s", number, type(error).__name__, place)
    remedy = f"Load the page again. If it goes on, tell whoever runs the server: number {number}."
    return Message("Something went wrong that should not have.", remedy)


def show_error(error: BaseException) -> None:
    """Draw the message for an error in the present place of the page."""
    message = message_for(error)
    draw = st.warning if message.is_mild else st.error
    draw(message.markdown, icon=":material/info:" if message.is_mild else ":material/error:")


NO_ANSWER = (Unreachable, TimedOut, ProjectStopped)
NO_ANSWER_WORDS = (
    "**The database does not answer, so this page cannot be shown now.** Nothing is lost: what is "
    "stored stays as it is, and nothing was written. Often it passes within a minute. If it does "
    "not, tell your IT, and show them what stands under “For your IT”."
)


def _show_no_answer(error: AllocatorError) -> None:
    """What it means for a coordinator, a way to try again, and the technical part folded."""
    st.error(NO_ANSWER_WORDS, icon=":material/cloud_off:")
    st.button("Try again", icon=":material/refresh:", type="primary")
    with st.expander("For your IT"):
        st.markdown(message_for(error).markdown)


@contextmanager
def shown_errors(*, stop: bool = False) -> Iterator[None]:
    """Show what fails inside instead of letting it out; works as a decorator, too.

    With `stop` the page ends there, else it goes on after the block.
    """
    try:
        yield
    except Exception as exc:  # st.stop and st.rerun are no Exceptions and pass
        if stop and isinstance(exc, NO_ANSWER):
            _show_no_answer(exc)
        else:
            show_error(exc)
        if stop:
            st.stop()


def hide_script_error(error: Exception) -> bool:
    """What Streamlit calls for a failure that no page caught: show the message, nothing else."""
    show_error(error)
    return True


def draw_unlogged(problem: AllocatorError | None) -> None:
    """Say that the seed tried last is not on record, when it is not."""
    if problem is not None:
        st.warning(
            "**The seed that was tried here could not be logged**, so the record of seeds of this "
            f"run is not complete. {literal(problem.message)} {literal(problem.how)}",
            icon=":material/warning:",
        )


JOINER = "\N{WORD JOINER}"
_LOOKED_FOR = re.compile(
    r"(?<=:)(?=material/|//)"  # icons and addresses
    r"|(?<=\bwww)(?=\.)|(?=@)"
    r"|(?<=[-<>=~!+])(?=[-<>=~])",  # arrows, dashes, signs
    re.IGNORECASE,
)
_STARTS_LIST = re.compile(r"^(\d*)([-.])(?=\s)")


def literal(text: str) -> str:
    """Text from the database, as Markdown that prints as the text itself.

    A backslash keeps Markdown's own characters; Streamlit, however, looks for icons, addresses,
    arrows and dashes after it has taken the backslashes away. Those get an invisible word joiner.
    Only for what Streamlit takes for Markdown: options of a select box, table cells and
    placeholders are plain text.
    """
    plain = _LOOKED_FOR.sub(JOINER, " ".join(str(text).split()))
    escaped = "".join(f"\\{c}" if c in r"\`*_{}[]()#+!|~$<>:&" else c for c in plain)
    return _STARTS_LIST.sub(r"\1\\\2", escaped)


def _issue(issue: DataIssue) -> str:
    return str(issue)


def _change(change: InputChange) -> str:
    return str(change)
