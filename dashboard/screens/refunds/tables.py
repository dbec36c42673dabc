"""Requests and refunds as tables: under way, and all there were."""

from __future__ import annotations

from core.money import show
from core.reads.refunds.history import Entry
from core.reads.refunds.requests import Request
from dashboard.i18n import N_, _
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import status_badges, stripe_labels
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    chips,
    currency,
    moment,
    money,
    opener,
    text,
)
from dashboard.ui.list_views import ListViews

#: So much of a request's id stands in a cell.
_SHORT = 8


def short(key: str) -> str:
    """A request's id as it stands in a cell; Stripe's ids are kept whole."""
    return key if key.startswith("re_") else key[:_SHORT]


_UNDER_WAY: dict[str, Column[Request]] = {
    "amount": money(N_("Amount"), lambda one: show(one.amount)),
    "currency": currency(lambda one: one.amount.currency),
    "state": chips(N_("Status"), lambda one: status_badges.cell(one.state), refund_labels.REQUEST),
    "open": opener(
        N_("Request"), lambda one: one.request_id, shown=lambda one: short(one.request_id)
    ),
    "reason": text(N_("Reason"), lambda one: stripe_labels.words(one.reason)),
    "asked": text(
        N_("Asked by"),
        lambda one: refund_labels.who(one.asked_by, by_token=one.by_token),
    ),
    "note": text(N_("Note"), lambda one: one.note or "", optional=True),
    "created": moment(N_("Asked at"), lambda one: one.created_at),
    "expires": moment(N_("Expires"), lambda one: one.expires_at, seconds=False),
    "payment": text(N_("Payment"), lambda one: one.payment_id, cut=21),
}
_HISTORY: dict[str, Column[Entry]] = {
    "amount": money(N_("Amount"), lambda one: show(one.amount)),
    "currency": currency(lambda one: one.amount.currency),
    "state": chips(N_("Status"), lambda one: status_badges.cell(one.state), refund_labels.REQUEST),
    "open": opener(N_("Request"), lambda one: one.id, shown=lambda one: short(one.id)),
    "made": text(N_("Made"), lambda one: _("Elsewhere") if one.external else _("Here")),
    "reason": text(N_("Reason"), lambda one: stripe_labels.words(one.reason)),
    "asked": text(
        N_("Asked by"),
        lambda one: refund_labels.who(one.asked_by or "", by_token=one.by_token),
    ),
    "decided": text(N_("Decided by"), lambda one: one.decided_by or "", optional=True),
    "why": text(N_("Why"), lambda one: refund_labels.why(one.why), cut=17, optional=True),
    "created": moment(N_("Asked at"), lambda one: one.at),
    "payment": text(N_("Payment"), lambda one: one.payment_id or "", cut=21),
}
UNDER_WAY = DataTable(
    "asked",
    N_("Refund requests under way, newest first"),
    _UNDER_WAY,
    empty=Empty(
        N_("No refund is under way"),
        N_("Ask for one here or on a payment's page; what has ended stands in the history."),
        icon=":material/done_all:",
    ),
)
HISTORY = DataTable(
    "history",
    N_("Refunds, newest first"),
    _HISTORY,
    empty=Empty(N_("No refund matches"), N_("Choose another status, or all payments.")),
)
#: The columns of the history that people choose from, and what each is in its file.
CHOICE = ListViews(
    "refunds",
    {name: column.title for name, column in _HISTORY.items()},
    {
        "amount": ("amount",),
        "currency": ("currency",),
        "state": ("state",),
        "open": ("id",),
        "made": ("made",),
        "reason": ("reason",),
        "asked": ("asked_by",),
        "decided": ("decided_by",),
        "why": ("why",),
        "created": ("asked_utc",),
        "payment": ("payment",),
    },
)
