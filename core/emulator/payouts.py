"""Payouts: automatic each day from what is available, or created by hand."""

from __future__ import annotations

from typing import Any

from core import money
from core.emulator import amounts, balance, fees, lists, payout_schedule
from core.emulator.context import Context, hidden
from core.emulator.errors import ApiError
from core.emulator.params import merged
from core.emulator.store import Obj

_ARRIVAL_DAYS = 2
_LEAVES_MS = 3_600_000
#: Why a bank sends a payout back (docs.stripe.com/payouts, failures).
FAILURES = {
    "account_closed": "The bank account has been closed.",
    "account_frozen": "The bank account has been frozen.",
    "bank_account_restricted": "The bank account has restrictions on transfers.",
    "could_not_process": "The bank could not process this transfer.",
    "declined": "The bank has declined this transfer.",
    "incorrect_account_holder_name": "The account holder's name does not match.",
    "invalid_account_number": "The account number is not valid.",
    "no_account": "The bank account could not be found.",
}


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/payouts: pay available money to the bank account of that currency."""
    currency = amounts.currency_of(params["currency"])
    amount = amounts.positive(params["amount"], "amount")
    if currency not in fees.SETTLES:
        raise ApiError(
            f"Sorry, you don't have any external accounts in that currency ({currency}).",
            param="currency",
        )
    if amount % money.payout_multiple(currency):
        raise ApiError(
            f"Payouts in {currency} must be a multiple of {money.payout_multiple(currency)}.",
            param="amount",
        )
    balance.release(ctx)
    if amount > available(ctx, currency):
        raise ApiError(
            "You have insufficient funds in your Stripe account for this transfer. Your card"
            " balance is too low.",
            code="balance_insufficient",
        )
    payout = _make(ctx, amount, currency, automatic=False)
    payout["metadata"] = merged({}, params.get("metadata") or {})
    for name in ("description", "statement_descriptor"):
        if name in params:
            payout[name] = params[name]
    return payout


def available(ctx: Context, currency: str) -> int:
    """What can be paid out now, in minor units."""
    row = ctx.tx.db.execute(
        "SELECT available FROM balances WHERE currency = ?", (currency,)
    ).fetchone()
    return int(row[0]) if row else 0


def run_daily(ctx: Context) -> None:
    """The automatic payouts of a day: each currency's rows that have become available."""
    balance.release(ctx)
    if not payout_schedule.pays(ctx.tx.store, ctx.now):
        return
    for currency in fees.SETTLES:
        rows = ctx.tx.db.execute(
            "SELECT id, net FROM unpaid WHERE currency = ?"
            " AND id NOT IN (SELECT id FROM unreleased WHERE currency = ?)",
            (currency, currency),
        ).fetchall()
        total = sum(net for _, net in rows)
        if total <= 0 or total > available(ctx, currency):
            continue
        payout = _make(ctx, total, currency, automatic=True)
        members = [row_id for row_id, _ in rows] + [payout["balance_transaction"]]
        ctx.tx.load(members)
        for row_id in members:
            row = ctx.need("balance_transaction", row_id)
            hidden(row)["payout"] = payout["id"]
            ctx.tx.touch(row)
        ctx.tx.db.executemany("DELETE FROM unpaid WHERE id = ?", [(i,) for i in members])


