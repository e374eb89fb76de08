"""Who calls, over what: the address behind trusted proxies, TLS, the request's id, its origin.

The gate asks once for each request and puts the answers into the scope, in place of whatever the
headers claimed. Nothing behind the gate reads a forwarding header.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

REQUEST_ID = "x-request-id"
READING = ("GET", "HEAD")
_FORWARDING = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-real-ip")
_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_TLS = frozenset({"https", "wss"})
_DEFAULT_PORT = {"http": 80, "https": 443}

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Caller:
    """The last hop that is not one of our proxies. `is_forwarded`: a forwarding header came from
    a peer that is not trusted, and was not believed."""

    address: str
    is_tls: bool
    request_id: str
    is_forwarded: bool = False

    @classmethod
    def of(cls, scope: Scope, proxies: Collection[str], *, secure: bool = False) -> Caller:
        """Read a request. `secure`: the configuration says that browsers come over TLS."""
        headers = Headers(scope=scope)
        peer = (scope.get("client") or ("",))[0]
        is_tls = secure or scope.get("scheme") in _TLS
        own_id = secrets.token_hex(8)
        if not _is_trusted(peer, proxies):
            claimed = any(name in headers for name in _FORWARDING)
            return cls(_plain(peer), is_tls, own_id, is_forwarded=claimed)
        said = headers.get("x-forwarded-proto", "").split(",")[-1].strip().lower()
        given_id = headers.get(REQUEST_ID, "")
        return cls(
            address=_last_untrusted(peer, headers.getlist("x-forwarded-for"), proxies),
            is_tls=is_tls or said in _TLS,
            request_id=given_id if _ID.fullmatch(given_id) else own_id,
        )

    def placed(self, scope: Scope) -> Scope:
        """The scope as everything behind the gate shall see it."""
        replaced = {name.encode() for name in (*_FORWARDING, REQUEST_ID)}
        kept = [(name, value) for name, value in scope["headers"] if name not in replaced]
        kept.append((REQUEST_ID.encode(), self.request_id.encode()))
        plain, safe = ("ws", "wss") if scope["type"] == "websocket" else ("http", "https")
        return {
            **scope,
            "client": (self.address, 0),
            "scheme": safe if self.is_tls else plain,
            "headers": kept,
        }


def is_tls(scope: Scope) -> bool:
    """True when the browser's connection is encrypted, as the gate found."""
    return scope.get("scheme") in _TLS


def counted(address: str) -> str:
    """The address under which failures are counted: of IPv6 the network that a client gets."""
    found = _parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address


def comes_from_here(scope: Scope, origins: Iterable[str]) -> bool:
    """False when a browser says that another page than ours sent the request.

    Another port of this machine is another page, although cookies are shared with it. A request
    without any such word comes from no browser, or is a link that somebody followed.
    """
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site", "same-origin")
    is_link = headers.get("sec-fetch-mode") == "navigate" and scope.get("method") in READING
    if site not in ("same-origin", "none") and not is_link:
        return False
    claimed = headers.getlist("origin")
    return not claimed or (len(claimed) == 1 and is_own_origin(scope, claimed[0], origins))


def is_own_origin(scope: Scope, origin: str, origins: Iterable[str]) -> bool:
    """True for the address that was asked for, and for the configured ones."""
    if origin.lower() in origins:
        return True
    claimed = _place(origin)
    if claimed is None or (is_tls(scope) and claimed[0] != "https"):
        return False
    return claimed == _place(f"{claimed[0]}://{Headers(scope=scope).get('host', '')}")


def _place(origin: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    is_plain = not (parts.path or parts.query or parts.fragment or parts.username is not None)
    if parts.scheme not in _DEFAULT_PORT or not parts.hostname or not is_plain:
        return None
    return parts.scheme, parts.hostname, port or _DEFAULT_PORT[parts.scheme]


def _last_untrusted(peer: str, forwarded: list[str], proxies: Collection[str]) -> str:
    last = peer
    for hop in reversed(",".join(forwarded).split(",")):
        address = _without_port(hop.strip())
        if _parsed(address) is None:
            break  # nothing, or nothing that a proxy of ours would write
        last = address
        if not _is_trusted(address, proxies):
            break
    return _plain(last)


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _plain(address: str) -> str:
    found = _parsed(address)
    return address if found is None else str(found)


def _is_trusted(address: str, proxies: Collection[str]) -> bool:
    found = _parsed(address)
    return found is not None and any(found in network for network in _networks(tuple(proxies)))


def _parsed(address: str) -> Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(proxy, strict=False) for proxy in proxies)
