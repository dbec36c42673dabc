"""What scores keep of their payments, the business month and what was received: the same there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, extract, or_, select

from core.db.tables import payments, risk_assessments

_A, _P = risk_assessments.c, payments.c
_MONTH = extract("year", _P.day) * 100 + extract("month", _P.day)
_OTHER = (
    select(_A.id, _A.payment_id, _A.month, _A.paid_minor, _MONTH, _P.amount_received_minor)
    .join_from(risk_assessments, payments, _P.stripe_id == _A.payment_id)
    .where(
        and_(
            _A.kind == "arrival",
            or_(
                _A.month.is_(None),
                _A.paid_minor.is_(None),
                _A.month != _MONTH,
                _A.paid_minor != _P.amount_received_minor,
            ),
        )
    )
    .order_by(_A.id)
)
_REPAIR = (
    risk_assessments.update()
    .where(_A.id == bindparam("own"))
    .values(month=bindparam("true_month"), paid_minor=bindparam("true_paid"))
)

Pair = tuple[int | None, int | None]


def unlike(connection: Connection) -> list[tuple[str, Pair, Pair]]:
    """Payments whose score says another month or amount than they do: the id, kept, true."""
    return [
        (row.payment_id, (row.month, row.paid_minor), (int(row[4]), int(row[5])))
        for row in _read(connection)
    ]


def repair(connection: Connection) -> None:
    """Bring each score to what its payment says."""
    rows = [
        {"own": row.id, "true_month": int(row[4]), "true_paid": int(row[5])}
        for row in _read(connection)
    ]
    if rows:
        connection.execute(_REPAIR, rows)


def _read(connection: Connection) -> list[Any]:
    return list(connection.execute(_OTHER))
