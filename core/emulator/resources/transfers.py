"""Connected accounts, and transfers to them: money that leaves this account's balance.

A connected account is a record only: it has no payments and no balance of its own here.
"""

from __future__ import annotations

from typing import Any

from core.emulator.resources import accounts, amounts, balance, fees, lists, records
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError, missing, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

_PROFILE = ("business_profile", "business_type", "email")


def create_account(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/accounts: a connected account, which nobody asks for papers."""
    whole = accounts.retrieve(ctx, {})
    account_id = f"acct_1{ctx.ids.token(15)}"
    account: Obj = {
        **whole,
        "id": account_id,
        "business_profile": dict.fromkeys(whole["business_profile"]),
        "business_type": None,
        "capabilities": _capabilities(params),
        "controller": {"type": "account"},
        "country": params.get("country", "US"),
        "created": ctx.now,
        "default_currency": params.get("default_currency", "usd"),
        "details_submitted": False,
        "email": None,
        "external_accounts": {
            **whole["external_accounts"],
            "url": f"/v1/accounts/{account_id}/external_accounts",
        },
        "metadata": records.metadata(params),
        "type": params.get("type", "standard"),
    }
    _change(ctx, account, params)
    ctx.tx.add(account)
    ctx.emit("account.updated", account, {})
    return account


def _capabilities(params: dict[str, Any]) -> dict[str, str]:
    wanted = params.get("capabilities") or {"transfers": {"requested": True}}
    return {name: "active" for name, asked in wanted.items() if (asked or {}).get("requested")}


def _change(ctx: Context, account: Obj, params: dict[str, Any]) -> None:
    for name in _PROFILE:
        given = params.get(name)
        if isinstance(given, dict):
            account[name] = {**account[name], **given}
        elif given is not None:
            account[name] = given


def retrieve_account(ctx: Context, account_id: str, params: dict[str, Any]) -> Obj:
    if account_id == ctx.account:
        return accounts.retrieve(ctx, params)
    return ctx.need("account", account_id, "account", in_path=True)


def update_account(ctx: Context, account_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/accounts/{id}: of connected accounts only."""
    return _ACCOUNT.update(ctx, account_id, params)


def delete_account(ctx: Context, account_id: str, params: dict[str, Any]) -> Obj:
    """DELETE /v1/accounts/{id}; its platform hears that it left."""
    account = ctx.need("account", account_id, "account", in_path=True)
    records.forget(ctx, account)
    application = {"id": f"ca_{ctx.account[5:]}", "object": "application", "name": "Tillwatch"}
    ctx.emit("account.application.deauthorized", application)
    return {"id": account_id, "object": "account", "deleted": True}


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/transfers: from what is available, or of what a charge brings."""
    currency = amounts.currency_of(params["currency"])
    if currency not in fees.SETTLES:
        raise ApiError(f"You have no balance in {currency}.", param="currency")
    destination = params["destination"]
    found = ctx.tx.find(destination)
    if found is None or found["object"] != "account":
        raise missing("destination", destination, "destination")
    if "amount" not in params:
        raise refused("Missing required param: amount.", "amount", "parameter_missing")
    amount = amounts.positive(params["amount"], "amount")
    source = params.get("source_transaction")
    if source:
        ctx.need("charge", source, "source_transaction")
    balance.release(ctx)
    if not source and amount > balance.payable(ctx, currency):
        raise ApiError(
            "You have insufficient available funds in your Stripe account. Try adding funds"
            " directly to your available balance by creating Charges using the 4000000000000077"
            " test card. See: https://stripe.com/docs/testing#available-balance",
            code="balance_insufficient",
        )
    transfer_id = ctx.ids.new("tr")
    transfer: Obj = {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": ctx.now,
        "currency": currency,
        "description": params.get("description"),
        "destination": destination,
        "destination_payment": ctx.ids.new("py"),
        "livemode": False,
        "metadata": records.metadata(params),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{transfer_id}/reversals",
        },
        "reversed": False,
        "source_transaction": source,
        "source_type": params.get("source_type", "card"),
        "transfer_group": params.get("transfer_group"),
    }
    row = balance.post(
        ctx,
        kind="transfer",
        category="transfer",
        source=transfer_id,
        amount=-amount,
        currency=currency,
        description=transfer["description"],
    )
    transfer["balance_transaction"] = row["id"]
    hidden(transfer)["source"] = destination
    return _TRANSFER.made(ctx, transfer)


def reverse(ctx: Context, transfer_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/transfers/{id}/reversals: the whole rest, or a part of it."""
    transfer = ctx.need("transfer", transfer_id, in_path=True)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = amounts.positive(params.get("amount", left), "amount")
    if amount > left:
        raise ApiError(
            f"Reversal amount ({amount}) is greater than unreversed amount on transfer ({left}).",
            param="amount",
        )
    params.get("refund_application_fee")  # there is none
    reversal: Obj = {
        "id": ctx.ids.new("trr"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": ctx.now,
        "currency": transfer["currency"],
        "destination_payment_refund": ctx.ids.new("pyr"),
        "metadata": records.metadata(params),
        "source_refund": None,
        "transfer": transfer_id,
    }
    row = balance.post(
        ctx,
        kind="transfer_refund",
        category="transfer_reversal",
        source=reversal["id"],
        amount=amount,
        currency=transfer["currency"],
        description=params.get("description"),
    )
    reversal["balance_transaction"] = row["id"]
    hidden(reversal)["source"] = transfer_id
    ctx.tx.add(reversal)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, shown(reversal))
    ctx.tx.touch(transfer)
    ctx.emit("transfer.reversed", transfer)
    return reversal


def list_transfers(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/transfers."""
    where: list[tuple[str, Any]] = []
    if params.get("destination"):
        where.append(("source = ?", params["destination"]))
    if params.get("transfer_group"):
        where.append(("json_extract(body, '$.transfer_group') = ?", params["transfer_group"]))
    return lists.page(ctx, "transfer", "/v1/transfers", params, where=where)


def retrieve_reversal(
    ctx: Context, transfer_id: str, reversal_id: str, params: dict[str, Any]
) -> Obj:
    """GET /v1/transfers/{id}/reversals/{id}."""
    reversal = ctx.need("transfer_reversal", reversal_id, in_path=True)
    if reversal["transfer"] != transfer_id:
        raise missing("transfer_reversal", reversal_id, "id", in_path=True)
    return reversal


def update_reversal(
    ctx: Context, transfer_id: str, reversal_id: str, params: dict[str, Any]
) -> Obj:
    """POST /v1/transfers/{id}/reversals/{id}."""
    retrieve_reversal(ctx, transfer_id, reversal_id, params)
    return Record("transfer_reversal").update(ctx, reversal_id, params)


def list_reversals(ctx: Context, transfer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/transfers/{id}/reversals."""
    ctx.need("transfer", transfer_id, in_path=True)
    url = f"/v1/transfers/{transfer_id}/reversals"
    return lists.page(ctx, "transfer_reversal", url, params, where=[("source = ?", transfer_id)])


_ACCOUNT = Record("account", "account", (), _change)
_TRANSFER = Record("transfer", "transfer", ("description",))
retrieve, update = _TRANSFER.retrieve, _TRANSFER.update
