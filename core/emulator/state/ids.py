"""Ids and chance that a seed makes repeatable: the n-th draw of a seed is always the same."""

from __future__ import annotations

import random
from binascii import b2a_base64
from functools import lru_cache
from hashlib import blake2b

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Two digits at a time: half the divisions of long numbers.
_PAIRS = [low + high for high in _ALPHABET for low in _ALPHABET]
_ORDERED = [high + low for high in _ALPHABET for low in _ALPHABET]
#: Base 64 has two signs that Stripe's ids have not.
_LETTERS = bytes.maketrans(b"+/", b"Zz")
#: The six digits after `pi_3`: where the count of a seed begins, and which seeds begin elsewhere.
_FIRST, _STARTS = 25 * 62**5, 8 * 62**5


class Ids:
    """Draws from (seed, counter); the counter is saved with every commit."""

    def __init__(self, seed: int, counter: int = 0) -> None:
        self.seed = seed
        self.counter = counter
        self._first = _FIRST + seed * 2_654_435_761 % _STARTS

    def _digest(self, purpose: str, size: int = 24) -> bytes:
        self.counter += 1
        return blake2b(f"{self.seed}:{self.counter}:{purpose}".encode(), digest_size=size).digest()

    def token(self, length: int, purpose: str = "") -> str:
        """Letters and digits, `length` ≤ 64 of them."""
        digest = self._digest(purpose, 24 if length <= 32 else 48)
        return b2a_base64(digest, newline=False).translate(_LETTERS).decode()[:length]

    def number(self, low: int, high: int) -> int:
        """A whole number from `low` to below `high`."""
        return low + int.from_bytes(self._digest("number"), "big") % (high - low)

    def new(self, prefix: str) -> str:
        """An id in the look of Stripe's: `pi_3`, six digits that grow with time, 17 by chance.

        What grows is written at the end of an index, not all over it.
        """
        chance = self.token(17, prefix)
        high, low = divmod(self._first + self.counter, 3844)
        return f"{prefix}_3{_four(high)}{_ORDERED[low]}{chance}"

    def chance(self) -> random.Random:
        """A generator of its own for one decision."""
        return random.Random(int.from_bytes(self._digest("chance"), "big"))


@lru_cache(maxsize=16)
def _four(number: int) -> str:
    """Four digits that grow with a number below 62 ** 4."""
    higher, lower = divmod(number, 3844)
    return _ORDERED[higher] + _ORDERED[lower]


def base62(number: int, length: int) -> str:
    """The lowest `length` base-62 digits of a number."""
    pairs = []
    for _ in range(0, length, 2):
        number, digits = divmod(number, 3844)
        pairs.append(_PAIRS[digits])
    return "".join(pairs)[:length]


def account_of(seed: int) -> str:
    """The account of a seed, as every build named it: files of earlier ones are of it."""
    digest = blake2b(f"{seed}:1:account".encode(), digest_size=24).digest()
    return f"acct_{base62(int.from_bytes(digest, 'big'), 16)}"


def fingerprint_of(text: str) -> str:
    """Sixteen letters that stand for a card or bank account, the same for the same number."""
    digest = blake2b(text.encode(), digest_size=16).digest()
    return base62(int.from_bytes(digest, "big"), 16)
