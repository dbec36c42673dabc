"""The lists whose columns and views are kept, and the right that shows each."""

from __future__ import annotations

from core.errors import InvalidInput

#: By the name of the screen.
RIGHTS = {
    "payments": "see_payments",
    "customers": "see_payments",
    "disputes": "see_disputes",
    "refunds": "ask_refund",
    "payouts": "see_revenue",
    "events": "see_events",
    "api_log": "use_developer_tools",
    "audit": "administer",
}


def right_of(page: str) -> str:
    """The right that shows a list; `InvalidInput` for one whose views are not kept."""
    if page not in RIGHTS:
        raise InvalidInput("list", "is one of {known}", known=", ".join(RIGHTS))
    return RIGHTS[page]
