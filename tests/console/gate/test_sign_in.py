"""The sign-in form and the sign-out: what they let in, what they hand out, what they tell."""

from __future__ import annotations

import pytest

from tests.console.gate.conftest import (
    CLOSED_ADDRESSES,
)
from tests.console.server import (
    OPERATOR,
    PASSWORD,
    secrets_text,
    sign_in,
)


@pytest.mark.parametrize("address", CLOSED_ADDRESSES)
def test_page_before_sign_in_is_the_sign_in_page_and_tells_nothing(server, address):
    answer = server.browser().get(address)
    assert answer.status_code == 401
    assert "<h1>Sign in</h1>" in answer.text
    for word in ("Streamlit", "streamlit", "Review", "Traceback", "/work", "console/", OPERATOR):
        assert word not in answer.text


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


def test_answer_is_the_same_for_wrong_name_and_wrong_password(server):
    pages = []
    for name in ("Nobody", "Grace"):
        answer = sign_in(server.browser(), name, "wrong password")
        assert answer.status_code == 401
        pages.append(answer.text.split("<form")[0])
    assert pages[0] == pages[1]
    assert "The name or the password is wrong." in pages[0]


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


@pytest.mark.parametrize("told_by", ["proxy", "configuration"])
def test_behind_tls_cookies_are_bound_to_the_host(server, told_by):
    console = "secure_cookie = true" if told_by == "configuration" else ""
    proxy = {"X-Forwarded-Proto": "https"} if told_by == "proxy" else {}
    with server.other_secrets(secrets_text(console=console)):
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
