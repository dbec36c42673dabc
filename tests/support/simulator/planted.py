"""Faults that a simulation must find, each put into the program as somebody might write it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, true

from core import clock
from core.access import rights
from core.access.principals import permitted
from core.actions.operations import resolve
from core.actions.refunds import approvals, ask
from core.actions.refunds.validation import locked_payment
from core.db import upsert
from core.db.engine import reading
from core.db.leases import Lease
from core.db.tables import payments as payments_table
from core.gateway.client import Gateway
from core.inbox import event_processor, poll
from core.ledger import ingest
from core.mirror import payments, refresh, refresh_queue

Plant = Callable[[pytest.MonkeyPatch], None]


def a_key_of_its_own_for_each_try(patch: pytest.MonkeyPatch) -> None:
    once = Gateway._once

    def anew(self: Gateway, method: str, path: str, params: Any) -> Any:
        if method == "post":
            params = params | {"idempotency_key": str(uuid.uuid4())}
        return once(self, method, path, params)

    patch.setattr(Gateway, "_once", anew)


def events_are_believed(patch: pytest.MonkeyPatch) -> None:
    """What an event says is applied when it comes, and nothing is read for it."""
    applied = event_processor.apply

    def believing(connection: Any, snapshots: Any, books: Any, **named: Any) -> int:
        return applied(connection, snapshots, books, **named | {"marks": ()})

    patch.setattr(event_processor, "apply", believing)


def an_answer_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """What a lost call did is found at Stripe, and not written down."""
    patch.setattr(resolve, "record_outcome", lambda *_args: None)


def a_refund_is_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    """What has no answer is taken as not done, and ended so."""
    patch.setattr(resolve, "_found", lambda _context, _one: None)
    patch.setattr(resolve, "_not_again", lambda _context, _one: "Stripe does not have it")
    patch.setattr(resolve, "LOOKED_FOR", resolve.LOOKED_FOR * 0)


def reserved_amounts_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    """What is reserved by requests that are being sent is not counted."""
    for module in (ask, approvals):
        balance = module.refundable_balance

        def unreserved(*args: Any, _balance: Any = balance, **named: Any) -> Any:
            return replace(_balance(*args, **named), reserved_minor=0)

        patch.setattr(module, "refundable_balance", unreserved)


def a_payout_is_not_noted(patch: pytest.MonkeyPatch) -> None:
    """The list of one in some is not read."""
    note = refresh.note_payout

    def half(engine: Any, gateway: Any, books: Any, payout_id: str) -> int:
        return note(engine, gateway, books, payout_id) if payout_id[-1].islower() else 0

    patch.setattr(refresh, "note_payout", half)


def a_failed_poll_counts(patch: pytest.MonkeyPatch) -> None:
    """The events of a page that was asked for count as stored."""
    patch.setattr(poll, "_write_page", lambda _engine, _page, _livemode: (0, 0))


def sums_forget_what_changed(patch: pytest.MonkeyPatch) -> None:
    """Of a page of ledger rows the last is in no sum."""
    write = ingest.write_sums
    patch.setattr(
        ingest, "write_sums", lambda connection, rows, slot: write(connection, rows[:-1], slot)
    )


def a_mark_of_meanwhile_is_cleared(patch: pytest.MonkeyPatch) -> None:
    """A reading clears its object also where it was marked again while it was read."""

    def clear(connection: Any, fence: str, done: Any, *, at: Any) -> None:
        if not done:
            return
        which = refresh_queue._these(refresh_queue._keys(done))
        connection.execute(refresh_queue.table.delete().where(which))

    patch.setattr(refresh_queue, "clear", clear)


def leases_are_ignored(patch: pytest.MonkeyPatch) -> None:
    """What came of a row is written by whoever worked on it, whoever holds it by then."""

    def write(self: Lease, connection: Any, rows: Any, _fence: str, values: Any) -> int:
        return int(connection.execute(self.table.update().where(rows).values(values)).rowcount)

    patch.setattr(Lease, "check", lambda *_args: None)
    patch.setattr(Lease, "_write", write)


def an_older_reading_overwrites_a_newer(patch: pytest.MonkeyPatch) -> None:
    """What is written last stands, whenever it was read."""
    patch.setattr(payments, "is_newer", lambda _new, _old: True)
    patch.setattr(upsert, "_newer", lambda _new, _table: true())
    patch.setattr(upsert, "_upsert_newer", upsert._upsert_newer.__wrapped__)


def a_limit_is_checked_before_the_turn(patch: pytest.MonkeyPatch) -> None:
    """What a person may give back alone is read before they stand in line."""
    read = ask.allowance_of

    def early(connection: Any, context: Any, caller: Any, asked: Any, livemode: bool) -> Any:
        of = payments_table.c.stripe_id == asked.payment_intent_id
        currency = connection.scalar(select(payments_table.c.currency).where(of)) or "usd"
        person = permitted(connection, caller, rights.ASK_REFUND)
        now, reason = clock.now(), asked.reason
        return read(connection, context, person, reason, currency, livemode=livemode, now=now)

    _read_early(patch, "allowance_of", early)


def a_balance_is_read_before_the_turn(patch: pytest.MonkeyPatch) -> None:
    """What may still go back of a payment is read before anybody stands in line."""
    read = ask.refundable_balance

    def early(connection: Any, _context: Any, _caller: Any, asked: Any, livemode: bool) -> Any:
        return read(connection, locked_payment(connection, asked.payment_intent_id, livemode))

    _read_early(patch, "refundable_balance", early)


def _read_early(patch: pytest.MonkeyPatch, name: str, early: Callable[..., Any]) -> None:
    """Have `ask` use what it read of `name` in a transaction before the one that writes."""
    write = ask._write_down

    def write_down(context: Any, caller: Any, asked: Any, livemode: bool, key: str) -> Any:
        with reading(context.engine) as connection:
            known = early(connection, context, caller, asked, livemode)
        with pytest.MonkeyPatch.context() as inside:
            inside.setattr(ask, name, lambda *_args, **_named: known)
            return write(context, caller, asked, livemode, key)

    patch.setattr(ask, "_write_down", write_down)


#: Each fault by what it says.
PLANTED: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        a_key_of_its_own_for_each_try,
        events_are_believed,
        an_answer_is_dropped,
        a_refund_is_not_looked_for,
        reserved_amounts_are_not_counted,
        a_payout_is_not_noted,
        a_failed_poll_counts,
        sums_forget_what_changed,
        a_mark_of_meanwhile_is_cleared,
        leases_are_ignored,
        an_older_reading_overwrites_a_newer,
        a_limit_is_checked_before_the_turn,
        a_balance_is_read_before_the_turn,
    )
}
