"""Passwords as Argon2id hashes, at most two hashings at a time, the same work for anyone."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import InvalidInput

SHORTEST = 12
LONGEST = 256

#: A hashing takes 64 MiB and a core for its time: a flood of sign-ins must not take more.
_AT_ONCE = threading.BoundedSemaphore(2)
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The Argon2id hash to keep; `InvalidInput` when the password is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        rule = "has {shortest} to {longest} characters"
        raise InvalidInput("password", rule, shortest=SHORTEST, longest=LONGEST)
    with _AT_ONCE:
        return _hasher.hash(password)


def verify(kept: str | None, password: str) -> bool:
    """Whether the password belongs to the hash that is kept.

    Without one (an unknown user) the work is done on another hash, so the time tells nothing.
    """
    offered = password if len(password) <= LONGEST else ""
    with _AT_ONCE:
        try:
            matches = _hasher.verify(kept or _nobodys(), offered)
        except (VerificationError, InvalidHashError):
            return False
    return matches and kept is not None and offered == password


def is_dated(kept: str) -> bool:
    """Whether a hash was made with parameters weaker than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
