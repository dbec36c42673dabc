"""Payouts: automatic each day from what is available, by hand, instant, reversed, or negative.

A payout's row has the arrival day as its `available_on`: until then it is pending, and only
`balance.payable` knows that the money is under way.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from core import money
from core.emulator.http.params import merged
from core.emulator.resources import amounts, balance, balance_settings, fees, lists
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

_ARRIVAL_DAYS = 2
_DEBIT_DAYS = 1
_LEAVES_MS = 3_600_000
_INSTANT_S = 60
_REVERSIBLE_S = 90 * balance.DAY
#: Of an instant payout: 1 %, at least half a dollar or its like.
_INSTANT_PERCENT = Fraction(1, 100)
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
    method = params.get("method", "standard")
    if amount % money.payout_multiple(currency):
        raise ApiError(
            f"Payouts in {currency} must be a multiple of {money.payout_multiple(currency)}.",
            param="amount",
        )
    balance.release(ctx)
    fee = _instant_fee(amount, currency) if method == "instant" else 0
    if amount + fee > balance.payable(ctx, currency):
        raise ApiError(
            "You have insufficient funds in your Stripe account for this transfer. Your card"
            " balance is too low.",
            code="balance_insufficient",
        )
    payout = _make(ctx, amount, currency, automatic=False, method=method)
    payout["metadata"] = merged({}, params.get("metadata") or {})
    for name in ("description", "statement_descriptor"):
        if name in params:
            payout[name] = params[name]
    return payout


def _instant_fee(amount: int, currency: str) -> int:
    step = money.payout_multiple(currency)
    return max(fees.half_up(amount * _INSTANT_PERCENT, step), fees.FIXED[currency] // step * step)


def run_every_midnight(ctx: Context) -> None:
    """As `run_daily`, and again at the next midnight UTC."""
    run_daily(ctx)
    # To midnight, and not a day from now: each day would begin later than the one before.
    day_ms = balance.DAY * 1000
    ctx.later(day_ms - ctx.now_ms % day_ms, Task.DAILY_PAYOUTS)


def run_daily(ctx: Context, *, now: bool = False) -> list[str]:
    """The automatic payouts of a day: each currency's rows that have become available.

    What the settings keep as a minimum stays, as two rows that come to nothing
    (docs.stripe.com/payouts/minimum-balances-for-automatic-payouts). A sum below zero is debited
    from the bank on any day, where the settings say so. `now`: as if the schedule named today.
    Returns the ids of what was made.
    """
    made: list[str] = []
    balance.release(ctx)
    pays = now or balance_settings.pays(ctx.tx.store, ctx.now)
    debits = balance_settings.debits(ctx.tx.store)
    for currency in fees.SETTLES:
        rows = _due_rows(ctx, currency)
        total = sum(rows.values())
        kept = balance_settings.minimum(ctx.tx.store, currency)
        if total < 0 and debits:
            made.append(_pay_automatically(ctx, total, currency, list(rows)))
        elif total > kept and pays:
            held = [_minimum_row(ctx, "hold", -kept, currency)] if kept else []
            made.append(_pay_automatically(ctx, total - kept, currency, [*rows, *held]))
            if kept:
                _minimum_row(ctx, "release", kept, currency)
    return made


def _due_rows(ctx: Context, currency: str) -> dict[str, int]:
    """Rows that the next automatic payout takes: id → net in minor units."""
    ctx.tx.flush_rows()
    return dict(
        ctx.tx.db.execute(
            "SELECT id, net FROM unpaid WHERE currency = ?"
            " AND id NOT IN (SELECT id FROM unreleased WHERE currency = ? AND NOT counts)",
            (currency, currency),
        ).fetchall()
    )


def _minimum_row(ctx: Context, step: str, amount: int, currency: str) -> str:
    """The minimum balance is held back from a payout, and free again for the next; the row's id."""
    kind = f"payout_minimum_balance_{step}"
    row = balance.post(
        ctx,
        kind=kind,
        category=kind,
        source=None,
        amount=amount,
        currency=currency,
        description=f"Payout minimum balance {step}",
    )
    return str(row["id"])


def _pay_automatically(ctx: Context, amount: int, currency: str, rows: list[str]) -> str:
    """The payout of these rows, which name it from then on; its id."""
    payout = _make(ctx, amount, currency, automatic=True)
    members = [*rows, payout["balance_transaction"]]
    ctx.tx.load(members)
    for row_id in members:
        row = ctx.need("balance_transaction", row_id)
        hidden(row)["payout"] = payout["id"]
        ctx.tx.touch(row)
    ctx.tx.flush_rows()
    ctx.tx.db.executemany("DELETE FROM unpaid WHERE id = ?", [(i,) for i in members])
    return str(payout["id"])


