"""What the others do while one process stands still in the middle of its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.simulator.shop import Process
    from tests.support.simulator.storm import Storm


def go_between(storm: Storm, still: Process, doing: str) -> None:
    """Time passes, and others get in between: by chance, or by what goes wrong with such a step."""
    ways = _WAYS.get(doing, _OF_READING)
    [way] = storm.dice.choices(list(ways), list(ways.values()))
    storm.note(f"... process {still.number} stands still: {way.__name__}")
    way(storm, [one for one in storm.shop.workers if one is not still])
    storm.note("... and goes on")


def _others_go_on(storm: Storm, others: list[Process]) -> None:
    storm.shop.advance(storm.dice.choice((0, 5, 25, 200, 700)))
    for _ in range(storm.dice.randint(1, 4)):
        other = storm.dice.choice(others)
        chance = storm.dice.random()
        if chance < 0.3 and storm.asked:
            storm.send_wish(storm.dice.choice(storm.asked[-2:]), other)
        elif chance < 0.5:
            storm.send_wish(storm.new_wish(), other)
        else:
            storm.step(other, storm.dice.choice(("apply", "refresh", "operations", "ledger")))


def _newer_lands(storm: Storm, others: list[Process]) -> None:
    """What is being read changes; another is told, reads it, and is done with it first."""
    dice, other = storm.dice, storm.dice.choice(others)
    about = storm.shop.wire.asked_for
    if dice.random() < 0.3:
        storm.shift_clock()
    for _ in range(dice.randint(1, 3)):
        storm.business_outside(about)
    storm.shop.advance(dice.choice((0, 0, 25, 200)))
    storm.shop.receive(storm.shop.new_events())
    for name in ("apply", "refresh", "refresh"):
        storm.step(other, name)


def _same_operation(storm: Storm, others: list[Process]) -> None:
    """The lease of whoever is sending ends, and others look for what came of it."""
    storm.shop.advance(storm.dice.choice((200, 700)))
    for other in others:
        storm.step(other, "operations")


def _same_person_asks(storm: Storm, others: list[Process]) -> None:
    """Whoever asked last asks once more, perhaps for more than both may have."""
    last = storm.asked[-1]
    for _ in range(storm.dice.randint(1, 2)):
        storm.send_wish(storm.rival_wish(last), storm.dice.choice(others))


_OF_READING = {_newer_lands: 5, _others_go_on: 3}
#: The ways by what stands still, each with its weight.
_WAYS = {
    "ask": {_same_person_asks: 5, _same_operation: 4, _others_go_on: 2},
    "decide": {_same_person_asks: 2, _same_operation: 4, _others_go_on: 2},
    "operations": {_same_operation: 5, _newer_lands: 2, _others_go_on: 2},
}
