"""Ids and chance that a seed makes repeatable: the n-th draw of a seed is always the same."""

from __future__ import annotations

import hashlib
import random

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Two digits at a time: half the divisions of long numbers.
_PAIRS = [low + high for high in _ALPHABET for low in _ALPHABET]


class Ids:
    """Draws from (seed, counter); the counter is saved with every commit."""

    def __init__(self, seed: int, counter: int = 0) -> None:
        self.seed = seed
        self.counter = counter

    def _digest(self, purpose: str) -> int:
        self.counter += 1
        text = f"{self.seed}:{self.counter}:{purpose}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=24).digest(), "big")

    def token(self, length: int, purpose: str = "") -> str:
        """Letters and digits, `length` ≤ 32 of them."""
        return base62(self._digest(purpose), length)

    def new(self, prefix: str) -> str:
        """An id in the look of Stripe's: `pi_3` and 23 more."""
        return f"{prefix}_{self.token(24, prefix)}"

    def chance(self) -> random.Random:
        """A generator of its own for one decision."""
        return random.Random(self._digest("chance"))


def base62(number: int, length: int) -> str:
    """The lowest `length` base-62 digits of a number."""
    pairs = []
    for _ in range(0, length, 2):
        number, digits = divmod(number, 3844)
        pairs.append(_PAIRS[digits])
    return "".join(pairs)[:length]


def fingerprint_of(text: str) -> str:
    """Sixteen letters that stand for a card or bank account, the same for the same number."""
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return base62(int.from_bytes(digest, "big"), 16)
