"""The routes of sign-in and sign-out: form in, cookie out."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import re
import secrets
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from console.gate.access import (
    DEVICE,
    DEVICE_AGE,
    FORM,
    SESSION,
    Access,
    SignIn,
    read_cookie,
    set_cookie,
)
from console.places import safe_next

SIGN_IN, SIGN_OUT, STATE = "/sign-in", "/sign-out", "/sign-in/state"
STYLE, ICON = "/sign-in/style.css", "/sign-in/icon.svg"
WATCH, LEAVE = "/sign-in/watch.js", "/sign-in/leave.js"
REACH = "/sign-in/reach.js"
LARGEST_FORM = 8192  # bytes
LONGEST_QUEUE = 50  # password checks waiting, each some 50 ms

_REASONS = {
    "ended": "You were signed out: nothing happened for a while, or your access has changed.",
    "out": "You are signed out, in every tab.",
}


def routes(access: Access) -> list[Route]:
    """The routes of the sign-in page, for the app behind the gate."""
    handlers = _Handlers(access)
    return [
        Route(SIGN_IN, handlers.show, methods=["GET"]),
        Route(SIGN_IN, handlers.submit, methods=["POST"]),
        Route(SIGN_OUT, handlers.sign_out, methods=["POST"]),
        Route(STATE, handlers.state, methods=["GET"]),
        Route(STYLE, _style, methods=["GET"]),
        Route(ICON, _icon, methods=["GET"]),
        Route(WATCH, _script, methods=["GET"]),
        Route(LEAVE, _script, methods=["GET"]),
        Route(REACH, _script, methods=["GET"]),
    ]


class _Handlers:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._one_check = asyncio.Semaphore(1)
        self._waiting = 0

    async def show(self, request: Request) -> Response:
        following = request.query_params.get("next", "/")
        if self._access.look_up(read_cookie(request.scope, SESSION)) is not None:
            return RedirectResponse(safe_next(following), 303)
        note = _REASONS.get(request.query_params.get("why", ""), "")
        return sign_in_page(self._access, request.scope, note=note, following=following)

    async def submit(self, request: Request) -> Response:
        form = await _form(request)
        if form is None:
            return PlainTextResponse("The form is too large or broken.", 413)
        if not is_own_form(request, form.get("token", "")):
            return self._again(request, form, 403, "This page was open too long. Sign in again.")
        outcome = await self._check(request, form)
        if outcome is None:
            return self._again(request, form, 503, "The console is busy. Try again in a minute.")
        if outcome.token:
            opened = RedirectResponse(safe_next(form.get("next", "/")), 303)
            set_cookie(opened, request.scope, SESSION, outcome.token)
            set_cookie(opened, request.scope, DEVICE, outcome.device, age=DEVICE_AGE)
            return opened
        await asyncio.sleep(outcome.wait)
        if outcome.locked_for <= 0:
            return self._again(request, form, 401, "The name or the password is wrong.")
        wait = in_minutes(outcome.locked_for)
        message = f"Too many wrong passwords: sign-in is locked. Try again in {wait}."
        response = self._again(request, form, 429, message)
        response.headers["Retry-After"] = str(math.ceil(outcome.locked_for))
        return response

    async def sign_out(self, request: Request) -> Response:
        self._access.sign_out(read_cookie(request.scope, SESSION))
        response = RedirectResponse(f"{SIGN_IN}?why=out", 303)
        set_cookie(response, request.scope, SESSION, "")
        return response

    async def state(self, request: Request) -> Response:
        live = self._access.look_up(read_cookie(request.scope, SESSION)) is not None
        return Response(status_code=204 if live else 401)

    async def _check(self, request: Request, form: dict[str, str]) -> SignIn | None:
        """The outcome; None when too many others wait. A lock and a browser that has signed in
        before need not queue behind guesses."""
        operator, password = form.get("operator", "").strip(), form.get("password", "")
        address = request.client.host if request.client else ""
        cookie = read_cookie(request.scope, DEVICE)
        if locked := self._access.locked_for(operator, address, cookie):
            return SignIn(locked_for=locked)
        is_known = self._access.is_known_browser(operator, cookie)
        if self._waiting >= LONGEST_QUEUE and not is_known:
            return None
        self._waiting += 1
        try:
            async with self._one_check:
                return await run_in_threadpool(
                    self._access.sign_in, operator, password, address, cookie
                )
        finally:
            self._waiting -= 1

    def _again(self, request: Request, form: dict[str, str], status: int, alert: str) -> Response:
        return sign_in_page(
            self._access,
            request.scope,
            status=status,
            alert=alert,
            operator=form.get("operator", "").strip(),
            following=form.get("next", "/"),
        )


async def _form(request: Request) -> dict[str, str] | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return None
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return None
    return {name: values[-1] for name, values in fields.items()}


async def _style(_request: Request) -> Response:
    return Response(asset("sign_in.css"), media_type="text/css")


async def _script(request: Request) -> Response:
    name = request.url.path.rpartition("/")[2]
    return Response(asset(name), media_type="text/javascript")


async def _icon(_request: Request) -> Response:
    return Response(asset("icon.svg"), media_type="image/svg+xml")


_ASSETS = Path(__file__).parents[1] / "assets"
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
    form_id = read_cookie(request.scope, FORM)
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
    set_cookie(response, scope, FORM, form_id)
    return response


def is_own_form(request: Request, token: str) -> bool:
    """True when the form came from a page that this process gave to this browser."""
    form_id = read_cookie(request.scope, FORM)
    return bool(form_id) and hmac.compare_digest(_form_token(form_id).encode(), token.encode())


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
