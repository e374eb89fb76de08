"""What the running server gives to somebody who has not signed in, and what ends a session."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from console import places
from tests.console.server import (
    OPERATOR,
    PASSWORD,
    ConsoleServer,
    console_server,
    secrets_text,
    sign_in,
)

CLOSED_ADDRESSES = (
    "/",
    *(f"/{place.path}" for place in places.PLACES),
    "/review?run=11111111-1111-4111-8111-111111111111",
    "/no-such-page",
    "/sign-in/",
    "/sign-in/../",
    "//sign-in",
    "/healthz/",
    "/index.html",
    "/favicon.png",
    "/manifest.json",
    "/static/js/index.js",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/allowed-message-origins",
    "/_stcore/script-health-check",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/a",
    "/_stcore/agent/mcp",
    "/media/0123456789abcdef.csv",
    "/component/a/index.html",
    "/app/static/secret",
    "/auth/login",
    "/oauth2callback",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[ConsoleServer]:
    people = {OPERATOR: PASSWORD, "Grace": PASSWORD, "Locked": PASSWORD}
    with console_server(tmp_path_factory.mktemp("gate"), secrets_text(people)) as running:
        yield running


@pytest.fixture
def short_server(tmp_path) -> Iterator[ConsoleServer]:
    """Sessions that idle out after three seconds."""
    with console_server(tmp_path, secrets_text(console="idle_minutes = 0.05")) as running:
        yield running


def socket_of(server: ConsoleServer, client: httpx.Client) -> ClientConnection:
    headers = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)}
    return connect(server.websocket_url, additional_headers=headers, subprotocols=["streamlit"])


def ask_for_run(socket: ClientConnection, *, automatic: bool = False) -> None:
    request = BackMsg()
    request.rerun_script.query_string = ""
    request.rerun_script.is_auto_rerun = automatic
    socket.send(request.SerializeToString())


def is_open(socket: ClientConnection, seconds: float) -> bool:
    """Read for a while; False once the server has closed the socket."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            socket.recv(timeout=left)
        except TimeoutError:
            return True
        except ConnectionClosed:
            return False
    return True


@pytest.mark.parametrize("address", CLOSED_ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_every_address_before_sign_in_answers_401(server, address, method):
    answer = httpx.request(method, server.url + address, timeout=20, trust_env=False)
    assert answer.status_code == 401
    assert answer.text in ("Sign in first.", "")


@pytest.mark.parametrize("address", CLOSED_ADDRESSES)
def test_page_before_sign_in_is_the_sign_in_page_and_tells_nothing(server, address):
    answer = server.browser().get(address)
    assert answer.status_code == 401
    assert "<h1>Sign in</h1>" in answer.text
    for word in ("Streamlit", "streamlit", "Review", "Traceback", "/work", "console/", OPERATOR):
        assert word not in answer.text


def test_socket_before_sign_in_is_refused(server):
    for headers in ({}, {"Cookie": "allocator_session=made-up"}):
        with pytest.raises(InvalidStatus) as refused:
            connect(server.websocket_url, additional_headers=headers, subprotocols=["streamlit"])
        assert refused.value.response.status_code == 401


def test_healthz_is_open_and_tells_that_the_database_is_away(server):
    answer = httpx.get(f"{server.url}/healthz", timeout=20, trust_env=False)
    assert answer.status_code == 503
    assert answer.json() == {"console": "ok", "database": "does not answer"}


def test_sign_in_opens_pages_socket_and_assets(server):
    with server.signed_in() as client:
        assert client.get("/").status_code == 200
        assert client.get("/_stcore/health").status_code == 200
        with socket_of(server, client) as socket:
            ask_for_run(socket)
            assert socket.recv(timeout=20)


def test_cookie_is_http_only_strict_and_secure_behind_tls(server):
    def session_cookie(**headers: str) -> str:
        client = server.browser()
        answer = sign_in(client, OPERATOR, PASSWORD, **headers)
        cookies = answer.headers.get_list("set-cookie")
        return next(c for c in cookies if c.startswith("allocator_session"))

    plain = session_cookie().lower()
    assert "httponly" in plain
    assert "samesite=strict" in plain
    assert "path=/" in plain
    assert "max-age" not in plain
    assert "secure" not in plain
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}
    assert "secure" in session_cookie(**forwarded).lower()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/review?run=11111111-1111-4111-8111-111111111111", None),
        ("/", None),
        ("/no-such-page", "/"),
        ("https://evil.example/review", "/"),
        ("//evil.example/review", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/review?run=<script>&job=1", "/review?job=1"),
        ("/review\r\nSet-Cookie: a=b", "/"),
        ("/sign-out", "/"),
    ],
)
def test_sign_in_leads_to_own_pages_only(server, asked, given):
    answer = sign_in(server.browser(), OPERATOR, PASSWORD, following=asked)
    assert answer.headers["location"] == (given or asked)


