"""The console's cookies: the session, the sign-in form, and the browsers that signed in before.

Over TLS their names begin with `__Host-`, so that no neighbouring host can set them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from console.gate.caller import is_tls

SESSION = "allocator_session"
FORM = "allocator_form"
DEVICE = "allocator_device"
DEVICE_AGE = 180 * 24 * 3600
_HOST = "__Host-"
_MOST_MARKS = 8  # operators who share a browser


def read_cookie(scope: Scope, name: str) -> str:
    """A cookie's value; "" when there is none, or more than one of this name."""
    wanted, found = name_of(name, tls=is_tls(scope)), []
    for line in Headers(scope=scope).getlist("cookie"):
        for part in line.split(";"):
            key, _, value = part.strip().partition("=")
            if key == wanted:
                found.append(value.strip('"'))
    return found[0] if len(found) == 1 else ""


def session_in(cookies: Mapping[str, str]) -> str | None:
    """The session's token among the cookies of a socket that the gate let through."""
    return cookies.get(name_of(SESSION, tls=True)) or cookies.get(SESSION)


def set_cookie(
    response: Response, scope: Scope, name: str, value: str, *, age: int | None = None
) -> None:
    """Hand the browser a cookie, until it closes or for `age` seconds; "" takes it away."""
    response.set_cookie(
        name_of(name, tls=is_tls(scope)),
        value,
        max_age=age if value else 0,
        path="/",
        secure=is_tls(scope),
        httponly=True,
        samesite="strict",
    )


def name_of(name: str, *, tls: bool) -> str:
    """The cookie's name on the wire."""
    return _HOST + name if tls else name


def device_of(cookie: str, operator: str, stored_hash: str) -> str:
    """What tells this browser from others that signed in as this operator; "" when it never did.

    The cookie is signed with a key made from the operator's stored hash: it outlives a restart,
    and ends when the hash changes.
    """
    for mark in cookie.split("~")[:_MOST_MARKS]:
        device, _, signature = mark.partition(".")
        expected = _signature(device, operator, stored_hash)
        if device and hmac.compare_digest(signature.encode(), expected.encode()):
            return device
    return ""


def with_device(cookie: str, operator: str, stored_hash: str) -> str:
    """The device cookie after a sign-in of this operator, the newest mark first."""
    marks = [mark for mark in cookie.split("~") if mark.isascii() and mark.count(".") == 1]
    device = device_of(cookie, operator, stored_hash) or secrets.token_hex(16)
    own = f"{device}.{_signature(device, operator, stored_hash)}"
    others = [mark for mark in marks if mark != own and len(mark) == len(own)]
    return "~".join([own, *others[: _MOST_MARKS - 1]])


def _signature(device: str, operator: str, stored_hash: str) -> str:
    key = hashlib.sha256(b"device cookie " + stored_hash.encode()).digest()
    return hmac.new(
        key, f"{device} {operator}".encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()
