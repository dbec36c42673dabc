"""Faults that a simulation must find, each put into the program as somebody might write it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.actions.operations import resolve
from core.actions.refunds import approvals, ask
from core.gateway.client import Gateway
from core.inbox import event_processor, poll
from core.ledger import ingest
from core.mirror import refresh, refresh_queue

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
    )
}
