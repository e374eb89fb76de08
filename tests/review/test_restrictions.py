"""One worker's job lines, one job line's workers, and every pair, with figures from paper."""

from __future__ import annotations

import pytest

from allocator.review import (
    eligibility_pairs,
    pairs_of_job_line,
    pairs_of_worker,
    weightings_of,
    workers_reached,
)
from allocator.rules.matrices import matrices
from tests.builders import J1, J2, J4, W1, W2, W4, small_run


def test_pairs_of_worker_come_best_first_with_what_counts():
    frame = pairs_of_worker(small_run(), W2)  # Ben ties Surgery and Medicine, then Emergency
    assert frame["job_line_name"].tolist() == ["Surgery", "Medicine", "Emergency", "Rural"]
    assert frame["score"].tolist() == [1.5, 1.5, 3.0, 4.0]
    assert frame["raw_rank"].tolist()[:3] == [1, 1, 3]
    assert frame["raw_rank"].isna().tolist() == [False, False, False, True]
    assert frame["eligible"].tolist() == [True, True, True, False]
    assert frame["effect"].tolist() == ["No effect"] * 4


def test_pairs_of_worker_say_weightings_with_their_sign():
    frame = pairs_of_worker(small_run(), W4).set_index("job_line_name")
    assert frame.loc["Rural", "weighting"] == 3
    assert frame.loc["Rural", "effect"] == "3 ranks less wanted"
    assert set(pairs_of_worker(small_run(), W1)["effect"]) == {"2 ranks more wanted"}


def test_pairs_of_job_line_begin_with_who_ranks_it_highest():
    frame = pairs_of_job_line(small_run(), J1)
    assert frame["name"].tolist()[:2] == ["Ada Archer", "Cy Cole"]  # 1, and 1 once others drop out
    assert frame["score"].tolist()[:3] == [1.0, 1.0, 1.5]
    rural = pairs_of_job_line(small_run(), J4).set_index("name")["rule"]
    assert rural["Ada Archer"] == "Named as included"
    assert rural["Di Dale"] == "Holds an included qualification"


def test_pairs_of_somebody_outside_the_run_are_refused():
    with pytest.raises(KeyError):
        pairs_of_worker(small_run(), "nobody")
    with pytest.raises(KeyError):
        pairs_of_job_line(small_run(), "nothing")


def test_eligibility_pairs_hold_every_pair_with_its_rule():
    inputs = small_run()
    frame = eligibility_pairs(inputs)
    assert len(frame) == 16
    assert (frame["eligible"] == "Yes").sum() == matrices(inputs).eligible.sum()
    one = frame[(frame["name"] == "Cy Cole") & (frame["job_line_name"] == "Emergency")]
    assert one["rule"].tolist() == ["Holds an excluded qualification"]
    assert frame["name"].tolist()[:4] == ["Ada Archer"] * 4
    assert frame["job_line_name"].tolist()[:4] == ["Surgery", "Medicine", "Emergency", "Rural"]


def test_weightings_of_a_worker_or_a_job_line():
    inputs = small_run()
    assert weightings_of(inputs, worker_id=W1) == ("w2",)
    assert weightings_of(inputs, worker_id=W4) == ("w1",)
    assert weightings_of(inputs, job_line_id=J4) == ("w1", "w2")
    assert weightings_of(inputs, job_line_id=J2) == ("w2",)


def test_workers_reached_by_a_weighting():
    assert [w.name for w in workers_reached(small_run(), "w1")] == ["Di Dale"]
    with pytest.raises(KeyError):
        workers_reached(small_run(), "no such")
