"""The HTTP triggers of a running console on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest

from allocator.config import Connection
from allocator.demo import demo_data
from allocator.models import Settings
from tests.console.server import API_KEY, QUICKLY, ConsoleServer, console_server, secrets_text
from tests.database.demo_rows import demo_rows
from tests.waiting import eventually

KEY = {"X-API-KEY": API_KEY}


@pytest.fixture(scope="module")
def server(tmp_path_factory, local_stack) -> Iterator[ConsoleServer]:
    connection = Connection(local_stack.url, local_stack.service_role_key)
    with console_server(tmp_path_factory.mktemp("api"), secrets_text(), connection) as running:
        yield running


@pytest.fixture
def api(server, database) -> Iterator[httpx.Client]:
    """A client with the key, on the demo data."""
    database.insert_tables(demo_rows(intern_ranks=True))
    with httpx.Client(base_url=f"{server.url}/api/runs", headers=KEY, **QUICKLY) as client:
        yield client


def ended_job(api: httpx.Client, run: str) -> dict:
    """The run's job once there is one that no longer runs."""

    def look() -> dict | None:
        answer = api.get(f"/{run}")
        job = answer.json().get("job") if answer.status_code == 200 else None
        return job if job and job["state"] != "running" else None

    return eventually(look, every=1.5)  # more often would use up the key's budget


@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "wrong"}, {"X-API-KEY": ""}])
def test_wrong_or_missing_key_gets_401(server, headers):
    for method, path in (("POST", "/api/runs/process-pending"), ("GET", "/api/runs/x")):
        answer = httpx.request(method, server.url + path, headers=headers, **QUICKLY)
        assert answer.status_code == 401
        assert answer.json() == {"error": "Send the key in the X-API-KEY header."}


def test_session_cookie_does_not_stand_in_for_the_key(server):
    with server.signed_in() as client:
        assert client.post("/api/runs/process-pending").status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/", "/runs", "/runs/x", "/runs/x/solve", "/runs/process-pending"],
)
def test_key_does_not_open_pages(server, path):
    answer = httpx.get(server.url + path, headers=KEY, **QUICKLY)
    assert answer.status_code == 401
    assert httpx.post(f"{server.url}{path}/more", headers=KEY, **QUICKLY).status_code == 401


@pytest.mark.parametrize("path", ["/api/", "/api/x", "/api/_stcore/health"])
def test_key_leads_nowhere_else_below_the_api(server, path):
    assert httpx.get(server.url + path, headers=KEY, **QUICKLY).status_code == 404


def test_readiness_tells_that_the_database_answers(server):
    answer = httpx.get(f"{server.url}/readyz", **QUICKLY)
    assert (answer.status_code, answer.json()["database"]) == (200, "answers")