def _make(ctx: Context, amount: int, currency: str, *, automatic: bool) -> Obj:
    arrival = (ctx.now // balance.DAY + _ARRIVAL_DAYS) * balance.DAY
    payout: Obj = {
        "id": ctx.ids.new("po"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": automatic,
        "balance_transaction": None,
        "created": ctx.now,
        "currency": currency,
        "description": "STRIPE PAYOUT" if automatic else None,
        "destination": f"ba_{ctx.account[5:21]}{currency}",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
    row = balance.post(
        ctx,
        kind="payout",
        category="payout",
        source=payout["id"],
        amount=-amount,
        currency=currency,
        description=payout["description"],
    )
    payout["balance_transaction"] = row["id"]
    ctx.tx.add(payout)
    ctx.emit("payout.created", payout)
    ctx.later(_LEAVES_MS, "payout_leaves", payout=payout["id"])
    ctx.later((arrival - ctx.now) * 1000, "payout_arrives", payout=payout["id"])
    return payout


def leave(ctx: Context, payout_id: str) -> None:
    """It is submitted to the bank: from now on it cannot be canceled."""
    payout = ctx.need("payout", payout_id)
    if payout["status"] == "pending":
        payout["status"] = "in_transit"
        ctx.tx.touch(payout)
        ctx.emit("payout.updated", payout, {"status": "pending"})


def arrive(ctx: Context, payout_id: str) -> None:
    """The money is at the bank."""
    leave(ctx, payout_id)
    payout = ctx.need("payout", payout_id)
    if payout["status"] != "in_transit":
        return
    payout["status"] = "paid"
    trace = {"status": "supported", "value": ctx.ids.token(12, "trace").upper()}
    payout["trace_id"] = trace
    ctx.emit("payout.paid", payout)
    if payout["automatic"]:
        payout["reconciliation_status"] = "completed"
        ctx.emit("payout.reconciliation_completed", payout)
    ctx.tx.touch(payout)


def cancel(ctx: Context, payout_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payouts/{id}/cancel: only while it has not left; the money comes back."""
    payout = ctx.need("payout", payout_id, in_path=True)
    if payout["status"] != "pending" or payout["automatic"]:
        raise ApiError("Payouts can only be canceled while they are pending.", param="payout")
    payout["status"] = "canceled"
    _come_back(ctx, payout, "payout_cancel", "Payout canceled")
    ctx.emit("payout.canceled", payout)
    return payout


def fail(ctx: Context, payout_id: str, code: str) -> None:
    """The bank sent the money back, sometimes after it was thought paid; the next payout has it."""
    payout = ctx.need("payout", payout_id)
    if payout["status"] in ("failed", "canceled"):
        raise ApiError(f"Payout {payout_id} is {payout['status']} already.", param="status")
    payout["status"] = "failed"
    payout["failure_code"], payout["failure_message"] = code, FAILURES[code]
    words = f"REFUND FOR PAYOUT ({payout['description'] or payout_id})"
    _come_back(ctx, payout, "payout_failure", words)
    ctx.emit("payout.failed", payout)


def _come_back(ctx: Context, payout: Obj, kind: str, description: str) -> None:
    row = balance.post(
        ctx,
        kind=kind,
        category="payout_reversal",
        source=payout["id"],
        amount=payout["amount"],
        currency=payout["currency"],
        description=description,
    )
    payout["failure_balance_transaction"] = row["id"]
    payout["trace_id"] = {"status": "unsupported", "value": None}
    ctx.tx.touch(payout)


def retrieve(ctx: Context, payout_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("payout", payout_id, in_path=True)


def update(ctx: Context, payout_id: str, params: dict[str, Any]) -> Obj:
    payout = ctx.need("payout", payout_id, in_path=True)
    if "metadata" in params:
        payout["metadata"] = merged(payout["metadata"] or {}, params["metadata"])
    ctx.emit("payout.updated", payout)
    return ctx.tx.touch(payout)


def list_payouts(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/payouts with `status`, `destination`, `created` and `arrival_date`."""
    where: list[tuple[str, Any]] = []
    arrival = params.get("arrival_date")
    if isinstance(arrival, int):
        arrival = {"gte": arrival, "lte": arrival}
    for name, value in (arrival or {}).items():
        where.append((f"json_extract(body, '$.arrival_date') {lists.RANGES[name]} ?", value))
    if "destination" in params:
        where.append(("json_extract(body, '$.destination') = ?", params["destination"]))
    return lists.page(ctx, "payout", "/v1/payouts", params, filters=["status"], where=where)
