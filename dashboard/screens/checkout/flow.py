"""A test payment's steps: create, confirm, the challenge, until it has ended. Each is made once,
under an id that was there before; what nobody knows yet is found out, not tried anew."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.actions.developer.stripe_test_cards import BY_NAME
from core.actions.payments import checkout_sessions, payments
from core.errors import (
    NotFound,
    OutcomeUnknown,
    RequestRepeated,
    StripeBusy,
    TestModeOnly,
    TillwatchError,
)
from core.reads.developer import operation_calls
from core.reads.payments import detail as payment_reads
from core.reads.payments.detail import PaymentDetail
from dashboard.screens.checkout.state import CARD, HOSTED, Attempt, Filled
from dashboard.ui import viewer

#: The same call may be made again, or its outcome comes by itself: the attempt has not ended.
OPEN_ERRORS = (OutcomeUnknown, RequestRepeated, StripeBusy)
_OVER = frozenset({"succeeded", "requires_capture", "canceled"})


@dataclass(frozen=True)
class AttemptStatus:
    """Where an attempt is: its payment as it is here, and one word for the screen."""

    word: str
    detail: PaymentDetail | None = None


def advance(attempt: Attempt) -> None:
    """Make the calls that are due; an error is kept for the screen."""
    filled = attempt.filled
    if filled is None or attempt.ended_at is not None or attempt.error is not None:
        return
    try:
        if filled.way == HOSTED:
            _open_session(attempt, filled)
        else:
            _create(attempt, filled)
            if filled.way == CARD:
                _confirm(attempt, filled)
    except TestModeOnly as error:
        st.session_state["checkout_closed"] = True
        _record_error(attempt, error)
    except TillwatchError as error:
        _record_error(attempt, error)


def _record_error(attempt: Attempt, error: TillwatchError) -> None:
    attempt.error = error
    if not isinstance(error, OPEN_ERRORS):
        attempt.end()


def _open_session(attempt: Attempt, filled: Filled) -> None:
    if attempt.session_id is not None:
        return
    session = viewer.act(
        checkout_sessions.create,
        filled.order,
        order_id=attempt.order_id,
        name=filled.name,
        email=filled.email,
        operation_id=attempt.session_op_id,
    )
    attempt.session_id, attempt.session_url = session.session_id, session.url


def _create(attempt: Attempt, filled: Filled) -> None:
    if attempt.payment_id is not None:
        return
    asked = checkout_sessions.payment_for(
        filled.order,
        order_id=attempt.order_id,
        user_id=viewer.user_id(),
        name=filled.name,
        email=filled.email,
    )
    made = viewer.act(payments.create, asked, livemode=False, operation_id=attempt.create_id)
    attempt.payment_id, attempt.client_secret = made.payment_intent_id, made.client_secret


def _confirm(attempt: Attempt, filled: Filled) -> None:
    if attempt.confirmed or attempt.payment_id is None:
        return
    confirmed = viewer.act(
        payments.confirm,
        attempt.payment_id,
        livemode=False,
        payment_method=BY_NAME[filled.card].token,
        operation_id=attempt.confirm_id,
    )
    attempt.confirmed = True
    redirect = (confirmed.next_action or {}).get("redirect_to_url") or {}
    attempt.challenge_url = redirect.get("url")


def retry(attempt: Attempt) -> None:
    """Ask again under the same ids: what was done before answers as it did."""
    attempt.error = None


def resolved(attempt: Attempt) -> bool:
    """Whether the outcome that nobody knew is known by now."""
    states = viewer.read(operation_calls.states, operation_ids=attempt.operations, livemode=False)
    return bool(states) and all(one.state not in ("sending", "unknown") for one in states)


def attempt_status(attempt: Attempt) -> AttemptStatus:
    """Where it is now; ends the attempt when nothing more will come of it."""
    if attempt.error is not None:
        word = "failed" if attempt.ended_at else "unknown"
        return AttemptStatus(
            "busy" if isinstance(attempt.error, StripeBusy) else word, _detail(attempt)
        )
    if attempt.payment_id is None and attempt.filled is not None:
        order_id = str(attempt.order_id)
        attempt.payment_id = viewer.read(
            operation_calls.payment_of_order, order_id=order_id, livemode=False
        )
    detail = _detail(attempt)
    if detail is None:
        return AttemptStatus("hosted" if attempt.session_id else "working")
    payment = detail.payment
    failed = payment.status == "requires_payment_method" and payment.failure_code is not None
    by_card = attempt.filled is not None and attempt.filled.way == CARD
    if attempt.ended_at is None and (payment.status in _OVER or (failed and by_card)):
        attempt.end()
    if failed:
        return AttemptStatus("failed" if attempt.ended_at else "again", detail)
    if payment.status == "requires_payment_method":
        return AttemptStatus("hosted" if attempt.session_id else "element", detail)
    return AttemptStatus(payment.status, detail)


def _detail(attempt: Attempt) -> PaymentDetail | None:
    if attempt.payment_id is None:
        return None
    try:
        return viewer.read(payment_reads.by_id, payment_id=attempt.payment_id, livemode=False)
    except NotFound:
        return None
