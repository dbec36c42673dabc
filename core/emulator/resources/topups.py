"""Top-ups: money that the account's bank brings into its balance."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import amounts, balance_movements, fees, lists, records
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/topups: paid at once, as with a test account at the bank."""
    currency = amounts.currency_of(params["currency"])
    if currency not in fees.SETTLES:
        raise ApiError(f"You have no balance in {currency}.", param="currency")
    amount = amounts.positive(params["amount"], "amount")
    wanted = balance_movements.Movement(
        "topup", amount, currency, "topup", description=params.get("description")
    )
    topup = balance_movements.topup(ctx, wanted)
    topup["metadata"] = records.metadata(params)
    for name in ("statement_descriptor", "transfer_group"):
        topup[name] = params.get(name)
    topup["status"] = "pending"
    ctx.tx.add(topup)
    ctx.emit("topup.created", topup)
    topup["status"] = "succeeded"
    wanted.source = topup["id"]
    balance_movements.write(ctx, wanted)
    return topup


def cancel(ctx: Context, topup_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/topups/{id}/cancel: none is ever pending here for long enough."""
    topup = ctx.need("topup", topup_id, in_path=True)
    raise ApiError(
        f"Only pending top-ups can be canceled. This top-up has a status of {topup['status']}."
    )


TOPUP = Record("topup", fields=("description",))


def list_topups(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/topups."""
    where = lists.ranged("json_extract(body, '$.amount')", params.get("amount"))
    return lists.page(ctx, "topup", "/v1/topups", params, filters=["status"], where=where)
