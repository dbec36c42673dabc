"""Payment methods: of test tokens, test numbers or another type; attached to customers."""

from __future__ import annotations

from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import behaviours, cards, local_methods, token_cards
from core.emulator.resources.behaviours import SUCCEED, Behaviour, Kind
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.ids import fingerprint_of
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

#: Methods other than cards that this account takes, and what they do.
OTHERS: dict[str, Behaviour] = {
    "amazon_pay": Behaviour(Kind.REDIRECT),
    "revolut_pay": Behaviour(Kind.REDIRECT),
    "link": SUCCEED,
    "paypal": Behaviour(Kind.REDIRECT),
    "alipay": Behaviour(Kind.REDIRECT),
    "wechat_pay": Behaviour(Kind.REDIRECT),
    "sepa_debit": Behaviour(Kind.PROCESSING),
    "us_bank_account": Behaviour(Kind.PROCESSING),
    "customer_balance": Behaviour(Kind.BANK_TRANSFER),
    **local_methods.BEHAVIOURS,
}
#: What an account's dashboard turned on: computed for an intent that names no types.
DYNAMIC = (
    *("card", "link", "alipay", "wechat_pay", "paypal", "sepa_debit"),
    *("amazon_pay", "revolut_pay", "us_bank_account"),
)
#: Methods that take some currencies only.
CURRENCIES = {
    "amazon_pay": ("usd", "eur", "gbp", "jpy", "aud"),
    "revolut_pay": ("eur", "gbp"),
    "sepa_debit": ("eur",),
    "us_bank_account": ("usd",),
    **local_methods.CURRENCIES,
}
#: Test accounts at US banks by the name of their token (docs.stripe.com/testing): what they do.
_US_ACCOUNTS = {
    "success": ("000123456789", Behaviour(Kind.PROCESSING)),
    "accountClosed": ("000111111113", Behaviour(Kind.PROCESSING_FAIL, "account_closed")),
    "noAccount": ("000111111116", Behaviour(Kind.PROCESSING_FAIL, "no_account")),
    "insufficientFunds": ("000222222227", Behaviour(Kind.PROCESSING_FAIL, "insufficient_funds")),
    "debitNotAuthorized": ("000333333335", Behaviour(Kind.PROCESSING_FAIL, "debit_not_authorized")),
    "invalidCurrency": ("000444444440", Behaviour(Kind.PROCESSING_FAIL, "invalid_currency")),
    "dispute": ("000555555559", Behaviour(Kind.PROCESSING_DISPUTE)),
    "processing": ("000000000009", Behaviour(Kind.PROCESSING_FOR_EVER)),
}
#: Test accounts in the euro area that do not simply pay.
_IBANS = {
    "DE62370400440532013001": Behaviour(Kind.PROCESSING_FAIL),
    "AT861904300235473202": Behaviour(Kind.PROCESSING_FAIL),
    "IT60X0542811101000000123456": Behaviour(Kind.PROCESSING_FAIL),
    "AT591904300235473203": Behaviour(Kind.PROCESSING_DISPUTE),
}
_US_TOKEN = "pm_usBankAccount_"  # noqa: S105 (the name of a test token)
BLANK_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_methods."""
    if "type" not in params:
        raise refused("Missing required param: type.", "type", "parameter_missing")
    return from_data(ctx, params)


def from_data(ctx: Context, data: dict[str, Any], prefix: str = "") -> Obj:
    """A payment method of `payment_method_data` or of the create call's own parameters."""
    kind = data["type"]
    if kind == "card":
        card = data.get("card") or {}
        made = from_card(ctx, card_of(ctx, card, prefix), card)
        if card.get("number") and not card.get("cvc") and _needs_cvc(made):
            behaviours.remember(made, SUCCEED)
    elif kind in OTHERS:
        made = _of_type(ctx, kind, data.get(kind) or {})
    else:
        raise refused(f"The payment method type provided: {kind} is invalid.", "type")
    billing = data.get("billing_details") or {}
    address = {**BLANK_ADDRESS, **(billing.pop("address", None) or {})}
    made["billing_details"] |= {**billing, "address": address}
    made["metadata"] = merged({}, data.get("metadata") or {})
    made["allow_redisplay"] = data.get("allow_redisplay", "unspecified")
    return made


