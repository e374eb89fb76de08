"""What moving fewer doctors costs: the points as chart and table, and the price of a move."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.repair.points import Frontier, Point
from console.charts import CONFIG
from console.charts.repair import moves_chart
from console.screens.scenarios.baseline_view import draw_baseline, draw_move_rules, draw_news
from console.screens.scenarios.bench import Bench, watch_job
from console.screens.scenarios.change_list import draw_problems
from console.screens.scenarios.point_view import draw_free_places, draw_point
from console.state import repairs, trials
from console.ui import messages, session
from console.ui.data_table import data_table, newly_chosen
from console.ui.tables import counted, is_dark

_CHOSEN, _PRICE = "moves of the point", "price of a move"
MOVES = "Doctors moved"
INTRO = (
    "After publication somebody withdraws, or a list is corrected. How few doctors have to move, "
    "and what does it cost to move fewer of them? Every allocation here keeps every rule. The "
    "**total** is everybody's dissatisfaction and the organisation's, in points; less is better."
)


def draw_repair(bench: Bench) -> None:
    """The baseline, who may move, the points, and the chosen one."""
    st.markdown(INTRO)
    base = draw_baseline(bench)
    if base is None:
        return
    if draw_problems(bench):
        draw_move_rules(bench, base)
        return
    draw_news(bench, base, trials.variant(bench.reading, bench.scenario).inputs)
    draw_move_rules(bench, base)
    st.header("What moving fewer doctors costs", anchor=False)
    found = _found(bench)
    if found is None:
        return
    chosen = _points(bench, found)
    draw_point(bench, found, chosen)
    draw_free_places(bench, found)


def _found(bench: Bench) -> Frontier | None:
    """The frontier; None while it is worked out, or when there is none."""
    with st.spinner("Working out what each number of moves costs …"):
        job = repairs.frontier_of(bench.reading, bench.scenario, bench.operator)
    snapshot = job.snapshot()
    if snapshot.is_running:
        watch_job(job, lambda progress: progress.iterations / max(progress.variables, 1))
        return None
    if isinstance(snapshot.result, Frontier):
        return snapshot.result
    if snapshot.error is not None:
        messages.show_error(snapshot.error)
    else:
        st.info("It was stopped before every number of moves was worked out.")
    if st.button("Work it out again", icon=":material/refresh:", key="frontier again"):
        repairs.forget_frontier(bench.reading, bench.scenario)
        st.rerun()
    return None


def _points(bench: Bench, found: Frontier) -> Point:
    """Chart, table, list and slider that choose a point; gives the chosen one."""
    by_moves = {point.moves: point for point in found.points}
    remembered = session.remembered(_CHOSEN, bench.run_id)
    chosen = by_moves.get(remembered, found.points[0])
    _notes(found)
    version = f"{repairs.subject_of(bench.reading, bench.scenario)} {chosen.moves}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        moves = st.selectbox(
            MOVES,
            list(by_moves),
            list(by_moves).index(chosen.moves),
            format_func=lambda number: f"{number}: {by_moves[number].total:,.6g} points",
            width=280,
            key=f"point {version}",
        )
        if moves != chosen.moves:
            _choose(bench, moves)
        if len(by_moves) > 1:
            _slider(bench, found, chosen, version)
    chart, table = st.columns(2, gap="medium")
    with chart:
        _chart(bench, found, chosen, version)
    with table:
        row = data_table(
            points_table(found),
            key=f"points {bench.run_id}",
            version=version,
            noun="point",
            file_name="moves-and-total",
            id_column=MOVES,
            hint="select a row to see who moves",
        )
    if newly_chosen(f"point {bench.run_id}", row) is not None and row is not None:
        _choose(bench, int(row))
    return chosen


def _choose(bench: Bench, moves: int) -> None:
    session.remember(_CHOSEN, moves, bench.run_id)
    st.rerun()


def _notes(found: Frontier) -> None:
    if found.forced:
        doctors, one = counted(len(found.forced), "doctor"), len(found.forced) == 1
        st.markdown(
            f":material/info: {doctors} cannot keep what they had and "
            f"{'counts' if one else 'count'} as moved in every point."
        )
    if not found.complete:
        st.warning(
            "Time ran out. Totals that are marked “not proven” may be lower; the others are final.",
            icon=":material/timer_off:",
        )


def _chart(bench: Bench, found: Frontier, chosen: Point, version: str) -> None:
    event = st.plotly_chart(
        moves_chart(found.points, chosen.moves, dark=is_dark()),
        theme=None,
        config=CONFIG,
        on_select="rerun",
        selection_mode="points",
        key=f"moves chart {version}",
        alt="Total dissatisfaction for each number of doctors moved; the table has the figures",
    )
    clicked = event.selection.points
    if clicked and clicked[0].get("customdata"):
        moves = int(clicked[0]["customdata"][0])
        if moves != chosen.moves:
            _choose(bench, moves)


def _slider(bench: Bench, found: Frontier, chosen: Point, version: str) -> None:
    """The price of a move; the point that is best at it becomes the chosen one."""
    corners = [point for point in found.points if point.breakpoint]
    highest = highest_price(corners)
    if not highest:
        return
    price = session.remembered(_PRICE, bench.run_id)
    if price is None or price > highest or best_at(corners, price) is not chosen:
        price = price_of(corners, chosen, highest)
    with st.container(width=420):
        moved_to = st.slider(
            "Price of a move, in points",
            0.0,
            highest,
            price,
            highest / 100,
            format="%.4g",
            help="What it is worth to spare one doctor a move. At each price one point is the best "
            "of all; some points are best at no price.",
            key=f"price {version}",
        )
    if moved_to == price:
        return
    session.remember(_PRICE, moved_to, bench.run_id)
    best = best_at(corners, moved_to)
    if best is not chosen:
        _choose(bench, best.moves)


def highest_price(corners: list[Point]) -> float:
    """Where the slider ends: a quarter above the price at which nobody moves who need not."""
    ends = [end for point in corners if point.prices for end in point.prices if end != float("inf")]
    return float(f"{1.25 * max(ends, default=0.0):.3g}")


def best_at(corners: list[Point], price: float) -> Point:
    """The best point at a price of a move; of equals the one with fewer moves."""
    return min(
        corners, key=lambda point: (round(point.total + price * point.moves, 9), point.moves)
    )


def price_of(corners: list[Point], point: Point, highest: float) -> float:
    """A price at which the point is the best; for one that is so at none, the price at which its
    neighbours are equally good."""
    fewer = [corner for corner in corners if corner.moves <= point.moves][-1]
    least, most = fewer.prices or (0.0, 0.0)
    return least if point is not fewer else min((least + min(most, highest)) / 2, highest)


def points_table(found: Frontier) -> pd.DataFrame:
    """A row for each point, in words."""
    first = found.points[0]
    return pd.DataFrame(
        {
            MOVES: [point.moves for point in found.points],
            "Total": [f"{point.total:,.6g}" for point in found.points],
            "Saved": [f"{first.total - point.total:,.6g}" for point in found.points],
            "Price of a move": [price_words(point) for point in found.points],
            "Proof": [proof_words(point) for point in found.points],
        }
    )


def price_words(point: Point) -> str:
    """At which prices of a move the point is the best of all."""
    if point.prices is None:
        return "No price"
    least, most = point.prices
    return f"{least:.4g} or more" if most == float("inf") else f"{least:.4g} to {most:.4g}"


def proof_words(point: Point) -> str:
    """How sure it is that no allocation with as few moves has a smaller total."""
    if point.breakpoint:
        return "Proven"
    gap = f"prices alone leave a gap of {point.total - point.bound:.4g}"
    return f"Proven by trying all; {gap}" if point.proven else f"Not proven; {gap}"
