"""Which call goes where: method, path, handler, and the SDK's name for its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.emulator.resources import (
    accounts,
    balance,
    balance_settings,
    billing_portal,
    captures,
    charges,
    checkout_sessions,
    client_keys,
    confirmation_tokens,
    coupons,
    customer_balances,
    customers,
    direct_charges,
    dispute_lifecycle,
    disputes,
    early_fraud_warnings,
    events,
    file_links,
    files,
    lists,
    mandates,
    other_events,
    payment_links,
    payment_methods,
    payment_pages,
    payouts,
    prices,
    products,
    refund_outcomes,
    refunds,
    report_runs,
    reviews,
    search,
    setup_intents,
    tax_rates,
    test_clocks,
    tokens,
    topups,
    transfers,
    verification_sessions,
    webhook_endpoints,
)
from core.emulator.resources.payment_intents import api as payment_intents
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

Handler = Callable[..., Obj]


@dataclass(frozen=True, slots=True)
class Route:
    """One call of the API; `params` names its entry in `params.json`."""

    method: str
    path: str
    handler: Handler
    params: str | None
    pattern: re.Pattern[str]
    lists: bool


def _route(call: str, params: str | None, handler: Handler, *, is_list: bool = False) -> Route:
    method, path = call.split(" ")
    pattern = re.compile(re.sub(r"\{\w+\}", r"([^/]+)", path))
    return Route(method, path, handler, params, pattern, is_list)


def _list(
    path: str,
    params: str,
    kind: str,
    filters: Sequence[str] = (),
    where: Sequence[tuple[str, Any]] = (),
) -> Route:
    # `/v1/balance/history` names the list that it is an older name of.
    url = "/v1/balance_transactions" if kind == "balance_transaction" else path

    def handler(ctx: Context, given: dict[str, Any]) -> Obj:
        if kind == "balance_transaction":
            balance.release(ctx)
        return lists.page(ctx, kind, url, given, filters=filters, where=where)

    return _route(f"GET {path}", params, handler, is_list=True)


def _search(path: str, params: str, kind: str) -> Route:
    def handler(ctx: Context, given: dict[str, Any]) -> Obj:
        return search.search(ctx, kind, f"{path}/search", given)

    return _route(f"GET {path}/search", params, handler, is_list=True)


def _cli_session(ctx: Context, given: dict[str, Any]) -> Obj:
    # The names of the machine and of the program behind it are not ours to keep.
    return ctx.open_session(dict(given.items()))


def _sources(path: str) -> list[Route]:
    """A customer's cards of the time before PaymentMethods."""
    named = "CustomerPaymentSource"
    return [
        _route(f"GET {path}", f"{named}ListParams", tokens.list_sources, is_list=True),
        _route(f"POST {path}", f"{named}CreateParams", tokens.add_source),
        _route(f"GET {path}/{{id}}", f"{named}RetrieveParams", tokens.retrieve_source),
        _route(f"POST {path}/{{id}}", f"{named}UpdateParams", tokens.update_source),
        _route(f"DELETE {path}/{{id}}", f"{named}DeleteParams", tokens.delete_source),
    ]


_NOT_DELETED = [("instr(body, '\"deleted\":true') = ?", 0)]
_PI, _PM, _RE, _DU = "payment_intents", "payment_methods", "refunds", "disputes"
_CS = "checkout/sessions"

_VS = "identity.verification_session"
_CUS, _SI = "customers/{id}", "setup_intents"
_BILLING = "billing_portal"
_CASH, _CREDIT = f"{_CUS}/cash_balance", f"{_CUS}/balance_transactions"
_CLOCK, _ID = "test_helpers/test_clocks", "identity/verification_sessions"

