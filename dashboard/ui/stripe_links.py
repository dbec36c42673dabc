"""Where an object stands in Stripe's own Dashboard."""

from __future__ import annotations

from core.settings import Settings

_SECTIONS = {
    "pi": "payments",
    "ch": "payments",
    "py": "payments",
    "re": "refunds",
    "dp": "disputes",
    "du": "disputes",
    "cus": "customers",
    "evt": "events",
    "po": "payouts",
    "req": "logs",
}


def address(settings: Settings, stripe_id: str | None, *, livemode: bool) -> str | None:
    """The object's page at dashboard.stripe.com; None with the emulator, whose objects are not
    there, and for kinds of objects that have no page."""
    kind, _, rest = (stripe_id or "").partition("_")
    section = _SECTIONS.get(kind)
    if settings.api_base is not None or section is None or not rest.isalnum():
        return None
    return f"https://dashboard.stripe.com/{'' if livemode else 'test/'}{section}/{stripe_id}"
