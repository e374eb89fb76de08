"""Where the database is, who may sign in, and the console's options.

Secrets come from the environment, `.streamlit/secrets.toml` or the running local stack. Nothing
here puts a secret into a repr or an error message.
"""

from __future__ import annotations

import base64
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from allocator.errors import ConfigurationError

URL_VARIABLE = "SUPABASE_URL"
SECRET_KEY_VARIABLE = "SUPABASE_SECRET_KEY"
KEY_VARIABLE = "SUPABASE_SERVICE_ROLE_KEY"
HTTP_VARIABLE = "SUPABASE_ALLOW_HTTP"
SECRETS_VARIABLE = "ALLOCATOR_SECRETS"
SERVICE_ROLE = "service_role"

_HOW_TO_CONNECT = (
    f"Set {URL_VARIABLE} and {SECRET_KEY_VARIABLE} (sb_secret_…; {KEY_VARIABLE} for a project with "
    "legacy keys), or put url and secret_key under [supabase] in .streamlit/secrets.toml, or "
    "start the local stack with `python -m allocator local start --seed demo`."
)


class Hidden(dict[str, str]):
    """Names → secrets; its repr shows the names alone."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(sorted(self))})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Connection:
    """A Supabase project: its `url` (an ending `/rest/v1` is dropped), and a key that bypasses
    row-level security: a secret key (`sb_secret_…`) or the legacy service_role key.

    `allow_http` lets the key travel unencrypted to another machine. Raises ConfigurationError
    when url or key cannot be right as it is written.
    """

    url: str
    service_role_key: str = field(repr=False)
    allow_http: bool = False

    def __post_init__(self) -> None:
        url = self.url.strip().rstrip("/").removesuffix("/rest/v1").rstrip("/")
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "service_role_key", self.service_role_key.strip())
        _check_url(self.url)
        if urlsplit(url).scheme == "http" and not (self.is_local or self.allow_http):
            raise ConfigurationError(
                "The database's address is http://, which would send the key unencrypted to "
                "another machine.",
                remedy=f"Use https://; inside a network of your own, allow it with "
                f"{HTTP_VARIABLE}=1 or allow_http = true under [supabase].",
            )
        # An HTTP library would quote a malformed header value, key and all, in its error.
        if not re.fullmatch(r"[\x21-\x7e]+", self.service_role_key):
            raise ConfigurationError(
                "The database's key is empty or has spaces or other odd characters in it.",
                remedy="Copy the whole key again, on one line.",
            )

    @property
    def is_local(self) -> bool:
        """True when the address is this machine's own."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def role(self) -> str:
        """The role that the key claims; see `key_role`."""
        return key_role(self.service_role_key)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_sound = urlsplit(""), False
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme in ("http", "https") and parts.hostname and port_is_sound and plain:
        return
    raise ConfigurationError(
        "The database's address is not a plain http:// or https:// URL.",
        remedy=f"Set {URL_VARIABLE} to the project's URL, without a user, a path or a query.",
    )


def key_role(key: str) -> str:
    """The role that a Supabase key claims (`service_role`, `anon`, …), "" when it does not say.

    The signature is not verified: the answer serves an early message, never a decision to trust.
    """
    if key.startswith("sb_secret_"):
        return SERVICE_ROLE
    if key.startswith("sb_publishable_"):
        return "anon"
    try:
        payload = key.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        role = claims.get("role", "")
    except (IndexError, ValueError, AttributeError):
        return ""
    return role if isinstance(role, str) else ""


def load_connection(data_dir: str | Path | None = None) -> Connection:
    """The connection from the environment, else the secrets file, else the running local stack.

    Raises ConfigurationError when none is complete; it says what to set.
    """
    *in_file, allow_http = _supabase_secrets()
    allow_http = allow_http or os.environ.get(HTTP_VARIABLE) == "1"
    for source, (url, key) in (
        ("The environment", (os.environ.get(URL_VARIABLE), _key_of_environment())),
        ("The secrets file", in_file),
    ):
        if url and key:
            return Connection(url, key, allow_http)
        if url or key:
            missing = f"{SECRET_KEY_VARIABLE} or {KEY_VARIABLE}" if url else URL_VARIABLE
            raise ConfigurationError(f"{source} lacks {missing}.", remedy=_HOW_TO_CONNECT)
    from allocator.local import stack

    running = stack.running(data_dir)
    if running is None:
        raise ConfigurationError("No database is configured.", remedy=_HOW_TO_CONNECT)
    return Connection(running.url, running.service_role_key)


def is_configured() -> bool:
    """True when the environment or the secrets file names a database or its key."""
    if os.environ.get(URL_VARIABLE) or _key_of_environment():
        return True
    content = load_secrets()
    return "supabase" in content or URL_VARIABLE in content


def _key_of_environment() -> str | None:
    """The new kind of key where both are set: a project may have disabled the legacy one."""
    return os.environ.get(SECRET_KEY_VARIABLE) or os.environ.get(KEY_VARIABLE)


def _supabase_secrets() -> tuple[str | None, str | None, bool]:
    """url, key and allow_http of the secrets file."""
    secrets = load_secrets()
    section = _section(secrets, "supabase")
    url = section.get("url") or secrets.get(URL_VARIABLE)
    key = (
        section.get("secret_key")
        or section.get("service_role_key")
        or secrets.get(SECRET_KEY_VARIABLE)
        or secrets.get(KEY_VARIABLE)
    )
    if not all(isinstance(value, str | None) for value in (url, key)):
        raise ConfigurationError(
            "url, secret_key and service_role_key under [supabase] must be texts.",
            remedy="Put them between quotation marks.",
        )
    allow_http = section.get("allow_http", False)
    if not isinstance(allow_http, bool):
        raise ConfigurationError(
            "allow_http under [supabase] must be true or false.",
            remedy="Write it without quotation marks, or leave it out.",
        )
    return url, key, allow_http