def test_form_from_elsewhere_is_refused(server):
    form = {"operator": OPERATOR, "password": PASSWORD, "token": "0" * 64}
    assert server.browser().post("/sign-in", data=form).status_code == 403
    crossing = {"Sec-Fetch-Site": "cross-site"}
    assert sign_in(server.browser(), OPERATOR, PASSWORD, **crossing).status_code == 403
    origin = {"Origin": "https://evil.example"}
    assert sign_in(server.browser(), OPERATOR, PASSWORD, **origin).status_code == 403


def test_large_form_is_refused(server):
    answer = server.browser().post("/sign-in", data={"operator": "x" * 10_000})
    assert answer.status_code == 413


def test_wrong_passwords_from_forged_addresses_lock_the_name(server):
    for number in range(5):
        forged = {"X-Forwarded-For": f"10.0.0.{number}"}
        answer = sign_in(server.browser(), "Locked", "wrong password", **forged)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 200
    assert sign_in(server.browser(), "Locked", PASSWORD).status_code == 429
    assert sign_in(server.browser(), "Grace", PASSWORD).status_code == 303


def test_answer_is_the_same_for_wrong_name_and_wrong_password(server):
    pages = []
    for name in ("Nobody", "Grace"):
        answer = sign_in(server.browser(), name, "wrong password")
        assert answer.status_code == 401
        pages.append(answer.text.split("<form")[0])
    assert pages[0] == pages[1]
    assert "The name or the password is wrong." in pages[0]


def test_sign_out_ends_every_tab(server):
    with server.signed_in() as client, socket_of(server, client) as socket:
        ask_for_run(socket)
        token = client.cookies["allocator_session"]
        assert client.post("/sign-out").status_code == 303
        assert not is_open(socket, 4)
        kept = {"Cookie": f"allocator_session={token}"}
        assert httpx.get(server.url, headers=kept, trust_env=False).status_code == 401


def test_sign_out_by_another_site_is_refused(server):
    with server.signed_in() as client:
        assert client.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert client.get("/").status_code == 200


def test_state_tells_whether_the_session_lives(server):
    assert server.browser().get("/sign-in/state").status_code == 401
    with server.signed_in() as client:
        assert client.get("/sign-in/state").status_code == 204


def test_idle_session_ends_although_the_page_polls(short_server):
    with short_server.signed_in() as client, socket_of(short_server, client) as socket:
        ask_for_run(socket)
        end, open_still = time.monotonic() + 7, True
        while open_still and time.monotonic() < end:
            client.get("/sign-in/state")
            client.get("/_stcore/health", headers={"Accept": "*/*"})
            try:
                ask_for_run(socket, automatic=True)
            except ConnectionClosed:
                break
            open_still = is_open(socket, 0.5)
        assert not open_still
        assert client.get("/").status_code == 401


def test_clicks_keep_a_session(short_server):
    with short_server.signed_in() as client, socket_of(short_server, client) as socket:
        for _ in range(8):
            ask_for_run(socket)
            assert is_open(socket, 0.7)
        assert client.get("/_stcore/health", headers={"Accept": "*/*"}).status_code == 200


def test_changed_hash_ends_open_sockets_without_restart(tmp_path):
    with (
        console_server(tmp_path, secrets_text()) as server,
        server.signed_in() as client,
        socket_of(server, client) as socket,
    ):
        ask_for_run(socket)
        server.secrets.write_text(secrets_text({OPERATOR: "quite another password"}))
        assert not is_open(socket, 6)
        assert client.get("/").status_code == 401


def test_console_without_operators_serves_an_explanation_alone(tmp_path):
    with console_server(tmp_path, secrets_text({})) as server:
        page = server.browser().get("/review")
        assert page.status_code == 503
        assert "Nobody can sign in yet" in page.text
        for address in (*CLOSED_ADDRESSES, "/sign-in", "/sign-out"):
            answer = httpx.get(server.url + address, timeout=20, trust_env=False)
            assert answer.status_code == 503
            assert answer.text == "The console has no operators yet."
        with pytest.raises(InvalidStatus):
            connect(server.websocket_url, subprotocols=["streamlit"])


def test_no_secret_reaches_the_log(server):
    with server.signed_in():
        log = (server.secrets.parent / "console.log").read_text()
    for secret in (PASSWORD, "argon2id", "no-key"):
        assert secret not in log
