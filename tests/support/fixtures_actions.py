"""A context over an emulator, and a shop's backend that takes payments at it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from tenacity import wait_none

from core.access import tokens
from core.access.principals import Caller
from core.actions.context import ActionContext, PaymentRules
from core.actions.payments import payments
from core.actions.payments.validation import NewPayment
from core.bootstrap import Console
from core.cache import ProcessCache
from core.db.engine import reading, writing
from core.db.tables import operations
from core.emulator.server import RunningEmulator, start_emulator
from core.gateway.budget import Budget
from core.gateway.client import Gateway
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from tests.support.account_mirror import KEY
from tests.support.fixtures_access import email_of, person

ASKED = NewPayment("12.34", "usd", 42, email="ada@shop.example", metadata={"basket": "7"})
RULES = PaymentRules(frozenset({"usd", "eur", "cny", "gbp"}), Decimal("999999.99"))


@pytest.fixture(scope="module")
def action_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One emulator for a module's tests."""
    state = tmp_path_factory.mktemp("emulator") / "emulator.db"
    with start_emulator(state_path=state, seed=5) as running:
        yield running


@pytest.fixture
def context(console: Console, action_emulator: RunningEmulator) -> ActionContext:
    """A context over an empty database; the emulator has no faults ordered."""
    action_emulator.control("DELETE", "faults")
    return make_context(console, action_emulator)


def make_context(console: Console, emulator: RunningEmulator, **of_gateway: Any) -> ActionContext:
    """A context whose gateway neither waits between its tries nor for long."""
    quick = {"budget": Budget(rate=100_000), "wait": wait_none(), "read_seconds": 20}
    gateway = Gateway(KEY, livemode=False, api_base=emulator.base_url, **quick | of_gateway)
    books = BookingContext(Scope(console.settings.zone))
    back = "https://shop.example/back"
    return ActionContext(
        console.engine, {False: gateway}, books, RULES, ProcessCache(), back, step_up=None
    )


@pytest.fixture
def backend(console: Console) -> Caller:
    """A shop's backend with a service token."""
    return with_token(console, person(console, "viewer"), "service")


def with_token(console: Console, user_id: str, *roles: str) -> Caller:
    """Who carries a new token of this user's."""
    with writing(console.engine) as connection:
        _, secret = tokens.create(
            connection, email=email_of(console, user_id), roles=roles, actor="test"
        )
        return tokens.bearer(connection, secret)


def operations_kept(console: Console) -> list[Any]:
    """The operations that were written down, oldest first."""
    asked = select(operations).order_by(operations.c.created_at)
    with reading(console.engine) as connection:
        return list(connection.execute(asked).all())


def pay(context: ActionContext, caller: Caller, token: str) -> payments.Payment:
    """Create a payment and confirm it with a test token."""
    made = payments.create(context, caller, ASKED, livemode=False)
    return payments.confirm(
        context, caller, made.payment_intent_id, livemode=False, payment_method=token
    )
