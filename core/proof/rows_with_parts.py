"""Ledger rows one by one, each with the parts of its fee: a million of them pass by here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from core.db.tables import balance_transaction_fees, balance_transactions

_B, _F = balance_transactions.c, balance_transaction_fees.c
#: Rows that are in memory at once.
_CHUNK = 5_000
#: What a row says of itself, in the order of `core.domain.row_digest.row_hash`.
COLUMNS = (
    _B.stripe_id,
    _B.type,
    _B.reporting_category,
    _B.source_id,
    _B.amount_minor,
    _B.fee_minor,
    _B.net_minor,
    _B.currency,
    _B.balance_type,
    _B.created_at,
)


def rows_with_parts(
    connection: Connection,
    where: ColumnElement[bool],
    *,
    more: Sequence[ColumnElement[Any]] = (),
    first: Sequence[ColumnElement[Any]] = (),
) -> Iterator[tuple[Any, tuple[tuple[str, int], ...]]]:
    """Each row, `COLUMNS` and then `more` of it, with type and minor units of each part of its fee.

    Ordered by `first`, and within that by id.
    """
    query = (
        select(*COLUMNS, *more, _F.type.label("part"), _F.amount_minor.label("part_minor"))
        .outerjoin(balance_transaction_fees, _F.transaction_id == _B.stripe_id)
        .where(where)
        .order_by(*first, _B.stripe_id, _F.position)
        .execution_options(yield_per=_CHUNK)
    )
    held: Any = None
    parts: list[tuple[str, int]] = []
    for row in connection.execute(query):
        if held is None or held.stripe_id != row.stripe_id:
            if held is not None:
                yield held, tuple(parts)
            held, parts = row, []
        if row.part is not None:
            parts.append((row.part, row.part_minor))
    if held is not None:
        yield held, tuple(parts)
