"""Customers: create, retrieve, update, delete, and their payment methods."""

from __future__ import annotations

from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import lists, payment_methods
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
    _apply(customer, params)
    ctx.tx.add(customer)
    if params.get("payment_method"):
        payment_methods.attach(ctx, params["payment_method"], {"customer": customer["id"]})
    ctx.emit("customer.created", customer)
    return customer


def _apply(customer: Obj, params: dict[str, Any]) -> None:
    customer |= {name: params[name] for name in _FIELDS if name in params}
    for name in ("address", "shipping"):
        if name in params:
            given = params[name]
            if given is not None and name == "address":
                given = {**payment_methods.BLANK_ADDRESS, **given}
            customer[name] = given
    settings = params.get("invoice_settings") or {}
    customer["invoice_settings"] |= {
        name: settings[name] for name in ("default_payment_method", "footer") if name in settings
    }


def retrieve(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}; a deleted one says so."""
    customer = ctx.need("customer", customer_id, in_path=True)
    if hidden(customer).get("deleted"):
        return {"id": customer_id, "object": "customer", "deleted": True}
    return customer


def update(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    customer = ctx.need("customer", customer_id, in_path=True)
    before = {name: customer[name] for name in params if name in customer}
    _apply(customer, params)
    if "metadata" in params:
        customer["metadata"] = merged(customer["metadata"], params["metadata"])
    ctx.emit("customer.updated", customer, before)
    return ctx.tx.touch(customer)


def delete(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    customer = ctx.need("customer", customer_id, in_path=True)
    hidden(customer)["deleted"] = True
    customer["object"] = "customer"
    ctx.tx.touch(customer)
    ctx.emit("customer.deleted", customer)
    return {"id": customer_id, "object": "customer", "deleted": True}


def list_methods(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/payment_methods."""
    ctx.need("customer", customer_id, in_path=True)
    url = f"/v1/customers/{customer_id}/payment_methods"
    where = [("customer = ?", customer_id)]
    return lists.page(ctx, "payment_method", url, params, filters=["type"], where=where)
