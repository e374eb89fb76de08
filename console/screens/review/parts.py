"""What the Review page draws from: a run's inputs, and its frames made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import streamlit as st

from allocator.models import RunInputs
from allocator.review import review_weightings
from console.ui import tables
from console.ui.data_table import plain_table
from console.ui.figures import counted

T = TypeVar("T")

MOST_KEPT = 24


@dataclass(frozen=True, slots=True)
class Source:
    """A run as it was read; `version` changes when it is read again."""

    inputs: RunInputs
    version: str

    @property
    def run_id(self) -> str:
        """The run's id, for keys and addresses."""
        return self.inputs.run.id

    def made(self, make: Callable[[RunInputs], T]) -> T:
        """`make(inputs)`, kept for the next look. Whoever gets it must not change it."""
        return _made(make, self.inputs)

    def key(self, name: str) -> str:
        """The key of a widget of this run."""
        return f"{name} {self.run_id}"


@lru_cache(maxsize=MOST_KEPT)
def _made(make: Callable[[RunInputs], T], inputs: RunInputs) -> T:
    return make(inputs)


def draw_view(source: Source, key: str, views: dict[str, Callable[[Source], None]]) -> None:
    """Let one of the views be chosen; only that one is worked out."""
    chosen = st.segmented_control(
        "View",
        list(views),
        default=next(iter(views)),
        required=True,
        label_visibility="collapsed",
        key=source.key(key),
    )
    views[str(chosen)](source)


def draw_weightings_of(source: Source, weightings: Sequence[str], of_what: str, key: str) -> None:
    """The weightings that bear on a worker or job line, behind a fold."""
    if not weightings:
        st.caption(f"There is no weighting for {of_what}.")
        return
    frame = source.made(review_weightings)
    rows = frame[frame["weighting_id"].isin(weightings)]
    with st.expander(f"{counted(len(rows), 'weighting')} for {of_what}"):
        shown = tables.display(rows, ["effect", "whom", "where", "weighting"])
        plain_table(shown, key=f"weightings {key}", file_name="weightings")
