"""Tokens and the cards of customers, as integrations before PaymentMethods keep them."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import behaviours, cards, payment_methods, records, token_cards
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError, missing, refused
from core.emulator.state.ids import fingerprint_of
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

#: How older objects name a brand.
_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
_ADDRESS = ("city", "country", "line1", "line2", "state", "zip")
_CHANGED = (*(f"address_{name}" for name in _ADDRESS), "name")


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/tokens of a test card or a US test bank account."""
    data, bank = params.get("card"), params.get("bank_account")
    if not isinstance(data, dict) and not isinstance(bank, dict):
        raise refused(
            "You must supply either a card, customer, or bank account to create a token.", "card"
        )
    token: Obj = {
        "id": ctx.ids.new("tok" if data else "btok"),
        "object": "token",
        "client_ip": "127.0.0.1",
        "created": ctx.now,
        "livemode": False,
        "type": "card" if data else "bank_account",
        "used": False,
    }
    if isinstance(data, dict):
        numbers = ("exp_month", "exp_year")
        given = {**data, **{name: _whole(data[name], name) for name in numbers if name in data}}
        token["card"] = shown(_card(ctx, payment_methods.card_of(ctx, given, ""), given))
        hidden(token)["number"] = payment_methods.card_of(ctx, given, "").number
    else:
        assert isinstance(bank, dict)
        token["bank_account"] = _bank(ctx, bank)
    return ctx.tx.add(token)


def _whole(text: Any, param: str) -> int:
    if not str(text).isdigit():
        raise refused(f"Invalid integer: {str(text)[:100]}", param, "parameter_invalid_integer")
    return int(text)


def _card(ctx: Context, card: cards.Card, data: dict[str, Any]) -> Obj:
    """A card as older objects have it, not kept yet."""
    year = data.get("exp_year", 2034)
    made: Obj = {
        "id": ctx.ids.new("card"),
        "object": "card",
        **{f"address_{name}": data.get(f"address_{name}") for name in _ADDRESS},
        "address_line1_check": None,
        "address_zip_check": None,
        "allow_redisplay": "unspecified",
        "brand": _BRANDS.get(card.brand, card.brand.capitalize()),
        "country": card.country,
        "customer": None,
        "cvc_check": "pass" if data.get("cvc") else "unchecked",
        "dynamic_last4": None,
        "exp_month": data.get("exp_month", 12),
        "exp_year": year + 2000 if year < 100 else year,
        "fingerprint": fingerprint_of(card.number),
        "funding": card.funding,
        "last4": card.last4,
        "metadata": records.metadata(data),
        "name": data.get("name"),
        "regulated_status": "unregulated",
        "tokenization_method": None,
    }
    if data.get("currency"):
        made["currency"] = data["currency"]
    return made


def _bank(ctx: Context, data: dict[str, Any]) -> Obj:
    number = str(data.get("account_number") or "000123456789")
    return {
        "id": ctx.ids.new("ba"),
        "object": "bank_account",
        "account_holder_name": data.get("account_holder_name"),
        "account_holder_type": data.get("account_holder_type"),
        "account_type": data.get("account_type"),
        "bank_name": "STRIPE TEST BANK",
        "country": data.get("country", "US"),
        "currency": data.get("currency", "usd"),
        "customer": None,
        "fingerprint": fingerprint_of(number),
        "last4": number[-4:],
        "metadata": {},
        "routing_number": data.get("routing_number", "110000000"),
        "status": "new",
    }


def add_source(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/customers/{id}/sources with a card's token."""
    customer = ctx.need("customer", customer_id, in_path=True)
    card = attach(ctx, customer, params["source"])
    card["metadata"] = records.metadata(params)
    return card


def attach(ctx: Context, customer: Obj, source: str) -> Obj:
    """A customer's new card; the first one is charged by default. Some cards refuse (402)."""
    card = token_cards.card_named(ctx, source)
    behaviour = card.behaviour
    if behaviour.kind is behaviours.Kind.DECLINE:
        raise ApiError(
            cards.decline_message(behaviour.decline_code or behaviour.code),
            status=402,
            type="card_error",
            code=behaviour.code,
            decline_code=behaviour.decline_code or None,
        )
    made = _card(ctx, card, {})
    made["customer"] = customer["id"]
    hidden(made)["number"] = card.number
    ctx.tx.add(made)
    if customer["default_source"] is None:
        customer["default_source"] = made["id"]
    ctx.tx.touch(customer)
    ctx.emit("customer.source.created", made)
    return made


def method_of(ctx: Context, card: Obj) -> Obj:
    """A payment method that pays as a customer's card does."""
    number = cards.BY_NUMBER[hidden(card)["number"]]
    return payment_methods.from_card(
        ctx, number, {"exp_month": card["exp_month"], "exp_year": card["exp_year"]}
    )


def retrieve_source(ctx: Context, customer_id: str, card_id: str, params: dict[str, Any]) -> Obj:
    return _of_customer(ctx, customer_id, card_id)


def _of_customer(ctx: Context, customer_id: str, card_id: str) -> Obj:
    ctx.need("customer", customer_id, in_path=True)
    card = ctx.need("card", card_id, in_path=True)
    if card["customer"] != customer_id:
        raise missing("source", card_id, "id", in_path=True)
    return card


def _change(ctx: Context, card: Obj, params: dict[str, Any]) -> None:
    for name in ("exp_month", "exp_year"):
        if name in params:
            card[name] = _whole(params[name], name)


def update_source(ctx: Context, customer_id: str, card_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/customers/{id}/sources/{id}."""
    _of_customer(ctx, customer_id, card_id)
    return _SOURCE.update(ctx, card_id, params)


def delete_source(ctx: Context, customer_id: str, card_id: str, params: dict[str, Any]) -> Obj:
    """DELETE /v1/customers/{id}/sources/{id}."""
    _of_customer(ctx, customer_id, card_id)
    customer = ctx.need("customer", customer_id)
    gone = _SOURCE.delete(ctx, card_id, params)
    if customer["default_source"] == card_id:
        customer["default_source"] = None
        ctx.tx.touch(customer)
    return gone


def list_sources(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/sources; `object` other than `card` finds nothing."""
    ctx.need("customer", customer_id, in_path=True)
    url = f"/v1/customers/{customer_id}/sources"
    kind = params.get("object") or "card"
    return records.page(ctx, kind, url, {**params, "customer": customer_id}, columns=["customer"])


_SOURCE = Record("card", "customer.source", _CHANGED, _change)
retrieve = Record("token").retrieve
