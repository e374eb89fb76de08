"""Reads are complete, writes happen once, and each failure has its own word."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from allocator import postgres
from allocator.config import Connection
from allocator.database import transport
from allocator.errors import (
    AllocatorError,
    AlreadyCompleted,
    CommitRefused,
    ConfigurationError,
    DatabaseError,
    Denied,
    KeyRefused,
    MalformedAnswer,
    MissingFunction,
    MissingTable,
    RunNotFound,
    TimedOut,
    Unreachable,
    UsageError,
)
from allocator.postgres import Client, fetch_worker_qualifications, fetchAll, post
from tests.conftest import Database
from tests.database.answers import Answer, answering
from tests.database.year import Year, own_client, requests_of
from tests.waiting import PATIENCE


@pytest.fixture
def year(database: Database) -> Year:
    return Year(database)


@pytest.fixture
def client(database: Database) -> Iterator[Client]:
    client = own_client(database)
    yield client
    client.options.httpx_client.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many attempts as ever, without the waits."""
    monkeypatch.setattr(transport, "RETRY_DELAYS", (0.0, 0.0, 0.0))


def uuids(count: int) -> list[str]:
    return [str(uuid4()) for _ in range(count)]


def test_fetch_all_reads_past_the_row_cap(year, client):
    lines = uuids(2500)
    rows = [{"id": j, "name": "Line", "allocation_run": year.id} for j in lines]
    year.database.insert_tables({"job_lines": rows})
    Year(year.database, "Other year").job_line("Elsewhere")
    sent = requests_of(client)
    run = year.run()
    found = fetchAll("job_lines", run, client=client)
    assert [row["id"] for row in found] == sorted(lines)
    assert len(sent) == 4  # the run, then three pages


def test_fetch_all_reads_past_the_row_cap_where_keys_repeat(year, client):
    lines = uuids(1300)
    job_lines = [{"id": j, "name": "Line", "allocation_run": year.id} for j in lines]
    rules = [{"job_line": j, "updated_at": "2026-10-01"} for j in lines]
    year.database.insert_tables({"job_lines": job_lines, "job_line_eligibility": rules})
    found = fetchAll("eligibility", year.run(), client=client)
    assert sorted(row["job_line"] for row in found) == sorted(lines)


def test_fetch_all_reads_lists_of_preferences_past_the_row_cap(year, client):
    ada, ben = year.worker("Ada"), year.worker("Ben")
    lines = uuids(2300)
    job_lines = [{"id": j, "name": "Line", "allocation_run": year.id} for j in lines]
    column = "allocation_run_worker_mapping"
    ranks = [{column: ada, "job_line": j, "order_preference": n} for n, j in enumerate(lines, 1)]
    ranks += [{column: ben, "job_line": j, "order_preference": 1} for j in lines[:1000]]
    year.database.insert_tables({"job_lines": job_lines, "preference_worker_job_lines": ranks})
    found = fetchAll("preferences", year.run(), client=client)
    assert len(found) == 3300
    of_ada = {row["job_line"]: row["order_preference"] for row in found if row[column] == ada}
    assert of_ada == {j: n for n, j in enumerate(lines, 1)}


def test_lists_that_take_too_long_together_are_read_in_smaller_answers(year, client):
    workers = sorted(year.worker(f"W{n}") for n in range(7))
    lines = [year.job_line(f"Line {n}") for n in range(3)]
    for worker in workers:
        year.ranks(worker, *((line, n) for n, line in enumerate(lines, 1)))
    asked: list[int] = []

    def too_slow(request: httpx.Request) -> None:
        bounds = request.url.params.get_list("id")
        if "ranks" in str(request.url) and len(bounds) == 2:
            first, last = (workers.index(bound.split(".")[1]) for bound in bounds)
            asked.append(last - first + 1)
            if last - first + 1 > 2:
                raise httpx.ReadTimeout("no answer", request=request)

    client.options.httpx_client.event_hooks["request"].append(too_slow)
    found = fetchAll("preferences", year.run(), client=client)
    assert len(found) == len(workers) * len(lines)
    assert asked == [7, 3, 1, 2, 4, 2, 2]


def test_preferences_that_take_too_long_to_count_are_counted_in_parts(year, client):
    surgery = year.job_line("Surgery")
    for n in range(3):
        year.ranks(year.worker(f"W{n}"), (surgery, 1))

    def too_slow(request: httpx.Request) -> None:
        if "!inner()" in request.url.params.get("select", ""):
            raise httpx.ReadTimeout("no answer", request=request)

    client.options.httpx_client.event_hooks["request"].append(too_slow)
    assert len(fetchAll("preferences", year.run(), client=client)) == 3