def _needs_cvc(method: Obj) -> bool:
    """Whether the card declines for its CVC, which nobody gave."""
    return behaviours.remembered(method).code == "incorrect_cvc"


def card_of(ctx: Context, data: dict[str, Any], prefix: str) -> cards.Card:
    """The test card of a number or a token's name; any other number is refused, and none kept."""
    where = f"{prefix}card[number]"
    if token := data.get("token"):
        return token_cards.card_named(ctx, str(token), f"{prefix}card[token]")
    number = str(data.get("number") or "").replace(" ", "").replace("-", "")
    if not number:
        raise refused(f"Missing required param: {where}.", where, "parameter_missing")
    if not (number.isascii() and number.isdigit() and cards.luhn(number) and len(number) > 11):
        raise ApiError(
            "Your card number is incorrect.",
            status=402,
            type="card_error",
            code="incorrect_number",
            param="number",
        )
    if number not in cards.BY_NUMBER:
        raise ApiError(
            "Your card was declined. Your request was in test mode, but used a non test (live)"
            " card. For a list of valid test cards, visit: https://stripe.com/docs/testing.",
            status=402,
            type="card_error",
            code="card_declined",
            decline_code="test_mode_live_card",
        )
    _expiry(data, prefix)
    return cards.BY_NUMBER[number]


def _expiry(data: dict[str, Any], prefix: str) -> None:
    month, year = data.get("exp_month", 12), data.get("exp_year", 2034)
    if not isinstance(month, int) or not 1 <= month <= 12:
        raise ApiError(
            "Your card's expiration month is invalid.",
            status=402,
            type="card_error",
            code="invalid_expiry_month",
            param="exp_month",
        )
    if not isinstance(year, int) or not 2020 <= year % 2000 + 2000 <= 2080:
        raise ApiError(
            "Your card's expiration year is invalid.",
            status=402,
            type="card_error",
            code="invalid_expiry_year",
            param="exp_year",
        )


