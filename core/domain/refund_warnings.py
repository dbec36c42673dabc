"""What whoever gives money back is told before it is sent; none of it forbids the refund."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection, select

from core.db.tables import disputes
from core.domain.payment_states import INQUIRY, is_known, outcome_of

#: An inquiry that escalates becomes a chargeback, which a refund made before it may stand beside:
#: the customer is then paid twice.
OPEN_INQUIRY = "open_inquiry"
#: Nobody knows yet what this status of a dispute is; it may end as a chargeback too.
UNKNOWN_DISPUTE = "unknown_dispute"
CODES = (OPEN_INQUIRY, UNKNOWN_DISPUTE)


def warnings(connection: Connection, payment_id: str) -> tuple[str, ...]:
    """The warnings (of `CODES`) about refunds of one payment."""
    d = disputes.c
    return warnings_of(connection.scalars(select(d.status).where(d.payment_id == payment_id)))


def warnings_of(statuses: Iterable[str]) -> tuple[str, ...]:
    """The warnings about a payment whose disputes have these statuses."""
    found = {_warning_of(status) for status in statuses}
    return tuple(code for code in CODES if code in found)


def counted(found: Iterable[tuple[str, ...]]) -> dict[str, int]:
    """How many payments each warning is about, by the warnings of each payment."""
    counts = Counter(code for codes in found for code in codes)
    return {code: counts[code] for code in CODES if counts[code]}


def _warning_of(status: str) -> str | None:
    if not is_known(status):
        return UNKNOWN_DISPUTE
    return OPEN_INQUIRY if outcome_of(status) == INQUIRY else None
