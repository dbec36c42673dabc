"""Bank debits after they were sent: they settle, bounce, or come back weeks after success."""

from __future__ import annotations

from core.emulator.resources import balance, charges, dispute_lifecycle
from core.emulator.resources.payment_intents import attempt, failure
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

#: Why a bank does not pay a debit (the SDK's `failure_code`), in Stripe's words.
FAILURES = {
    "account_closed": "The bank account has been closed.",
    "debit_not_authorized": "The customer has notified their bank that this payment is not"
    " authorized.",
    "insufficient_funds": "The customer's bank account could not be debited.",
    "invalid_currency": "The bank was unable to process this payment because of its currency.",
    "no_account": "The customer's bank account could not be located.",
}
#: What Stripe takes for a debit that came back, in minor units.
_FAILURE_FEE = {"us_bank_account": 400, "ach_debit": 400}


def answer(ctx: Context, charge: str, fails: str, disputed: bool) -> None:
    """The bank's answer to a debit under way: it pays, or `fails` says why not ("" otherwise)."""
    found = ctx.need("charge", charge)
    if found["status"] != "pending":
        return
    if fails:
        fail(ctx, found, fails)
    elif disputed:
        _settle_disputed(ctx, found)
    else:
        settle(ctx, found)


def answer_by_intent(ctx: Context, intent: str, fails: bool) -> None:
    """As `answer`, in the words of earlier emulators."""
    charge = ctx.need("payment_intent", intent)["latest_charge"]
    answer(ctx, charge, "insufficient_funds" if fails else "", False)


def fail_by_id(ctx: Context, charge: str, code: str) -> None:
    """As `fail`, of the charge with this id; nothing where it failed already."""
    found = ctx.need("charge", charge)
    if found["status"] in ("pending", "succeeded"):
        fail(ctx, found, code)


def settle(ctx: Context, charge: Obj) -> None:
    """The bank paid."""
    if charge["status"] != "pending":
        return
    charge["status"], charge["paid"] = "succeeded", True
    charge["amount_captured"] = charge["amount"]
    ctx.tx.touch(charge)
    if charge["payment_intent"]:
        intent = ctx.need("payment_intent", charge["payment_intent"])
        ctx.tx.touch(intent)
        attempt.succeed(ctx, intent, charge)
    else:
        ctx.emit("charge.succeeded", charge)
        ctx.later(balance.POSTING_DELAY_MS, Task.POST_CHARGE, charge=charge["id"])


def _settle_disputed(ctx: Context, charge: Obj) -> None:
    """The bank paid, and its customer objects at once."""
    settle(ctx, charge)
    dispute_lifecycle.by_card(ctx, charge["id"], "debit_not_authorized")


def book(ctx: Context, charge: Obj) -> None:
    """The row of a debit is written while it is still on its way, as with some accounts."""
    if charge["status"] != "pending" or charge["balance_transaction"]:
        raise ApiError(f"Charge {charge['id']} is not on its way to be booked.", param="charge")
    charge["amount_captured"] = charge["amount"]
    balance.post_charge(ctx, charge)


def fail(ctx: Context, charge: Obj, code: str) -> None:
    """The bank refuses, or sends back what it had paid: what a row brought goes again."""
    if charge["status"] not in ("pending", "succeeded"):
        raise ApiError(f"Charge {charge['id']} is {charge['status']} already.", param="charge")
    if charge["amount_refunded"] or charge["disputed"]:
        raise ApiError(f"Charge {charge['id']} was given back already.", param="charge")
    if charge["status"] == "succeeded":
        balance.post_charge(ctx, charge)
    charge["status"], charge["paid"] = "failed", False
    charge["failure_code"], charge["failure_message"] = code, FAILURES[code]
    charge["outcome"] = charges.declined(code, code, 0)
    if charge["balance_transaction"]:
        _take_back(ctx, charge)
    else:
        charge["captured"] = False
    ctx.tx.touch(charge)
    _emit_failure(ctx, charge)


def _take_back(ctx: Context, charge: Obj) -> None:
    paid = ctx.need("balance_transaction", charge["balance_transaction"])
    memory = hidden(charge)
    settled = memory["settled"] if "settled" in memory else paid["amount"]
    row = balance.post(
        ctx,
        kind="payment_failure_refund",
        category="charge_failure",
        source=charge["id"],
        amount=-settled,
        currency=paid["currency"],
        rate=hidden(paid).get("rate"),
        available_on=paid["available_on"],
        description=f"Payment failure refund for {charge['id']}",
    )
    charge["failure_balance_transaction"] = row["id"]
    fee = _FAILURE_FEE.get(charge["payment_method_details"]["type"])
    if fee:
        balance.post(
            ctx,
            kind="stripe_fee",
            category="fee",
            source=None,
            amount=-fee,
            currency=paid["currency"],
            description=f"Failed debit fee ({charge['id']})",
        )


def _emit_failure(ctx: Context, charge: Obj) -> None:
    if not charge["payment_intent"]:
        ctx.emit("charge.failed", charge)
        return
    intent = ctx.need("payment_intent", charge["payment_intent"])
    intent["amount_received"] = 0
    method = ctx.need("payment_method", charge["payment_method"])
    error = {
        "charge": charge["id"],
        "code": "payment_intent_payment_attempt_failed",
        "message": charge["failure_message"],
        "type": "card_error",
    }
    failure.send_back(ctx, intent, method, error, charge)
