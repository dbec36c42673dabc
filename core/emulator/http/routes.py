"""Which call goes where: method, path, handler, and the SDK's name for its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.emulator.resources import (
    accounts,
    balance,
    balance_settings,
    captures,
    charges,
    checkout_sessions,
    customers,
    direct_charges,
    disputes,
    early_fraud_warnings,
    events,
    file_links,
    files,
    lists,
    other_events,
    payment_methods,
    payouts,
    refund_outcomes,
    refunds,
    reviews,
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
    def handler(ctx: Context, given: dict[str, Any]) -> Obj:
        if kind == "balance_transaction":
            balance.release(ctx)
        return lists.page(ctx, kind, path, given, filters=filters, where=where)

    return _route(f"GET {path}", params, handler, is_list=True)


_NOT_DELETED = [("instr(body, '\"deleted\":true') = ?", 0)]
_PI, _PM, _RE, _DU = "payment_intents", "payment_methods", "refunds", "disputes"
_CS = "checkout/sessions"

ROUTES: list[Route] = [
    _route("GET /v1/account", "AccountRetrieveCurrentParams", accounts.retrieve),
    _route("GET /v1/accounts/{id}", "AccountRetrieveParams", accounts.retrieve_by_id),
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
    _list("/v1/charges", "ChargeListParams", "charge", ["customer", "payment_intent"]),
    _route("GET /v1/charges/{id}", "ChargeRetrieveParams", charges.retrieve),
    _route("POST /v1/charges", "ChargeCreateParams", direct_charges.create),
    _route("POST /v1/charges/{id}", "ChargeUpdateParams", charges.update),
    _route("POST /v1/charges/{id}/capture", "ChargeCaptureParams", direct_charges.capture),
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
    _list("/v1/disputes", "DisputeListParams", "dispute", ["charge", "payment_intent"]),
    _route("GET /v1/disputes/{id}", "DisputeRetrieveParams", disputes.retrieve),
    _route("POST /v1/disputes/{id}", "DisputeUpdateParams", disputes.update),
    _route("POST /v1/disputes/{id}/close", "DisputeCloseParams", disputes.close),
    _route("GET /v1/events", "EventListParams", events.list_events, is_list=True),
    _route("GET /v1/events/{id}", "EventRetrieveParams", events.retrieve),
    _route("GET /v1/file_links", "FileLinkListParams", file_links.list_links, is_list=True),
    _route("POST /v1/file_links", "FileLinkCreateParams", file_links.create),
    _route("GET /v1/file_links/{id}", "FileLinkRetrieveParams", file_links.retrieve),
    _route("POST /v1/file_links/{id}", "FileLinkUpdateParams", file_links.update),
    _route("GET /v1/files", "FileListParams", files.list_files, is_list=True),
    _route("POST /v1/files", "FileCreateParams", files.create),
    _route("GET /v1/files/{id}", "FileRetrieveParams", files.retrieve),
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
    _route("GET /v1/reviews", "ReviewListParams", reviews.list_open, is_list=True),
    _route("GET /v1/reviews/{id}", "ReviewRetrieveParams", reviews.retrieve),
    _route("POST /v1/reviews/{id}/approve", "ReviewApproveParams", reviews.approve),
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


def match(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a request and the ids in its path."""
    for route in ROUTES:
        if route.method == method and (found := route.pattern.fullmatch(path)):
            return route, found.groups()
    return None
