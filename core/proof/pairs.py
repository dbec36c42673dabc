"""Identity 12, `pairs`: what was held back is released once, and not more than that."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from core.db.tables import balance_transactions
from core.proof.breaks import Break
from core.proof.span import Span

IDENTITY = "pairs"
#: Categories whose rows come in pairs: what one takes, another gives back.
PAIRS: dict[str, tuple[str, ...]] = {
    "minimum_balance": ("payout_minimum_balance_hold", "payout_minimum_balance_release"),
    "risk_reserve": ("risk_reserved_funds",),
    "network_reserve": ("payment_network_reserve_hold", "payment_network_reserve_release"),
    "advance": ("advance", "advance_funding"),
}
_B = balance_transactions.c


def pair_breaks(connection: Connection, span: Span) -> Iterator[Break]:
    """A pair's rows until the end of the span sum to zero, or to what is still held back.

    An advance and what funds it are listed at once: they sum to nothing.
    """
    for name, categories in PAIRS.items():
        query = (
            select(_B.currency, func.sum(_B.net_minor))
            .where(_B.livemode == span.livemode, _B.created_at < span.end)
            .where(_B.reporting_category.in_(categories))
            .group_by(_B.currency)
        )
        for currency, total in connection.execute(query):
            if int(total) > 0 or (name == "advance" and int(total)):
                yield Break(
                    IDENTITY,
                    "unexplained",
                    name,
                    currency,
                    span.last,
                    "pair",
                    ours_minor=int(total),
                    theirs_minor=0,
                )