ROUTES: list[Route] = [
    _route("GET /v1/account", "AccountRetrieveCurrentParams", accounts.retrieve),
    _list("/v1/accounts", "AccountListParams", "account"),
    _route("POST /v1/accounts", "AccountCreateParams", transfers.create_account),
    _route("GET /v1/accounts/{id}", "AccountRetrieveParams", transfers.retrieve_account),
    _route("POST /v1/accounts/{id}", "AccountUpdateParams", transfers.update_account),
    _route("DELETE /v1/accounts/{id}", "AccountDeleteParams", transfers.delete_account),
    _route("GET /v1/balance", "BalanceRetrieveParams", balance.retrieve),
    _route("GET /v1/balance_settings", "BalanceSettingsRetrieveParams", balance_settings.retrieve),
    _route("POST /v1/balance_settings", "BalanceSettingsUpdateParams", balance_settings.update),
    _list(
        "/v1/balance_transactions",
        "BalanceTransactionListParams",
        "balance_transaction",
        ["currency", "payout", "source", "type"],
    ),
    _route(
        "GET /v1/balance_transactions/{id}",
        "BalanceTransactionRetrieveParams",
        balance.retrieve_row,
    ),
    # An older name for the same list.
    _list(
        "/v1/balance/history",
        "BalanceTransactionListParams",
        "balance_transaction",
        ["currency", "payout", "source", "type"],
    ),
    _route(
        "GET /v1/balance/history/{id}", "BalanceTransactionRetrieveParams", balance.retrieve_row
    ),
    _list(
        f"/v1/{_BILLING}/configurations",
        f"{_BILLING}.ConfigurationListParams",
        f"{_BILLING}.configuration",
    ),
    _route(
        f"POST /v1/{_BILLING}/configurations",
        f"{_BILLING}.ConfigurationCreateParams",
        billing_portal.create_portal,
    ),
    _route(
        f"GET /v1/{_BILLING}/configurations/{{id}}",
        f"{_BILLING}.ConfigurationRetrieveParams",
        billing_portal.PORTAL.retrieve,
    ),
    _route(
        f"POST /v1/{_BILLING}/configurations/{{id}}",
        f"{_BILLING}.ConfigurationUpdateParams",
        billing_portal.PORTAL.update,
    ),
    _route(
        f"POST /v1/{_BILLING}/sessions",
        f"{_BILLING}.SessionCreateParams",
        billing_portal.create_portal_session,
    ),
    _search("/v1/charges", "ChargeSearchParams", "charge"),
    _list("/v1/charges", "ChargeListParams", "charge", ["customer", "payment_intent"]),
    _route("GET /v1/charges/{id}", "ChargeRetrieveParams", charges.retrieve),
    _route("POST /v1/charges", "ChargeCreateParams", direct_charges.create),
    _route("POST /v1/charges/{id}", "ChargeUpdateParams", charges.update),
    _route("POST /v1/charges/{id}/capture", "ChargeCaptureParams", direct_charges.capture),
    _route(
        "GET /v1/charges/{id}/refunds",
        "RefundListParams",
        refunds.list_of_charge,
        is_list=True,
    ),
    _route("POST /v1/charges/{id}/refunds", "RefundCreateParams", refunds.create_of_charge),
    _route("GET /v1/charges/{id}/refunds/{id}", "RefundRetrieveParams", refunds.of_charge),
    _route("POST /v1/charges/{id}/refunds/{id}", "RefundUpdateParams", refunds.update_of_charge),
    # Older names: the charge's only refund or dispute.
    _route("POST /v1/charges/{id}/refund", "RefundCreateParams", refunds.refund_charge),
    _route("GET /v1/charges/{id}/dispute", "DisputeRetrieveParams", disputes.of_charge),
    _route("POST /v1/charges/{id}/dispute", "DisputeUpdateParams", disputes.update_of_charge),
    _route("POST /v1/charges/{id}/dispute/close", "DisputeCloseParams", disputes.close_of_charge),
    _route(
        "GET /v1/confirmation_tokens/{id}",
        "ConfirmationTokenRetrieveParams",
        confirmation_tokens.retrieve,
    ),
    _route(
        "POST /v1/test_helpers/confirmation_tokens",
        "test_helpers.ConfirmationTokenCreateParams",
        confirmation_tokens.create,
    ),
    _list("/v1/coupons", "CouponListParams", "coupon"),
    _route("POST /v1/coupons", "CouponCreateParams", coupons.create),
    _route("GET /v1/coupons/{id}", "CouponRetrieveParams", coupons.COUPON.retrieve),
    _route("POST /v1/coupons/{id}", "CouponUpdateParams", coupons.COUPON.update),
    _route("DELETE /v1/coupons/{id}", "CouponDeleteParams", coupons.COUPON.delete),
    _route(
        f"GET /v1/{_CS}",
        "checkout.SessionListParams",
        checkout_sessions.list_sessions,
        is_list=True,
    ),
    _route(f"POST /v1/{_CS}", "checkout.SessionCreateParams", checkout_sessions.create),
    _route(f"GET /v1/{_CS}/{{id}}", "checkout.SessionRetrieveParams", checkout_sessions.retrieve),
    _route(f"POST /v1/{_CS}/{{id}}", "checkout.SessionUpdateParams", checkout_sessions.update),
    _route(
        f"POST /v1/{_CS}/{{id}}/expire", "checkout.SessionExpireParams", checkout_sessions.expire
    ),
    _route(
        f"GET /v1/{_CS}/{{id}}/line_items",
        "checkout.SessionListLineItemsParams",
        checkout_sessions.list_line_items,
        is_list=True,
    ),
    _route("POST /v1/customer_sessions", "CustomerSessionCreateParams", client_keys.create_session),
    _route("POST /v1/ephemeral_keys", "EphemeralKeyCreateParams", client_keys.create_key),
    _route("DELETE /v1/ephemeral_keys/{id}", "EphemeralKeyDeleteParams", client_keys.delete_key),
    _search("/v1/customers", "CustomerSearchParams", "customer"),
    _list("/v1/customers", "CustomerListParams", "customer", ["email"], _NOT_DELETED),
    _route("POST /v1/customers", "CustomerCreateParams", customers.create),
    _route("GET /v1/customers/{id}", "CustomerRetrieveParams", customers.retrieve),
    _route("POST /v1/customers/{id}", "CustomerUpdateParams", customers.update),
    _route("DELETE /v1/customers/{id}", "CustomerDeleteParams", customers.delete),
    _route(
        "GET /v1/customers/{id}/payment_methods",
        "CustomerPaymentMethodListParams",
        customers.list_methods,
        is_list=True,
    ),
    _route(
        "GET /v1/customers/{id}/payment_methods/{id}",
        "CustomerPaymentMethodRetrieveParams",
        customers.retrieve_method,
    ),
    _route("GET /v1/customers/{id}/discount", None, coupons.retrieve_discount),
    _route(
        "DELETE /v1/customers/{id}/discount",
        "CustomerDeleteDiscountParams",
        coupons.delete_discount,
    ),
    *_sources(f"/v1/{_CUS}/sources"),
    # An older name for the same.
    *_sources(f"/v1/{_CUS}/cards"),
    _route(
        f"GET /v1/{_CUS}/tax_ids",
        "CustomerTaxIdListParams",
        customer_balances.list_tax_ids,
        is_list=True,
    ),
    _route(f"POST /v1/{_CUS}/tax_ids", "CustomerTaxIdCreateParams", customer_balances.add_tax_id),
    _route(
        f"GET /v1/{_CUS}/tax_ids/{{id}}",
        "CustomerTaxIdRetrieveParams",
        customer_balances.retrieve_tax_id,
    ),
    _route(
        f"DELETE /v1/{_CUS}/tax_ids/{{id}}",
        "CustomerTaxIdDeleteParams",
        customer_balances.delete_tax_id,
    ),
    _route(
        f"GET /v1/{_CREDIT}",
        "CustomerBalanceTransactionListParams",
        customer_balances.list_rows,
        is_list=True,
    ),
    _route(
        f"POST /v1/{_CREDIT}", "CustomerBalanceTransactionCreateParams", customer_balances.adjust
    ),
    _route(
        f"GET /v1/{_CREDIT}/{{id}}",
        "CustomerBalanceTransactionRetrieveParams",
        customer_balances.retrieve,
    ),
    _route(
        f"POST /v1/{_CREDIT}/{{id}}",
        "CustomerBalanceTransactionUpdateParams",
        customer_balances.update,
    ),
    _route(f"GET /v1/{_CASH}", "CustomerCashBalanceRetrieveParams", customer_balances.cash),
    _route(
        f"GET /v1/{_CASH}_transactions",
        "CustomerCashBalanceTransactionListParams",
        customer_balances.list_cash_rows,
        is_list=True,
    ),
    _route(
        f"GET /v1/{_CASH}_transactions/{{id}}",
        "CustomerCashBalanceTransactionRetrieveParams",
        customer_balances.retrieve_cash_row,
    ),
    _route(
        f"POST /v1/test_helpers/{_CUS}/fund_cash_balance",
        "test_helpers.CustomerFundCashBalanceParams",
        customer_balances.fund,
    ),
    _route("GET /v1/disputes", "DisputeListParams", dispute_lifecycle.list_disputes, is_list=True),
    _route("GET /v1/disputes/{id}", "DisputeRetrieveParams", disputes.retrieve),
    _route("POST /v1/disputes/{id}", "DisputeUpdateParams", disputes.update),
    _route("POST /v1/disputes/{id}/close", "DisputeCloseParams", disputes.close),
    _route("GET /v1/events", "EventListParams", events.list_events, is_list=True),
    _route("GET /v1/events/{id}", "EventRetrieveParams", events.retrieve),
    _route("POST /v1/events/{id}/retry", "EventRetryParams", events.retry),
    _route("GET /v1/file_links", "FileLinkListParams", file_links.list_links, is_list=True),
    _route("POST /v1/file_links", "FileLinkCreateParams", file_links.create),
    _route("GET /v1/file_links/{id}", "FileLinkRetrieveParams", file_links.retrieve),
    _route("POST /v1/file_links/{id}", "FileLinkUpdateParams", file_links.update),
    _route("GET /v1/files", "FileListParams", files.list_files, is_list=True),
    _route("POST /v1/files", "FileCreateParams", files.create),
    _route("GET /v1/files/{id}", "FileRetrieveParams", files.retrieve),
    _list(f"/v1/{_ID}", "identity.VerificationSessionListParams", _VS, ["status"]),
    _route(
        f"POST /v1/{_ID}",
        "identity.VerificationSessionCreateParams",
        verification_sessions.create_verification,
    ),
    _route(
        f"GET /v1/{_ID}/{{id}}",
        "identity.VerificationSessionRetrieveParams",
        verification_sessions.VERIFICATION.retrieve,
    ),
    _route(
        f"POST /v1/{_ID}/{{id}}",
        "identity.VerificationSessionUpdateParams",
        verification_sessions.VERIFICATION.update,
    ),
    _route(
        f"POST /v1/{_ID}/{{id}}/cancel",
        "identity.VerificationSessionCancelParams",
        verification_sessions.cancel_verification,
    ),
    _route(
        f"POST /v1/{_ID}/{{id}}/redact",
        "identity.VerificationSessionRedactParams",
        verification_sessions.redact_verification,
    ),
    _route("GET /v1/mandates/{id}", "MandateRetrieveParams", mandates.retrieve),
    _search(f"/v1/{_PI}", "PaymentIntentSearchParams", "payment_intent"),
    _list(f"/v1/{_PI}", "PaymentIntentListParams", "payment_intent", ["customer"]),
    _route(f"POST /v1/{_PI}", "PaymentIntentCreateParams", payment_intents.create),
    _route(f"GET /v1/{_PI}/{{id}}", "PaymentIntentRetrieveParams", payment_intents.retrieve),
    _route(f"POST /v1/{_PI}/{{id}}", "PaymentIntentUpdateParams", payment_intents.update),
    _route(f"POST /v1/{_PI}/{{id}}/confirm", "PaymentIntentConfirmParams", payment_intents.confirm),
    _route(f"POST /v1/{_PI}/{{id}}/capture", "PaymentIntentCaptureParams", captures.capture),
    _route(f"POST /v1/{_PI}/{{id}}/cancel", "PaymentIntentCancelParams", payment_intents.cancel),
    _route(
        f"POST /v1/{_PI}/{{id}}/increment_authorization",
        "PaymentIntentIncrementAuthorizationParams",
        captures.increment,
    ),
    _route(
        "GET /v1/payment_links", "PaymentLinkListParams", payment_links.list_links, is_list=True
    ),
    _route("POST /v1/payment_links", "PaymentLinkCreateParams", payment_links.create),
    _route("GET /v1/payment_links/{id}", "PaymentLinkRetrieveParams", payment_links.LINK.retrieve),
    _route("POST /v1/payment_links/{id}", "PaymentLinkUpdateParams", payment_links.LINK.update),
    _route(
        "GET /v1/payment_links/{id}/line_items",
        "PaymentLinkListLineItemsParams",
        payment_links.list_line_items,
        is_list=True,
    ),
    _route("GET /v1/payment_pages/{id}", None, payment_pages.retrieve),
    _route(
        "POST /v1/payment_pages/{id}/confirm", "payment_page.ConfirmParams", payment_pages.confirm
    ),
    _list(f"/v1/{_PM}", "PaymentMethodListParams", "payment_method", ["customer", "type"]),
    _route(f"POST /v1/{_PM}", "PaymentMethodCreateParams", payment_methods.create),
    _route(f"GET /v1/{_PM}/{{id}}", "PaymentMethodRetrieveParams", payment_methods.retrieve),
    _route(f"POST /v1/{_PM}/{{id}}", "PaymentMethodUpdateParams", payment_methods.update),
    _route(f"POST /v1/{_PM}/{{id}}/attach", "PaymentMethodAttachParams", payment_methods.attach),
    _route(f"POST /v1/{_PM}/{{id}}/detach", "PaymentMethodDetachParams", payment_methods.detach),
    _route("GET /v1/payouts", "PayoutListParams", payouts.list_payouts, is_list=True),
    _route("POST /v1/payouts", "PayoutCreateParams", payouts.create),
    _route("GET /v1/payouts/{id}", "PayoutRetrieveParams", payouts.retrieve),
    _route("POST /v1/payouts/{id}", "PayoutUpdateParams", payouts.update),
    _route("POST /v1/payouts/{id}/cancel", "PayoutCancelParams", payouts.cancel),
    _route("POST /v1/payouts/{id}/reverse", "PayoutReverseParams", payouts.reverse),
    _route("GET /v1/plans", "PlanListParams", prices.list_plans, is_list=True),
    _route("POST /v1/plans", "PlanCreateParams", prices.create_plan),
    _route("GET /v1/plans/{id}", "PlanRetrieveParams", prices.PLAN.retrieve),
    _route("POST /v1/plans/{id}", "PlanUpdateParams", prices.PLAN.update),
    _route("DELETE /v1/plans/{id}", "PlanDeleteParams", prices.PLAN.delete),
    _search("/v1/prices", "PriceSearchParams", "price"),
    _route("GET /v1/prices", "PriceListParams", prices.list_prices, is_list=True),
    _route("POST /v1/prices", "PriceCreateParams", prices.create),
    _route("GET /v1/prices/{id}", "PriceRetrieveParams", prices.PRICE.retrieve),
    _route("POST /v1/prices/{id}", "PriceUpdateParams", prices.PRICE.update),
    _search("/v1/products", "ProductSearchParams", "product"),
    _route("GET /v1/products", "ProductListParams", products.list_products, is_list=True),
    _route("POST /v1/products", "ProductCreateParams", products.create),
    _route("GET /v1/products/{id}", "ProductRetrieveParams", products.PRODUCT.retrieve),
    _route("POST /v1/products/{id}", "ProductUpdateParams", products.PRODUCT.update),
    _route("DELETE /v1/products/{id}", "ProductDeleteParams", products.delete),
    _route("GET /v1/promotion_codes", "PromotionCodeListParams", coupons.list_codes, is_list=True),
    _route("POST /v1/promotion_codes", "PromotionCodeCreateParams", coupons.create_code),
    _route("GET /v1/promotion_codes/{id}", "PromotionCodeRetrieveParams", coupons.CODE.retrieve),
    _route("POST /v1/promotion_codes/{id}", "PromotionCodeUpdateParams", coupons.CODE.update),
    _list(
        "/v1/radar/early_fraud_warnings",
        "radar.EarlyFraudWarningListParams",
        "radar.early_fraud_warning",
        ["charge", "payment_intent"],
    ),
    _route(
        "GET /v1/radar/early_fraud_warnings/{id}",
        "radar.EarlyFraudWarningRetrieveParams",
        early_fraud_warnings.retrieve,
    ),
    _list(f"/v1/{_RE}", "RefundListParams", "refund", ["charge", "payment_intent"]),
    _route(f"POST /v1/{_RE}", "RefundCreateParams", refunds.create),
    _route(f"GET /v1/{_RE}/{{id}}", "RefundRetrieveParams", refunds.retrieve),
    _route(f"POST /v1/{_RE}/{{id}}", "RefundUpdateParams", refunds.update),
    _route(f"POST /v1/{_RE}/{{id}}/cancel", "RefundCancelParams", refund_outcomes.cancel),
    _route(
        f"POST /v1/test_helpers/{_RE}/{{id}}/expire",
        "test_helpers.RefundExpireParams",
        refund_outcomes.expire,
    ),
    _list("/v1/reporting/report_runs", "reporting.ReportRunListParams", "reporting.report_run"),
    _route(
        "POST /v1/reporting/report_runs",
        "reporting.ReportRunCreateParams",
        report_runs.create_report,
    ),
    _route(
        "GET /v1/reporting/report_runs/{id}",
        "reporting.ReportRunRetrieveParams",
        report_runs.REPORT.retrieve,
    ),
    _route("GET /v1/reviews", "ReviewListParams", reviews.list_open, is_list=True),
    _route("GET /v1/reviews/{id}", "ReviewRetrieveParams", reviews.retrieve),
    _route("POST /v1/reviews/{id}/approve", "ReviewApproveParams", reviews.approve),
    _route(f"GET /v1/{_SI}", "SetupIntentListParams", setup_intents.list_intents, is_list=True),
    _route(f"POST /v1/{_SI}", "SetupIntentCreateParams", setup_intents.create),
    _route(f"GET /v1/{_SI}/{{id}}", "SetupIntentRetrieveParams", setup_intents.retrieve),
    _route(f"POST /v1/{_SI}/{{id}}", "SetupIntentUpdateParams", setup_intents.update),
    _route(f"POST /v1/{_SI}/{{id}}/confirm", "SetupIntentConfirmParams", setup_intents.confirm),
    _route(f"POST /v1/{_SI}/{{id}}/cancel", "SetupIntentCancelParams", setup_intents.cancel),
    _route("POST /v1/stripecli/sessions", "stripecli.SessionCreateParams", _cli_session),
    _route("GET /v1/tax_rates", "TaxRateListParams", tax_rates.list_rates, is_list=True),
    _route("POST /v1/tax_rates", "TaxRateCreateParams", tax_rates.create),
    _route("GET /v1/tax_rates/{id}", "TaxRateRetrieveParams", tax_rates.RATE.retrieve),
    _route("POST /v1/tax_rates/{id}", "TaxRateUpdateParams", tax_rates.RATE.update),
    _list(f"/v1/{_CLOCK}", "test_helpers.TestClockListParams", "test_helpers.test_clock"),
    _route(f"POST /v1/{_CLOCK}", "test_helpers.TestClockCreateParams", test_clocks.create_clock),
    _route(
        f"GET /v1/{_CLOCK}/{{id}}",
        "test_helpers.TestClockRetrieveParams",
        test_clocks.CLOCK.retrieve,
    ),
    _route(
        f"DELETE /v1/{_CLOCK}/{{id}}",
        "test_helpers.TestClockDeleteParams",
        test_clocks.CLOCK.delete,
    ),
    _route(
        f"POST /v1/{_CLOCK}/{{id}}/advance",
        "test_helpers.TestClockAdvanceParams",
        test_clocks.advance_clock,
    ),
    _route("POST /v1/tokens", "TokenCreateParams", tokens.create),
    _route("GET /v1/tokens/{id}", "TokenRetrieveParams", tokens.retrieve),
    _route("GET /v1/topups", "TopupListParams", topups.list_topups, is_list=True),
    _route("POST /v1/topups", "TopupCreateParams", topups.create),
    _route("GET /v1/topups/{id}", "TopupRetrieveParams", topups.TOPUP.retrieve),
    _route("POST /v1/topups/{id}", "TopupUpdateParams", topups.TOPUP.update),
    _route("POST /v1/topups/{id}/cancel", "TopupCancelParams", topups.cancel),
    _route("GET /v1/transfers", "TransferListParams", transfers.list_transfers, is_list=True),
    _route("POST /v1/transfers", "TransferCreateParams", transfers.create),
    _route("GET /v1/transfers/{id}", "TransferRetrieveParams", transfers.retrieve),
    _route("POST /v1/transfers/{id}", "TransferUpdateParams", transfers.update),
    _route(
        "GET /v1/transfers/{id}/reversals",
        "TransferReversalListParams",
        transfers.list_reversals,
        is_list=True,
    ),
    _route("POST /v1/transfers/{id}/reversals", "TransferReversalCreateParams", transfers.reverse),
    _route(
        "GET /v1/transfers/{id}/reversals/{id}",
        "TransferReversalRetrieveParams",
        transfers.retrieve_reversal,
    ),
    _route(
        "POST /v1/transfers/{id}/reversals/{id}",
        "TransferReversalUpdateParams",
        transfers.update_reversal,
    ),
    _route("GET /v2/core/events", "v2.EventListParams", other_events.page, is_list=True),
    _route("GET /v2/core/events/{id}", None, other_events.retrieve),
    _list("/v1/webhook_endpoints", "WebhookEndpointListParams", "webhook_endpoint"),
    _route("POST /v1/webhook_endpoints", "WebhookEndpointCreateParams", webhook_endpoints.create),
    _route(
        "GET /v1/webhook_endpoints/{id}",
        "WebhookEndpointRetrieveParams",
        webhook_endpoints.retrieve,
    ),
    _route(
        "POST /v1/webhook_endpoints/{id}", "WebhookEndpointUpdateParams", webhook_endpoints.update
    ),
    _route(
        "DELETE /v1/webhook_endpoints/{id}",
        "WebhookEndpointDeleteParams",
        webhook_endpoints.delete,
    ),
]


@cache
def _by_shape() -> dict[tuple[str, int], list[Route]]:
    """Routes by method and number of parts: the whole table is long."""
    found: dict[tuple[str, int], list[Route]] = {}
    for route in ROUTES:
        found.setdefault((route.method, route.path.count("/")), []).append(route)
    return found


def match(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a request and the ids in its path."""
    for route in _by_shape().get((method, path.count("/")), ()):
        if found := route.pattern.fullmatch(path):
            return route, found.groups()
    return None
