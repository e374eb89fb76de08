"""What the running server gives to somebody who has not signed in, and what ends a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
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
from tests.waiting import PATIENCE, eventually

CLOSED_ADDRESSES = (
    "/",
    *(f"/{place.path}" for place in places.PLACES),
    "/review?run=11111111-1111-4111-8111-111111111111",
    "/no-such-page",
    "/sign-in/",
    "/sign-in/../",
    "//sign-in",
    "/healthz/",
    "/readyz/",
    "/sign-out",
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


@pytest.fixture(scope="module")
def idle_server(tmp_path_factory) -> Iterator[ConsoleServer]:
    """A console for tests that change how long a session may idle."""
    with console_server(tmp_path_factory.mktemp("idle"), secrets_text()) as running:
        yield running


@pytest.fixture
def sessions_idle_out_after(idle_server) -> Iterator[Callable[[float], None]]:
    """Sets the seconds, without a restart; as long as usual at first and at the end."""
    before = idle_server.secrets.read_text()
    options = "[console]\nidle_minutes = "
    yield lambda seconds: idle_server.change_secrets(
        before.replace("[console]", f"{options}{seconds / 60}")
    )
    idle_server.change_secrets(before)


def socket_of(server: ConsoleServer, client: httpx.Client) -> ClientConnection:
    return connect_from(server, server.url, client)


def connect_from(
    server: ConsoleServer, origin: str | None, client: httpx.Client
) -> ClientConnection:
    cookies = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)}
    return connected(server, cookies | ({"Origin": origin} if origin else {}))


def connected(server: ConsoleServer, headers: dict[str, str]) -> ClientConnection:
    return connect(
        server.websocket_url,
        additional_headers=headers,
        subprotocols=["streamlit"],
        open_timeout=PATIENCE,
    )


def ask_for_run(socket: ClientConnection, *, automatic: bool = False) -> None:
    request = BackMsg()
    request.rerun_script.query_string = ""
    request.rerun_script.is_auto_rerun = automatic
    socket.send(request.SerializeToString())


def wait_for_run(socket: ClientConnection) -> None:
    """Read until the server begins a run of the script."""
    kind = ""
    while kind != "new_session":
        message = ForwardMsg()
        message.ParseFromString(socket.recv(timeout=PATIENCE))
        kind = message.WhichOneof("type")


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


def guess_together(server: ConsoleServer, tries: list[tuple[str, dict[str, str]]]) -> list[int]:
    """Wrong passwords for these names, with these headers, at the same time; the status codes."""

    def guess(one: tuple[str, dict[str, str]]) -> int:
        name, headers = one
        with server.browser() as client:
            return sign_in(client, name, "wrong password", **headers).status_code

    with ThreadPoolExecutor(32) as callers:
        return list(callers.map(guess, tries))


@pytest.mark.parametrize("address", CLOSED_ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_every_address_before_sign_in_answers_401(server, address, method):
    answer = httpx.request(method, server.url + address, timeout=PATIENCE, trust_env=False)
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
            connected(server, headers)
        assert refused.value.response.status_code == 401


def test_monitors_see_a_live_console_whose_database_is_away(server):
    for path in ("/healthz", "/health"):
        live = httpx.get(server.url + path, timeout=PATIENCE, trust_env=False)
        assert (live.status_code, live.json()["status"]) == (200, "ok")
    ready = httpx.get(f"{server.url}/readyz", timeout=PATIENCE, trust_env=False)
    assert ready.status_code == 503
    assert ready.json() == {"console": "ok", "database": "does not answer"}


def test_sign_in_opens_pages_socket_and_assets(server):
    with server.signed_in() as client:
        assert client.get("/").status_code == 200
        assert client.get("/_stcore/health").status_code == 200
        with socket_of(server, client) as socket:
            ask_for_run(socket)
            assert socket.recv(timeout=PATIENCE)


def test_session_cookie_is_http_only_and_strict(server):
    answer = sign_in(server.browser(), OPERATOR, PASSWORD)
    cookies = answer.headers.get_list("set-cookie")
    plain = next(c for c in cookies if "allocator_session" in c).lower()
    assert "httponly" in plain
    assert "samesite=strict" in plain
    assert "path=/" in plain
    assert "max-age" not in plain
    assert "secure" not in plain


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


def test_wrong_passwords_from_many_addresses_lock_the_name(server):
    addresses = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(6)]
    assert 429 in guess_together(server, [("Locked", address) for address in addresses])
    answer = sign_in(server.browser(), "Locked", "wrong password")
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
        assert not is_open(socket, PATIENCE)
        kept = {"Cookie": f"allocator_session={token}"}
        assert (
            httpx.get(server.url, headers=kept, timeout=PATIENCE, trust_env=False).status_code
            == 401
        )


def test_nobody_is_signed_out_by_get(server):
    with server.signed_in() as client:
        for accept in ("text/html", "*/*"):
            client.get("/sign-out", headers={"Accept": accept})
        assert client.get("/sign-in/state").status_code == 204


def test_sign_out_by_another_site_is_refused(server):
    with server.signed_in() as client:
        assert client.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert client.get("/").status_code == 200


def test_state_tells_whether_the_session_lives(server):
    assert server.browser().get("/sign-in/state").status_code == 401
    with server.signed_in() as client:
        assert client.get("/sign-in/state").status_code == 204


def test_idle_session_ends_although_the_page_polls(idle_server, sessions_idle_out_after):
    with idle_server.signed_in() as client, socket_of(idle_server, client) as socket:
        ask_for_run(socket)
        sessions_idle_out_after(2)

        def is_closed_after_polls() -> bool:
            client.get("/sign-in/state")
            client.get("/_stcore/health", headers={"Accept": "*/*"})
            try:
                ask_for_run(socket, automatic=True)
            except ConnectionClosed:
                return True
            return not is_open(socket, 0.5)

        eventually(is_closed_after_polls)
        assert client.get("/").status_code == 401


def test_click_keeps_a_session(idle_server, sessions_idle_out_after):
    """Sessions idle out after half the time since the sign-in, so that the click alone counts."""
    with idle_server.signed_in() as client, socket_of(idle_server, client) as socket:
        signed_in = time.monotonic()
        ask_for_run(socket)
        wait_for_run(socket)
        assert is_open(socket, 8)  # nobody does anything for so long
        ask_for_run(socket)
        wait_for_run(socket)
        sessions_idle_out_after(time.monotonic() - signed_in - 0.5)
        assert client.get("/_stcore/health", headers={"Accept": "*/*"}).status_code == 200


def test_changed_hash_ends_open_sockets_without_restart(tmp_path):
    with (
        console_server(tmp_path, secrets_text()) as server,
        server.signed_in() as client,
        socket_of(server, client) as socket,
    ):
        ask_for_run(socket)
        server.change_secrets(secrets_text({OPERATOR: "quite another password"}))
        assert not is_open(socket, PATIENCE)
        assert client.get("/").status_code == 401


def test_console_without_operators_serves_an_explanation_alone(tmp_path):
    with console_server(tmp_path, secrets_text({})) as server:
        page = server.browser().get("/review")
        assert page.status_code == 503
        assert "Nobody can sign in yet" in page.text
        for address in (*CLOSED_ADDRESSES, "/sign-in"):
            answer = httpx.get(server.url + address, timeout=PATIENCE, trust_env=False)
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


def test_configured_origin_is_ours_without_a_restart(tmp_path):
    with console_server(tmp_path, secrets_text()) as server, server.signed_in() as client:
        elsewhere = "https://console.example"
        assert client.get("/", headers={"Origin": elsewhere}).status_code == 403
        own = server.secrets.read_text().replace(
            "[console]", f'[console]\norigins = ["{elsewhere}"]'
        )
        server.change_secrets(own)
        assert client.get("/", headers={"Origin": elsewhere}).status_code == 200
        with connect_from(server, elsewhere, client) as socket:
            ask_for_run(socket)
            assert socket.recv(timeout=PATIENCE)


def test_owner_signs_in_after_130_wrong_tries_by_others(tmp_path):
    """Behind one proxy, from the owner's own address, for his name and for made-up ones."""
    with console_server(tmp_path, secrets_text()) as server, server.browser() as owner:
        here = {"X-Forwarded-For": "198.51.100.1, 10.1.1.1"}
        assert sign_in(owner, OPERATOR, PASSWORD, **here).status_code == 303
        owner.post("/sign-out")
        names = [OPERATOR, *(f"guess {number}" for number in range(64))] * 2
        codes = guess_together(server, [(name, here) for name in names])
        assert codes.count(429) >= 100
        with server.browser() as stranger:
            assert sign_in(stranger, OPERATOR, PASSWORD, **here).status_code == 429
        assert sign_in(owner, OPERATOR, PASSWORD, **here).status_code == 303


