"""Who paid, under one name: a customer's id at Stripe, or an e-mail address.

Payments without a Customer at Stripe (guests') are under their address alone. An address stands for
all payments with it, whichever customers they are of: Stripe's Checkout makes one a purchase.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_

from core.db.tables import payments
from core.domain.search_histograms import folded_email


def is_address(payer: str) -> bool:
    """Whether a payer is named by an e-mail address. Ids of old integrations are of any letters."""
    return "@" in payer and not payer.startswith("cus_")


def payer_of(customer_id: str | None, email: str | None) -> str | None:
    """The name of a payment's payer; None where nothing tells it."""
    if customer_id:
        return customer_id
    return email if email and is_address(email) else None


def payments_of(payer: str, *, livemode: bool) -> ColumnElement[bool]:
    """The test of `payments` for this payer's. `px_customer` and `px_email` hold them in order."""
    p = payments.c
    mine = p.email == folded_email(payer) if is_address(payer) else p.customer_id == payer
    return and_(mine, p.livemode == livemode)
