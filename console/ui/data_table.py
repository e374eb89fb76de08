"""A table that can be filtered, downloaded and selected from, whatever its length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from allocator.report import XLSX, table_workbook, to_csv
from allocator.report.parts import LABELS
from console.ui import cards, session, tables

MOST_EAGER = 20_000
"""Longer tables are sent as they are scrolled to; they cannot be selected from."""

TALL = 520
"""Height in pixels of a table that does not fit."""

WHOLE = ("name", "job_line_name", "where", "holders")
"""Columns as wide as their longest text: names are never clipped."""

WIDTHS = {"job_lines": 420, "rule": 250, "qualifications": 260, "Why not": 400}
"""Widths in pixels of other columns whose texts are long, so that the numbers stay in sight."""


def data_table(
    frame: pd.DataFrame,
    *,
    key: str,
    version: str,
    noun: str,
    file_name: str,
    columns: Sequence[str] | None = None,
    id_column: str | None = None,
    search: Sequence[str] = (),
    kinds: dict[str, pd.Series] | None = None,
    height: int = TALL,
    placeholder: str = "Type a part of a name",
    hint: str = "",
    exported: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> str | None:
    """Draw `frame` under its labels, with a filter above and the downloads below it.

    `version` must change with the data, because selections are by position. `search` names the
    columns that the filter's words are looked for in; `kinds` are named subsets (masks) to choose
    from. With `id_column` a row can be selected: gives that row's id, else None. `exported` makes
    the file's rows from those on screen.
    """
    kept = _filtered(frame, key, search, kinds or {}, placeholder)
    table_key = f"table {key} {version} {_state(kept)}"
    st.caption(" · ".join(filter(None, [_count_words(len(kept), len(frame), noun), hint])))
    shown = tables.display(kept, columns)
    chosen = None
    if kept.empty:
        st.info("Nothing matches. Change the filter to see more.")
    elif session.is_narrow():
        ids = None if id_column is None else kept[id_column].astype("str").tolist()
        chosen = cards.draw_cards(shown, key=f"{key} {version}", table=key, ids=ids)
    elif id_column is not None and len(kept) <= MOST_EAGER:
        chosen = _selectable(kept, shown, table_key, id_column, height, f"{noun}s")
    else:
        st.dataframe(
            shown,
            hide_index=True,
            height=_height(len(kept), height),
            lazy=len(kept) > MOST_EAGER,
            column_config=_columns(shown),
            column_order=cards.in_order(shown),
            placeholder="",
            alt=f"Table of {noun}s",
            key=table_key,
        )
    made = (lambda: exported(shown)) if exported else (lambda: shown)
    download_buttons(made, file_name, key, disabled=shown.empty)
    return chosen


def newly_chosen(key: str, chosen: str | None) -> str | None:
    """The selected id when it was not selected in the last look: opens a dialog just once."""
    before = session.remembered(f"chosen {key}")
    session.remember(f"chosen {key}", chosen)
    return chosen if chosen != before else None


def matching_rows(frame: pd.DataFrame, text: str, columns: Sequence[str]) -> pd.Series:
    """Which rows hold every word of `text` in some of the columns, case ignored."""
    found = pd.Series(True, index=frame.index)
    for word in text.split():
        hit = pd.Series(False, index=frame.index)
        for column in columns:
            hit |= _contains(frame[column], word)
        found &= hit
    return found


def _contains(values: pd.Series, word: str) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        texts = pd.Series(values.cat.categories.astype("str"))
        return values.isin(texts[_contains(texts, word)].tolist())
    return values.astype("str").str.contains(word, case=False, regex=False).fillna(False)


def _filtered(
    frame: pd.DataFrame,
    key: str,
    search: Sequence[str],
    kinds: dict[str, pd.Series],
    placeholder: str,
) -> pd.DataFrame:
    mask = pd.Series(True, index=frame.index)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if search:
            text = st.text_input(
                "Filter",
                key=f"filter {key}",
                placeholder=placeholder,
                type="search",
                live="300ms",
                width=320,
            )
            mask &= matching_rows(frame, text or "", search)
        present = {name: subset for name, subset in kinds.items() if subset.any()}
        if present:
            names = [f"{name} ({subset.sum():,})" for name, subset in present.items()]
            options = {"All": None} | dict(zip(names, present.values(), strict=True))
            chosen = st.selectbox("Show", list(options), key=f"show {key}", width=320)
            subset = options.get(chosen)
            if subset is not None:
                mask &= subset
    return frame[mask]


def _selectable(
    kept: pd.DataFrame, shown: pd.DataFrame, key: str, id_column: str, height: int, nouns: str
) -> str | None:
    event = st.dataframe(
        shown,
        hide_index=True,
        height=_height(len(kept), height),
        on_select="rerun",
        selection_mode="single-row",
        column_config=_columns(shown),
        column_order=cards.in_order(shown),
        placeholder="",
        alt=f"Table of {nouns}; Enter opens a row",
        key=key,
    )
    rows = event.selection.rows
    return tables.id_at(kept, rows[0], id_column) if rows and rows[0] < len(kept) else None


def _state(kept: pd.DataFrame) -> str:
    """Tells one filtered set of rows from another, for the key of the table."""
    if kept.empty:
        return "0"
    return f"{len(kept)}-{hash((kept.index[0], kept.index[-1], int(kept.index.values.sum())))}"


def _height(rows: int, tallest: int) -> int | Literal["content"]:
    return tallest if rows * 35 > tallest else "content"


def _columns(shown: pd.DataFrame) -> dict[str, Any]:
    widths = {LABELS.get(column, column): width for column, width in WIDTHS.items()}
    whole = {LABELS[column] for column in WHOLE}
    config = tables.column_config(shown)
    for column in shown.columns:
        if column in widths:
            config[column] = st.column_config.TextColumn(width=widths[column])
        elif column in whole:
            config[column] = st.column_config.TextColumn(width=_width(shown[column]))
    return config


def _width(texts: pd.Series) -> int:
    """Pixels that the longest text of a column takes, between a short name and half a screen."""
    longest = max((len(str(text)) for text in texts), default=0)
    return int(min(max(36 + 7.2 * longest, 110), 620))


def _count_words(kept: int, total: int, noun: str) -> str:
    words = f"{total:,} {noun if total == 1 else noun + 's'}"
    return words if kept == total else f"{kept:,} of {words}"


def plain_table(shown: pd.DataFrame, *, key: str, file_name: str, **options: Any) -> None:
    """Draw a displayed frame and its downloads; `options` go to `st.dataframe`."""
    if session.is_narrow():
        cards.draw_cards(shown, key=key, table=key)
    else:
        options.setdefault("column_config", _columns(shown))
        st.dataframe(shown, hide_index=True, key=key, **options)
    download_buttons(lambda: shown, file_name, key, disabled=shown.empty)


def download_buttons(
    made: Callable[[], pd.DataFrame], file_name: str, key: str, *, disabled: bool = False
) -> None:
    """Downloads of the frame, each made when somebody asks for it: first as a workbook, whose
    cells say themselves what is text, then as CSV."""
    with st.container(horizontal=True, gap="small", width="content"):
        st.download_button(
            "Download Excel",
            data=lambda: table_workbook(made()),
            file_name=f"{file_name}.xlsx",
            mime=XLSX,
            icon=":material/grid_on:",
            type="tertiary",
            on_click="ignore",
            key=f"xlsx {key}",
            disabled=disabled,
        )
        st.download_button(
            "Download CSV",
            data=lambda: to_csv(made()),
            file_name=f"{file_name}.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key=f"csv {key}",
            disabled=disabled,
        )
