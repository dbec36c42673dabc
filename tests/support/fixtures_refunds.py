"""A shop whose refunds are put under strain: one database of each kind for a module's tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.bootstrap import Console
from core.db.engine import writing
from core.db.migrate import upgrade
from core.db.tables import evidence_files, evidence_saves, operations
from core.emulator.server import RunningEmulator
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import make_context


@dataclass
class Till:
    """Two processes' contexts over one database, somebody who asks and somebody who approves."""

    emulator: RunningEmulator
    console: Console
    context: ActionContext
    second: ActionContext
    support: Caller
    lead: Caller

    def count(self, payment_id: str) -> int:
        """How many refunds of a payment the emulator itself counts."""
        return int(self.counted(payment_id)["count"])

    def amount(self, payment_id: str) -> int:
        """The minor units that truly left, as the emulator counts."""
        return int(self.counted(payment_id)["amount"])

    def counted(self, payment_id: str) -> dict[str, int]:
        answer: dict[str, int] = self.emulator.control(
            "GET", f"refunds?payment_intent={payment_id}"
        )
        return answer


@pytest.fixture(scope="module")
def _till_console(_shared_url: str) -> Iterator[Console]:
    made = make_console(_shared_url)
    upgrade(made.engine)
    yield made
    made.engine.dispose()


@pytest.fixture
def both_consoles(_till_console: Console) -> Console:
    """A console on each kind of database, made once a module; nothing was asked of Stripe in it."""
    with writing(_till_console.engine) as connection:
        for table in (operations, evidence_files, evidence_saves):
            connection.execute(table.delete())
    return _till_console


@pytest.fixture
def till(_till_console: Console, action_emulator: RunningEmulator) -> Till:
    """New people in a database that other tests of the module used; no faults are ordered."""
    action_emulator.control("DELETE", "faults")
    action_emulator.control("POST", "settings", {"refund_limit": True})
    return Till(
        emulator=action_emulator,
        console=_till_console,
        context=make_context(_till_console, action_emulator),
        second=make_context(_till_console, action_emulator),
        support=Caller(person(_till_console, "support")),
        lead=Caller(person(_till_console, "support_lead")),
    )
