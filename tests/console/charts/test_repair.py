"""The chart of doctors moved against the total."""

from __future__ import annotations

from allocator.repair.points import Point
from console.charts.repair import AT_A_PRICE, BETWEEN, OPEN, moves_chart

POINTS = (
    Point(1, 20.0, 20.0, True, True, {}, (5.0, float("inf"))),
    Point(2, 17.0, 15.0, True, False, {}),
    Point(3, 14.0, 12.5, False, False, {}),
    Point(4, 10.0, 10.0, True, True, {}, (0.0, 5.0)),
)


def test_each_kind_of_point_has_a_mark_and_says_how_many_moves_it_is():
    bound, *marks = moves_chart(POINTS, 2).data
    assert list(bound.y) == [point.bound for point in POINTS]
    moves = {mark.name: [row[0] for row in mark.customdata] for mark in marks}
    assert moves == {AT_A_PRICE: [1, 4], BETWEEN: [2], OPEN: [3]}
    assert [list(mark.marker.line.width) for mark in marks] == [[0, 0], [3], [0]]


def test_hover_tells_gap_and_whether_it_is_proven():
    _, at_a_price, between, still_open = moves_chart(POINTS, 1).data
    assert "gap" not in at_a_price.text[0]
    assert "leave a gap of 2" in between.text[0]
    assert "Not proven" in still_open.text[0]


def test_axes_say_what_they_measure():
    layout = moves_chart(POINTS, 1, dark=True).layout
    assert layout.xaxis.title.text == "Doctors moved"
    assert "points" in layout.yaxis.title.text


def test_no_points_say_so():
    assert "no allocation" in moves_chart((), 0).layout.annotations[0].text
