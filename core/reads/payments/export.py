"""What may leave as a file. Seeing a list is one right, carrying money away is another."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from core.reads.payments import list as payment_list
from core.reads.payments.list import PaymentPage
from core.reads.permissions import requires


@requires("see_revenue")
def payments(conn: Connection, /, **asked: Any) -> PaymentPage:
    """`core.reads.payments.list.page`, without its count."""
    return payment_list.page(conn, with_count=False, **asked)
