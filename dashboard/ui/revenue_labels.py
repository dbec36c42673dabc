"""What the figures of revenue are called: its parts, and the parts of fees."""

from __future__ import annotations

from core.reads.revenue.categories import BILLED, UNSPECIFIED
from dashboard.i18n import _
from dashboard.ui import stripe_labels


def parts() -> dict[str, str]:
    """The parts of revenue, in the order in which they add up to the net."""
    return {
        "gross": _("Gross"),
        "refund": _("Refunds"),
        "dispute": _("Disputes"),
        "platform_earning": _("Platform earnings"),
        "fee": _("Fees"),
        "network_cost": _("Network costs"),
        "tax": _("Tax on fees"),
    }


def figure(name: str) -> str:
    """A figure of `core.reads.ledger.revenue_figures`; nothing for a bare movement."""
    return (parts() | {"cost": _("Fees and costs"), "net": _("Net")}).get(name, "")


def fee_part(type_: str) -> str:
    """A part of fees; taxes are told apart from those that Stripe books by rows of their own."""
    own = {
        BILLED: _("Billed by Stripe"),
        UNSPECIFIED: _("Not itemized"),
        "tax": _("Tax within fees"),
    }
    return own.get(type_) or stripe_labels.words(type_)
