"""The picture of a chain: one row a doctor, safe names, arrows from rank to rank."""

from __future__ import annotations

import json
from dataclasses import replace

from allocator.explanation import Move
from console.charts.explanation import chain_picture, chain_words

BETTER = Move("w1", "Ada", "a", "Rural", "b", "Surgery", 3.0, 1.0, "3rd", "1st", -1.4)
WORSE = Move("w2", "Ben", "b", "Surgery", "a", "Rural", 1.0, 4.0, "1st", "4th", 2.1)


def test_each_doctor_has_a_row_and_its_id() -> None:
    fig = chain_picture((BETTER, WORSE))
    assert [trace.customdata[0][0] for trace in fig.data] == ["w1", "w2"]
    assert [tuple(trace.x) for trace in fig.data] == [(3, 1), (1, 4)]
    assert fig.data[0].line.color != fig.data[1].line.color
    assert "2 ranks better" in fig.layout.annotations[0].text
    assert "3 ranks worse" in fig.layout.annotations[1].text


def test_longer_chains_are_taller_in_light_and_dark() -> None:
    for dark in (False, True):
        one, two = (chain_picture(m, dark=dark) for m in ((BETTER,), (BETTER, WORSE)))
        assert one.layout.height < two.layout.height


def test_names_cannot_bring_markup() -> None:
    fig = chain_picture((replace(BETTER, name="<a href='x'>Ada</a>"),))
    assert "<a href" not in json.dumps(fig.to_plotly_json(), default=list)


def test_no_moves_says_so() -> None:
    assert not chain_picture(()).data
    assert "Nobody would have to move" in chain_picture(()).layout.annotations[0].text


def test_picture_is_told_in_words() -> None:
    assert chain_words((BETTER, WORSE)) == (
        "Ada: Rural (3rd) → Surgery (1st), 2 ranks better; "
        "Ben: Surgery (1st) → Rural (4th), 3 ranks worse"
    )
