"""Customers: create, retrieve, update, delete, and their payment methods."""

from __future__ import annotations

from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import coupons, customer_balances, lists, payment_methods, tokens
from core.emulator.state.errors import missing
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

_FIELDS = ("description", "email", "name", "phone", "preferred_locales", "tax_exempt")


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/customers."""
    customer: Obj = {
        "id": ctx.ids.new("cus"),
        "object": "customer",
        "address": None,
        "balance": params.get("balance", 0),
        "created": ctx.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": None,
        "invoice_prefix": ctx.ids.token(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": merged({}, params.get("metadata") or {}),
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    _apply(ctx, customer, params)
    ctx.tx.add(customer)
    if clock := params.get("test_clock"):
        customer["test_clock"] = ctx.need("test_helpers.test_clock", clock, "test_clock")["id"]
    if params.get("source"):
        tokens.attach(ctx, customer, params["source"])
    coupons.give(ctx, customer, params)
    for tax_id in params.get("tax_id_data") or []:
        customer_balances.add_tax_id(ctx, customer["id"], tax_id)
    if params.get("payment_method"):
        payment_methods.attach(ctx, params["payment_method"], {"customer": customer["id"]})
    ctx.emit("customer.created", customer)
    return customer


def _apply(ctx: Context, customer: Obj, params: dict[str, Any]) -> None:
    customer |= {name: params[name] for name in _FIELDS if name in params}
    for name in ("address", "shipping"):
        if name in params:
            given = params[name]
            if given is not None and name == "address":
                given = {**payment_methods.BLANK_ADDRESS, **given}
            customer[name] = given
    settings = params.get("invoice_settings") or {}
    names = ("custom_fields", "default_payment_method", "footer", "rendering_options")
    customer["invoice_settings"] |= {name: settings[name] for name in names if name in settings}
    if wanted := settings.get("default_payment_method"):
        where = "invoice_settings[default_payment_method]"
        method = payment_methods.resolve(ctx, wanted, where)
        customer["invoice_settings"]["default_payment_method"] = method["id"]


def retrieve(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}; a deleted one says so."""
    customer = ctx.need("customer", customer_id, in_path=True)
    if hidden(customer).get("deleted"):
        return {"id": customer_id, "object": "customer", "deleted": True}
    return customer


def update(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    customer = ctx.need("customer", customer_id, in_path=True)
    before = {name: customer[name] for name in params if name in customer}
    _apply(ctx, customer, params)
    if "balance" in params:
        customer["balance"] = params["balance"]
    if params.get("source"):
        tokens.attach(ctx, customer, params["source"])
    if wanted := params.get("default_source"):
        customer["default_source"] = ctx.need("card", wanted, "default_source")["id"]
    coupons.give(ctx, customer, params)
    if "metadata" in params:
        customer["metadata"] = merged(customer["metadata"], params["metadata"])
    ctx.emit("customer.updated", customer, before)
    return ctx.tx.touch(customer)


def delete(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    customer = ctx.need("customer", customer_id, in_path=True)
    hidden(customer)["deleted"] = True
    ctx.tx.touch(customer)
    ctx.emit("customer.deleted", customer)
    return {"id": customer_id, "object": "customer", "deleted": True}


def list_methods(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/payment_methods."""
    ctx.need("customer", customer_id, in_path=True)
    url = f"/v1/customers/{customer_id}/payment_methods"
    where = [("customer = ?", customer_id)]
    return lists.page(ctx, "payment_method", url, params, filters=["type"], where=where)


def retrieve_method(ctx: Context, customer_id: str, method_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/payment_methods/{id}."""
    method = payment_methods.retrieve(ctx, method_id, params)
    if method["customer"] != customer_id:
        raise missing("PaymentMethod", method_id, "payment_method", in_path=True)
    return method
