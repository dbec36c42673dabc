"""What was found by a short text, as lines of the box that goes to anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from core.access.principals import Principal
from core.reads.lookup import Found, NamedObject
from core.reads.payments.list import PaymentRow
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import columns, navigation, status_badges, stripe_labels, viewer
from dashboard.ui.status_badges import Kind

#: What an object is called, its icon, and the words for how it stands.
_KINDS: dict[str, tuple[str, str, Kind | None]] = {
    "refunds": (N_("Refund"), "undo", status_badges.RESULT),
    "disputes": (N_("Dispute"), "gavel", status_badges.DISPUTE),
    "payouts": (N_("Payout"), "account_balance", status_badges.PAYOUT),
    "balance_transactions": (N_("Ledger row"), "balance", None),
    "events": (N_("Event"), "bolt", None),
}


def items(found: Found, text: str, person: Principal) -> list[dict[str, Any]]:
    """A line for each thing that this person may open; the last is the whole list of payments,
    or the search that was probably meant."""
    lines = []
    if found.named is not None and (address := _address(found.named)):
        lines.append(_named(found.named, address))
    lines += _customers(found.payments, text)
    lines += [_payment(row) for row in found.payments]
    if found.payments:
        title = _("All payments with “{text}”").format(text=text)
        address = f"payments?{urlencode({'q': found.search})}"
        lines.append({"title": title, "icon": "manage_search", "go": address})
    if found.meant:
        title = _("Did you mean {search}?").format(search=found.meant)
        address = f"payments?{urlencode({'q': found.meant})}"
        lines.append({"title": title, "icon": "lightbulb", "go": address})
    return [one for one in lines if navigation.may_open(person, one["go"].partition("?")[0])]


def _customers(rows: Sequence[PaymentRow], text: str) -> list[dict[str, Any]]:
    """Whose payments these are, where the text says whose: an id, an address, a name."""
    asked = text.casefold()
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        said = (row.customer_id, row.email, row.customer_name)
        if row.customer_id and any(asked in (one or "").casefold() for one in said):
            found[row.customer_id] = {
                "title": row.customer_name or row.email or row.customer_id,
                "icon": "person",
                "go": f"customer?{urlencode({'id': row.customer_id})}",
                "note": _joined(_("Customer"), row.customer_id),
            }
    return list(found.values())


def _payment(row: PaymentRow) -> dict[str, Any]:
    who = row.email or row.customer_name or row.customer_id or ""
    how = columns.method(row.method_type, row.card_brand, row.card_last4)
    badges = status_badges.payment_badges(row.state, row.dispute_outcome)
    return {
        "title": row.stripe_id,
        "icon": "receipt_long",
        "go": f"payment?{urlencode({'id': row.stripe_id})}",
        "note": _joined(who, how, i18n.minute(row.created_at, viewer.zone())),
        "amount": _amount(row.amount_minor, row.currency),
        "chips": [_chip(status_badges.STANDING, code) for code in badges],
    }


def _named(one: NamedObject, address: str) -> dict[str, Any]:
    name, icon, kind = _KINDS[one.table]
    # An event's type is Stripe's own name for it, as the list of events shows it.
    how = "" if kind else one.status if one.table == "events" else stripe_labels.words(one.status)
    return {
        "title": one.stripe_id,
        "icon": icon,
        "go": address,
        "note": _joined(_(name), how, i18n.minute(one.created_at, viewer.zone())),
        "amount": _amount(one.amount_minor, one.currency),
        "chips": [_chip(kind, one.status)] if kind else [],
    }


def _address(one: NamedObject) -> str | None:
    """The page that shows it; None where no page does."""
    if one.table == "disputes":
        return f"dispute?{urlencode({'id': one.stripe_id})}"
    if one.table == "payouts":
        return f"payout?{urlencode({'id': one.stripe_id})}"
    if one.table == "events":
        return f"events?{urlencode({'event': one.stripe_id})}"
    if one.payment_id:
        return f"payment?{urlencode({'id': one.payment_id})}"
    if one.source_id and one.source_id.startswith("po_"):
        return f"payout?{urlencode({'id': one.source_id})}"
    return None


def _amount(minor: int | None, currency: str | None) -> str:
    return f"{columns.money(minor, currency)} {(currency or '').upper()}".strip()


def _chip(kind: Kind, code: str) -> tuple[str, str]:
    return status_badges.tone(kind, code), status_badges.word(kind, code)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