def test_fetch_worker_qualifications_reads_past_the_row_cap(year, client):
    mappings = [year.worker(f"W{n}") for n in range(30)]
    tags = uuids(40)
    workers = year.database.rows("select worker from allocation_run_worker_mappings")
    held = [{"worker": w["worker"], "qualification_tag": t} for w in workers for t in tags]
    named = [{"id": t, "name": "Tag"} for t in tags]
    year.database.insert_tables({"qualification_tags": named, "worker_qualifications": held})
    found = fetch_worker_qualifications(year.run(), client=client)
    pairs = {(row["worker_mapping_id"], row["qualification_tag_id"]) for row in found}
    assert pairs == {(mapping, tag) for mapping in mappings for tag in tags}


def test_fetch_all_lists_runs_with_their_plans(year, client):
    pending = year.run()
    done = year.completed("2026-10-01T00:00:00Z")
    assert [row["id"] for row in fetchAll("pending", None, client=client)] == [pending]
    rows = fetchAll("runs", None, client=client)
    assert {row["id"] for row in rows} == {pending, done}
    assert rows[0]["allocationruns"]["allocationplans"]["name"] == "Intern year"


def test_fetch_all_of_something_unknown_says_what_there_is(client):
    with pytest.raises(UsageError, match="job_lines"):
        fetchAll("everything", None, client=client)


def test_fetch_all_of_an_unknown_run(client):
    with pytest.raises(RunNotFound):
        fetchAll("workers", str(uuid4()), client=client)


def test_one_client_serves_many_threads(year, client):
    for n in range(20):
        year.worker(f"W{n}")
    run = year.run()
    with ThreadPoolExecutor(8) as threads:
        counts = threads.map(lambda _: len(fetchAll("workers", run, client=client)), range(40))
    assert set(counts) == {20}


def commit(year: Year, run: str, pairs, client: Client, operator: str = "ada"):
    rows = [{"worker_mapping": w, "job_line": j, "original_preference": None} for w, j in pairs]
    return post("allocations", rows, run, client=client, audit={"operator": operator})


def test_post_allocations_commits_and_gives_the_receipt(year, client):
    pair = year.worker("Ada"), year.job_line("Surgery")
    run = year.run()
    receipt = commit(year, run, [pair], client)
    assert (receipt["operator"], receipt["n_allocations"]) == ("ada", 1)
    assert fetchAll("allocations", run, client=client)[0]["job_line"] == pair[1]
    assert fetchAll("audit", run, client=client)[0]["operator"] == "ada"
    assert fetchAll("all_audit", None, client=client)[0]["allocator_py_run"] == run
    assert fetchAll("pending", None, client=client) == []


def test_post_allocations_of_a_completed_run_says_who_and_when(year, client):
    pair = year.worker("Ada"), year.job_line("Surgery")
    run = year.run()
    commit(year, run, [pair], client)
    with pytest.raises(AlreadyCompleted, match="ada completed this run first") as raised:
        commit(year, run, [pair], client, operator="ben")
    assert raised.value.facts["operator"] == "ada"
    assert raised.value.facts["committed_at"]


def test_post_allocations_refused_or_unknown_run(year, client):
    gone = year.worker("Ada", withdrawn_at="2026-10-01T00:00:00Z")
    run = year.run()
    with pytest.raises(CommitRefused, match="withdrawn") as raised:
        commit(year, run, [(gone, year.job_line("Surgery"))], client)
    assert raised.value.facts["code"] == "AC004"
    with pytest.raises(RunNotFound):
        commit(year, str(uuid4()), [(gone, gone)], client)
    assert fetchAll("allocations", run, client=client) == []


def test_post_solves_and_scenarios_are_kept_with_the_run(year, client):
    run = year.run()
    post("solves", [{"operator": "ada", "seed": 7, "status": "optimal"}], run, client=client)
    (saved,) = post("scenarios", [{"name": "Fairer", "definition": {}}], run, client=client)
    post("scenarios", [{"id": saved["id"], "name": "Fairest"}], run, client=client)
    assert fetchAll("solves", run, client=client)[0]["seed"] == 7
    assert [s["name"] for s in fetchAll("scenarios", run, client=client)] == ["Fairest"]
    assert postgres.delete_scenario(saved["id"], client=client)
    assert not postgres.delete_scenario(saved["id"], client=client)


def test_post_of_something_unknown_or_not_json(year, client):
    run = year.run()
    with pytest.raises(UsageError, match="solves"):
        post("workers", [{}], run, client=client)
    with pytest.raises(UsageError, match="cannot be written"):
        post("solves", [{"objective": float("nan")}], run, client=client)


def test_a_violated_constraint_keeps_the_row_out_of_every_message(year, client):
    row = {"operator": "somebody-private", "status": None}
    with pytest.raises(DatabaseError) as raised:
        post("solves", [row], year.run(), client=client)
    assert "somebody-private" not in "".join(traceback.format_exception(raised.value))


def test_probe_finds_nothing_on_the_local_stack(client):
    assert set(postgres.probe(client=client).values()) == {None}
    postgres.ping(client=client)
    assert postgres.console_version(client=client)