def _make(
    ctx: Context,
    amount: int,
    currency: str,
    *,
    automatic: bool,
    method: str = "standard",
    original: str | None = None,
) -> Obj:
    """A payout and its row; a negative one takes money from the bank."""
    instant = method == "instant"
    days = _DEBIT_DAYS if amount < 0 else _ARRIVAL_DAYS
    arrival = ctx.now + _INSTANT_S if instant else (ctx.now // balance.DAY + days) * balance.DAY
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
        "method": method,
        "original_payout": original,
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": balance_settings.descriptor(ctx.tx.store),
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
        parts=[fees.Part("Instant payout fee", _instant_fee(amount, currency))] if instant else [],
        available_on=None if instant else arrival,
        description=payout["description"],
        counts=True,
    )
    payout["balance_transaction"] = row["id"]
    ctx.tx.add(payout)
    ctx.emit("payout.created", payout)
    ctx.later(0 if instant else _LEAVES_MS, Task.PAYOUT_LEAVES, payout=payout["id"])
    ctx.later((arrival - ctx.now) * 1000, Task.PAYOUT_ARRIVES, payout=payout["id"])
    return payout


def leave(ctx: Context, payout: str) -> None:
    """It is submitted to the bank: from now on it cannot be canceled."""
    found = ctx.need("payout", payout)
    if found["status"] == "pending":
        found["status"] = "in_transit"
        ctx.tx.touch(found)
        ctx.emit("payout.updated", found, {"status": "pending"})


def arrive(ctx: Context, payout: str) -> None:
    """The money is at the bank."""
    leave(ctx, payout)
    found = ctx.need("payout", payout)
    if found["status"] != "in_transit":
        return
    found["status"] = "paid"
    trace = {"status": "supported", "value": ctx.ids.token(12, "trace").upper()}
    found["trace_id"] = trace
    ctx.emit("payout.paid", found)
    if found["automatic"]:
        found["reconciliation_status"] = "completed"
        ctx.emit("payout.reconciliation_completed", found)
    ctx.tx.touch(found)


def cancel(ctx: Context, payout_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payouts/{id}/cancel: only while it has not left; the money comes back."""
    payout = ctx.need("payout", payout_id, in_path=True)
    if payout["status"] != "pending" or payout["automatic"]:
        raise ApiError("Payouts can only be canceled while they are pending.", param="payout")
    call_off(ctx, payout_id)
    return payout


def call_off(ctx: Context, payout_id: str) -> None:
    """It never goes to the bank: by its owner's call, or an automatic one by Stripe."""
    payout = ctx.need("payout", payout_id)
    if payout["status"] != "pending":
        raise ApiError(f"Payout {payout_id} is {payout['status']} already.", param="status")
    payout["status"] = "canceled"
    _come_back(ctx, payout, "payout_cancel", "Payout canceled")
    ctx.emit("payout.canceled", payout)


def reverse(ctx: Context, payout_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payouts/{id}/reverse: another payout takes the money from the bank again."""
    payout = ctx.need("payout", payout_id, in_path=True)
    if payout["reversed_by"]:
        raise ApiError("This payout has already been reversed.", param="payout")
    if (
        payout["currency"] != "usd"
        or payout["amount"] <= 0
        or payout["method"] == "instant"
        or payout["status"] not in ("paid", "in_transit")
        or payout["arrival_date"] < ctx.now - _REVERSIBLE_S
    ):
        raise ApiError("This payout cannot be reversed.", param="payout")
    back = _make(ctx, -payout["amount"], payout["currency"], automatic=False, original=payout["id"])
    back["metadata"] = merged({}, params.get("metadata") or {})
    payout["reversed_by"] = back["id"]
    ctx.emit("payout.updated", payout, {"reversed_by": None})
    ctx.tx.touch(payout)
    return back


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
    _cancel_reversal(ctx, payout)


def _cancel_reversal(ctx: Context, payout: Obj) -> None:
    """What never arrived need not come back: a reversal that has not left is canceled.

    docs.stripe.com/connect/payout-reversals, failures.
    """
    if not payout["reversed_by"]:
        return
    back = ctx.need("payout", payout["reversed_by"])
    if back["status"] == "pending":
        call_off(ctx, back["id"])


def _come_back(ctx: Context, payout: Obj, kind: str, description: str) -> None:
    """The row of the money's return, pending as long as the row of its leaving."""
    gone = ctx.need("balance_transaction", payout["balance_transaction"])
    row = balance.post(
        ctx,
        kind=kind,
        category="payout_reversal",
        source=payout["id"],
        amount=payout["amount"],
        currency=payout["currency"],
        available_on=gone["available_on"],
        description=description,
        counts=True,
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
