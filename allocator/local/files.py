"""Where a local stack keeps its files, and the secrets among them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets as random
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from allocator.errors import ConfigurationError

SECRET_KEYS_VARIABLE = "ALLOCATOR_GATEWAY_KEYS"
"""Environment variable of the gateway: JSON, key of the new kind → the JWT it stands for."""

TEN_YEARS = 10 * 365 * 24 * 3600
LONGEST_SOCKET_PATH = 100
"""Bytes; Linux allows 107, macOS 103."""


def default_data_dir() -> Path:
    """ALLOCATOR_DATA_DIR, else the user's data directory; root's is the system's, because the
    database server runs as another user and has to reach it."""
    if chosen := os.environ.get("ALLOCATOR_DATA_DIR"):
        return Path(chosen)
    if is_root():
        return platformdirs.site_state_path("allocator-console")
    return platformdirs.user_data_path("allocator-console")


def is_root() -> bool:
    """True for the super-user of a POSIX system."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def runtime_dir() -> Path:
    """A short directory of this user alone, for sockets whose own directory is too long.

    Raises ConfigurationError when somebody else owns it.
    """
    # Not `tempfile.gettempdir()`, which writes a file to see whether it can: the disk may be full.
    path = Path(os.environ.get("TMPDIR") or "/tmp") / f"allocator-console-{os.geteuid()}"
    path.mkdir(mode=0o711, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise ConfigurationError(
            f"{path} belongs to another user.", remedy="Set TMPDIR to a directory of your own."
        )
    return path


def is_short(socket: Path) -> bool:
    """True when a socket can have this path."""
    return len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one data dir."""

    data_dir: Path

    @classmethod
    def of(cls, data_dir: str | os.PathLike[str] | None) -> Files:
        """The files of `data_dir`, None meaning the default; creates nothing."""
        return cls(Path(data_dir or default_data_dir()).expanduser().resolve())

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own directory."""
        return self.data_dir / "postgres"

    @property
    def short_postgres(self) -> Path:
        """A link to `postgres` under a short name without special characters, which is all that
        PostgreSQL's starter and a socket's address can take."""
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return runtime_dir() / digest

    @property
    def lock(self) -> Path:
        """Held while something starts or stops."""
        return self.data_dir / "lock"

    @property
    def secrets(self) -> Path:
        """Keys and passwords, 0600; its presence marks a data dir as ours."""
        return self.data_dir / "secrets.json"

    @property
    def marker(self) -> Path:
        """How far the first start came; see `ownership`."""
        return self.data_dir / "database.json"

    @property
    def state(self) -> Path:
        """The process ids and port of the running stack."""
        return self.data_dir / "state.json"

    @property
    def gateway_port(self) -> Path:
        """Written by the gateway once it listens."""
        return self.data_dir / "gateway.port"

    @property
    def postgrest_socket(self) -> Path:
        """PostgREST listens here and nowhere else."""
        socket = self.data_dir / "postgrest.sock"
        return socket if is_short(socket) else self.short_postgres.with_suffix(".sock")

    def log(self, name: str) -> Path:
        """The log file of one part."""
        return self.data_dir / f"{name}.log"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Random for each data dir; never shown by repr."""

    jwt_secret: str = field(repr=False)
    anon_key: str = field(repr=False)
    service_role_key: str = field(repr=False)
    postgres_password: str = field(repr=False)
    authenticator_password: str = field(repr=False)

    @property
    def secret_key(self) -> str:
        """A key of the new kind with the rights of `service_role_key`; only the gateway knows it
        from any other text."""
        digest = hmac.digest(self.jwt_secret.encode(), b"secret key", "sha256")
        return "sb_secret_" + base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @classmethod
    def generate(cls) -> Secrets:
        """New secrets with keys that are good for ten years."""
        secret = random.token_urlsafe(48)
        return cls(
            secret,
            _key(secret, "anon"),
            _key(secret, "service_role"),
            random.token_urlsafe(24),
            random.token_urlsafe(24),
        )


def _key(secret: str, role: str) -> str:
    now = int(time.time())
    claims = {"iss": "allocator-console", "role": role, "iat": now, "exp": now + TEN_YEARS}
    import jwt

    return jwt.encode(claims, secret, algorithm="HS256")


def load_secrets(files: Files) -> Secrets | None:
    """The data dir's secrets, None when it has none yet. Raises ConfigurationError when their file
    is damaged."""
    try:
        return Secrets(**json.loads(files.secrets.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        # Not chained: the parser's error holds the text that it could not read.
        raise ConfigurationError(
            f"{files.secrets} is damaged, so the local database cannot be opened. It was left as "
            "it is.",
            remedy="Restore it from a backup, or delete the data with `local reset`, which makes "
            "new keys.",
        ) from None


def ensure_secrets(files: Files) -> Secrets:
    """The data dir's secrets, made on the first call."""
    found = load_secrets(files)
    if found is None:
        found = Secrets.generate()
        write_private(files.secrets, json.dumps(asdict(found)))
    return found


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty when there is none or it was cut short."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, complete or not at all."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