def test_clients_behind_a_proxy_are_counted_apart(tmp_path):
    people = {OPERATOR: PASSWORD, "Grace": PASSWORD}
    with console_server(tmp_path, secrets_text(people)) as server:
        # What the client wrote comes first, what our proxy saw comes last.
        forged = {"X-Forwarded-For": "10.1.1.2, 10.6.6.6"}
        guess_together(server, [(f"guess {number}", forged) for number in range(24)])
        assert sign_in(server.browser(), "Grace", PASSWORD, **forged).status_code == 429
        other = {"X-Forwarded-For": "10.6.6.6, 10.1.1.2"}
        assert sign_in(server.browser(), "Grace", PASSWORD, **other).status_code == 303


def test_header_of_a_peer_that_is_no_proxy_is_not_believed(tmp_path):
    console = "trusted_proxies = []"
    with console_server(tmp_path, secrets_text(console=console)) as server:
        addresses = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(24)]
        guess_together(server, [(f"guess {n}", claim) for n, claim in enumerate(addresses)])
        claimed = {"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Proto": "https"}
        answer = sign_in(server.browser(), OPERATOR, PASSWORD, **claimed)
        assert answer.status_code == 429
        assert "strict-transport-security" not in answer.headers
        assert "trusted_proxies" in server.log


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


