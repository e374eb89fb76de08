"""Hashes of operators' passwords and of the API key: made here, checked here.

argon2id with the library's recommended cost; the secret itself is never kept.
"""

from __future__ import annotations

import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from allocator.errors import UsageError

LEAST_PASSWORD_LENGTH = 12
_ARGON2ID = re.compile(r"\$argon2id\$v=\d+\$(?P<cost>m=\d+,t=\d+,p=\d+)\$")
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash of a password, ready for `[operators]` in the secrets file.

    Raises UsageError when the password has fewer than 12 characters.
    """
    if len(password) < LEAST_PASSWORD_LENGTH:
        raise UsageError(
            f"The password has {len(password)} characters.",
            remedy=f"Use at least {LEAST_PASSWORD_LENGTH}; four random words do well.",
        )
    return _hasher.hash(password)


def is_password_hash(text: str) -> bool:
    """True when `text` looks like what `hash_password` makes."""
    return _ARGON2ID.match(text) is not None


def verify_password(stored: str, password: str) -> bool:
    """True when the password fits the hash; False also for a hash that is not argon2id."""
    if not is_password_hash(stored):
        return False
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def decoy_hash(like: str = "") -> str:
    """A hash that no password fits, as costly to check as `like` (default: our own cost)."""
    found = _ARGON2ID.match(like)
    if found is None:
        return _hasher.hash(secrets.token_urlsafe(32))
    m, t, p = (int(part.split("=")[1]) for part in found["cost"].split(","))
    return PasswordHasher(memory_cost=m, time_cost=t, parallelism=p).hash(secrets.token_urlsafe(32))
