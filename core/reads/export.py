"""What may leave as a file. Seeing a list is one right, carrying money away is another."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from core.reads import payments as payment_list
from core.reads.needs import needs
from core.reads.payments import PaymentPage


@needs("see_revenue")
def payments(conn: Connection, **asked: Any) -> PaymentPage:
    """`core.reads.payments.page`, without its count."""
    return payment_list.page(conn, with_count=False, **asked)
