"""Rare but real cases of an account, each a little story whose later steps are tasks.

`GET /_control/hard_cases` lists them; `POST` runs them now, and a history runs them in its past.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from core.emulator.resources import (
    balance,
    balance_movements,
    bank_debits,
    captures,
    direct_charges,
    dispute_lifecycle,
    early_fraud_warnings,
    fees,
    payment_methods,
    payouts,
    refunds,
    reviews,
)
from core.emulator.resources.balance_movements import Movement
from core.emulator.resources.behaviours import SUCCEED, Behaviour, Kind
from core.emulator.resources.payment_intents import api as payment_intents
from core.emulator.simulation import orders
from core.emulator.state.account_settings import FEE_PARTS
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

_OLD_VERSION = "2024-06-20"
_MINUTE_MS = 60_000
_DAY_MS = balance.DAY * 1000
_CURRENCIES = ("usd", "eur", "jpy", "kwd", "gbp")
#: Types whose rows come in pairs, one before the other: what one takes, the other gives back.
_PAIR_SIGNS = {
    "advance": 1,
    "advance_funding": -1,
    "payment_network_reserve_hold": -1,
    "payment_network_reserve_release": 1,
    "payout_minimum_balance_hold": -1,
    "payout_minimum_balance_release": 1,
    "reserve_hold": -1,
    "reserve_release": 1,
    "reserve_transaction": -1,
    "reserved_funds": 1,
}
_FEATURES = dict.fromkeys(captures.REQUESTS, "if_available")


@dataclass
class Case:
    """One run of a case: from now on, with chance of its own, its steps about `unit_ms` apart."""

    ctx: Context
    chance: random.Random
    unit_ms: int
    #: The objects that the case made, its main ones.
    made: list[str] = field(default_factory=list)

    def later(self, units: float, task: Task, **args: Any) -> None:
        self.ctx.later(int(units * self.unit_ms), task, **args)

    def amount(self, currency: str) -> int:
        """A price in minor units, like others of the shop."""
        return orders.in_currency(self.chance.randint(2_000, 40_000), currency)

    def currency(self) -> str:
        return self.chance.choice(_CURRENCIES)


Steps = Callable[[Case], None]
CASES: dict[str, Steps] = {}


def _listed(steps: Steps) -> Steps:
    CASES[steps.__name__] = steps
    return steps


def run(ctx: Context, name: str, seed: str, unit_ms: int) -> list[str]:
    """Run one case; the ids of what it made. The customers are not asked for anything."""
    case = Case(ctx, random.Random(seed), unit_ms)
    unattended, ctx.unattended = ctx.unattended, True
    try:
        CASES[name](case)
    finally:
        ctx.unattended = unattended
        ctx.script = {}
    return case.made


def _buy(
    case: Case,
    method: str = "pm_card_visa",
    currency: str | None = None,
    amount: int | None = None,
    behaviour: Behaviour | None = None,
    **params: Any,
) -> Obj:
    """A payment with an intent; its charge."""
    ctx, coin = case.ctx, currency or case.currency()
    number = case.chance.randrange(10**6)
    ctx.script = {"risk_score": case.chance.randint(0, 40), "processing_ms": case.unit_ms}
    if behaviour is not None:
        ctx.script["behaviour"] = behaviour
    intent = payment_intents.create(
        ctx,
        {
            "amount": amount or case.amount(coin),
            "currency": coin,
            "confirm": True,
            "payment_method": method,
            "description": f"Order C{number}",
            "receipt_email": f"buyer{number}@example.com",
            "metadata": {"order_id": f"C{number}", "user_id": str(900 + number % 50)},
            **params,
        },
    )
    case.made += [intent["id"], intent["latest_charge"]]
    return ctx.need("charge", intent["latest_charge"])


def _hold(case: Case, **params: Any) -> Obj:
    options = {"card": dict(_FEATURES)}
    return _buy(case, capture_method="manual", payment_method_options=options, **params)


def _direct(case: Case, method: str, currency: str, **params: Any) -> Obj:
    """A charge without an intent, by a token or a type."""
    ctx = case.ctx
    details = params.pop("details", None)
    ctx.script = {"risk_score": case.chance.randint(0, 40), "processing_ms": case.unit_ms}
    named = payment_methods.resolve(ctx, f"pm_{method}")
    given = {
        "amount": case.amount(currency),
        "currency": currency,
        "description": f"Invoice {case.chance.randrange(10**6)}",
        **params,
    }
    charge = direct_charges.take(ctx, named, given, details)
    case.made.append(charge["id"])
    return charge


@contextmanager
def _at_version(ctx: Context, version: str) -> Iterator[None]:
    now, ctx.ledger_version = ctx.ledger_version, version
    try:
        yield
    finally:
        ctx.ledger_version = now


# Methods.


@_listed
def amazon_pay(case: Case) -> None:
    _buy(case, "pm_amazon_pay", "usd")


@_listed
def revolut_pay(case: Case) -> None:
    _buy(case, "pm_revolut_pay", "eur")


@_listed
def unknown_method(case: Case) -> None:
    """A method type that no SDK names yet."""
    details = {"type": "pay_by_palm", "pay_by_palm": {"hand": "left"}}
    _direct(case, "link", "usd", details=details)


# Bank debits.


@_listed
def debit_refused(case: Case) -> None:
    _buy(case, "pm_usBankAccount_insufficientFunds", "usd")


@_listed
def debit_booked_then_refused(case: Case) -> None:
    charge = _buy(case, "pm_sepa_debit", "eur", behaviour=Behaviour(Kind.PROCESSING_FOR_EVER))
    bank_debits.book(case.ctx, charge)
    case.later(2, Task.FAIL_CHARGE, charge=charge["id"], code="account_closed")


@_listed
def debit_returned_late(case: Case) -> None:
    charge = _buy(case, "pm_usBankAccount_success", "usd")
    case.later(6, Task.FAIL_CHARGE, charge=charge["id"], code="debit_not_authorized")


@_listed
def debit_disputed(case: Case) -> None:
    _buy(case, "pm_sepa_debit", "eur", behaviour=Behaviour(Kind.PROCESSING_DISPUTE))


# Holds.


@_listed
def partial_capture(case: Case) -> None:
    charge = _hold(case)
    _capture_half(case, charge)


@_listed
def partial_capture_of_an_old_version(case: Case) -> None:
    charge = _hold(case, currency=case.chance.choice(("usd", "gbp")))
    with _at_version(case.ctx, _OLD_VERSION):
        _capture_half(case, charge)
    case.later(1, Task.ORDER_REFUND, charge=charge["id"], percent=50)


def _capture_half(case: Case, charge: Obj) -> None:
    half = charge["amount"] // 20 * 10
    captures.capture(case.ctx, charge["payment_intent"], {"amount_to_capture": half})


@_listed
def hold_canceled(case: Case) -> None:
    charge = _hold(case)
    case.later(1, Task.ABANDON, intent=charge["payment_intent"])


@_listed
def hold_canceled_by_an_old_version(case: Case) -> None:
    charge = _hold(case)
    with _at_version(case.ctx, _OLD_VERSION):
        captures.expire(case.ctx, charge["payment_intent"])


@_listed
def hold_expired(case: Case) -> None:
    charge = _hold(case)
    case.later(2, Task.EXPIRE_AUTHORIZATION, intent=charge["payment_intent"])


@_listed
def several_captures(case: Case) -> None:
    charge = _hold(case)
    part = charge["amount"] // 40 * 10
    for number in range(3):
        args = {"intent": charge["payment_intent"], "amount": part, "final": number == 2}
        case.later(number + 1, Task.CAPTURE_PART, **args)
    case.later(5, Task.ORDER_REFUND, charge=charge["id"], percent=40)


@_listed
def several_captures_never_ended(case: Case) -> None:
    charge = _hold(case)
    part = charge["amount"] // 40 * 10
    intent = charge["payment_intent"]
    case.later(1, Task.CAPTURE_PART, intent=intent, amount=part, final=False)
    case.later(3, Task.EXPIRE_AUTHORIZATION, intent=intent)


@_listed
def overcapture(case: Case) -> None:
    charge = _hold(case)
    most = charge["payment_method_details"]["card"]["overcapture"]["maximum_amount_capturable"]
    case.later(1, Task.CAPTURE_PART, intent=charge["payment_intent"], amount=most, final=True)


@_listed
def incremental_authorization(case: Case) -> None:
    charge = _hold(case)
    intent, more = charge["payment_intent"], charge["amount"] // 10 * 15
    captures.increment(case.ctx, intent, {"amount": more // 10 * 10})
    case.later(1, Task.CAPTURE, intent=intent)


# Rows.


@_listed
def late_charge_row(case: Case) -> None:
    """Listed three hours after its `created`."""
    hidden(_buy(case))["row_waits"] = 3 * 3_600


@_listed
def late_fee_row(case: Case) -> None:
    _move(case, "stripe_fee", -450, "usd", "Billing usage fee", waits=30 * 3_600)


@_listed
def late_dispute_row(case: Case) -> None:
    charge = _buy(case, "pm_card_bypassPending")
    balance.post_charge(case.ctx, charge)
    case.ctx.late_rows.order({"seconds": 5 * 3_600, "type": "adjustment"})
    _dispute(case, charge, "product_not_received")


@_listed
def fee_with_parts(case: Case) -> None:
    """Tax, the network's and an application's share stand in one fee."""
    ctx, charge = case.ctx, _buy(case)
    plain, ctx.switches = ctx.switches, replace(ctx.switches, fee_parts=FEE_PARTS)
    balance.post_charge(ctx, charge)
    ctx.switches = plain


# Charges without an intent.


@_listed
def charge_without_intent(case: Case) -> None:
    charge = _direct(case, "card_visa", case.currency(), metadata={"order_id": "legacy"})
    case.later(2, Task.ORDER_REFUND, charge=charge["id"], percent=30)


@_listed
def debit_without_intent(case: Case) -> None:
    _direct(case, "sepa_debit", "eur")


@_listed
def hold_without_intent(case: Case) -> None:
    charge = _direct(case, "card_visa", "usd", capture=False)
    direct_charges.capture(case.ctx, charge["id"], {"amount": charge["amount"] // 2})


@_listed
def hold_without_intent_released(case: Case) -> None:
    charge = _direct(case, "card_visa", "usd", capture=False)
    case.later(1, Task.ORDER_REFUND, charge=charge["id"], percent=100)


@_listed
def dispute_without_intent(case: Case) -> None:
    charge = _direct(case, "card_visa", "usd")
    _dispute(case, charge, "fraudulent", "won")


@_listed
def warning_without_intent(case: Case) -> None:
    charge = _direct(case, "card_mastercard", "usd")
    warning = early_fraud_warnings.warn(case.ctx, charge["id"], "made_with_stolen_card")
    case.made += [warning["id"], reviews.order(case.ctx, charge["id"])["id"]]


# Disputes.


def _dispute(
    case: Case,
    charge: Obj,
    reason: str,
    *statuses: str,
    amount: int | None = None,
    currency: str | None = None,
) -> Obj:
    """A dispute that is led to one status after the other."""
    dispute = dispute_lifecycle.open_dispute(case.ctx, charge["id"], reason, amount, currency)
    case.made.append(dispute["id"])
    for step, status in enumerate(statuses, 1):
        case.later(step, Task.BRING_DISPUTE, dispute=dispute["id"], status=status)
    return dispute


@_listed
def dispute_won(case: Case) -> None:
    _dispute(case, _buy(case), "fraudulent", "under_review", "won")


@_listed
def dispute_lost(case: Case) -> None:
    _dispute(case, _buy(case), "product_not_received", "lost")


@_listed
def dispute_partly_lost(case: Case) -> None:
    charge = _buy(case)
    part = charge["amount"] // 40 * 10
    _dispute(case, charge, "product_unacceptable", "lost", amount=part)
    case.later(3, Task.ORDER_REFUND, charge=charge["id"], percent=100)


@_listed
def two_disputes(case: Case) -> None:
    charge = _buy(case)
    part = charge["amount"] // 40 * 10
    _dispute(case, charge, "duplicate", "lost", amount=part)
    _dispute(case, charge, "credit_not_processed", "under_review", "won", amount=part)


@_listed
def dispute_reopened(case: Case) -> None:
    _dispute(case, _buy(case), "fraudulent", "won", "needs_response", "lost")


@_listed
def dispute_reopened_and_won_again(case: Case) -> None:
    _dispute(case, _buy(case), "fraudulent", "won", "needs_response", "under_review", "won")


@_listed
def dispute_appealed(case: Case) -> None:
    appeal = ("appeal_needs_response", "appeal_under_review")
    _dispute(case, _buy(case), "fraudulent", "under_review", "lost", *appeal, "won")


@_listed
def appeal_lost(case: Case) -> None:
    appeal = ("appeal_needs_response", "appeal_under_review")
    _dispute(case, _buy(case), "product_not_received", "lost", *appeal, "lost")


@_listed
def appeal_open(case: Case) -> None:
    _dispute(case, _buy(case), "general", "lost", "appeal_needs_response")


@_listed
def dispute_prevented(case: Case) -> None:
    _dispute(case, _buy(case), "prevented")


@_listed
def dispute_prevented_by_refund(case: Case) -> None:
    charge = _buy(case)
    balance.post_charge(case.ctx, charge)
    _dispute(case, charge, "prevented_by_refund")


@_listed
def dispute_beyond_the_charge(case: Case) -> None:
    """The issuer's own currency and rate: more than was paid."""
    charge = _buy(case, currency="usd")
    _dispute(case, charge, "fraudulent", "lost", amount=charge["amount"] * 11 // 10, currency="eur")


@_listed
def inquiry_closed(case: Case) -> None:
    _dispute(case, _buy(case), "inquiry", "warning_under_review", "warning_closed")


@_listed
def inquiry_refunded_then_escalated(case: Case) -> None:
    """The refund stands beside the chargeback: both are paid."""
    charge = _buy(case)
    inquiry = _dispute(case, charge, "inquiry")
    percent = case.chance.choice((40, 100))
    case.later(1, Task.ORDER_REFUND, charge=charge["id"], percent=percent)
    for step, status in enumerate(("needs_response", "lost"), 2):
        case.later(step, Task.BRING_DISPUTE, dispute=inquiry["id"], status=status)


# Refunds.


@_listed
def refund_failed(case: Case) -> None:
    charge = _buy(case)
    case.later(1, Task.FAILING_REFUND, charge=charge["id"])


@_listed
def refund_of_a_wallet_failed(case: Case) -> None:
    charge = _buy(case, "pm_paypal", "usd")
    case.later(1, Task.FAILING_REFUND, charge=charge["id"])


@_listed
def refund_waits_for_the_customer(case: Case) -> None:
    charge = _buy(case, "pm_sepa_debit", "eur", behaviour=SUCCEED)
    balance.post_charge(case.ctx, charge)
    refund = refunds.create(case.ctx, {"charge": charge["id"]})
    case.made.append(refund["id"])
    case.later(1, Task.ASK_FOR_DESTINATION, refund=refund["id"])
    case.later(3, Task.CANCEL_REFUND, refund=refund["id"])


# Payouts.


def _pay_out(case: Case, currency: str = "usd", method: str = "standard") -> Obj:
    """A payout by hand of half of a sale whose money is available at once, and covers any debt."""
    ctx, amount = case.ctx, orders.in_currency(60_000, currency)
    debt = max(0, -balance.payable(ctx, currency)) * 11 // 100 * 10
    charge = _buy(case, "pm_card_bypassPending", currency, amount + debt)
    balance.post_charge(ctx, charge)
    made = payouts.create(
        ctx, {"amount": amount // 20 * 10, "currency": currency, "method": method}
    )
    case.made.append(made["id"])
    return made


@_listed
def payout_by_hand(case: Case) -> None:
    _pay_out(case, case.chance.choice(("usd", "eur")))


@_listed
def payout_instant(case: Case) -> None:
    _pay_out(case, method="instant")


@_listed
def payout_canceled(case: Case) -> None:
    payouts.call_off(case.ctx, _pay_out(case)["id"])


@_listed
def payout_failed(case: Case) -> None:
    payout = _pay_out(case)
    case.ctx.later(2 * 3_600_000, Task.PAYOUT_FATE, payout=payout["id"], status="failed")


@_listed
def payout_failed_after_paid(case: Case) -> None:
    payout = _pay_out(case)
    at = payout["arrival_date"] * 1000 - case.ctx.now_ms + case.unit_ms
    case.ctx.later(at, Task.PAYOUT_FATE, payout=payout["id"], status="failed")
    case.later(3, Task.PAYOUT_FATE, payout="", status="failed")


@_listed
def payout_reversed(case: Case) -> None:
    payout = _pay_out(case)
    at = payout["arrival_date"] * 1000 - case.ctx.now_ms + case.unit_ms
    case.ctx.later(at, Task.PAYOUT_FATE, payout=payout["id"], status="reversed")


@_listed
def payout_negative(case: Case) -> None:
    currency = case.chance.choice(("usd", "eur", "kwd"))
    case.ctx.later(_to_midnight(case) - 5 * _MINUTE_MS, Task.OVERDRAW, currency=currency)


def _to_midnight(case: Case) -> int:
    """Milliseconds to the next midnight that is ten minutes away at least."""
    left = _DAY_MS - case.ctx.now_ms % _DAY_MS
    return left if left > 10 * _MINUTE_MS else left + _DAY_MS


# Movements that no payment makes.


def _move(
    case: Case,
    kind: str,
    amount: int,
    currency: str,
    description: str,
    category: str | None = None,
    waits: int = 0,
) -> None:
    case.ctx.script = {}
    rows = balance_movements.write(
        case.ctx,
        Movement(
            type=kind,
            amount=amount,
            currency=currency,
            category=category or balance_movements.CATEGORIES[kind],
            description=description,
            waits=waits,
        ),
    )
    case.made += [row["id"] for row in rows]


def _move_later(case: Case, at_ms: int, **movement: Any) -> None:
    case.ctx.later(at_ms, Task.MOVEMENT, movement=movement)


@_listed
def reserve(case: Case) -> None:
    _move(case, "reserve_hold", -12_500, "usd", "Reserve hold")
    release = {"type": "reserve_release", "amount": 12_500, "currency": "usd"}
    _move_later(case, 4 * case.unit_ms, description="Reserve release", **release)


@_listed
def older_reserve(case: Case) -> None:
    _move(case, "reserve_transaction", -4_000, "usd", "Reserve")
    back = {"type": "reserve_transaction", "amount": 4_000, "currency": "usd"}
    _move_later(case, 3 * case.unit_ms, description="Reserve released", **back)


@_listed
def minimum_balance(case: Case) -> None:
    """Held back from one automatic payout, and free for the next."""
    midnight = _to_midnight(case)
    for at, kind, amount in (
        (midnight - _MINUTE_MS, "payout_minimum_balance_hold", -10_000),
        (midnight + _MINUTE_MS, "payout_minimum_balance_release", 10_000),
    ):
        words = kind.replace("_", " ").capitalize()
        _move_later(case, at, type=kind, amount=amount, currency="usd", description=words)


@_listed
def topup(case: Case) -> None:
    _move(case, "topup", 25_000, "usd", "Top-up")


@_listed
def topup_reversed(case: Case) -> None:
    _move(case, "topup", 9_000, "usd", "Top-up")
    back = {"type": "topup_reversal", "amount": -9_000, "currency": "usd"}
    _move_later(case, case.unit_ms, description="Top-up reversal", **back)


@_listed
def tax_on_fees(case: Case) -> None:
    _move(case, "tax_fee", -case.chance.randint(200, 900), "usd", "Sales tax on fees")


@_listed
def network_cost(case: Case) -> None:
    cost = -case.chance.randint(300, 4_000)
    _move(case, "stripe_fee", cost, "usd", "Card network costs", "network_cost")


@_listed
def stripe_fees(case: Case) -> None:
    for words in ("Radar for Fraud Teams", "Billing usage fee"):
        _move(case, "stripe_fee", -case.chance.randint(100, 2_000), "usd", words)


@_listed
def capital(case: Case) -> None:
    """A loan paid out, and paid down from later sales."""
    _move(case, "adjustment", 500_000, "usd", "Capital loan", "financing_payout")
    down = {"type": "adjustment", "currency": "usd", "category": "financing_paydown"}
    for step in range(1, 4):
        amount = -case.chance.randint(2_000, 9_000)
        _move_later(case, step * case.unit_ms, amount=amount, description="Capital paydown", **down)


@_listed
def adjustment(case: Case) -> None:
    amount = case.chance.choice((-1, 1)) * case.chance.randint(100, 5_000)
    _move(case, "adjustment", amount, "usd", "Adjustment", "other_adjustment")


@_listed
def advance(case: Case) -> None:
    """An instant payout of what is pending: two rows that come to nothing."""
    _move(case, "advance", 7_000, "usd", "Advance")
    _move(case, "advance_funding", -7_000, "usd", "Advance funding")


@_listed
def every_category(case: Case) -> None:
    """A row of each reporting category that Stripe names and nothing here makes otherwise; what is
    held back is released."""
    for kind, category in sorted(balance_movements.CATEGORIES.items()):
        sign = _PAIR_SIGNS.get(kind) or case.chance.choice((-1, 1))
        _move(case, kind, sign * 120, "eur", kind, category)
    for category in balance_movements.ADJUSTMENTS:
        _move(case, "adjustment", 130, "eur", category, category)


@_listed
def unknown_category(case: Case) -> None:
    _move(case, "loyalty_credit", 250, "usd", "Loyalty credit", "loyalty_credit")


@_listed
def large_amount(case: Case) -> None:
    """Beyond 32 bits, in a currency without cents in daily use."""
    amount = 3 * 10**12 + case.chance.randrange(10**6)
    _move(case, "topup", amount, "idr", "Top-up")


def overdraw(ctx: Context, currency: str) -> None:
    """Take so much that the balance is below zero at the next midnight."""
    midnight = (ctx.now // balance.DAY + 1) * balance.DAY
    ctx.tx.flush_rows()
    [coming] = ctx.tx.db.execute(
        "SELECT coalesce(sum(net), 0) FROM unreleased WHERE currency = ? AND available_on <= ?"
        " AND balance_type = ? AND NOT counts",
        (currency, midnight, balance.PAYMENTS),
    ).fetchone()
    balance.release(ctx)
    free = balance.payable(ctx, currency) + int(coming)
    short = fees.FIXED[currency] * 50 // 10 * 10
    wanted = Movement("adjustment", -(free + short), currency, "other_adjustment")
    wanted.description = "Adjustment"
    balance_movements.write(ctx, wanted)


def end_payout(ctx: Context, payout: str, status: str) -> None:
    """What becomes of a payout; without its id, of the newest automatic one that is paid."""
    if not payout:
        ctx.tx.flush()
        row = ctx.tx.db.execute(
            "SELECT id FROM objects WHERE object = 'payout' AND status = 'paid'"
            " AND json_extract(body, '$.automatic') AND json_extract(body, '$.amount') > 0"
            " ORDER BY created DESC, seq DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return
        payout = row[0]
    try:
        if status == "reversed":
            payouts.reverse(ctx, payout, {})
        else:
            payouts.fail(ctx, payout, "account_closed")
    except ApiError:
        return  # something else became of it