def test_missing_tables_columns_and_functions_are_named(year, client):
    rows = year.database.rows
    run = year.run()
    rows("alter table job_lines rename column sort_order to elsewhere")
    rows("alter table qualification_tags rename to elsewhere")
    rows("alter function allocator_console_version rename to elsewhere")
    rows("alter function get_worker_qualifications rename to elsewhere_too")
    try:
        with pytest.raises(MissingTable, match="sort_order"):
            fetchAll("job_lines", run, client=client)
        with pytest.raises(MissingTable, match="qualification_tags"):
            fetchAll("qualification_tags", run, client=client)
        with pytest.raises(MissingFunction, match="allocator_console_version"):
            postgres.console_version(client=client)
        with pytest.raises(MissingFunction, match="Ask the owner of the database"):
            fetch_worker_qualifications(run, client=client)
        found = {name for name, error in postgres.probe(client=client).items() if error}
        assert found == {
            "job_lines",
            "qualification_tags",
            "allocator_console_version",
            "get_worker_qualifications",
        }
    finally:
        rows("alter table job_lines rename column elsewhere to sort_order")
        rows("alter table elsewhere rename to qualification_tags")
        rows("alter function elsewhere rename to allocator_console_version")
        rows("alter function elsewhere_too rename to get_worker_qualifications")


def test_a_key_of_another_project_is_refused(database):
    other = postgres.connect(Connection(database.info.url, database.info.service_role_key + "x"))
    with pytest.raises(KeyRefused):
        postgres.ping(client=other)


def test_the_anon_key_is_refused_before_it_sees_empty_tables(database):
    with pytest.raises(Denied, match="anon key"):
        postgres.connect(Connection(database.info.url, database.info.anon_key))


def test_the_default_client_follows_the_configuration(database, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", database.info.url)
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.service_role_key)
    assert fetchAll("runs", None) == []
    assert postgres.default_client() is postgres.default_client()
    monkeypatch.delenv("SUPABASE_SERVICE_ROLE_KEY")
    with pytest.raises(ConfigurationError):
        postgres.default_client()


def test_unreachable_when_nothing_listens(at_once):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unreachable):
        fetchAll("runs", None, client=postgres.connect(Connection(url, "sb_secret_x")))


PAGE = "<html>Welcome to the hotel's network</html>"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(200, PAGE), MalformedAnswer),
        (Answer(200, "not JSON", kind="application/json"), MalformedAnswer),
        (Answer(200, {"rows": []}), MalformedAnswer),
        (Answer(200, []), MalformedAnswer),  # says nothing about how many rows there are
        (Answer(302, ""), MalformedAnswer),
        (Answer(404, PAGE), MalformedAnswer),
        (Answer(500, PAGE), MalformedAnswer),
        (Answer(401, {"message": "No API key found in request"}), KeyRefused),
        (Answer(401, {"code": "PGRST301", "message": "JWT expired"}), KeyRefused),
        (Answer(403, PAGE), KeyRefused),
        (Answer(403, {"code": "42501", "message": "permission denied"}), Denied),
        (Answer(429, PAGE), Unreachable),
        (Answer(502, PAGE), Unreachable),
        (Answer(503, {"code": "PGRST002", "message": "no schema cache"}), Unreachable),
        (Answer(520, PAGE), Unreachable),
        (Answer(504, PAGE), TimedOut),
        (Answer(500, {"code": "57014", "message": "statement timeout"}), TimedOut),
        (Answer(400, {"code": "PGRST200", "message": "no relationship"}), MissingTable),
        (Answer(400, {"code": "XX000", "message": "odd"}), DatabaseError),
        (Answer(drop=True), Unreachable),
    ],
)
def test_every_failure_has_its_word_and_a_remedy(at_once, answer, error):
    with answering(answer) as server, pytest.raises(AllocatorError) as raised:
        fetchAll("runs", None, client=server.client)
    assert type(raised.value) is error
    assert raised.value.how
    assert "hotel" not in str(raised.value)


def test_an_answer_that_does_not_come_is_timed_out(monkeypatch):
    monkeypatch.setattr(postgres, "TIMEOUT_SECONDS", 0.1)
    with answering(Answer(wait=PATIENCE)) as server, pytest.raises(TimedOut):
        fetchAll("runs", None, client=server.client)


def test_reads_are_tried_again(at_once):
    version = Answer(200, "1.2.3", kind="application/json")
    with answering(Answer(503, PAGE), Answer(drop=True), Answer(520, PAGE), version) as server:
        assert postgres.console_version(client=server.client) == "1.2.3"
    assert len(server.asked) == 4


def test_reads_are_not_tried_for_ever(at_once):
    with answering(Answer(503, PAGE)) as server, pytest.raises(Unreachable):
        fetchAll("runs", None, client=server.client)
    assert len(server.asked) == 4


@pytest.mark.parametrize("answer", [Answer(503, PAGE), Answer(drop=True), Answer(504, PAGE)])
def test_writes_are_sent_once_and_admit_what_is_unknown(at_once, answer):
    with answering(answer) as server, pytest.raises(DatabaseError, match="may or may not"):
        post("solves", [{"operator": "ada"}], str(uuid4()), client=server.client)
    assert server.asked == ["POST"]