def test_unknown_run_and_address_get_404(api):
    assert api.get(f"/{uuid4()}").status_code == 404
    assert api.post(f"/{uuid4()}/solve").status_code == 404
    assert api.get("/not-an-id").status_code == 404
    assert api.post(f"/{demo_data.BY_EYE[:8]}/solve").status_code == 404
    assert api.get("/").status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[1]", "object"),
        ("{", "JSON"),
        ("[" * 16_000, "nested"),
        ('{"acknowledged": ' + "[" * 2_000 + "]" * 2_000 + "}", "nested"),
        ("x" * 20_000, "large"),
        ('{"alpha": 7}', "alpha"),
        ('{"alpha": true}', "alpha must be a number"),
        ('{"alpha": "0.3"}', "alpha must be a number"),
        ('{"acknowledged": "no"}', "acknowledged must be true or false"),
        ('{"ties_allowed": 0}', "ties_allowed must be true or false"),
        ('{"seed": 1.5}', "seed must be a whole number"),
        ('{"seed": 1000000000000000000000000000000}', "seed is too large"),
        ('{"time_limit": NaN}', "time_limit"),
        ('{"time_limit": 1e999}', "time_limit"),
        ('{"solver": "magic"}', "solver must be one of"),
        ('{"policy": null}', "policy must be one of"),
        ('{"no_such": 1}', "'no_such' is unknown"),
    ],
)
@pytest.mark.parametrize("action", ["process-pending", f"{demo_data.BY_EYE}/solve"])
def test_body_that_is_not_settings_gets_400_that_names_the_field(api, action, body, said):
    answer = api.post(f"/{action}", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert "alpha" in answer.json()["remedy"] or said == "large"


def test_addresses_of_the_sister_service_answer_as_it_does(server, api):
    with httpx.Client(base_url=server.url, **QUICKLY) as sister:
        assert sister.get("/health").status_code == 200
        assert sister.post(f"/runs/{demo_data.BY_EYE}/solve").status_code == 401
        answer = sister.post(f"/runs/{demo_data.BY_EYE}/solve", headers=KEY)
        assert answer.status_code == 202
        assert answer.json()["run_id"] == demo_data.BY_EYE
        assert answer.json()["status"] == "accepted"
        assert answer.json()["message"]
        ended_job(api, demo_data.BY_EYE)
        assert sister.post(f"/runs/{uuid4()}/solve", headers=KEY).status_code == 404


def test_description_names_every_address_and_field(server, api):
    assert httpx.get(f"{server.url}/api/openapi.json", **QUICKLY).status_code == 401
    told = httpx.get(f"{server.url}/api/openapi.json", headers=KEY, **QUICKLY).json()
    assert told["openapi"].startswith("3.")
    for path, methods in told["paths"].items():
        for method in methods:
            address = server.url + path.replace("{run_id}", "not-an-id")
            answer = httpx.request(method, address, headers=KEY, content="[", **QUICKLY)
            has_state = (method, path) == ("get", "/api/runs/process-pending")
            assert answer.status_code in ((200,) if has_state else (400, 404)), address
            assert set(answer.json()) <= ({"job"} if has_state else {"error", "remedy"})
    schemas = told["components"]["schemas"]
    assert set(Settings.__slots__) < set(schemas["SolveRequest"]["properties"])
    assert schemas["SolveRequest"]["additionalProperties"] is False


def test_solve_goes_on_in_the_background_and_commits_nothing(api, database):
    answer = api.post(f"/{demo_data.BY_EYE}/solve", json={"seed": 7})
    assert answer.status_code == 202
    job = ended_job(api, demo_data.BY_EYE)
    assert (job["state"], job["status"]) == ("done", "optimal")
    assert job["objective"] == job["bound"]
    assert api.get(f"/{demo_data.BY_EYE}").json()["state"] == "pending"
    assert not database.rows(
        "select 1 from allocator_py_allocations where allocator_py_run = %s", demo_data.BY_EYE
    )


def test_solve_of_a_running_run_gets_409(api, database):
    """A lock on a table that every run is read from holds up the first call until it is gone."""
    with psycopg.connect(database.info.dsn) as blocker, ThreadPoolExecutor(4) as callers:
        blocker.execute("lock table preference_worker_job_lines in access exclusive mode")
        calls = [callers.submit(api.post, f"/{demo_data.INTERN_YEAR}/solve") for _ in range(4)]
        eventually(lambda: sum(call.done() for call in calls) == 3)
        blocker.rollback()
        codes = sorted(call.result().status_code for call in calls)
    assert codes == [202, 409, 409, 409]
    ended_job(api, demo_data.INTERN_YEAR)


def test_solve_of_a_completed_run_gets_409(api, database):
    database.rows(
        "update allocator_py_runs set completed_at = now() where id = %s", demo_data.BY_EYE
    )
    assert api.post(f"/{demo_data.BY_EYE}/solve").status_code == 409
    assert api.get(f"/{demo_data.BY_EYE}").json()["state"] == "completed"


def test_process_pending_commits_what_it_can(api, database):
    assert api.get("/process-pending").status_code == 200
    answer = api.post("/process-pending")
    assert answer.status_code == 202
    assert api.post("/process-pending").status_code == 409
    outcomes = ended_pending(api)
    assert outcomes[demo_data.BY_EYE] == "committed"
    assert committed(database, demo_data.BY_EYE)
    assert "must accept" in outcomes[demo_data.INTERN_YEAR]
    assert not committed(database, demo_data.INTERN_YEAR)
    people = database.rows("select firstname, lastname from workers")
    names = {f"{row['firstname']} {row['lastname']}" for row in people}
    assert names
    assert not any(name in told for name in names for told in outcomes.values())


def test_process_pending_commits_what_it_is_told_to_accept(api, database):
    assert api.post("/process-pending", json={"acknowledged": True}).status_code == 202
    assert ended_pending(api)[demo_data.INTERN_YEAR] == "committed"
    assert committed(database, demo_data.INTERN_YEAR)


def test_process_pending_commits_only_what_it_is_told_to_expect(api, database):
    assert api.post(f"/{demo_data.BY_EYE}/solve").status_code == 202
    seen = ended_job(api, demo_data.BY_EYE)["identity"]
    stale = {demo_data.BY_EYE: "0" * 64, demo_data.COMPLETED: seen}
    answer = api.post("/process-pending", json={"expect": stale})
    assert answer.status_code == 202
    outcomes = ended_pending(api)
    assert set(outcomes) == set(stale)
    assert "not the allocation that was shown" in outcomes[demo_data.BY_EYE]
    assert outcomes[demo_data.COMPLETED] == "It is not pending."
    assert not committed(database, demo_data.BY_EYE)
    api.post("/process-pending", json={"expect": {demo_data.BY_EYE: seen}})
    assert ended_pending(api) == {demo_data.BY_EYE: "committed"}
    assert committed(database, demo_data.BY_EYE)


def ended_pending(api: httpx.Client) -> dict[str, str]:
    """What came of the work on every pending run, once it has ended."""

    def look() -> dict[str, str] | None:
        job = api.get("/process-pending").json()["job"]
        return job["runs"] if job["state"] != "running" else None

    return eventually(look, every=1.5)


def committed(database, run: str) -> bool:
    row = database.rows("select completed_at from allocator_py_runs where id = %s", run)[0]
    return row["completed_at"] is not None
