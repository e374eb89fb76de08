"""Error bodies of PostgREST 12 to 16 and of gateways, replayed: each gets its word and remedy.

`error_bodies.json` holds what these servers send by their documentation: which versions, the HTTP
status and body, our error class, and words of the message."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from allocator import errors, postgres
from allocator.config import Connection
from allocator.database import failures, transport
from allocator.errors import AllocatorError, Denied
from allocator.postgres import fetchAll, post
from tests.database.answers import Answer, answering

BODIES = json.loads((Path(__file__).parent / "error_bodies.json").read_text())


def name(case):
    body = case["body"]
    return f"{case['servers']}-{body.get('code', '') if isinstance(body, dict) else ''}".strip("-")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """As many attempts as ever, without the waits."""
    monkeypatch.setattr(transport, "RETRY_DELAYS", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("case", BODIES, ids=name)
def test_error_body_gets_its_word_and_remedy(case):
    with answering(Answer(case["status"], case["body"])) as server:
        with pytest.raises(AllocatorError) as raised:
            fetchAll("runs", None, client=server.client)
        # Only what may pass by itself is asked again.
        assert len(server.asked) == (4 if case["error"] == "Unreachable" else 1)
    assert type(raised.value) is getattr(errors, case["error"])
    assert case["says"] in str(raised.value)
    assert raised.value.how or isinstance(raised.value, errors.CommitRefused)
    assert "somebody-private" not in str(raised.value)


@pytest.mark.parametrize(
    ("code", "is_known"),
    [
        *((code, True) for code in ("57014", "55P03", "53100", "25006", "40P01", "23503")),
        *((code, True) for code in ("42501", "PGRST003")),
        *((code, False) for code in ("57P01", "08006", "PGRST001", "")),
    ],
)
def test_write_says_whether_anything_was_written(code, is_known):
    body = {"code": code, "message": "so it is"}
    with answering(Answer(500, body)) as server, pytest.raises(AllocatorError) as raised:
        post("solves", [{"operator": "ada"}], str(uuid4()), client=server.client)
    assert ("nothing was written" in raised.value.message) is is_known
    assert ("may or may not" in raised.value.message) is not is_known
    assert server.asked == ["POST"]


def test_a_gateway_that_quotes_a_key_is_not_quoted():
    key = "sb_secret_abcdefghijklmnop"
    body = {"message": f"Invalid key {key} or eyJhbGciOi.eyJyb2xl.sig"}
    with answering(Answer(401, body)) as server, pytest.raises(AllocatorError) as raised:
        fetchAll("runs", None, client=server.client)
    assert "Invalid key" in str(raised.value)
    assert "abcdef" not in str(raised.value)
    assert "eyJ" not in str(raised.value)


@pytest.mark.parametrize(
    ("table", "grant"),
    [
        ("job_lines", "grant select, update on public.job_lines to service_role;"),
        ("allocator_py_allocations", "grant select, insert on public.allocator_py_allocations"),
        ("orgs", "grant select on public.orgs to service_role;"),
    ],
)
def test_a_denied_table_is_named_with_the_grant_that_a_commit_needs(table, grant):
    exc = _api_error(f"permission denied for table {table}")
    assert grant in failures.translate(exc, "a reading").how


def test_a_denied_table_of_a_trigger_is_not_given_a_guess():
    exc = _api_error("permission denied for table owners_log")
    denied = failures.translate(exc, "the commit function")
    assert isinstance(denied, Denied)
    assert "trigger" in denied.how
    assert "owners_log" in denied.how


def _api_error(message):
    return failures.APIError({"code": "42501", "message": message})


def test_a_secret_key_travels_as_apikey_alone_and_a_legacy_key_both_ways():
    for key, is_bearer in (("sb_secret_x", False), ("a.legacy.key", True)):
        seen: list[httpx.Request] = []
        with answering(Answer(200, "1.2.3", kind="application/json")) as server:
            client = postgres.connect(Connection(server.url, key))
            client.options.httpx_client.event_hooks["request"].append(seen.append)
            postgres.console_version(client=client)
        (request,) = seen
        assert request.headers["apikey"] == key
        assert ("authorization" in request.headers) is is_bearer
