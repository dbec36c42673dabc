"""A restricted key: what it may not do is refused in Stripe's words, naming the permission."""

from __future__ import annotations

from typing import Any

from core.emulator.http.routes import Route
from core.emulator.resources.expand import EXPANDABLE
from core.emulator.state.errors import ApiError
from core.emulator.state.unit_of_work import Context

#: First words of a path → the resource whose permission it asks for. Refunds go with charges.
#: Reading rows and expanding their sources are two here, so that one can be denied alone.
_RESOURCES = {
    "account": "connected_account",
    "accounts": "connected_account",
    "balance": "balance",
    "balance_settings": "balance_settings",
    "balance_transactions": "balance_transaction",
    "charges": "charge",
    "checkout": "checkout_session",
    "customers": "customer",
    "disputes": "dispute",
    "events": "event",
    "file_links": "file_link",
    "files": "file",
    "payment_intents": "payment_intent",
    "payment_methods": "payment_method",
    "payouts": "payout",
    "radar": "radar_early_fraud_warning",
    "refunds": "charge",
    "reviews": "review",
    "webhook_endpoints": "webhook",
}
_KINDS = {
    "checkout.session": "checkout_session",
    "radar.early_fraud_warning": "radar_early_fraud_warning",
    "refund": "charge",
}
_SOURCE = "rak_balance_transaction_source_read"


def names() -> list[str]:
    """Every permission that can be denied."""
    resources = sorted(set(_RESOURCES.values()))
    return [f"rak_{name}_{right}" for name in resources for right in ("read", "write")] + [_SOURCE]


def check(ctx: Context, route: Route, tree: dict[str, Any], kind: str) -> None:
    """Refuse (403) a request that needs what is denied; `tree` is what it expands of a kind."""
    noun = route.path.removeprefix("/v1/").removeprefix("test_helpers/").split("/")[0]
    right = "read" if route.method == "GET" else "write"
    if noun in _RESOURCES:
        _need(ctx, f"rak_{_RESOURCES[noun]}_{right}")
    _check_tree(ctx, frozenset({kind}), tree)


def _check_tree(ctx: Context, kinds: frozenset[str], tree: dict[str, Any]) -> None:
    for name, below in tree.items():
        if name == "data":
            _check_tree(ctx, kinds, below)
            continue
        found: set[str] = set()
        for kind in kinds:
            found |= EXPANDABLE.get(kind, {}).get(name, frozenset())
        if name == "source" and "balance_transaction" in kinds:
            _need(ctx, _SOURCE)
        elif found:
            for kind in sorted(found):
                _need(ctx, f"rak_{_KINDS.get(kind, kind)}_read")
        _check_tree(ctx, frozenset(found), below)


def _need(ctx: Context, permission: str) -> None:
    if permission in ctx.denied:
        raise ApiError(
            "The provided key 'rk_test_*********************' does not have the required"
            f" permissions for this endpoint on account '{ctx.account}'. Having the"
            f" '{permission}' permission would allow this request to continue.",
            status=403,
            executed=False,
        )
