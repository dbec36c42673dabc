"""A draw by weight is the one that the standard library makes of the same chance."""

from __future__ import annotations

import random

from core.emulator.simulation.weighted import drawing


def test_draws_are_those_of_choices() -> None:
    weights = {"a": 5, "b": 1, "c": 40, "d": 3}
    draw, ours, theirs = (
        drawing(list(weights), weights.values()),
        random.Random(3),
        random.Random(3),
    )
    drawn = [draw(ours) for _ in range(300)]
    assert drawn == [theirs.choices(list(weights), list(weights.values()))[0] for _ in range(300)]
    assert set(drawn) == set(weights)
