"""The chosen point of a repair: who moves and why, what to do with it, and who could gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import pandas as pd
import streamlit as st

from allocator.repair.choice import scenario_for
from allocator.repair.gains import FreePlace, Gains, free_places
from allocator.repair.moves import Shift, shift_cells, shifts
from allocator.repair.points import Frontier, Point
from allocator.scenario import Scenario
from console.screens.scenarios.baseline_view import siblings
from console.screens.scenarios.bench import PART, VIEWS, Bench, show_view, watch_job
from console.state import repairs, scenario_drafts
from console.ui import messages, navigation, session
from console.ui.data_table import data_table
from console.ui.messages import literal
from console.ui.tables import counted

MOST_SHOWN = 20
MOST_GAINERS = 5
SHIFT_LABELS = (
    "Doctor", "From", "Rank", "To", "Rank then", "Ranks (negative = better)", "Why",
)  # fmt: skip
REPAIR = "Repair"
TABLE = "As a table and file"


def draw_point(bench: Bench, found: Frontier, point: Point) -> None:
    """Who moves in the point, and what can be done with it."""
    moved = shifts(found.inputs, point.placements)
    least = found.points[0]
    st.header(f"{counted(point.moves, 'doctor')} moved", anchor=False)
    saved = least.total - point.total
    told = [f"Total {point.total:,.6g} points"]
    if point is not least:
        more = counted(point.moves - least.moves, "move")
        told.append(f"{saved:,.6g} less than with {more} fewer")
    if not point.breakpoint:
        told.append(f"no allocation with as few moves can be below {point.bound:,.6g} by prices")
        told.append(f"that leaves a gap of {point.total - point.bound:,.4g}")
        told.append("trying all closed it" if point.proven else "it is not closed yet")
    st.markdown(f"{'; '.join(told)}.")
    draw_shifts(moved, key=f"point {point.moves}", version=bench.key("point"))
    scenario = scenario_for(found, point, bench.scenario)
    draw_ways_on(bench, scenario, f"moves-{point.moves}", key="point")


def draw_shifts(moved: Sequence[Shift], *, key: str, version: str) -> None:
    """Who moves as a list to read, and as a table to take away."""
    if not moved:
        st.info("Nobody moves: everybody who takes part keeps what they had.")
        return
    st.html(shifts_list(moved[:MOST_SHOWN], "Who moves"))
    more = len(moved) - MOST_SHOWN
    label = f"{more} more, as a table and file" if more > 0 else TABLE
    draw_shifts_table(moved, label, key=key, version=version)


def shifts_table(moved: Sequence[Shift]) -> pd.DataFrame:
    """Shifts under labels that a coordinator reads."""
    return pd.DataFrame([shift_cells(one) for one in moved], columns=list(SHIFT_LABELS))


def shifts_list(moved: Sequence[Shift], label: str) -> str:
    """HTML: who, from where to where with both ranks, and why."""
    items = []
    for one in moved:
        kind, sign, words = "same", "=", "As good"
        if one.ranks is None:
            sign, words = "•", "Cannot be compared"
        elif one.ranks:
            better = one.ranks < 0
            kind, sign = ("better", "▲") if better else ("worse", "▼")
            words = f"{'Better' if better else 'Worse'} by {abs(one.ranks):g}"
        items.append(
            f'<li class="{kind}"><span class="sign" title="{escape(words)}" role="img" '
            f'aria-label="{escape(words)}">{sign}</span><div><strong>{_text(one.name)}</strong> '
            f'{_text(one.from_name)} <span class="rank">{_text(one.rank_before)}</span> → '
            f'{_text(one.to_name)} <span class="rank">{_text(one.rank_after)}</span>: '
            f"{_text(one.why)}</div></li>"
        )
    return (
        f'<ul class="moves" tabindex="0" role="list" aria-label="{escape(label)}">'
        f"{''.join(items)}</ul>"
    )


def _text(words: object) -> str:
    return escape(" ".join(str(words).split()))


def draw_ways_on(
    bench: Bench, scenario: Scenario, file_name: str, part: str = REPAIR, *, key: str
) -> None:
    """Open what was found as a scenario, or take it away; and where it can be committed: in the
    same `part` of the page of a batch that waits."""
    with st.container(horizontal=True):
        st.button(
            "Open as a scenario",
            type="primary",
            icon=":material/open_in_new:",
            on_click=_open,
            args=(bench, scenario),
            key=f"open {key}",
        )
        st.download_button(
            "Download as a scenario file",
            scenario.to_json(),
            file_name=f"{file_name}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key=f"scenario file {key}",
        )
    if bench.as_read.run.is_pending:
        st.caption(
            "As a scenario it is solved again with a proof of its own. “Take to Results and "
            "Commit” there leads to the commit of this batch; nothing is written before that."
        )
        return
    st.caption(
        "This run is completed and stays as it is. What is found here can be looked at, and taken "
        "away as tables and as a scenario file."
    )
    waiting = next((one for one in siblings(bench) if one.run.is_pending), None)
    if waiting:
        label = f"Batch {waiting.batch} of {waiting.batches} waits: do it there"
        navigation.link("scenarios", label, run=waiting.run.id, **{PART: part})


@session.signed_in
def _open(bench: Bench, scenario: Scenario) -> None:
    scenario_drafts.work_on(bench.run_id, replace(scenario, author=bench.operator))
    show_view(bench.run_id, VIEWS[0])


def draw_free_places(bench: Bench, found: Frontier) -> None:
    """Places that nobody holds now, who would gain from them, and the best chains of gains."""
    st.header("Places that have become free", anchor=False)
    free = free_places(found.inputs)
    if not free:
        st.caption("None: every place is held by somebody who takes part.")
        return
    st.markdown("\n".join(_free_words(place) for place in free[:MOST_SHOWN]))
    if len(free) > MOST_SHOWN:
        st.caption(f"… and {len(free) - MOST_SHOWN} more job lines.")
    job = repairs.gains_of(bench.reading, bench.scenario)
    if job is None:
        st.caption("When somebody takes such a place, theirs is free for the next, and so on.")
        if st.button(
            "Find the best chain in which nobody is worse off", icon=":material/trending_up:",
            key="find gains",
        ):  # fmt: skip
            repairs.begin_gains(bench.reading, bench.scenario, bench.operator)
            st.rerun()
        return
    snapshot = job.snapshot()
    if snapshot.is_running:
        watch_job(job)
        return
    if isinstance(snapshot.result, Gains):
        _gains(bench, snapshot.result)
        return
    if snapshot.error is not None:
        messages.show_error(snapshot.error)
    if st.button("Find it again", key="find gains again"):
        repairs.begin_gains(bench.reading, bench.scenario, bench.operator)
        st.rerun()


def _free_words(place: FreePlace) -> str:
    names = [
        f"{literal(name)} ({rank}, {better:g} better)" for _, name, rank, better in place.gainers
    ]
    more = f" and {len(names) - MOST_GAINERS} more" if len(names) > MOST_GAINERS else ""
    whom = ", ".join(names[:MOST_GAINERS]) or "nobody"
    places = "" if place.places == 1 else f" ({counted(place.places, 'place')})"
    return f"- **{literal(place.name)}**{places}. Would gain: {whom}{more}."


def _gains(bench: Bench, found: Gains) -> None:
    if not found.result.allocations:
        st.info(
            "Somebody cannot keep what they had, and nothing that they rank better is to be had: "
            "not everybody can be spared a loss."
        )
        return
    if not found.chains:
        st.info("Nobody can gain without somebody else being worse off.")
        return
    gain = "doctor gains" if found.gainers == 1 else "doctors gain"
    st.markdown(f"**{found.gainers} {gain}, and nobody is worse off.**")
    draw_chains(found.chains, "Chain")
    every = [shift for chain in found.chains for shift in chain]
    draw_shifts_table(every, key="gains", version=bench.key("gains"))
    named = replace(found.scenario, name=f"{bench.scenario.name}: gains")
    draw_ways_on(bench, named, "gains", key="gains")


def draw_chains(chains: Sequence[Sequence[Shift]], noun: str) -> None:
    """Each chain or cycle under its number, as far as a page can show them."""
    for number, chain in enumerate(chains[:MOST_SHOWN], start=1):
        st.markdown(f"**{noun} {number}** · {counted(len(chain), 'doctor')}")
        st.html(shifts_list(chain, f"{noun} {number}"))
    if len(chains) > MOST_SHOWN:
        st.caption(f"… and {len(chains) - MOST_SHOWN} more, in the table.")


def draw_shifts_table(
    moved: Sequence[Shift], label: str = TABLE, *, key: str, version: str
) -> None:
    """Who moves as a table and file, drawn when it is opened."""
    fold = st.expander(label, on_change="rerun", key=f"shifts {key} {version}")
    if fold.open:
        with fold:
            data_table(
                shifts_table(moved),
                key=f"shifts {key}",
                version=version,
                noun="doctor",
                file_name="who-moves",
            )
