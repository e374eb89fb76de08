"""Names that tell every worker and job line of a run apart."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from allocator.models import JobLine, LeftOut, RunInputs, Worker
from allocator.rules.naming import job_line_name, worker_name
from tests.strategies import RUN


def run_of(workers: list[Worker], *left_out: LeftOut, lines: tuple[JobLine, ...] = ()) -> RunInputs:
    return RunInputs(RUN, tuple(workers), lines, left_out=left_out)


def jo(key: str, internal_id: str = "") -> Worker:
    return Worker(key, "Jo", "Lee", internal_id=internal_id)


def test_same_names_get_the_internal_id_and_others_stay_as_they_are() -> None:
    inputs = run_of([jo("a", "N1"), jo("b", "N2"), Worker("c", "Al", "Ng", internal_id="N3")])
    assert [worker_name(inputs, w) for w in "abc"] == ["Jo Lee (N1)", "Jo Lee (N2)", "Al Ng"]


def test_same_names_without_an_internal_id_or_with_the_same_one_get_part_of_the_id() -> None:
    inputs = run_of(
        [jo("11111111-a"), jo("22222222-b"), jo("33333333-c", "N"), jo("44444444-d", "N")]
    )
    names = [worker_name(inputs, w.id) for w in inputs.workers]
    assert names == [
        "Jo Lee (11111111)",
        "Jo Lee (22222222)",
        "Jo Lee (N, 33333333)",
        "Jo Lee (N, 44444444)",
    ]


def test_somebody_left_out_with_the_same_name_is_told_apart() -> None:
    inputs = run_of([jo("a", "N1")], LeftOut("worker", "b", "Jo Lee", "withdrawn"))
    assert worker_name(inputs, "a") == "Jo Lee (N1)"
    assert worker_name(inputs, "b") == "Jo Lee (left out)"
    assert worker_name(inputs, "x") == "a worker outside this run"


def test_job_lines_of_one_name_get_their_number() -> None:
    lines = (JobLine("a", "Surgery", 3), JobLine("b", "Surgery", 4), JobLine("c", "Medicine", 5))
    inputs = run_of([], lines=lines)
    names = [job_line_name(inputs, j) for j in "abc"]
    assert names == ["Surgery (no. 3)", "Surgery (no. 4)", "Medicine"]
    assert job_line_name(replace(inputs, job_lines=lines[1:]), "b") == "Surgery"


@given(
    st.lists(st.tuples(st.sampled_from(["Jo", "Jo (N1)", ""]), st.sampled_from(["", "N1", "N2"])))
)
def test_no_two_workers_share_a_name(people: list[tuple[str, str]]) -> None:
    workers = [
        Worker(f"{number:08d}-w", name, internal_id=internal_id)
        for number, (name, internal_id) in enumerate(people)
    ]
    inputs = run_of(workers)
    names = [worker_name(inputs, worker.id) for worker in workers]
    assert len(set(names)) == len(names)
