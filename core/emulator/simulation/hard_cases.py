"""Rare but real cases of an account, each a little story whose later steps are tasks.

`GET /_control/hard_cases` lists them; `POST` plays them now, and a history plays them in its past.
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
_FEATURES = dict.fromkeys(captures.REQUESTS, "if_available")


@dataclass
class Stage:
    """Where a case plays: now, with chance of its own, its steps about `unit_ms` apart."""

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


Play = Callable[[Stage], None]
CASES: dict[str, Play] = {}


def _case(play: Play) -> Play:
    CASES[play.__name__.lstrip("_")] = play
    return play


def run(ctx: Context, name: str, seed: str, unit_ms: int) -> list[str]:
    """Play one case; the ids of what it made. The customers are not asked for anything."""
    stage = Stage(ctx, random.Random(seed), unit_ms)
    unattended, ctx.unattended = ctx.unattended, True
    try:
        CASES[name](stage)
    finally:
        ctx.unattended = unattended
        ctx.script = {}
    return stage.made


def _buy(
    stage: Stage,
    method: str = "pm_card_visa",
    currency: str | None = None,
    amount: int | None = None,
    behaviour: Behaviour | None = None,
    **params: Any,
) -> Obj:
    """A payment with an intent; its charge."""
    ctx, coin = stage.ctx, currency or stage.currency()
    number = stage.chance.randrange(10**6)
    ctx.script = {"risk_score": stage.chance.randint(0, 40), "processing_ms": stage.unit_ms}
    if behaviour is not None:
        ctx.script["behaviour"] = behaviour
    intent = payment_intents.create(
        ctx,
        {
            "amount": amount or stage.amount(coin),
            "currency": coin,
            "confirm": True,
            "payment_method": method,
            "description": f"Order C{number}",
            "receipt_email": f"buyer{number}@example.com",
            "metadata": {"order_id": f"C{number}", "user_id": str(900 + number % 50)},
            **params,
        },
    )
    stage.made += [intent["id"], intent["latest_charge"]]
    return ctx.need("charge", intent["latest_charge"])


def _hold(stage: Stage, **params: Any) -> Obj:
    options = {"card": dict(_FEATURES)}
    return _buy(stage, capture_method="manual", payment_method_options=options, **params)


def _direct(stage: Stage, method: str, currency: str, **params: Any) -> Obj:
    """A charge without an intent, by a token or a type."""
    ctx = stage.ctx
    details = params.pop("details", None)
    ctx.script = {"risk_score": stage.chance.randint(0, 40), "processing_ms": stage.unit_ms}
    named = payment_methods.resolve(ctx, f"pm_{method}")
    given = {
        "amount": stage.amount(currency),
        "currency": currency,
        "description": f"Invoice {stage.chance.randrange(10**6)}",
        **params,
    }
    charge = direct_charges.take(ctx, named, given, details)
    stage.made.append(charge["id"])
    return charge


@contextmanager
def _at_version(ctx: Context, version: str) -> Iterator[None]:
    now, ctx.version = ctx.version, version
    try:
        yield
    finally:
        ctx.version = now


# Methods.


@_case
def amazon_pay(stage: Stage) -> None:
    _buy(stage, "pm_amazon_pay", "usd")


@_case
def revolut_pay(stage: Stage) -> None:
    _buy(stage, "pm_revolut_pay", "eur")


@_case
def unknown_method(stage: Stage) -> None:
    """A method type that no SDK names yet."""
    details = {"type": "pay_by_palm", "pay_by_palm": {"hand": "left"}}
    _direct(stage, "link", "usd", details=details)


# Bank debits.


@_case
def debit_refused(stage: Stage) -> None:
    _buy(stage, "pm_usBankAccount_insufficientFunds", "usd")


@_case
def debit_booked_then_refused(stage: Stage) -> None:
    charge = _buy(stage, "pm_sepa_debit", "eur", behaviour=Behaviour(Kind.PROCESSING_FOR_EVER))
    bank_debits.book(stage.ctx, charge)
    stage.later(2, Task.FAIL_CHARGE, charge=charge["id"], code="account_closed")


@_case
def debit_returned_late(stage: Stage) -> None:
    charge = _buy(stage, "pm_usBankAccount_success", "usd")
    stage.later(6, Task.FAIL_CHARGE, charge=charge["id"], code="debit_not_authorized")


@_case
def debit_disputed(stage: Stage) -> None:
    _buy(stage, "pm_sepa_debit", "eur", behaviour=Behaviour(Kind.PROCESSING_DISPUTE))


# Holds.


@_case
def partial_capture(stage: Stage) -> None:
    charge = _hold(stage)
    _capture_half(stage, charge)


@_case
def partial_capture_of_an_old_version(stage: Stage) -> None:
    charge = _hold(stage, currency=stage.chance.choice(("usd", "gbp")))
    with _at_version(stage.ctx, _OLD_VERSION):
        _capture_half(stage, charge)
    stage.later(1, Task.ORDER_REFUND, charge=charge["id"], percent=50)


def _capture_half(stage: Stage, charge: Obj) -> None:
    half = charge["amount"] // 20 * 10
    captures.capture(stage.ctx, charge["payment_intent"], {"amount_to_capture": half})


@_case
def hold_canceled(stage: Stage) -> None:
    charge = _hold(stage)
    stage.later(1, Task.ABANDON, intent=charge["payment_intent"])


@_case
def hold_canceled_by_an_old_version(stage: Stage) -> None:
    charge = _hold(stage)
    with _at_version(stage.ctx, _OLD_VERSION):
        captures.expire(stage.ctx, charge["payment_intent"])


@_case
def hold_expired(stage: Stage) -> None:
    charge = _hold(stage)
    stage.later(2, Task.EXPIRE_AUTHORIZATION, intent=charge["payment_intent"])


@_case
def several_captures(stage: Stage) -> None:
    charge = _hold(stage)
    part = charge["amount"] // 40 * 10
    for number in range(3):
        args = {"intent": charge["payment_intent"], "amount": part, "final": number == 2}
        stage.later(number + 1, Task.CAPTURE_PART, **args)
    stage.later(5, Task.ORDER_REFUND, charge=charge["id"], percent=40)


@_case
def several_captures_never_ended(stage: Stage) -> None:
    charge = _hold(stage)
    part = charge["amount"] // 40 * 10
    intent = charge["payment_intent"]
    stage.later(1, Task.CAPTURE_PART, intent=intent, amount=part, final=False)
    stage.later(3, Task.EXPIRE_AUTHORIZATION, intent=intent)


@_case
def overcapture(stage: Stage) -> None:
    charge = _hold(stage)
    most = charge["payment_method_details"]["card"]["overcapture"]["maximum_amount_capturable"]
    stage.later(1, Task.CAPTURE_PART, intent=charge["payment_intent"], amount=most, final=True)


@_case
def incremental_authorization(stage: Stage) -> None:
    charge = _hold(stage)
    intent, more = charge["payment_intent"], charge["amount"] // 10 * 15
    captures.increment(stage.ctx, intent, {"amount": more // 10 * 10})
    stage.later(1, Task.CAPTURE, intent=intent)


# Rows.


@_case
def late_charge_row(stage: Stage) -> None:
    """Listed three hours after its `created`."""
    hidden(_buy(stage))["row_waits"] = 3 * 3_600


@_case
def late_fee_row(stage: Stage) -> None:
    _move(stage, "stripe_fee", -450, "usd", "Billing usage fee", waits=30 * 3_600)


@_case
def late_dispute_row(stage: Stage) -> None:
    charge = _buy(stage, "pm_card_bypassPending")
    balance.post_charge(stage.ctx, charge)
    stage.ctx.late_rows.order({"seconds": 5 * 3_600, "type": "adjustment"})
    _dispute(stage, charge, "product_not_received")


@_case
def fee_with_parts(stage: Stage) -> None:
    """Tax, the network's and an application's share stand in one fee."""
    ctx, charge = stage.ctx, _buy(stage)
    plain, ctx.switches = ctx.switches, replace(ctx.switches, fee_parts=FEE_PARTS)
    balance.post_charge(ctx, charge)
    ctx.switches = plain


# Charges without an intent.


@_case
def charge_without_intent(stage: Stage) -> None:
    charge = _direct(stage, "card_visa", stage.currency(), metadata={"order_id": "legacy"})
    stage.later(2, Task.ORDER_REFUND, charge=charge["id"], percent=30)


@_case
def debit_without_intent(stage: Stage) -> None:
    _direct(stage, "sepa_debit", "eur")


@_case
def hold_without_intent(stage: Stage) -> None:
    charge = _direct(stage, "card_visa", "usd", capture=False)
    direct_charges.capture(stage.ctx, charge["id"], {"amount": charge["amount"] // 2})


@_case
def hold_without_intent_released(stage: Stage) -> None:
    charge = _direct(stage, "card_visa", "usd", capture=False)
    stage.later(1, Task.ORDER_REFUND, charge=charge["id"], percent=100)


@_case
def dispute_without_intent(stage: Stage) -> None:
    charge = _direct(stage, "card_visa", "usd")
    _dispute(stage, charge, "fraudulent", "won")


@_case
def warning_without_intent(stage: Stage) -> None:
    charge = _direct(stage, "card_mastercard", "usd")
    warning = early_fraud_warnings.warn(stage.ctx, charge["id"], "made_with_stolen_card")
    stage.made += [warning["id"], reviews.order(stage.ctx, charge["id"])["id"]]


# Disputes.


def _dispute(
    stage: Stage,
    charge: Obj,
    reason: str,
    *fates: str,
    amount: int | None = None,
    currency: str | None = None,
) -> Obj:
    """A dispute that is led to one status after the other."""
    dispute = dispute_lifecycle.open_dispute(stage.ctx, charge["id"], reason, amount, currency)
    stage.made.append(dispute["id"])
    for step, status in enumerate(fates, 1):
        stage.later(step, Task.BRING_DISPUTE, dispute=dispute["id"], status=status)
    return dispute


@_case
def dispute_won(stage: Stage) -> None:
    _dispute(stage, _buy(stage), "fraudulent", "under_review", "won")


@_case
def dispute_lost(stage: Stage) -> None:
    _dispute(stage, _buy(stage), "product_not_received", "lost")


@_case
def dispute_partly_lost(stage: Stage) -> None:
    charge = _buy(stage)
    part = charge["amount"] // 40 * 10
    _dispute(stage, charge, "product_unacceptable", "lost", amount=part)
    stage.later(3, Task.ORDER_REFUND, charge=charge["id"], percent=100)


@_case
def two_disputes(stage: Stage) -> None:
    charge = _buy(stage)
    part = charge["amount"] // 40 * 10
    _dispute(stage, charge, "duplicate", "lost", amount=part)
    _dispute(stage, charge, "credit_not_processed", "under_review", "won", amount=part)


@_case
def dispute_reopened(stage: Stage) -> None:
    _dispute(stage, _buy(stage), "fraudulent", "won", "needs_response", "lost")


@_case
def dispute_reopened_and_won_again(stage: Stage) -> None:
    _dispute(stage, _buy(stage), "fraudulent", "won", "needs_response", "under_review", "won")


@_case
def dispute_appealed(stage: Stage) -> None:
    appeal = ("appeal_needs_response", "appeal_under_review")
    _dispute(stage, _buy(stage), "fraudulent", "under_review", "lost", *appeal, "won")


@_case
def appeal_lost(stage: Stage) -> None:
    appeal = ("appeal_needs_response", "appeal_under_review")
    _dispute(stage, _buy(stage), "product_not_received", "lost", *appeal, "lost")


@_case
def appeal_open(stage: Stage) -> None:
    _dispute(stage, _buy(stage), "general", "lost", "appeal_needs_response")


@_case
def dispute_prevented(stage: Stage) -> None:
    _dispute(stage, _buy(stage), "prevented")


@_case
def dispute_prevented_by_refund(stage: Stage) -> None:
    charge = _buy(stage)
    balance.post_charge(stage.ctx, charge)
    _dispute(stage, charge, "prevented_by_refund")


@_case
def dispute_beyond_the_charge(stage: Stage) -> None:
    """The issuer's own currency and rate: more than was paid."""
    charge = _buy(stage, currency="usd")
    _dispute(
        stage, charge, "fraudulent", "lost", amount=charge["amount"] * 11 // 10, currency="eur"
    )


