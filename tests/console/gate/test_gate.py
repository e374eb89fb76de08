"""What the running server gives to somebody who has not signed in, and what ends a session."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from tests.console.gate.conftest import (
    CLOSED_ADDRESSES,
    IDLE,
    ask_for_run,
    connect_from,
    connected,
    is_open,
    socket_of,
    wait_for_run,
)
from tests.console.server import (
    OPERATOR,
    secrets_text,
)
from tests.waiting import PATIENCE


@pytest.mark.parametrize("address", CLOSED_ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_every_address_before_sign_in_answers_401(server, address, method):
    answer = server.ask(address, method)
    assert answer.status_code == 401
    assert answer.text in ("Sign in first.", "")


def test_socket_before_sign_in_is_refused(server):
    for headers in ({}, {"Cookie": "allocator_session=made-up"}):
        with pytest.raises(InvalidStatus) as refused:
            connected(server, headers)
        assert refused.value.response.status_code == 401


def test_monitors_see_a_live_console_whose_database_is_away(server):
    for path in ("/healthz", "/health"):
        live = server.ask(path)
        assert (live.status_code, live.json()["status"]) == (200, "ok")
    ready = server.ask("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"console": "ok", "database": "does not answer"}


def test_sign_in_opens_pages_socket_and_assets(server):
    with server.signed_in() as client:
        assert client.get("/").status_code == 200
        assert client.get("/_stcore/health").status_code == 200
        with socket_of(server, client) as socket:
            ask_for_run(socket)
            assert socket.recv(timeout=PATIENCE)


def test_sign_out_ends_every_tab(server):
    with server.signed_in() as client, socket_of(server, client) as socket:
        ask_for_run(socket)
        token = client.cookies["allocator_session"]
        assert client.post("/sign-out").status_code == 303
        assert not is_open(socket, PATIENCE)
        kept = {"Cookie": f"allocator_session={token}"}
        assert server.ask("/", headers=kept).status_code == 401


def test_idle_session_ends_although_the_page_polls(server):
    with server.signed_in() as client, socket_of(server, client) as socket:
        ask_for_run(socket)
        wait_for_run(socket)
        server.pass_time(0.6 * IDLE)
        assert client.get("/sign-in/state").status_code == 204
        assert client.get("/_stcore/health", headers={"Accept": "*/*"}).status_code == 200
        ask_for_run(socket, automatic=True)
        wait_for_run(socket)
        server.pass_time(0.6 * IDLE)
        assert not is_open(socket, PATIENCE)
        assert client.get("/").status_code == 401


def test_click_keeps_a_session(server):
    with server.signed_in() as client, socket_of(server, client) as socket:
        for _ in range(3):  # the first is the page's own, and a click is none before it
            ask_for_run(socket)
            wait_for_run(socket)
            server.pass_time(0.6 * IDLE)
        assert client.get("/_stcore/health", headers={"Accept": "*/*"}).status_code == 200


def test_changed_hash_ends_open_sockets_without_restart(server):
    with server.signed_in() as client, socket_of(server, client) as socket:
        ask_for_run(socket)
        with server.other_secrets(secrets_text({OPERATOR: "quite another password"})):
            assert not is_open(socket, PATIENCE)
            assert client.get("/").status_code == 401


def test_console_without_operators_serves_an_explanation_alone(server):
    with server.other_secrets(secrets_text({})):
        page = server.browser().get("/review")
        assert page.status_code == 503
        assert "Nobody can sign in yet" in page.text
        for address in (*CLOSED_ADDRESSES, "/sign-in"):
            answer = server.ask(address)
            assert answer.status_code == 503
            assert answer.text == "The console has no operators yet."
        with pytest.raises(InvalidStatus):
            connected(server, {})


FOREIGN = (
    "http://127.0.0.1:1",
    "http://127.0.0.1",
    "http://localhost:9999",
    "http://0.0.0.0:8501",
    "https://evil.example",
    "null",
    "file://",
    "http://127.0.0.1:port",
)


@pytest.mark.parametrize("origin", [*FOREIGN, None, "https://console.example"])
def test_socket_from_another_origin_is_refused(server, origin):
    with server.signed_in() as client:
        with pytest.raises(InvalidStatus) as refused:
            connect_from(server, origin, client)
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("address", ["/", "/_stcore/health", "/media/0123456789abcdef.csv"])
def test_request_of_a_page_of_another_origin_is_refused(server, origin, address):
    with server.signed_in() as client:
        assert client.get(address, headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_pages_elsewhere_may_link_here_but_not_embed(server, site):
    said = {"Sec-Fetch-Site": site}
    with server.signed_in() as client:
        link = client.get("/", headers=said | {"Sec-Fetch-Mode": "navigate"})
        assert link.status_code == 200
        script = said | {"Sec-Fetch-Mode": "no-cors", "Accept": "*/*"}
        assert client.get("/_stcore/health", headers=script).status_code == 403


def test_configured_origin_is_ours_without_a_restart(server):
    with server.signed_in() as client:
        elsewhere = "https://console.example"
        assert client.get("/", headers={"Origin": elsewhere}).status_code == 403
        own = server.secrets.read_text().replace(
            "[console]", f'[console]\norigins = ["{elsewhere}"]'
        )
        with server.other_secrets(own):
            assert client.get("/", headers={"Origin": elsewhere}).status_code == 200
            with connect_from(server, elsewhere, client) as socket:
                ask_for_run(socket)
                assert socket.recv(timeout=PATIENCE)


def test_signed_in_answers_carry_the_security_headers(server):
    with server.signed_in() as client:
        for address in ("/", "/runs", "/_stcore/health", "/sign-in/state", "/no-such-page"):
            headers = client.get(address).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in policy
            assert " 'unsafe-eval'" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["referrer-policy"] == "same-origin"
            assert "camera=()" in headers["permissions-policy"]
            assert "strict-transport-security" not in headers
            assert headers["x-request-id"]
