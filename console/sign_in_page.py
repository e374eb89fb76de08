"""The sign-in page and the explanation that stands in for it: plain HTML, no script, no outside
asset. The form is bound to the browser by a pair of tokens (cookie and hidden field), so that
another site cannot sign a coordinator in under a name of its choice."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from console.access import Access
from console.cookies import FORM_COOKIE, set_cookie

_ASSETS = Path(__file__).parent / "assets"
_FORM_KEY = secrets.token_bytes(32)
_FORM_ID = re.compile(r"[\w-]{32}", re.ASCII)
_POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
}


def not_configured() -> Response:
    """The explanation that is served while nobody can sign in."""
    body = Template(asset("not_configured.html")).substitute(icon=asset("icon.svg"))
    return HTMLResponse(body, 503, headers=_POLICY)


def sign_in_page(
    access: Access,
    scope: Scope,
    *,
    status: int = 200,
    alert: str = "",
    note: str = "",
    operator: str = "",
    following: str | None = None,
) -> Response:
    """The sign-in page; `following` is where to go afterwards (default: the address asked for).

    It goes into the form as it came, whatever it names; only a successful sign-in looks whether
    there is such a page.
    """
    request, settings = Request(scope), access.settings
    if following is None:
        query = request.url.query
        following = request.url.path + (f"?{query}" if query else "")
    form_id = request.cookies.get(FORM_COOKIE, "")
    if not _FORM_ID.fullmatch(form_id):
        form_id = secrets.token_urlsafe(24)
    body = Template(asset("sign_in.html")).substitute(
        icon=asset("icon.svg"),
        refresh=_once_more(request),
        message=_message(alert, note),
        token=_form_token(form_id),
        next=escape(following[:2000], quote=True),
        operator=escape(operator[:200], quote=True),
        focus_operator="" if operator else "autofocus",
        focus_password="autofocus" if operator else "",
        idle=in_minutes(settings.idle_seconds),
    )
    response = HTMLResponse(body, status, headers=_POLICY)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Form"
    set_cookie(response, scope, FORM_COOKIE, form_id, secure=settings.secure_cookie)
    return response


def is_own_form(request: Request, token: str) -> bool:
    """True when the form came from a page that this process gave to this browser."""
    form_id = request.cookies.get(FORM_COOKIE, "")
    fits = hmac.compare_digest(_form_token(form_id).encode(), token.encode())
    return bool(form_id) and fits and is_same_origin(request)


def is_same_origin(request: Request) -> bool:
    """False when the browser says that another site sent the request."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def in_minutes(seconds: float) -> str:
    """Whole minutes in words, rounded up."""
    minutes = max(1, math.ceil(seconds / 60))
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


@lru_cache
def asset(name: str) -> str:
    """A file of `console/assets`."""
    return (_ASSETS / name).read_text(encoding="utf-8").strip()


def _form_token(form_id: str) -> str:
    return hmac.new(_FORM_KEY, form_id.encode(), hashlib.sha256).hexdigest()


def _once_more(request: Request) -> str:
    # A link from another site arrives without the strict cookie. Loading once more from our own
    # page sends it, so that somebody who is signed in lands where the link pointed.
    crossed = request.headers.get("sec-fetch-site") == "cross-site" and request.method == "GET"
    return '<meta http-equiv="refresh" content="0">\n' if crossed else ""


def _message(alert: str, note: str) -> str:
    if alert:
        return f'<p class="alert" role="alert">{escape(alert)}</p>'
    return f'<p class="note" role="status">{escape(note)}</p>' if note else ""
