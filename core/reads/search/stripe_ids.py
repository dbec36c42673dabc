"""Ids of Stripe's objects: which lead to payments, and the one in an address of its dashboard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

#: Beginnings of ids that lead to a payment, with the table that knows the object.
RELATED = {
    "ch_": "charges",
    "py_": "charges",
    "re_": "refunds",
    "pyr_": "refunds",
    "dp_": "disputes",
    "du_": "disputes",
    "issfr_": "early_fraud_warnings",
    "prv_": "reviews",
    "txn_": "balance_transactions",
    "evt_": "events",
    "po_": "payouts",
}
_WEB = re.compile(r"https?://", re.IGNORECASE)
_DASHBOARD = re.compile(r"(?:https?://)?dashboard\.stripe\.com(?=[/?#]|$)", re.IGNORECASE)
_STARTS = "|".join(sorted(("pi_", "cus_", *RELATED), key=len, reverse=True))
_ID = re.compile(rf"(?<![A-Za-z0-9_])(?:{_STARTS})\w+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """What an address of Stripe's dashboard names. `stripe_id` None: nothing that is paid."""

    stripe_id: str | None
    livemode: bool


def is_address(text: str) -> bool:
    """Whether a text is an address on the web, or one of Stripe's dashboard without `https://`."""
    return bool(_WEB.match(text) or _DASHBOARD.match(text))


def read_address(text: str) -> Address | None:
    """The object that an address of Stripe's dashboard is about; None for any other text.

    `/test/` stands first or after the account's id where the address is one of test data. The
    object's id ends the path; without one there, it is looked for in the rest.
    """
    found = _DASHBOARD.match(text)
    if found is None:
        return None
    path, _, rest = text[found.end() :].replace("#", "?", 1).partition("?")
    steps = [unquote(step) for step in path.split("/") if step]
    accounts = [step for step in steps[:1] if step.startswith("acct_")]
    named = [step for step in steps if _ID.fullmatch(step)] or _ID.findall(unquote(rest))[:1]
    livemode = "test" not in steps[len(accounts) : len(accounts) + 1]
    return Address(named[-1] if named else None, livemode)


def table_of(stripe_id: str) -> str | None:
    """The table that knows the object with this id; None for payments and customers."""
    for start, table in RELATED.items():
        if stripe_id.startswith(start):
            return table
    return None
