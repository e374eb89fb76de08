"""The HTTP triggers of a running console on a real database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from allocator.config import Connection
from allocator.demo import demo_data
from tests.console.server import API_KEY, ConsoleServer, console_server, secrets_text

KEY = {"X-API-KEY": API_KEY}


@pytest.fixture(scope="module")
def server(tmp_path_factory, local_stack) -> Iterator[ConsoleServer]:
    connection = Connection(local_stack.url, local_stack.service_role_key)
    with console_server(tmp_path_factory.mktemp("api"), secrets_text(), connection) as running:
        yield running


@pytest.fixture
def api(server, database) -> Iterator[httpx.Client]:
    """A client with the key, on the demo data."""
    database.insert_tables(demo_data.rows())
    with httpx.Client(
        base_url=f"{server.url}/api/runs", headers=KEY, timeout=60, trust_env=False
    ) as client:
        yield client


def ended_job(api: httpx.Client, run: str) -> dict:
    """The run's job once it no longer runs."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        answer = api.get(f"/{run}")
        if answer.status_code == 200 and answer.json()["job"]["state"] != "running":
            return answer.json()["job"]
        time.sleep(1.5)
    raise AssertionError("the job did not end")


@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "wrong"}, {"X-API-KEY": ""}])
def test_wrong_or_missing_key_gets_401(server, headers):
    for method, path in (("POST", "/api/runs/process-pending"), ("GET", "/api/runs/x")):
        answer = httpx.request(method, server.url + path, headers=headers, trust_env=False)
        assert answer.status_code == 401
        assert answer.json() == {"error": "Send the key in the X-API-KEY header."}


def test_session_cookie_does_not_stand_in_for_the_key(server):
    with server.signed_in() as client:
        assert client.post("/api/runs/process-pending").status_code == 401


def test_key_does_not_open_pages(server):
    answer = httpx.get(server.url, headers=KEY, trust_env=False)
    assert answer.status_code == 401


def test_healthz_tells_that_the_database_answers(server):
    answer = httpx.get(f"{server.url}/healthz", trust_env=False)
    assert (answer.status_code, answer.json()["database"]) == (200, "answers")


def test_unknown_run_and_address_get_404(api):
    assert api.get(f"/{uuid4()}").status_code == 404
    assert api.post(f"/{uuid4()}/solve").status_code == 404
    assert api.get("/not-an-id").status_code == 404
    assert api.post(f"/{demo_data.BY_EYE[:8]}/solve").status_code == 404
    assert api.get("/").status_code == 404


@pytest.mark.parametrize("body", ["[1]", "{", '{"alpha": 7}', '{"no_such": 1}', "x" * 20_000])
def test_body_that_is_not_settings_gets_400(api, body):
    answer = api.post(f"/{demo_data.BY_EYE}/solve", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


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


def test_solve_of_a_running_run_gets_409(api):
    with ThreadPoolExecutor(4) as callers:
        answers = callers.map(lambda _: api.post(f"/{demo_data.INTERN_YEAR}/solve"), range(4))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [202, 409, 409, 409]
    ended_job(api, demo_data.INTERN_YEAR)


def test_solve_of_a_completed_run_gets_409(api, database):
    database.rows(
        "update allocator_py_runs set completed_at = now() where id = %s", demo_data.BY_EYE
    )
    assert api.post(f"/{demo_data.BY_EYE}/solve").status_code == 409
    assert api.get(f"/{demo_data.BY_EYE}").json()["state"] == "completed"


def test_process_pending_commits_what_it_can(api, database):
    answer = api.post("/process-pending")
    assert answer.status_code == 202
    assert api.post("/process-pending").status_code == 409
    end = time.monotonic() + 120
    while time.monotonic() < end and not committed(database, demo_data.INTERN_YEAR):
        time.sleep(1)
    assert committed(database, demo_data.BY_EYE)
    assert committed(database, demo_data.INTERN_YEAR)


def test_too_many_calls_get_429(server):
    address = f"{server.url}/api/runs/x"
    codes = [
        httpx.get(address, headers={"X-API-KEY": "guess"}, trust_env=False).status_code
        for _ in range(25)
    ]
    assert codes[0] == 401
    assert codes[-1] == 429
    assert httpx.get(address, headers=KEY, trust_env=False).status_code == 404


def committed(database, run: str) -> bool:
    row = database.rows("select completed_at from allocator_py_runs where id = %s", run)[0]
    return row["completed_at"] is not None
