"""A paged read is whole or refused, whatever other programs do to its rows meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from allocator.errors import MalformedAnswer
from allocator.postgres import Client, fetch_pages, fetch_worker_qualifications, fetchAll
from tests.database.year import Year

CAP = 1000
"""Rows in a page: what is asked for at once, and what the local server gives at most."""


def uuids(count: int) -> list[str]:
    """In the order in which pages come."""
    return sorted(str(uuid4()) for _ in range(count))


def before_request(client: Client, number: int, do: Callable[[], object]) -> list[str]:
    """Do something before this request of the client (1 = the next); gives what is asked for."""
    asked: list[str] = []

    def hook(request) -> None:
        asked.append(str(request.url))
        if len(asked) == number:
            do()

    client.options.httpx_client.event_hooks["request"].append(hook)
    return asked


@pytest.fixture
def lines(year: Year) -> list[str]:
    """1500 job lines, stored in no order."""
    made = uuids(1500)
    rows = [{"id": j, "name": "Line", "allocation_run": year.id} for j in made]
    year.database.insert_tables({"job_lines": rows[::2] + rows[1::2]})
    return made


@pytest.fixture
def rules(year: Year, lines: list[str]) -> list[str]:
    """A rule of eligibility for each of them; no column of the table is unique."""
    rows = [{"job_line": j, "updated_at": "2026-10-01"} for j in lines]
    year.database.insert_tables({"job_line_eligibility": rows})
    return lines


@pytest.mark.parametrize("count", [CAP - 1, CAP, CAP + 1, 2 * CAP])
def test_every_number_of_rows_around_a_page_arrives_once(year, client, count):
    made = uuids(count)
    rows = [{"id": j, "name": "Line", "allocation_run": year.id} for j in reversed(made)]
    year.database.insert_tables({"job_lines": rows})
    run = year.run()
    asked = before_request(client, 0, lambda: None)
    found = list(fetch_pages("job_lines", run, client=client))
    assert [row["id"] for page in found for row in page.rows] == made
    assert {page.total for page in found} == {count}
    assert len(asked) == 1 + -(-count // CAP)  # the run, then as few pages as hold them


def test_row_that_goes_between_pages_is_missed(year, client, lines):
    gone = f"delete from job_lines where id = '{lines[-1]}'"
    before_request(client, 3, lambda: year.database.rows(gone))
    with pytest.raises(MalformedAnswer, match="1499 of 1500 rows of job_lines arrived") as failure:
        fetchAll("job_lines", year.run(), client=client)
    assert "load the run again" in failure.value.how


def test_row_that_comes_between_pages_is_one_too_many(year, client, lines):
    late = "f" * 8 + str(uuid4())[8:]
    added = {"id": late, "name": "Late", "allocation_run": year.id}
    before_request(client, 3, lambda: year.database.insert("job_lines", added))
    with pytest.raises(MalformedAnswer, match="1501 of 1500"):
        fetchAll("job_lines", year.run(), client=client)


def test_pages_by_number_that_shift_back_are_refused(year, client, rules):
    gone = "delete from job_line_eligibility where job_line = %s"
    before_request(client, 3, lambda: year.database.rows(gone, rules[0]))
    with pytest.raises(MalformedAnswer, match="1499 of 1500 rows of job_line_eligibility"):
        fetchAll("eligibility", year.run(), client=client)


def test_pages_by_number_that_shift_on_are_refused(year, client, rules):
    def add() -> None:
        first = year.job_line("Early", id="0" * 8 + str(uuid4())[8:])
        year.insert("job_line_eligibility", job_line=first)

    before_request(client, 3, add)
    with pytest.raises(MalformedAnswer, match="1501 of 1500"):  # one of them twice
        fetchAll("eligibility", year.run(), client=client)


def test_row_that_is_stored_anew_between_pages_keeps_its_place(year, client, rules):
    moved = "update job_line_eligibility set excluded_worker_mapping_ids = '{}' where job_line = %s"
    before_request(client, 3, lambda: year.database.rows(moved, rules[0]))
    found = fetchAll("eligibility", year.run(), client=client)
    assert [row["job_line"] for row in found] == rules


def test_rows_of_two_keys_arrive_once_and_in_order(year, client):
    """A page ends within the placements of a run, between two workers."""
    mappings, people = uuids(CAP // 2 + 1), uuids(CAP // 2 + 1)
    line = year.job_line("Surgery")
    runs = sorted(year.run(completed_at="2026-10-01") for _ in range(3))
    placed = [
        {"allocator_py_run": run, "worker_mapping": mapping, "job_line": line}
        for mapping in reversed(mappings)
        for run in runs
    ]
    year.database.insert_tables(
        {
            "workers": [{"id": person, "internal_id": person} for person in people],
            "allocation_run_worker_mappings": [
                {"id": mapping, "worker": person, "allocation_run": year.id}
                for mapping, person in zip(mappings, people, strict=True)
            ],
            "allocator_py_allocations": placed,
        }
    )
    found = fetchAll("completed_allocations", year.run(), client=client)
    pairs = [(row["allocator_py_run"], row["worker_mapping"]) for row in found]
    assert pairs == [(run, mapping) for run in runs for mapping in mappings]


def test_qualifications_that_shift_between_pages_are_refused(year, client):
    mappings = [year.worker(f"W{n}") for n in range(30)]
    tags = uuids(40)
    people = year.database.rows("select worker from allocation_run_worker_mappings")
    held = [{"worker": w["worker"], "qualification_tag": t} for t in reversed(tags) for w in people]
    named = [{"id": t, "name": "Tag"} for t in tags]
    year.database.insert_tables({"qualification_tags": named, "worker_qualifications": held})
    found = fetch_worker_qualifications(year.run(), client=client)
    pairs = [(row["worker_mapping_id"], row["qualification_tag_id"]) for row in found]
    assert pairs == [(mapping, tag) for mapping in sorted(mappings) for tag in tags]
    gone = (
        "delete from worker_qualifications where (worker, qualification_tag) in"
        " (select worker, qualification_tag from worker_qualifications limit 1)"
    )
    before_request(client, 3, lambda: year.database.rows(gone))
    with pytest.raises(MalformedAnswer, match="1199 of 1200"):
        fetch_worker_qualifications(year.run(), client=client)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("delete from preference_worker_job_lines where job_line = %s", "2 of 3"),
        (
            "insert into preference_worker_job_lines"
            " (allocation_run_worker_mapping, job_line, order_preference)"
            " select id, %s, 9 from allocation_run_worker_mappings",
            "4 of 3",
        ),
    ],
)
def test_preferences_that_change_after_they_were_counted_are_refused(year, client, change, said):
    ada, lines = year.worker("Ada"), [year.job_line(f"Line {n}") for n in range(4)]
    year.ranks(ada, *((line, n) for n, line in enumerate(lines[:3], 1)))
    target = lines[3] if "insert" in change else lines[0]
    # The run, its workers, how many preferences, then the preferences.
    before_request(client, 4, lambda: year.database.rows(change, target))
    with pytest.raises(MalformedAnswer, match=f"{said} preferences arrived"):
        fetchAll("preferences", year.run(), client=client)
