"""A customer's balances: the credit that invoices would use, and cash that arrived by transfer.

Neither is the account's money until it is used, so neither moves the account's balance.
"""

from __future__ import annotations

from typing import Any

from core.emulator.resources import amounts, charges, lists, records
from core.emulator.resources.payment_intents import attempt, bank_transfers
from core.emulator.resources.records import Record
from core.emulator.state.errors import missing
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden


def adjust(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/customers/{id}/balance_transactions; an amount below zero is a credit."""
    customer = ctx.need("customer", customer_id, in_path=True)
    before = customer["balance"]
    customer["balance"] += params["amount"]
    customer["currency"] = customer["currency"] or amounts.currency_of(params["currency"])
    ctx.tx.touch(customer)
    made = ctx.tx.add(
        {
            "id": ctx.ids.new("cbtxn"),
            "object": "customer_balance_transaction",
            "amount": params["amount"],
            "checkout_session": None,
            "created": ctx.now,
            "credit_note": None,
            "currency": amounts.currency_of(params["currency"]),
            "customer": customer_id,
            "customer_account": None,
            "description": params.get("description"),
            "ending_balance": customer["balance"],
            "invoice": None,
            "livemode": False,
            "metadata": records.metadata(params),
            "type": "adjustment",
        }
    )
    ctx.emit("customer.updated", customer, {"balance": before})
    return made


def _own(ctx: Context, kind: str, customer_id: str, object_id: str) -> Obj:
    ctx.need("customer", customer_id, in_path=True)
    found = ctx.need(kind, object_id, in_path=True)
    if found["customer"] != customer_id:
        raise missing(kind, object_id, "id", in_path=True)
    return found


def retrieve(ctx: Context, customer_id: str, row_id: str, params: dict[str, Any]) -> Obj:
    return _own(ctx, "customer_balance_transaction", customer_id, row_id)


def update(ctx: Context, customer_id: str, row_id: str, params: dict[str, Any]) -> Obj:
    _own(ctx, "customer_balance_transaction", customer_id, row_id)
    return Record("customer_balance_transaction", fields=("description",)).update(
        ctx, row_id, params
    )


def list_rows(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/balance_transactions."""
    ctx.need("customer", customer_id, in_path=True)
    url = f"/v1/customers/{customer_id}/balance_transactions"
    where = [("customer = ?", customer_id)]
    return lists.page(ctx, "customer_balance_transaction", url, params, where=where)


def add_tax_id(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/customers/{id}/tax_ids; nobody verifies it."""
    ctx.need("customer", customer_id, in_path=True)
    kind = params["type"]
    country = kind[:2].upper()
    return Record("tax_id", "customer.tax_id").made(
        ctx,
        {
            "id": ctx.ids.new("txi"),
            "object": "tax_id",
            "country": params["value"][:2].upper() if kind == "eu_vat" else country,
            "created": ctx.now,
            "customer": customer_id,
            "customer_account": None,
            "livemode": False,
            "owner": {
                "customer": customer_id,
                "type": "customer",
            },
            "type": kind,
            "value": params["value"],
            "verification": {
                "status": "unavailable",
                "verified_address": None,
                "verified_name": None,
            },
        },
    )


def retrieve_tax_id(ctx: Context, customer_id: str, tax_id: str, params: dict[str, Any]) -> Obj:
    return _own(ctx, "tax_id", customer_id, tax_id)


def delete_tax_id(ctx: Context, customer_id: str, tax_id: str, params: dict[str, Any]) -> Obj:
    _own(ctx, "tax_id", customer_id, tax_id)
    return Record("tax_id", "customer.tax_id").delete(ctx, tax_id, params)


def list_tax_ids(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/tax_ids."""
    ctx.need("customer", customer_id, in_path=True)
    url = f"/v1/customers/{customer_id}/tax_ids"
    return lists.page(ctx, "tax_id", url, params, where=[("customer = ?", customer_id)])


def cash(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/cash_balance."""
    return _cash(ctx.need("customer", customer_id, in_path=True))


def _cash(customer: Obj) -> Obj:
    return {
        "object": "cash_balance",
        "available": hidden(customer).get("cash") or None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }


def fund(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/test_helpers/customers/{id}/fund_cash_balance: a bank transfer arrives.

    It goes to the oldest intent that waits for one in that currency, and stays where none does.
    """
    customer = ctx.need("customer", customer_id, in_path=True)
    currency = amounts.currency_of(params["currency"])
    amount = amounts.positive(params["amount"], "amount")
    funded = {
        "bank_transfer": {
            "reference": params.get("reference"),
            "type": bank_transfers.RAILS.get(currency, "us_bank_transfer"),
        }
    }
    row = _move(ctx, customer, currency, amount, "funded", {"funded": funded})
    _apply(ctx, customer, currency)
    if hidden(customer)["cash"].get(currency):
        ctx.emit("cash_balance.funds_available", _cash(customer))
    return row


def _move(
    ctx: Context, customer: Obj, currency: str, amount: int, kind: str, about: dict[str, Any]
) -> Obj:
    held = hidden(customer).setdefault("cash", {})
    held[currency] = held.get(currency, 0) + amount
    ctx.tx.touch(customer)
    row: Obj = {
        "id": ctx.ids.new("ccsbtxn"),
        "object": "customer_cash_balance_transaction",
        "created": ctx.now,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "ending_balance": held[currency],
        "livemode": False,
        "net_amount": amount,
        "type": kind,
        **about,
    }
    ctx.tx.add(row)
    ctx.emit("customer_cash_balance_transaction.created", row)
    return row


def _apply(ctx: Context, customer: Obj, currency: str) -> None:
    """Cash that is there pays intents that wait for a transfer, oldest first."""
    held = hidden(customer)["cash"]
    for intent in lists.objects_with(ctx, "payment_intent", "customer", customer["id"]):
        waits = intent["status"] == "requires_action" and hidden(intent).get("transfer")
        if not waits or intent["currency"] != currency or not held.get(currency):
            continue
        missing_amount = intent["amount"] - hidden(intent).get("funded", 0)
        part = min(missing_amount, held[currency])
        applied = {"applied_to_payment": {"payment_intent": intent["id"]}}
        _move(ctx, customer, currency, -part, "applied_to_payment", applied)
        hidden(intent)["funded"] = hidden(intent).get("funded", 0) + part
        _received(ctx, intent, missing_amount - part)


def _received(ctx: Context, intent: Obj, left: int) -> None:
    """A part arrived; `left` in minor units is still missing, and nothing pays."""
    ctx.tx.touch(intent)
    if left:
        intent["next_action"]["display_bank_transfer_instructions"]["amount_remaining"] = left
        ctx.emit("payment_intent.partially_funded", intent)
        return
    method = ctx.need("payment_method", intent["payment_method"])
    outcome = charges.approved(ctx, method, 0)
    charge = charges.make(ctx, intent, method, status="succeeded", outcome=outcome)
    attempt.succeed(ctx, intent, charge)


def list_cash_rows(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/cash_balance_transactions."""
    ctx.need("customer", customer_id, in_path=True)
    url = f"/v1/customers/{customer_id}/cash_balance_transactions"
    where = [("customer = ?", customer_id)]
    return lists.page(ctx, "customer_cash_balance_transaction", url, params, where=where)


def retrieve_cash_row(ctx: Context, customer_id: str, row_id: str, params: dict[str, Any]) -> Obj:
    return _own(ctx, "customer_cash_balance_transaction", customer_id, row_id)
