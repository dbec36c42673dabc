"""A test payment on its way through the checkout page, kept in the session until it has ended."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

import streamlit as st

from core import clock
from core.actions.payments.checkout_order import CheckoutOrder
from core.errors import TillwatchError

CARD, HOSTED, ELEMENT = "card", "hosted", "element"
#: What Stripe still tells of a payment that has ended is followed for so long, in seconds.
FOLLOWED_FOR = 90.0


@dataclass(frozen=True)
class Filled:
    """What was shown when the button was pressed, and is what is paid."""

    order: CheckoutOrder
    name: str
    email: str
    way: str
    card: str


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Attempt:
    """Made when the order is shown, so that a repeated run, click or form pays once.

    `client_secret`, `challenge_url` and `session_url` stay in this process's memory.
    """

    order_id: int = field(default_factory=lambda: clock.to_micros(clock.now()) // 1000)
    create_id: str = field(default_factory=_new_id)
    confirm_id: str = field(default_factory=_new_id)
    session_op_id: str = field(default_factory=_new_id)
    filled: Filled | None = None
    payment_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    confirmed: bool = False
    challenge_url: str | None = field(default=None, repr=False)
    session_id: str | None = None
    session_url: str | None = field(default=None, repr=False)
    error: TillwatchError | None = None
    ended_at: float | None = None
    #: Whether the whole screen was drawn since it ended.
    announced: bool = False

    @property
    def under_way(self) -> bool:
        """Whether it was begun and has not ended."""
        return self.filled is not None and self.ended_at is None

    @property
    def followed(self) -> bool:
        """Whether news of it is still waited for."""
        return self.ended_at is None or time.monotonic() - self.ended_at < FOLLOWED_FOR

    @property
    def operations(self) -> list[str]:
        """The ids under which Stripe was called for it."""
        return [self.session_op_id, self.create_id, self.confirm_id]

    def end(self) -> None:
        """Nothing more will come of it by itself; the next order gets ids of its own."""
        self.ended_at = time.monotonic()


def current() -> Attempt:
    """The attempt that the form is filled in for."""
    kept = st.session_state.get("checkout_attempt")
    if not isinstance(kept, Attempt) or kept.ended_at is not None:
        kept = Attempt()
        st.session_state["checkout_attempt"] = kept
    return kept


def shown() -> Attempt | None:
    """The attempt whose result is on the screen: the last one that was begun."""
    kept = st.session_state.get("checkout_shown")
    return kept if isinstance(kept, Attempt) else None


def begin(filled: Filled) -> None:
    """The button was pressed. A second press while one is under way changes nothing."""
    attempt = current()
    if attempt.filled is None:
        attempt.filled = filled
        st.session_state["checkout_shown"] = attempt
