"""What a page tells beside its tables: data errors, failures, changes, each with what to do."""

from __future__ import annotations

import logging
import re
import secrets
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import streamlit as st

from allocator.errors import (
    AllocatorError,
    CommitRefused,
    ConfigurationError,
    DataIssue,
    InputChange,
    InputsChanged,
    InvalidData,
    RunNotFound,
    UsageError,
)
from allocator.models import RunInputs
from allocator.scenario import Change, Scenario
from allocator.scenario.file import changes_from
from console.ui import tables
from console.ui.data_table import data_table

MOST_IN_WORDS = 6
JOINER = "\N{WORD JOINER}"
_LOOKED_FOR = re.compile(
    r"(?<=:)(?=material/|//)"  # icons and addresses
    r"|(?<=\bwww)(?=\.)|(?=@)"
    r"|(?<=[-<>=~!+])(?=[-<>=~])",  # arrows, dashes, signs
    re.IGNORECASE,
)
_STARTS_LIST = re.compile(r"^(\d*)([-.])(?=\s)")


def draw_unlogged(problem: AllocatorError | None) -> None:
    """Say that the seed tried last is not on record, when it is not."""
    if problem is not None:
        st.warning(
            "**The seed that was tried here could not be logged**, so the record of seeds of this "
            f"run is not complete. {literal(problem.message)} {literal(problem.how)}",
            icon=":material/warning:",
        )


def draw_issues(issues: Sequence[DataIssue], *, key: str, version: str) -> None:
    """Say what is wrong and what to do; those that stop the run come first."""
    if not issues:
        st.markdown(":green-badge[:material/check_circle: No data errors found]")
        return
    ordered = sorted(issues, key=lambda issue: (issue.acknowledgeable, issue))
    lines = [f"**{_headline(ordered)}**"]
    for issue in ordered[:MOST_IN_WORDS]:
        lines.append(
            f"- **{literal(issue.row)}**: {literal(issue.message)} "
            f"*What to do:* {literal(issue.remedy)}"
        )
    draw = st.warning if all(issue.acknowledgeable for issue in issues) else st.error
    draw("\n".join([lines[0], "", *lines[1:]]), icon=":material/report:")
    if len(ordered) > MOST_IN_WORDS:
        with st.expander(f"All {len(ordered)} data errors"):
            table = tables.issues_table(ordered)
            data_table(
                table,
                key=key,
                version=version,
                noun="data error",
                file_name="data-errors",
                search=list(table.columns),
            )


def _headline(issues: Sequence[DataIssue]) -> str:
    blocking = sum(not issue.acknowledgeable for issue in issues)
    found = f"{len(issues)} data error{'' if len(issues) == 1 else 's'} found"
    if not blocking:
        return f"{found}. The run can be solved once somebody accepts what is listed."
    return f"{found}; {blocking} must be mended before the run can be solved."


KEY = "writes"

# One red frame and one red button; the words and the icon say it, too, for those who see no red.
_STYLE = f"""
<style>
[class*="st-key-{KEY}"] {{ border: 2px solid #B3261E; border-radius: 0.5rem; padding: 1rem; }}
[class*="st-key-{KEY}"] button[kind^="primary"]:not(:disabled) {{
  background: #B3261E; border-color: #B3261E; color: #FFFFFF;
}}
[class*="st-key-{KEY}"] button[kind^="primary"]:not(:disabled):hover {{
  background: #8C1D18; border-color: #8C1D18;
}}
</style>
"""


@contextmanager
def writes(words: str, name: str = "") -> Iterator[None]:
    """A framed part of the page for one action that writes; `words` say what it means. A second
    one on a page needs a `name`."""
    st.html(_STYLE)
    with st.container(key=f"{KEY} {name}".strip()):
        st.markdown(f":material/edit_document: **{words}**")
        yield


def because(change: Change) -> str:
    """Markdown: the reason for a change and its author."""
    told = literal(change.reason) if change.reason else "no reason given"
    return f":small[{told}{f' · {literal(change.author)}' if change.author else ''}]"


def draw_audited_changes(audited: Mapping[str, Any], as_read: RunInputs) -> None:
    """The changes that an audit row keeps: what was solved that the database does not say."""
    scenario = Scenario("audited", changes=changes_from(list(audited.get("changes") or [])))
    if not scenario.changes:
        return
    st.markdown("**Changes of the scenario** (the receipt records them; no table changes):")
    told = zip(scenario.words(as_read), scenario.changes, strict=True)
    st.markdown("\n".join(f"- {literal(words)}  {because(change)}" for words, change in told))


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


@contextmanager
def shown_errors(*, stop: bool = False) -> Iterator[None]:
    """Show what fails inside instead of letting it out; works as a decorator, too.

    With `stop` the page ends there, else it goes on after the block.
    """
    try:
        yield
    except Exception as exc:  # st.stop and st.rerun are no Exceptions and pass
        show_error(exc)
        if stop:
            st.stop()


def hide_script_error(error: Exception) -> bool:
    """What Streamlit calls for a failure that no page caught: show the message, nothing else."""
    show_error(error)
    return True


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
