"""Which rows of the ledger a figure of Revenue is made of, and what they come to as that figure.

A row may count in several figures: the fee of a charge is a fee, and its amount is gross. Amounts
have the signs of the screen, by which they add up: what was taken is negative.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, cast, func, or_, select, true
from sqlalchemy import case as case_

from core.db.tables import balance_transaction_fees, balance_transactions
from core.errors import InvalidInput
from core.reads.revenue import categories
from core.reads.revenue.categories import BILLED, UNSPECIFIED

_B = balance_transactions.c
_P = balance_transaction_fees.c
#: A part of revenue; `net` is their sum, `cost` what was taken, `movement` a category's amounts.
FIGURES = (*categories.PARTS, "net", "cost", "movement")
_BILLED = categories.categories_of("fee")
_COSTS = tuple(one for part in categories.COSTS for one in categories.categories_of(part))
_REVENUE = tuple(sorted(categories.REVENUE))


def check(figure: str | None, fee_type: str | None) -> None:
    """Raise `InvalidInput` for a figure that there is not, or a part of another than fees."""
    if figure is not None and figure not in FIGURES:
        raise InvalidInput("figure", "must be one of {known}", known=", ".join(FIGURES))
    if fee_type is not None and figure != "fee":
        raise InvalidInput("fee", "stands only beside the figure fee")


def counts_in(figure: str | None, fee_type: str | None) -> ColumnElement[bool]:
    """Whether a row counts in the figure; without one, all do. `fee_type`: a part of fees."""
    check(figure, fee_type)
    if figure is None or figure == "movement":
        return true()
    if fee_type == BILLED:
        return _B.reporting_category.in_(_BILLED)
    if fee_type == UNSPECIFIED:
        return _B.fee_minor != _told()
    if fee_type is not None:
        return _B.stripe_id.in_(select(_P.transaction_id).where(_P.type == fee_type))
    own = {"fee": _BILLED, "cost": _COSTS, "net": _REVENUE}
    if figure in own:
        # The fee of any row is a fee, also of a payout.
        return or_(_B.reporting_category.in_(own[figure]), _B.fee_minor != 0)
    return _B.reporting_category.in_(categories.categories_of(figure))


def amount(figure: str | None, fee_type: str | None) -> ColumnElement[int]:
    """What a row comes to in the figure; without one, its net."""
    if figure is None:
        return _B.net_minor
    if fee_type == UNSPECIFIED:
        return _told() - _B.fee_minor
    if fee_type is not None and fee_type != BILLED:
        return -_part(_P.type == fee_type)
    if figure == "net":
        return _amounts_of(_REVENUE) - _B.fee_minor
    if figure == "cost":
        return _amounts_of(_COSTS) - _B.fee_minor
    if figure == "fee" and fee_type is None:
        return _amounts_of(_BILLED) - _B.fee_minor
    return _B.amount_minor


def _amounts_of(names: tuple[str, ...]) -> ColumnElement[int]:
    return case_((_B.reporting_category.in_(names), _B.amount_minor), else_=0)


def _told() -> ColumnElement[int]:
    """What Stripe told of the row's fee by its parts."""
    return _part(_P.type != UNSPECIFIED)


def _part(which: ColumnElement[bool]) -> ColumnElement[int]:
    parts = select(func.sum(_P.amount_minor)).where(_P.transaction_id == _B.stripe_id, which)
    return cast(
        func.coalesce(parts.correlate(balance_transactions).scalar_subquery(), 0), BigInteger
    )