def secrets_path() -> Path:
    """`$ALLOCATOR_SECRETS`, else `.streamlit/secrets.toml` here, else beside the package."""
    named = os.environ.get(SECRETS_VARIABLE)
    if named:
        return Path(named)
    here = Path(".streamlit", "secrets.toml")
    return here if here.exists() else Path(__file__).parents[1] / here


def load_secrets() -> Mapping[str, Any]:
    """The secrets file as nested mappings, empty when there is none.

    Raises ConfigurationError when it cannot be read or is not TOML.
    """
    path = secrets_path()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as exc:
        # The parser's message can quote a value; its cause is dropped for the same reason.
        where = re.search(r"at line \d+", str(exc))
        place = where.group().removeprefix("at ") if where else "its end"
        raise ConfigurationError(
            f"The secrets file is not valid TOML: {place}.",
            remedy="Compare it with .streamlit/secrets.toml.example.",
        ) from None
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            "The secrets file cannot be read.",
            remedy="Check its permissions and that it is UTF-8 text.",
        ) from None


def operators() -> Hidden:
    """Operator name → argon2id hash, from `[operators]`; empty when nobody is configured.

    Raises ConfigurationError for an entry that is not an argon2id hash.
    """
    found = Hidden()
    for name, value in _section(load_secrets(), "operators").items():
        if not isinstance(value, str) or not value.startswith("$argon2id$"):
            raise ConfigurationError(
                f"The entry of operator {name} under [operators] is not an argon2id hash.",
                remedy="Make one with `python -m allocator hash-password`.",
            )
        found[name] = value
    return found


ADMINISTRATOR, COORDINATOR = "administrator", "coordinator"


def roles() -> dict[str, str]:
    """Operator name → `administrator` or `coordinator`, from `[roles]`; whoever is not named
    there is an administrator, who also sees the System page.

    Raises ConfigurationError for another role.
    """
    found = {}
    for name, value in _section(load_secrets(), "roles").items():
        if value not in (ADMINISTRATOR, COORDINATOR):
            raise ConfigurationError(
                f"The entry of {name} under [roles] is no role.",
                remedy=f"Write {ADMINISTRATOR} or {COORDINATOR}.",
            )
        found[name] = str(value)
    return found


def api_key_hash() -> str | None:
    """The argon2id hash of the HTTP trigger's key, `[api] key_hash`; None = the trigger is off.

    Raises ConfigurationError when it is not an argon2id hash.
    """
    value = _section(load_secrets(), "api").get("key_hash")
    if not value:
        return None
    if not isinstance(value, str) or not value.startswith("$argon2id$"):
        raise ConfigurationError(
            "key_hash under [api] is not an argon2id hash.",
            remedy="Make one with `python -m allocator hash-password`.",
        )
    return value


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_FROM_LIST = BeforeValidator(_listed)


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        ip_network(value, strict=False)
    return values


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    plain = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
    if not all(plain.fullmatch(value) for value in values):
        raise ValueError("an origin is a scheme and a host in small letters, without a path")
    return values


def _rising(values: tuple[int, ...]) -> tuple[int, ...]:
    if sorted(set(values)) != list(values):
        raise ValueError("the bands must rise")
    return values


class ConsoleOptions(BaseModel):
    """`[console]` of the secrets file, and the defaults.

    idle_minutes: a session ends after so long without a click. lockout_attempts wrong passwords
    lock sign-in for lockout_minutes. secure_cookie: browsers reach the console over TLS, although
    the server cannot see it. address: where the server may listen. trusted_proxies: addresses or
    networks whose X-Forwarded-For, X-Forwarded-Proto and X-Request-ID are believed. origins:
    further addresses, scheme and host, under which browsers open the console. log: its form.
    dask_scheduler: address that sweeps are sent to, "" = this machine. rank_bands: last choice
    number of each band in the report, rising.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    idle_minutes: float = Field(default=30.0, gt=0)
    lockout_attempts: int = Field(default=5, gt=0)
    lockout_minutes: float = Field(default=5.0, gt=0)
    secure_cookie: bool = False
    address: str = "127.0.0.1"
    trusted_proxies: Annotated[tuple[str, ...], _FROM_LIST, AfterValidator(_networks)] = (
        "127.0.0.1",
        "::1",
    )
    origins: Annotated[tuple[str, ...], _FROM_LIST, AfterValidator(_origins)] = ()
    log: Literal["text", "json"] = "text"
    dask_scheduler: str = ""
    rank_bands: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        _FROM_LIST,
        Field(min_length=1),
        AfterValidator(_rising),
    ] = (1, 3, 5)


def console_options() -> ConsoleOptions:
    """The console's options. Raises ConfigurationError for one that is unknown or out of range."""
    section = _section(load_secrets(), "console")
    known = ConsoleOptions.model_fields
    try:
        return ConsoleOptions(**section)
    except ValidationError as exc:
        name = str(exc.errors(include_input=False)[0]["loc"][0])
    if name not in known:
        raise ConfigurationError(
            f"[console] has no option {name}.", remedy=f"Use one of {', '.join(known)}."
        )
    raise ConfigurationError(
        f"The value of {name} under [console] is of the wrong kind or out of range.",
        remedy=f"Its default is {json.dumps(known[name].default)}.",
    )


def _section(secrets: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = secrets.get(name, {})
    if not isinstance(section, Mapping):
        raise ConfigurationError(
            f"{name} in the secrets file must be a section.", remedy=f"Write it as [{name}]."
        )
    return section
