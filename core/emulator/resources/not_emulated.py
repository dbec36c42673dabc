"""What Stripe has and the emulator has not: lists that are empty, and one error for the rest."""

from __future__ import annotations

from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

#: Paths below /v1/ whose lists other programs read on the way; nothing is ever in them.
EMPTY = (
    "apple_pay/domains",
    "application_fees",
    "apps/secrets",
    "billing/alerts",
    "billing/credit_balance_transactions",
    "billing/credit_grants",
    "billing/feedback_options",
    "billing/meters",
    "climate/orders",
    "climate/products",
    "climate/suppliers",
    "country_specs",
    "credit_notes",
    "entitlements/active_entitlements",
    "entitlements/features",
    "exchange_rates",
    "financial_connections/accounts",
    "financial_connections/transactions",
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
    "issuing/personalization_designs",
    "issuing/physical_bundles",
    "issuing/tokens",
    "issuing/transactions",
    "linked_accounts",
    "payment_attempt_records",
    "payment_method_configurations",
    "payment_method_domains",
    "payment_records",
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
    "treasury/credit_reversals",
    "treasury/debit_reversals",
    "treasury/financial_accounts",
    "treasury/inbound_transfers",
    "treasury/outbound_payments",
    "treasury/outbound_transfers",
    "treasury/received_credits",
    "treasury/received_debits",
    "treasury/transaction_entries",
    "treasury/transactions",
)


#: What has no list at Stripe either.
_REFUSED = (
    "account_links",
    "account_sessions",
    "billing/credit_balance_summary",
    "billing/meter_event_adjustments",
    "billing/meter_events",
    "external_accounts",
    "financial_connections/sessions",
    "issuing/settlements",
    "link_account_sessions",
    "radar/payment_evaluations",
    "sigma/saved_queries",
    "tax/associations",
    "tax/calculations",
    "tax/settings",
    "tax/transactions",
    "terminal/connection_tokens",
    "terminal/onboarding_links",
    "terminal/refunds",
    "test_helpers/issuing",
    "test_helpers/terminal",
    "test_helpers/treasury",
)
#: Lists of API v2 that are empty.
_EMPTY_V2 = ("/v2/core/accounts", "/v2/core/event_destinations")
#: The same below an object that is there: (its collection, its kind, what it has none of).
_BELOW = (
    ("accounts", "account", ("bank_accounts", "external_accounts", "people", "persons")),
    ("customers", "customer", ("bank_accounts", "subscriptions")),
    ("payment_intents", "payment_intent", ("amount_details_line_items",)),
    ("products", "product", ("features",)),
)
#: What is refused below an object that is there.
_REFUSED_BELOW = (
    ("accounts", "account", ("capabilities", "login_links", "reject", "unreject")),
    ("customers", "customer", ("cash_balance", "funding_instructions", "sources")),
    ("payment_intents", "payment_intent", ("apply_customer_balance", "verify_microdeposits")),
    ("setup_intents", "setup_intent", ("verify_microdeposits",)),
)


def answer(ctx: Context, method: str, path: str) -> Obj | None:
    """An empty list where a list is asked for; refused for the rest; None where nothing is known.

    Filters are taken as they are: nothing could match them.
    """
    if path.startswith("/v2/"):
        if method == "GET" and path in _EMPTY_V2:
            return {"data": [], "next_page_url": None, "previous_page_url": None}
        if method == "GET" and path.startswith(tuple(f"{known}/" for known in _EMPTY_V2)):
            raise ApiError(f"No such object: '{path.rpartition('/')[2]}'", status=404)
        named = path.removeprefix("/v2/").split("/")[:2]
        raise _refused(method, path, "/".join(named).removeprefix("core/"))
    below = path.removeprefix("/v1/")
    for known in EMPTY:
        if below == known and method == "GET":
            return _nothing(path)
        if below == known or below.startswith(f"{known}/"):
            if method == "GET":
                name = below.removeprefix(f"{known}/").split("/")[0]
                noun = known.split("/")[-1].removesuffix("s")
                raise ApiError(
                    f"No such {noun}: '{name}'", status=404, code="resource_missing", param="id"
                )
            raise _refused(method, path, known)
    for known in _REFUSED:
        if below == known or below.startswith(f"{known}/"):
            raise _refused(method, path, known)
    return _answer_below(ctx, method, path)


def _answer_below(ctx: Context, method: str, path: str) -> Obj | None:
    collection, _, rest = path.removeprefix("/v1/").partition("/")
    owner, _, name = rest.partition("/")
    for known, kind, names in (*_BELOW, *_REFUSED_BELOW):
        if known == collection and name.split("/")[0] in names:
            if owner != ctx.account:
                ctx.need(kind, owner, in_path=True)
            if method == "GET" and (known, kind, names) in _BELOW and name in names:
                return _nothing(path)
            raise _refused(method, path, name.split("/")[0])
    return None


def _nothing(path: str) -> Obj:
    return {"object": "list", "data": [], "has_more": False, "url": path}


def _refused(method: str, path: str, what: str) -> ApiError:
    return ApiError(f"not emulated: {method} {path} (the emulator has no {what})", executed=False)