@_case
def inquiry_closed(stage: Stage) -> None:
    _dispute(stage, _buy(stage), "inquiry", "warning_under_review", "warning_closed")


@_case
def inquiry_refunded_then_escalated(stage: Stage) -> None:
    """The refund stands beside the chargeback: both are paid."""
    charge = _buy(stage)
    inquiry = _dispute(stage, charge, "inquiry")
    percent = stage.chance.choice((40, 100))
    stage.later(1, Task.ORDER_REFUND, charge=charge["id"], percent=percent)
    for step, status in enumerate(("needs_response", "lost"), 2):
        stage.later(step, Task.BRING_DISPUTE, dispute=inquiry["id"], status=status)


# Refunds.


@_case
def refund_failed(stage: Stage) -> None:
    charge = _buy(stage)
    stage.later(1, Task.FAILING_REFUND, charge=charge["id"])


@_case
def refund_of_a_wallet_failed(stage: Stage) -> None:
    charge = _buy(stage, "pm_paypal", "usd")
    stage.later(1, Task.FAILING_REFUND, charge=charge["id"])


@_case
def refund_waits_for_the_customer(stage: Stage) -> None:
    charge = _buy(stage, "pm_sepa_debit", "eur", behaviour=SUCCEED)
    balance.post_charge(stage.ctx, charge)
    refund = refunds.create(stage.ctx, {"charge": charge["id"]})
    stage.made.append(refund["id"])
    stage.later(1, Task.ASK_FOR_DESTINATION, refund=refund["id"])
    stage.later(3, Task.CANCEL_REFUND, refund=refund["id"])


