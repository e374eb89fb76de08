"""What a running console writes into its log, line by line, and what it never writes."""

from __future__ import annotations

import json

import httpx
import pytest

from allocator.config import Connection
from tests.console.server import (
    API_KEY,
    OPERATOR,
    PASSWORD,
    QUICKLY,
    ConsoleServer,
    console_server,
    secrets_text,
    sign_in,
)
from tests.database.demo_rows import demo_rows
from tests.waiting import eventually

ASKED = {"X-API-KEY": API_KEY, "X-Request-ID": "scheduler-7"}
TYPED_AS_NAME = "a-password-typed-as-name"


@pytest.fixture
def server(tmp_path, database, local_stack):
    database.insert_tables(demo_rows(intern_ranks=True))
    connection = Connection(local_stack.url, local_stack.service_role_key)
    console = 'log = "json"\nlockout_attempts = 2'
    with console_server(tmp_path, secrets_text(console=console), connection) as running:
        yield running


def events(server: ConsoleServer) -> list[dict]:
    """Every line of the log; anything but JSON fails, apart from Streamlit's greeting."""
    lines = [line for line in server.log.splitlines() if line.strip()]
    greeting = ("You can now view", "URL: ")
    return [json.loads(line) for line in lines if not line.strip().startswith(greeting)]


def told(server: ConsoleServer, event: str) -> list[dict]:
    return [line for line in events(server) if line.get("event") == event]


def test_each_event_is_a_line_with_operator_run_and_request(server, database):
    with server.signed_in() as client:
        client.post("/sign-out")
    for name in (OPERATOR, OPERATOR, TYPED_AS_NAME):
        sign_in(server.browser(), name, "wrong password")
    server.ask("/", headers={"Origin": "https://evil.example"})
    with httpx.Client(base_url=f"{server.url}/api/runs", **QUICKLY) as api:
        api.post("/process-pending", headers={"X-API-KEY": "a wrong key"})
        answer = api.post("/process-pending", headers=ASKED)
        assert answer.headers["x-request-id"] == "scheduler-7"
        wait_for_end(api)

    (signed,) = told(server, "sign-in")
    assert signed["operator"] == OPERATOR
    assert signed["request"]
    assert [line["operator"] for line in told(server, "sign-out")] == [OPERATOR]
    failed = told(server, "sign-in failed")
    assert [line.get("operator") for line in failed] == [OPERATOR, OPERATOR, None]
    assert [line["operator"] for line in told(server, "lockout")] == [OPERATOR]
    outcomes = [line["outcome"] for line in told(server, "refusal")]
    assert {"another origin", "wrong API key"} <= set(outcomes)
    commits = told(server, "commit")
    assert commits
    for line in (*told(server, "solve"), *commits):
        assert line["operator"] == "HTTP trigger"
        assert line["request"] == "scheduler-7"
        assert len(line["run"]) == 36
    assert {line["outcome"] for line in commits} == {"optimal"}
    pending = database.rows("select id from allocator_py_runs where completed_at is null")
    refused = {line["run"] for line in told(server, "refusal") if "run" in line}
    assert {str(row["id"]) for row in pending} == refused

    log = server.log + server.printed
    people = database.rows("select firstname, lastname from workers")
    names = {f"{row['firstname']} {row['lastname']}" for row in people}
    secrets = (PASSWORD, API_KEY, "a wrong key", "wrong password", TYPED_AS_NAME, "argon2id")
    for secret in (*names, *secrets, server.secrets.read_text().split('"')[3]):
        assert secret not in log


def wait_for_end(api: httpx.Client) -> None:
    """Until no work on pending runs is under way."""

    def has_ended() -> bool:
        job = api.get("/process-pending", headers=ASKED).json()["job"]
        return job["state"] != "running"

    eventually(has_ended, every=0.5)
