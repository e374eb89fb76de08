"""Rows of a table as a list: for a narrow screen, and where a table would clip long names.

A card says first whom and which job line it is about, then the rank, then the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from allocator.report.parts import LABELS, SHARES
from console.ui import session
from console.ui.messages import literal

TITLES = tuple(LABELS[key] for key in ("name", "job_line_name"))
FIRST = (*TITLES, LABELS["rank"], LABELS["holders"], "Why not")
"""Labels of the columns that a reader looks for first, on a table and on a card."""

FACTS = 3
"""Facts on a card besides name and job line; the others are behind a fold."""

AT_ONCE = 12
"""Cards until somebody asks for more."""


def draw_rows(shown: pd.DataFrame, *, facts: int = FACTS, is_brief: bool = False) -> None:
    """Every row of a displayed frame as one item of a list; brief = the one fact beside the
    title."""
    items = "".join(
        f'<li><span class="title">{escape(title)}</span>{_rest(line, told, facts)}</li>'
        for title, line, told in map(_parts, *_rows(shown))
    )
    st.html(f'<ul class="rows{" brief" if is_brief else ""}">{items}</ul>')


def draw_cards(
    shown: pd.DataFrame, *, key: str, table: str, ids: Sequence[str] | None = None
) -> str | None:
    """A displayed frame as cards, a few at first; with `ids` a card's title opens its row.

    Gives the id that was opened last in this table, None before. `table` is the key under which
    `data_table.newly_chosen` remembers: opening the same card again counts as new.
    """
    more = f"cards shown {key}"
    count = session.remembered(more, default=AT_ONCE)
    first = shown.head(count)
    chosen = session.remembered(f"card {key}")
    if ids is None:
        draw_rows(first)
    else:
        for number, (title, line, told) in enumerate(map(_parts, *_rows(first))):
            with st.container(border=True, gap="xxsmall", key=f"card-{key}-{number}"):
                st.button(
                    literal(title),
                    key=f"open {key} {number}",
                    type="tertiary",
                    icon=":material/radio_button_checked:" if ids[number] == chosen else None,
                    on_click=_open,
                    args=(key, table, ids[number]),
                )
                st.html(f'<div class="card">{_rest(line, told, FACTS)}</div>')
    if count < len(shown):
        st.button(
            f"Show more ({len(shown) - count:,} left)",
            key=f"more {key}",
            width="stretch",
            on_click=session.remember,
            args=(more, count + 4 * AT_ONCE),
        )
    return chosen if ids is not None and chosen in ids else None


@session.signed_in
def _open(key: str, table: str, chosen: str) -> None:
    session.remember(f"card {key}", chosen)
    session.forget(f"chosen {table}")


Facts = list[tuple[str, str]]


def _rows(shown: pd.DataFrame) -> tuple[list[list[str]], list[list[object]]]:
    columns = in_order(shown)
    rows = shown[columns].astype(object).values.tolist()
    return [columns] * len(rows), rows


def in_order(shown: pd.DataFrame) -> list[str]:
    """The labels, those that a reader looks for first before the others."""
    labels = list(map(str, shown.columns))
    return sorted(labels, key=lambda label: label not in FIRST)


def _parts(columns: list[str], row: list[object]) -> tuple[str, str, Facts]:
    """Title, job line ("" when it is the title), and the facts that are there."""
    words = {c: cell_words(c, value) for c, value in zip(columns, row, strict=True)}
    title = next((c for c in TITLES if words.get(c)), columns[0])
    line = words[TITLES[1]] if TITLES[1] in words and title != TITLES[1] else ""
    facts = [(c, said) for c, said in words.items() if said and c not in (title, TITLES[1])]
    return words[title] or "–", line, facts


def cell_words(column: str, value: object) -> str:
    """A cell as a card says it: shares in per cent, numbers short, nothing for what is missing."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.0%}" if column in SHARES else f"{value:.4g}"
    return str(value)


def _rest(line: str, facts: Facts, first: int) -> str:
    shown, folded = facts[:first], facts[first:]
    more = f"<details><summary>More</summary>{_list(folded)}</details>" if folded else ""
    return f'<span class="line">{escape(line)}</span>{_list(shown)}{more}'


def _list(facts: Facts) -> str:
    pairs = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in facts
    )
    return f"<dl>{pairs}</dl>" if pairs else ""
