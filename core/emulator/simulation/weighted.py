"""Draws by weight as `random.Random.choices` makes them, the sums of the weights made once."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


def drawing(of: Sequence[T], weights: Iterable[int]) -> Callable[[random.Random], T]:
    """What draws one of these: the same one, by the same chance, as `choices(of, weights)[0]`."""
    sums = list(accumulate(weights))
    total, last = sums[-1] + 0.0, len(of) - 1

    def draw(chance: random.Random) -> T:
        return of[bisect(sums, chance.random() * total, 0, last)]

    return draw
