"""Who moves between two solved scenarios: a list to read at a glance, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from allocator.measures.bands import rank_words
from allocator.measures.comparison import movers
from allocator.solved import Solved
from console.ui.data_table import data_table
from console.ui.messages import literal
from console.ui.tables import counted

MOST_SHOWN = 8
"""Moves that are listed where there is room for a few only: half gains, half losses."""
FATES = {
    "winner": ("Better off", "▲", "better"),
    "loser": ("Worse off", "▼", "worse"),
    "equal": ("As good", "=", "same"),
}
NOT_PLACED = "Not placed"


def told_moves(before: Solved, after: Solved) -> pd.DataFrame:
    """`comparison.movers` with `rank_before` and `rank_after` in words, by how much they tell.

    Winners and losers come first, the largest change of each in turn; then those placed in one
    scenario alone, and those as well off as before.
    """
    frame = movers(before, after)
    for moment, solved in (("before", before), ("after", after)):
        placed = solved.placed
        words = dict(zip(placed["worker"], map(_rank_words, placed["rank"]), strict=True))
        frame[f"rank_{moment}"] = [words.get(worker, "") for worker in frame["worker"]]
    fate = frame["outcome"].map({"winner": 0, "loser": 0, "equal": 2}).fillna(1)
    size = -frame["score_change"].abs()
    place = size.groupby(frame["outcome"]).rank(method="first")
    order = pd.DataFrame({"fate": fate, "place": place, "outcome": frame["outcome"] != "winner"})
    ordered = order.sort_values(["fate", "place", "outcome"], kind="stable").index
    return frame.loc[ordered].reset_index(drop=True)


def _rank_words(rank: float) -> str:
    return "not ranked" if pd.isna(rank) else rank_words(rank)


def counts_words(moves: pd.DataFrame) -> str:
    """Markdown: `5 workers move: 2 better off, 3 worse off`."""
    if moves.empty:
        return "**Nobody moves**"
    gains, losses = (int((moves["outcome"] == word).sum()) for word in ("winner", "loser"))
    rest = len(moves) - gains - losses
    return (
        f"**{counted(len(moves), 'worker')} move{'s' if len(moves) == 1 else ''}**: "
        f":green[:material/arrow_upward: {gains} better off], "
        f":red[:material/arrow_downward: {losses} worse off]"
        + (f", {rest} neither" if rest else "")
    )


def moves_list(moves: pd.DataFrame, label: str) -> str:
    """HTML: who, from where to where under the whole names of the job lines, and both ranks.

    `label` names the list, which scrolls where it finds too little room.
    """
    items = []
    for row in moves.to_dict("records"):
        outcome = str(row["outcome"])
        words, sign, kind = FATES.get(outcome, (outcome.capitalize(), "•", "same"))
        inner = (
            f"<strong>{text_of(row['name'])}</strong> "
            f"{_place(row['from'], row['rank_before'])} → {_place(row['to'], row['rank_after'])}"
        )
        items.append(move_item(kind, sign, words, inner))
    return list_of_moves(items, label)


def move_item(kind: str, sign: str, words: str, inner: str) -> str:
    """HTML of one move: its sign, which `words` tell to whoever does not see it, and `inner`."""
    return (
        f'<li class="{kind}"><span class="sign" title="{escape(words)}" role="img" '
        f'aria-label="{escape(words)}">{sign}</span><div>{inner}</div></li>'
    )


def list_of_moves(items: Sequence[str], label: str) -> str:
    """HTML of a list of `move_item`, which scrolls where it finds too little room."""
    return (
        f'<ul class="moves" tabindex="0" role="list" aria-label="{escape(label)}">'
        f"{''.join(items)}</ul>"
    )


def _place(job_line: str, rank: str) -> str:
    told = f' <span class="rank">{text_of(rank)}</span>' if rank else ""
    return f"{text_of(job_line or NOT_PLACED)}{told}"


def text_of(words: object) -> str:
    """Words for HTML, on one line."""
    return escape(" ".join(str(words).split()))


def draw_moves(before: Solved, after: Solved, *, key: str, version: str) -> None:
    """Who moves, in how many words, the most telling by name, and all of them as a table."""
    moves = told_moves(before, after)
    if moves.empty:
        st.info("Nobody moves: every worker holds the same job line.")
        return
    st.markdown(f"{counts_words(moves)} than in “{literal(before.name)}”.")
    with st.container(key=f"moves of {key}"):
        st.html(moves_list(moves.head(MOST_SHOWN), "Who moves"))
    more = len(moves) - MOST_SHOWN
    label = f"{more} more, as a table" if more > 0 else "As a table"
    draw_moves_table(moves, label, key=key, version=version)


def draw_moves_table(moves: pd.DataFrame, label: str, *, key: str, version: str) -> None:
    """Every move, to be filtered and taken away; drawn when it is opened."""
    fold = st.expander(label, on_change="rerun", key=f"moves table {key} {version}")
    if not fold.open:
        return
    with fold:
        data_table(
            moves_table(moves),
            key=f"movers {key}",
            version=version,
            noun="worker",
            file_name="who-moves",
            search=["Name", "From", "To"],
            kinds={
                "Better off": moves["outcome"] == "winner",
                "Worse off": moves["outcome"] == "loser",
            },
        )


def moves_table(moves: pd.DataFrame) -> pd.DataFrame:
    """`told_moves` under labels that a coordinator reads."""
    outcomes = [FATES.get(word, (word.capitalize(),))[0] for word in moves["outcome"]]
    return pd.DataFrame(
        {
            "Name": moves["name"],
            "From": moves["from"].where(moves["from"] != "", NOT_PLACED),
            "To": moves["to"].where(moves["to"] != "", NOT_PLACED),
            "Rank before": moves["rank_before"],
            "Rank after": moves["rank_after"],
            "Change (negative = better)": moves["score_change"],
            "Outcome": outcomes,
            "Level": moves["qualificationlevel"],
        }
    )