# Payouts.


def _pay_out(stage: Stage, currency: str = "usd", method: str = "standard") -> Obj:
    """A payout by hand of half of a sale whose money is available at once, and covers any debt."""
    ctx, amount = stage.ctx, orders.in_currency(60_000, currency)
    debt = max(0, -balance.payable(ctx, currency)) * 11 // 100 * 10
    charge = _buy(stage, "pm_card_bypassPending", currency, amount + debt)
    balance.post_charge(ctx, charge)
    made = payouts.create(
        ctx, {"amount": amount // 20 * 10, "currency": currency, "method": method}
    )
    stage.made.append(made["id"])
    return made


@_case
def payout_by_hand(stage: Stage) -> None:
    _pay_out(stage, stage.chance.choice(("usd", "eur")))


@_case
def payout_instant(stage: Stage) -> None:
    _pay_out(stage, method="instant")


@_case
def payout_canceled(stage: Stage) -> None:
    payouts.call_off(stage.ctx, _pay_out(stage)["id"])


@_case
def payout_failed(stage: Stage) -> None:
    payout = _pay_out(stage)
    stage.ctx.later(2 * 3_600_000, Task.PAYOUT_FATE, payout=payout["id"], status="failed")


@_case
def payout_failed_after_paid(stage: Stage) -> None:
    payout = _pay_out(stage)
    at = payout["arrival_date"] * 1000 - stage.ctx.now_ms + stage.unit_ms
    stage.ctx.later(at, Task.PAYOUT_FATE, payout=payout["id"], status="failed")
    stage.later(3, Task.PAYOUT_FATE, payout="", status="failed")


@_case
def payout_reversed(stage: Stage) -> None:
    payout = _pay_out(stage)
    at = payout["arrival_date"] * 1000 - stage.ctx.now_ms + stage.unit_ms
    stage.ctx.later(at, Task.PAYOUT_FATE, payout=payout["id"], status="reversed")


@_case
def payout_negative(stage: Stage) -> None:
    currency = stage.chance.choice(("usd", "eur", "kwd"))
    stage.ctx.later(_to_midnight(stage) - 5 * _MINUTE_MS, Task.OVERDRAW, currency=currency)


def _to_midnight(stage: Stage) -> int:
    """Milliseconds to the next midnight that is ten minutes away at least."""
    left = _DAY_MS - stage.ctx.now_ms % _DAY_MS
    return left if left > 10 * _MINUTE_MS else left + _DAY_MS


# Movements that no payment makes.


def _move(
    stage: Stage,
    kind: str,
    amount: int,
    currency: str,
    description: str,
    category: str | None = None,
    waits: int = 0,
) -> None:
    stage.ctx.script = {}
    rows = balance_movements.write(
        stage.ctx,
        Movement(
            type=kind,
            amount=amount,
            currency=currency,
            category=category or balance_movements.CATEGORIES[kind],
            description=description,
            waits=waits,
        ),
    )
    stage.made += [row["id"] for row in rows]


def _move_later(stage: Stage, at_ms: int, **movement: Any) -> None:
    stage.ctx.later(at_ms, Task.MOVEMENT, movement=movement)


@_case
def reserve(stage: Stage) -> None:
    _move(stage, "reserve_hold", -12_500, "usd", "Reserve hold")
    release = {"type": "reserve_release", "amount": 12_500, "currency": "usd"}
    _move_later(stage, 4 * stage.unit_ms, description="Reserve release", **release)


@_case
def older_reserve(stage: Stage) -> None:
    _move(stage, "reserve_transaction", -4_000, "usd", "Reserve")
    back = {"type": "reserve_transaction", "amount": 4_000, "currency": "usd"}
    _move_later(stage, 3 * stage.unit_ms, description="Reserve released", **back)


@_case
def minimum_balance(stage: Stage) -> None:
    """Held back from one automatic payout, and free for the next."""
    midnight = _to_midnight(stage)
    for at, kind, amount in (
        (midnight - _MINUTE_MS, "payout_minimum_balance_hold", -10_000),
        (midnight + _MINUTE_MS, "payout_minimum_balance_release", 10_000),
    ):
        words = kind.replace("_", " ").capitalize()
        _move_later(stage, at, type=kind, amount=amount, currency="usd", description=words)


@_case
def topup(stage: Stage) -> None:
    _move(stage, "topup", 25_000, "usd", "Top-up")


@_case
def topup_reversed(stage: Stage) -> None:
    _move(stage, "topup", 9_000, "usd", "Top-up")
    back = {"type": "topup_reversal", "amount": -9_000, "currency": "usd"}
    _move_later(stage, stage.unit_ms, description="Top-up reversal", **back)


@_case
def tax_on_fees(stage: Stage) -> None:
    _move(stage, "tax_fee", -stage.chance.randint(200, 900), "usd", "Sales tax on fees")


@_case
def network_cost(stage: Stage) -> None:
    cost = -stage.chance.randint(300, 4_000)
    _move(stage, "stripe_fee", cost, "usd", "Card network costs", "network_cost")


@_case
def stripe_fees(stage: Stage) -> None:
    for words in ("Radar for Fraud Teams", "Billing usage fee"):
        _move(stage, "stripe_fee", -stage.chance.randint(100, 2_000), "usd", words)


@_case
def capital(stage: Stage) -> None:
    """A loan paid out, and paid down from later sales."""
    _move(stage, "adjustment", 500_000, "usd", "Capital loan", "financing_payout")
    down = {"type": "adjustment", "currency": "usd", "category": "financing_paydown"}
    for step in range(1, 4):
        amount = -stage.chance.randint(2_000, 9_000)
        _move_later(
            stage, step * stage.unit_ms, amount=amount, description="Capital paydown", **down
        )


@_case
def adjustment(stage: Stage) -> None:
    amount = stage.chance.choice((-1, 1)) * stage.chance.randint(100, 5_000)
    _move(stage, "adjustment", amount, "usd", "Adjustment", "other_adjustment")


@_case
def advance(stage: Stage) -> None:
    """An instant payout of what is pending: two rows that come to nothing."""
    _move(stage, "advance", 7_000, "usd", "Advance")
    _move(stage, "advance_funding", -7_000, "usd", "Advance funding")


@_case
def every_category(stage: Stage) -> None:
    """A row of each reporting category that Stripe names and nothing here makes otherwise."""
    for kind, category in sorted(balance_movements.CATEGORIES.items()):
        _move(stage, kind, stage.chance.choice((-1, 1)) * 120, "eur", kind, category)
    for category in balance_movements.ADJUSTMENTS:
        _move(stage, "adjustment", 130, "eur", category, category)


@_case
def unknown_category(stage: Stage) -> None:
    _move(stage, "loyalty_credit", 250, "usd", "Loyalty credit", "loyalty_credit")


@_case
def large_amount(stage: Stage) -> None:
    """Beyond 32 bits, in a currency without cents in daily use."""
    amount = 3 * 10**12 + stage.chance.randrange(10**6)
    _move(stage, "topup", amount, "idr", "Top-up")


def overdraw(ctx: Context, currency: str) -> None:
    """Take so much that the balance is below zero at the next midnight."""
    midnight = (ctx.now // balance.DAY + 1) * balance.DAY
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


def payout_fate(ctx: Context, payout: str, status: str) -> None:
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
