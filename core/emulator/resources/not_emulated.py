"""What Stripe has and the emulator has not: lists that are empty, and one error for the rest."""

from __future__ import annotations

from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj

#: Paths below /v1/ whose lists other programs read on the way; nothing is ever in them.
EMPTY = (
    "apple_pay/domains",
    "application_fees",
    "billing/alerts",
    "billing/credit_balance_transactions",
    "billing/credit_grants",
    "billing/meters",
    "climate/orders",
    "country_specs",
    "credit_notes",
    "entitlements/features",
    "exchange_rates",
    "forwarding/requests",
    "identity/verification_reports",
    "invoice_payments",
    "invoice_rendering_templates",
    "invoiceitems",
    "invoices",
    "issuing/authorizations",
    "issuing/cardholders",
    "issuing/cards",
    "issuing/disputes",
    "issuing/transactions",
    "payment_method_configurations",
    "payment_method_domains",
    "quotes",
    "radar/value_list_items",
    "radar/value_lists",
    "reporting/report_types",
    "scheduled_queries",
    "setup_attempts",
    "shipping_rates",
    "sigma/scheduled_query_runs",
    "sources",
    "subscription_items",
    "subscription_schedules",
    "subscriptions",
    "tax/registrations",
    "tax_codes",
    "tax_ids",
    "terminal/configurations",
    "terminal/locations",
    "terminal/readers",
    "treasury/financial_accounts",
)


def answer(method: str, path: str) -> Obj | None:
    """An empty list where a list is asked for; refused for the rest; None where nothing is known.

    Filters are taken as they are: nothing could match them.
    """
    below = path.removeprefix("/v1/")
    for known in EMPTY:
        if below == known and method == "GET":
            return {"object": "list", "data": [], "has_more": False, "url": path}
        if below == known or below.startswith(f"{known}/"):
            if method == "GET":
                name = below.removeprefix(f"{known}/").split("/")[0]
                noun = known.split("/")[-1].removesuffix("s")
                raise ApiError(
                    f"No such {noun}: '{name}'", status=404, code="resource_missing", param="id"
                )
            raise ApiError(
                f"not emulated: {method} {path} (the emulator has no {known})", executed=False
            )
    return None
