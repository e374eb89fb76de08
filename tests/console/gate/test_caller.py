"""Who calls: trusted proxies, TLS, request id, and origins that are ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.gate.caller import Caller, comes_from_here, counted, is_own_origin

PROXIES = ("127.0.0.1", "::1", "10.0.0.0/8")


def scope(peer: str = "127.0.0.1", scheme: str = "http", **headers: str) -> dict:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    client = (peer, 1234) if peer else None
    return {
        "type": "http", "method": "GET", "client": client, "scheme": scheme, "headers": pairs
    }  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
        ("10.2.2.2", "198.51.100.7:4711", "198.51.100.7"),
        ("10.2.2.2", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("198.51.100.9", "1.2.3.4", "198.51.100.9"),
        ("127.0.0.1", "10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "198.51.100.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "1.2.3.4, <script>, 10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", ",,,", "127.0.0.1"),
        ("", "1.2.3.4", ""),
    ],
)
def test_address_is_the_last_hop_that_is_not_ours(peer, forwarded, address):
    headers = {"x_forwarded_for": forwarded} if forwarded else {}
    assert Caller.of(scope(peer, **headers), PROXIES).address == address


@given(forged=st.lists(st.ip_addresses().map(str), max_size=5), hops=st.integers(0, 3))
def test_what_a_client_writes_never_changes_its_address(forged, hops):
    chain = [*forged, "198.51.100.7", *("10.0.0.9" for _ in range(hops))]
    assert Caller.of(scope(x_forwarded_for=", ".join(chain)), PROXIES).address == "198.51.100.7"


def test_only_a_trusted_peer_tells_tls_and_request_id():
    said = {"x_forwarded_proto": "https", "x_request_id": "abc-1"}
    trusted = Caller.of(scope("10.2.2.2", **said), PROXIES)
    assert (trusted.is_tls, trusted.request_id, trusted.is_forwarded) == (True, "abc-1", False)
    other = Caller.of(scope("198.51.100.9", **said), PROXIES)
    assert (other.is_tls, other.is_forwarded) == (False, True)
    assert other.request_id != "abc-1"


@pytest.mark.parametrize("given_id", ["", "a b", "x" * 65, "a\tb", '"quoted"'])
def test_request_id_that_could_break_a_line_is_replaced(given_id):
    own = Caller.of(scope(x_request_id=given_id), PROXIES).request_id
    assert own != given_id
    assert len(own) == 16


def test_what_comes_behind_the_gate_sees_no_forwarding_header():
    original = scope(
        "10.2.2.2", x_forwarded_for="198.51.100.7", x_forwarded_proto="https", accept="text/html"
    )
    placed = Caller.of(original, PROXIES).placed(original)
    assert placed["client"] == ("198.51.100.7", 0)
    assert placed["scheme"] == "https"
    assert {name for name, _ in placed["headers"]} == {b"accept", b"x-request-id"}


@pytest.mark.parametrize(
    ("host", "scheme", "origin", "ours"),
    [
        ("127.0.0.1:8501", "http", "http://127.0.0.1:8501", True),
        ("console.example", "http", "http://console.example", True),
        ("console.example", "http", "http://console.example:80", True),
        ("Console.Example", "https", "https://console.example", True),
        ("console.example", "https", "https://console.example:443", True),
        ("console.example", "http", "https://console.example", True),  # TLS that is not told
        ("console.example", "https", "http://console.example", False),
        ("console.example", "https", "https://console.example:8443", False),
        ("127.0.0.1:8501", "http", "http://127.0.0.1:8502", False),
        ("127.0.0.1:8501", "http", "http://localhost:8501", False),
        ("[::1]:8501", "http", "http://[::1]:8501", True),
        ("127.0.0.1:8501", "http", "null", False),
        ("127.0.0.1:8501", "http", "", False),
        ("127.0.0.1:8501", "http", "http://127.0.0.1:8501/path", False),
        ("127.0.0.1:8501", "http", "http://user@127.0.0.1:8501", False),
        ("127.0.0.1:8501", "http", "ftp://127.0.0.1:8501", False),
        ("127.0.0.1:8501", "http", "https://other.example", True),  # configured
        ("127.0.0.1:8501", "http", "http://other.example", False),
    ],
)
def test_own_origin_is_the_served_address_or_a_configured_one(host, scheme, origin, ours):
    served = scope(scheme=scheme, host=host)
    assert is_own_origin(served, origin, ("https://other.example",)) is ours


def test_two_origins_are_none_of_ours():
    twice = scope(host="console.example")
    twice["headers"] += [(b"origin", b"http://console.example")] * 2
    assert not comes_from_here(twice, ())


def test_addresses_are_counted_by_what_a_client_cannot_choose():
    assert counted("198.51.100.7") == "198.51.100.7"
    assert counted("2001:db8::1") == counted("2001:db8::ffff") == "2001:db8::/64"
    assert counted("not an address") == "not an address"
