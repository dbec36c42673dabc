"""Payments as a table: the same columns on each screen that lists them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from core.domain.payers import payer_of
from core.domain.repeated_charges import Taken, repeated
from core.reads.payments.list import PaymentRow
from dashboard.i18n import N_, _
from dashboard.ui import (
    columns,
    customer_links,
    error_explanations,
    status_badges,
    stripe_labels,
)
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Frame,
    chips,
    currency,
    moment,
    money,
    opener,
    share,
    text,
)
from dashboard.ui.kit import links
from dashboard.ui.kit.cells import Cell
from dashboard.ui.kit.component import OnClick
from dashboard.ui.kit.table import Sorting


def frame(rows: Sequence[PaymentRow]) -> Frame:
    """One line a payment, made of texts, so that nothing is left to the browser's arithmetic."""
    return _TABLE.frame(rows)


def show(
    found: Frame,
    *,
    key: str,
    alt: str,
    on_open: OnClick,
    back: str = "",
    without: Collection[str] = (),
    also: Collection[str] = (),
    order: Sequence[str] = (),
    sorts: Collection[str] = (),
    sorted_by: Sorting | None = None,
    on_sort: OnClick | None = None,
) -> None:
    """Draw the table; a click on a payment calls `on_open` with its id, one on its customer with
    what `customer_links.open_clicked` takes. `alt` is English.

    `back`: the search that its page leads back to. `order`: the columns that were chosen, all of
    them; without a choice those that are not `without`.
    """
    replace(_TABLE, key=key, alt=alt).draw(
        found,
        on_open,
        target=links.screen("payment", **({"back": back} if back else {})),
        hidden=() if order else {*without, *ON_DEMAND} - set(also),
        order=order or None,
        sorts=sorts,
        sorted_by=sorted_by,
        on_sort=on_sort,
    )


def _parts(row: PaymentRow) -> str:
    """What was captured, where that is not the amount, and what went back or is disputed of it."""
    captured = row.amount_captured_minor
    parts = (
        (_("{amount} captured"), captured if captured != row.amount_minor else 0),
        (_("{amount} refunded"), row.amount_refunded_minor),
        (_("{amount} disputed"), row.amount_disputed_minor),
    )
    shown = ((text, columns.money(minor, row.currency)) for text, minor in parts if minor)
    return " · ".join(text.format(amount=amount) for text, amount in shown)


def _notes(rows: Sequence[PaymentRow]) -> list[Cell]:
    """Which of these rows look charged twice beside another of them."""
    found = repeated(
        Taken(
            payment_id=row.stripe_id,
            made_at=row.created_at,
            amount_minor=row.amount_minor,
            currency=row.currency,
            captured_minor=row.amount_captured_minor,
            refunded_minor=row.amount_refunded_minor,
            customer_id=row.customer_id,
            email=row.email,
            order_id=row.order_id,
        )
        for row in rows
    )
    return [Cell(_("Looks charged twice") if row.stripe_id in found else "") for row in rows]


_COLUMNS: dict[str, Column[PaymentRow]] = {
    "amount": money(N_("Amount"), lambda row: columns.money(row.amount_minor, row.currency)),
    "currency": currency(lambda row: row.currency),
    "parts": text(N_("Of which"), _parts, optional=True),
    "state": chips(
        N_("Status"),
        lambda row: status_badges.payment_badges(row.state, row.dispute_outcome),
        status_badges.STANDING,
    ),
    "method": text(
        N_("Method"),
        lambda row: columns.method(row.method_type, row.card_brand, row.card_last4),
    ),
    "customer": customer_links.column(
        N_("Customer"),
        lambda row: row.email or row.customer_name or row.customer_id,
        lambda row: payer_of(row.customer_id, row.email),
        cut=24,
    ),
    "reason": text(
        N_("Reason"), lambda row: stripe_labels.words(row.decline_code or row.failure_code)
    ),
    "meaning": text(N_("Meaning"), error_explanations.meaning, cut=36),
    "note": Column(N_("Note"), _notes, cut=22, optional=True),
    "risk": share(N_("Risk"), lambda row: row.risk_score),
    "created": moment(N_("Created"), lambda row: row.created_at),
    "payment": opener(N_("Payment"), lambda row: row.stripe_id),
}
#: The columns that people choose from, by their titles, and what each is in a file. Notes are about
#: the rows beside them.
TITLES = {name: column.title for name, column in _COLUMNS.items() if name != "note"}
IN_FILES = {
    "amount": ("amount",),
    "currency": ("currency",),
    "parts": ("captured", "refunded", "disputed"),
    "state": ("state", "dispute"),
    "method": ("method", "card_brand", "card_last4"),
    "customer": ("email", "customer_name", "customer"),
    "reason": ("failure_code", "decline_code"),
    "meaning": (),
    "risk": ("risk_score",),
    "created": ("created_utc",),
    "payment": ("id",),
}
#: Wide: shown only where failures, or what was searched for, are the subject.
ON_DEMAND = frozenset({"meaning", "note"})
_TABLE = DataTable("payments", N_("Payments, newest first"), _COLUMNS)
