"""The console's two cookies: HttpOnly, SameSite=Strict, Secure behind TLS, for one browser run."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

COOKIE = "allocator_session"
FORM_COOKIE = "allocator_form"


def session_token(headers: Headers) -> str | None:
    """The session cookie's value; None when there is none, or more than one."""
    found = []
    for line in headers.getlist("cookie"):
        for part in line.split(";"):
            name, _, value = part.strip().partition("=")
            if name == COOKIE:
                found.append(value.strip('"'))
    return found[0] if len(found) == 1 and found[0] else None


def set_cookie(response: Response, scope: Scope, name: str, value: str, *, secure: bool) -> None:
    """Hand the browser a cookie; an empty value takes it away. It is Secure on an encrypted
    connection, and always when the configuration says so."""
    response.set_cookie(
        name,
        value,
        max_age=None if value else 0,
        path="/",
        secure=secure or is_tls(scope),
        httponly=True,
        samesite="strict",
    )


def is_tls(scope: Scope) -> bool:
    """True when the browser's connection is encrypted, as far as the server can tell."""
    return bool(scope.get("scheme") in ("https", "wss"))