def from_card(ctx: Context, card: cards.Card, data: dict[str, Any], holder: str = "") -> Obj:
    """A card payment method; `holder` tells apart cards of the same number in histories."""
    year = data.get("exp_year", 2034)
    made = _bare(ctx, "card")
    made["card"] = {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass" if not holder and "cvc" not in data else "unchecked",
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": data.get("exp_month", 12),
        "exp_year": year + 2000 if year < 100 else year,
        "fingerprint": fingerprint_of(card.number + holder),
        "funding": card.funding,
        "generated_from": None,
        "last4": data.get("last4", card.last4),
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    made["card"]["checks"] |= dict(card.checks)
    behaviours.remember(made, card.behaviour)
    if card.attachable:
        hidden(made)["attachable"] = True
    return made


def _of_type(ctx: Context, kind: str, data: dict[str, Any]) -> Obj:
    made = _bare(ctx, kind)
    behaviours.remember(made, OTHERS[kind])
    if kind == "sepa_debit":
        iban = str(data.get("iban") or "DE89370400440532013000").replace(" ", "")
        made[kind] = {
            "bank_code": iban[4:12],
            "branch_code": "",
            "country": iban[:2],
            "fingerprint": fingerprint_of(iban),
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": iban[-4:],
        }
        behaviours.remember(made, _IBANS.get(iban, OTHERS[kind]))
    elif kind == "us_bank_account":
        number = str(data.get("account_number") or _US_ACCOUNTS["success"][0])
        made[kind] = {
            "account_holder_type": data.get("account_holder_type", "individual"),
            "account_type": data.get("account_type", "checking"),
            "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": None,
            "fingerprint": fingerprint_of(number),
            "last4": number[-4:],
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": data.get("routing_number", "110000000"),
            "status_details": None,
        }
        behaviours.remember(made, dict(_US_ACCOUNTS.values()).get(number, OTHERS[kind]))
    elif kind == "link":
        made[kind] = {"email": data.get("email")}
    elif kind == "paypal":
        made[kind] = {"country": "US", "payer_email": None, "payer_id": None}
    elif kind in local_methods.LOCAL:
        made[kind] = local_methods.kept(kind, data)
    else:
        made[kind] = {}
    return made


def _bare(ctx: Context, kind: str) -> Obj:
    return ctx.tx.add(
        {
            "id": ctx.ids.new("pm"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": {
                "address": dict(BLANK_ADDRESS),
                "email": None,
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "created": ctx.now,
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": kind,
        }
    )


def resolve(ctx: Context, method_id: str, param: str = "payment_method") -> Obj:
    """The payment method of an id; a test token makes a new one, as at Stripe."""
    if method_id in cards.BY_TOKEN:
        return from_card(ctx, cards.BY_TOKEN[method_id], {})
    if method_id.removeprefix(_US_TOKEN) in _US_ACCOUNTS and method_id.startswith(_US_TOKEN):
        number = _US_ACCOUNTS[method_id.removeprefix(_US_TOKEN)][0]
        return _of_type(ctx, "us_bank_account", {"account_number": number})
    if method_id.removeprefix("pm_") in OTHERS:
        return _of_type(ctx, method_id.removeprefix("pm_"), {})
    return ctx.need("payment_method", method_id, param)


def given(ctx: Context, params: dict[str, Any]) -> Obj | None:
    """What `payment_method` or `payment_method_data` of a call names; None for neither."""
    if params.get("payment_method"):
        return resolve(ctx, params["payment_method"])
    if params.get("payment_method_data"):
        return from_data(ctx, params["payment_method_data"], "payment_method_data")
    return None


def retrieve(ctx: Context, method_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("payment_method", method_id, in_path=True)


def update(ctx: Context, method_id: str, params: dict[str, Any]) -> Obj:
    method = ctx.need("payment_method", method_id, in_path=True)
    if "metadata" in params:
        method["metadata"] = merged(method["metadata"], params["metadata"])
    for name, value in (params.get("billing_details") or {}).items():
        method["billing_details"][name] = value
    ctx.emit("payment_method.updated", method)
    return ctx.tx.touch(method)


def attach(ctx: Context, method_id: str, params: dict[str, Any]) -> Obj:
    customer = ctx.need("customer", params.get("customer", ""), "customer")
    known = method_id in cards.BY_TOKEN
    found = (
        resolve(ctx, method_id) if known else ctx.need("payment_method", method_id, in_path=True)
    )
    if found["customer"] not in (None, customer["id"]):
        raise ApiError(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    _check_with_issuer(found)
    found["customer"] = customer["id"]
    ctx.emit("payment_method.attached", found)
    return ctx.tx.touch(found)


def _check_with_issuer(method: Obj) -> None:
    """A card is asked for nothing before it is kept, and one that declines is not kept."""
    behaviour = behaviours.remembered(method)
    if behaviour.kind is Kind.DECLINE and not hidden(method).get("attachable"):
        raise ApiError(
            cards.decline_message(behaviour.decline_code or behaviour.code),
            status=402,
            type="card_error",
            code=behaviour.code,
            decline_code=behaviour.decline_code or None,
        )


def detach(ctx: Context, method_id: str, params: dict[str, Any]) -> Obj:
    method = ctx.need("payment_method", method_id, in_path=True)
    if method["customer"] is None:
        raise ApiError(
            "The payment method you provided is not attached to a customer so detachment is"
            " impossible.",
            code="payment_method_unexpected_state",
        )
    method["customer"] = None
    ctx.emit("payment_method.detached", method)
    return ctx.tx.touch(method)
