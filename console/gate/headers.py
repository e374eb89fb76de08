"""What the gate adds to every answer, so that a browser keeps to it.

What Streamlit's pages need, and what they cannot do without, is in
docs/decisions/content-security-policy.md.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

from console.gate.caller import REQUEST_ID, is_tls

_INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
_A_YEAR = "max-age=31536000"
_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), bluetooth=(), camera=(), display-capture=(), "
        "encrypted-media=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=(), "
        "xr-spatial-tracking=(), clipboard-read=(), clipboard-write=(self), fullscreen=(self)"
    ),
}


def with_headers(scope: Scope, send: Send) -> Send:
    """`send` for one HTTP request, with the headers that its answer lacks."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _EVERYWHERE.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", page_policy())
            headers[REQUEST_ID] = dict(scope["headers"])[REQUEST_ID.encode()].decode()
            if is_tls(scope):
                headers["Strict-Transport-Security"] = _A_YEAR
            if not scope["path"].startswith("/static/"):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return wrapped


@lru_cache(maxsize=1)
def page_policy() -> str:
    """The Content-Security-Policy of Streamlit's pages: our own address and nothing else."""
    page = _INDEX.read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    inline = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self' 'wasm-unsafe-eval'", *inline)),  # 64-bit numbers
            "style-src 'self' 'unsafe-inline'",  # Streamlit and Plotly write styles at run time
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
