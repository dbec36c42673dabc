"""What was received for scored payments, kept beside the scores: exact whoever comes first.

Both sides take the payment's turn before they look at the other's rows: applying a state, and
keeping a score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, select

from core.db import turns
from core.db.tables import payments, risk_assessments

#: The kind of scoring of a payment that came from Stripe.
ARRIVAL = "arrival"
_A, _P = risk_assessments.c, payments.c
_FOLLOW = (
    risk_assessments.update()
    .where(_A.id == bindparam("own"))
    .values(paid_minor=bindparam("received"))
)


def received(connection: Connection, ids: Iterable[str]) -> dict[str, int]:
    """What was received for payments, whose turns the caller has until the transaction ends."""
    wanted = sorted(ids)
    turns.take(connection, *map(_line, wanted))
    rows = connection.execute(
        select(_P.stripe_id, _P.amount_received_minor).where(_P.stripe_id.in_(wanted))
    )
    return {row.stripe_id: row.amount_received_minor for row in rows}


def follow_captures(connection: Connection, amounts: Mapping[str, int]) -> None:
    """Bring the scores of payments to what was received, after that was written."""
    if not amounts:
        return
    turns.take(connection, *map(_line, amounts))
    scored = connection.execute(
        select(_A.id, _A.payment_id)
        .where(_A.payment_id.in_(sorted(amounts)), _A.kind == ARRIVAL)
        .order_by(_A.id)
    ).all()
    if scored:
        connection.execute(
            _FOLLOW, [{"own": row.id, "received": amounts[row.payment_id]} for row in scored]
        )


def _line(payment_id: str) -> str:
    return f"score {payment_id}"
