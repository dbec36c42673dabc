"""Notes on a customer, or on the address of a guest: what was said on the phone, for the next."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from core.access import audit
from core.access.principals import Caller
from core.access.rights import ASK_REFUND
from core.actions.context import ActionContext
from core.actions.payments.validation import text
from core.actions.transaction import permitted_change
from core.db.tables import customer_notes, customers, payments
from core.domain.payers import is_address, payments_of
from core.domain.search_histograms import folded_email
from core.errors import NotFound
from core.masking import mask_cards

NOTE = "customer.note"
LONGEST_NOTE = 1000


def add(
    context: ActionContext, caller: Caller, customer: str, written: str, *, livemode: bool
) -> None:
    """Write to a customer of a mode (`cus_…`, or a guest's e-mail address).

    For who may ask for refunds. Card numbers are covered before anything is kept. `InvalidInput`
    names `text`; `NotFound` where nothing is known of such a customer.
    """

    def change(connection: Connection, now: datetime) -> None:
        _check_known(connection, customer, livemode=livemode)
        masked = mask_cards(text("text", " ".join(written.split()), LONGEST_NOTE))
        by_address = is_address(customer)
        connection.execute(
            customer_notes.insert().values(
                livemode=livemode,
                customer_id=None if by_address else customer,
                email=folded_email(customer) if by_address else None,
                author=caller.actor,
                text=masked,
                created_at=now,
            )
        )
        audit.append(connection, actor=caller.actor, action=NOTE, target=customer, now=now)

    permitted_change(context, caller, NOTE, change, right=ASK_REFUND, target=customer)


def _check_known(connection: Connection, customer: str, *, livemode: bool) -> None:
    c, p = customers.c, payments.c
    asked = [select(p.stripe_id).where(payments_of(customer, livemode=livemode))]
    if not is_address(customer):
        asked.append(select(c.stripe_id).where(c.stripe_id == customer, c.livemode == livemode))
    if not any(connection.execute(one.limit(1)).first() for one in asked):
        raise NotFound("There is no such customer.")