@pytest.mark.parametrize("told_by", ["proxy", "configuration"])
def test_behind_tls_cookies_are_bound_to_the_host(tmp_path, told_by):
    console = "secure_cookie = true" if told_by == "configuration" else ""
    proxy = {"X-Forwarded-Proto": "https"} if told_by == "proxy" else {}
    with console_server(tmp_path, secrets_text(console=console)) as server:
        with server.browser() as client:
            page = client.get("/sign-in", headers=proxy)
            form = page.headers["set-cookie"].split(";")[0]
            token = page.text.split('name="token" value="', 1)[1].split('"', 1)[0]
            fields = {"token": token, "operator": OPERATOR, "password": PASSWORD}
            answer = client.post("/sign-in", data=fields, headers=proxy | {"Cookie": form})
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2
        for cookie in cookies:
            assert cookie.startswith("__Host-allocator_")
            assert {"secure", "httponly", "path=/", "samesite=strict"} <= set(
                cookie.lower().split("; ")
            )
        session = next(c for c in cookies if "session" in c).split(";")[0]
        ask = {"Accept": "*/*"} | proxy
        with server.browser() as client:
            own = client.get("/_stcore/health", headers=ask | {"Cookie": session})
            assert own.status_code == 200
            tossed = session.removeprefix("__Host-")
            assert client.get("/", headers=ask | {"Cookie": tossed}).status_code == 401


def test_no_secret_reaches_the_log(server):
    with server.signed_in():
        log = server.log + server.printed
    for secret in (PASSWORD, "argon2id", "no-key"):
        assert secret not in log
