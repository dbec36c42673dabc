"""The balance equals the sum of its rows after any run of payments and what follows them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.emulator.resources import balance, payouts
from core.emulator.resources.balance_movements import CATEGORIES
from core.emulator.simulation.hard_cases import CASES
from core.emulator.state.account_settings import FEE_PARTS
from tests.support.emulator_books import DAY, HOUR, DirectClient, context, faults, quietly

#: GBP has no bank account here, so it converts to USD.
CURRENCIES = ("usd", "eur", "cny", "jpy", "kwd", "gbp")
TOKENS = (
    "pm_card_visa",
    "pm_card_fr",
    "pm_card_bypassPending",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
    "pm_card_createDispute",
    "pm_card_createDisputeInquiry",
    "pm_card_chargeDeclined",
    "pm_card_threeDSecure2Required",
    "pm_sepa_debit",
    "pm_usBankAccount_success",
    "pm_usBankAccount_insufficientFunds",
    "pm_link",
)
STEPS = (
    *("pay", "pay", "hold", "refund", "refund", "dispute", "answer", "pay_out", "cancel", "wait"),
    *("issuer", "issuer", "bank", "refund_fate", "refund_fate", "cancel_refund", "schedule"),
    *("case", "case", "direct", "movement", "late_rows", "switches", "debit", "payouts_now"),
)
STATUSES = (
    *("needs_response", "under_review", "won", "lost", "warning_closed"),
    *("appeal_needs_response", "appeal_under_review"),
)
FATES = ("succeeded", "failed", "requires_action")
ORDERS = st.tuples(
    st.sampled_from(STEPS), st.sampled_from(CURRENCIES), st.integers(0, 10**6), st.integers(1, 100)
)


def do(books: DirectClient, step: str, currency: str, number: int, percent: int) -> None:
    """One order; `number` picks the object or amount, `percent` the part of it."""
    amount = 1_000 + number % 90_000 * 10
    if step == "pay":
        books.pay(currency, amount, TOKENS[number % len(TOKENS)])
    elif step == "hold":
        books.hold_and_capture(currency, amount, max(10, amount * percent // 1000 * 10))
    elif step == "wait":
        books.advance((HOUR, DAY, 3 * DAY, 10 * DAY)[number % 4])
    elif step == "pay_out":
        held = books.api("GET", "balance")["available"]
        books.pay_out(max(held, key=lambda part: part["amount"])["currency"], percent)
    elif step == "cancel":
        [payout] = books.api("GET", "payouts", limit=1)["data"] or [{"id": "po_none"}]
        books.api("POST", f"payouts/{payout['id']}/cancel")
    elif step == "answer":
        answer(books, number)
    elif step == "direct":
        made = books.api(
            "POST",
            "charges",
            amount=amount,
            currency=currency,
            source="tok_visa",
            capture=percent % 3 > 0,
        )
        books.charges.append(made["id"])
    elif step in BY_OTHERS:
        BY_OTHERS[step](books, number)
    elif books.charges:
        after(books, step, books.charges[number % len(books.charges)] or "ch_none", percent)


def after(books: DirectClient, step: str, charge: str, percent: int) -> None:
    if step == "refund":
        left = books.api("GET", f"charges/{charge}")
        part = (left["amount"] - left["amount_refunded"]) * percent // 1000 * 10
        books.api("POST", "refunds", charge=charge, **({"amount": part} if part else {}))
    else:
        reasons = ("product_not_received", "inquiry", "prevented", "prevented_by_refund")
        reason = reasons[percent % 4]
        books.control.others.dispute({"charge": charge, "reason": reason})


def one_of(books: DirectClient, path: str, number: int) -> str:
    found = books.api("GET", path, limit=100)["data"]
    return str(found[number % len(found)]["id"]) if found else "x_none"


def issuer(books: DirectClient, number: int) -> None:
    status = STATUSES[number % len(STATUSES)]
    books.control.others.bring_dispute({"status": status}, one_of(books, "disputes", number))


def bank(books: DirectClient, number: int) -> None:
    payout = one_of(books, "payouts", number)
    if number % 3:
        status = ("canceled", "failed")[number % 3 - 1]
        books.control.others.payout({"status": status}, payout)
    else:
        books.api("POST", f"payouts/{payout}/reverse")


def case(books: DirectClient, number: int) -> None:
    names = list(CASES)
    body = {"names": [names[number % len(names)]], "unit_seconds": 900, "seed": number}
    books.control.run_hard_cases(body)


def movement(books: DirectClient, number: int) -> None:
    kinds = sorted(CATEGORIES)
    body = {
        "type": kinds[number % len(kinds)],
        "amount": number % 4_000 - 2_000,
        "currency": CURRENCIES[number % 5],
        "available_in_days": number % 3,
    }
    books.control.account.movement(body)


def late_rows(books: DirectClient, number: int) -> None:
    books.control.account.late_rows({"seconds": 1 + number % (2 * DAY), "count": 1 + number % 3})


def switches(books: DirectClient, number: int) -> None:
    body: dict[str, Any] = {
        "api_version": ("2024-06-20", "2026-10-28.endive")[number % 2],
        "fee_parts": list(FEE_PARTS[: number % 5]),
        "failed_refund_row": ("payment_refund", "payment_failure_refund")[number % 2],
    }
    books.control.others.change_settings(body)
    given: dict[str, Any] = {"debit_negative_balances": number % 3 > 0}
    minimum = str(number % 4 * 500) if number % 4 else ""
    given["payouts"] = {"minimum_balance_by_currency": {CURRENCIES[number % 5]: minimum}}
    books.api("POST", "balance_settings", payments=given)


def debit(books: DirectClient, number: int) -> None:
    body = {"status": ("failed", "pending", "succeeded")[number % 3]}
    books.control.others.settle_charge(body, one_of(books, "charges", number))


def payouts_now(books: DirectClient, number: int) -> None:
    books.control.others.run_payouts({})


def refund_fate(books: DirectClient, number: int) -> None:
    status = FATES[number % len(FATES)]
    books.control.others.refund({"status": status}, one_of(books, "refunds", number))


def cancel_refund(books: DirectClient, number: int) -> None:
    books.api("POST", f"refunds/{one_of(books, 'refunds', number)}/cancel")


def schedule(books: DirectClient, number: int) -> None:
    given = {"interval": ("manual", "daily", "weekly", "monthly")[number % 4]}
    days = {"weekly_payout_days": ["tuesday", "friday"], "monthly_payout_days": [number % 31 + 1]}
    payouts = {"schedule": {**given, **days}}
    books.api("POST", "balance_settings", payments={"payouts": payouts})


BY_OTHERS = {
    "issuer": issuer,
    "bank": bank,
    "case": case,
    "movement": movement,
    "late_rows": late_rows,
    "switches": switches,
    "debit": debit,
    "payouts_now": payouts_now,
    "refund_fate": refund_fate,
    "cancel_refund": cancel_refund,
    "schedule": schedule,
}


def answer(books: DirectClient, number: int) -> None:
    open_ones = [
        dispute
        for dispute in books.api("GET", "disputes", limit=100)["data"]
        if dispute["status"].endswith("needs_response")
    ]
    if not open_ones:
        return
    path = f"disputes/{open_ones[number % len(open_ones)]['id']}"
    words = ("winning_evidence", "losing_evidence", "We do not know.", None)
    text = words[number % len(words)]
    if text is None:
        books.api("POST", f"{path}/close")
    else:
        books.api("POST", path, evidence={"uncategorized_text": text})


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ORDERS, min_size=5, max_size=40))
def test_balance_is_the_sum_of_its_rows_after_any_run(orders: list[tuple[Any, ...]]) -> None:
    with context() as books:
        for order in orders:
            quietly(do, books, *order)
        assert faults(books) == []
        books.advance(5 * DAY)
        assert faults(books) == []


def busy(books: DirectClient) -> None:
    """At least one of everything that moves the balance."""
    for currency in CURRENCIES:
        books.pay(currency, 12_340, "pm_card_fr")
        won, lost = (books.pay(currency, 50_000, "pm_card_createDispute") for _ in range(2))
        books.hold_and_capture(currency, 9_000, 4_320)
        failing = books.pay(currency, 7_000, "pm_card_refundFail")
        plain = books.pay(currency, 33_330, "pm_card_bypassPending")
        books.control.settle({})
        for charge, amount in ((failing, 7_000), (plain, 1_110), (plain, 20)):
            books.api("POST", "refunds", charge=charge, amount=amount)
        for charge, text in ((won, "winning_evidence"), (lost, "losing_evidence")):
            [dispute] = books.api("GET", "disputes", charge=charge)["data"]
            evidence = {"uncategorized_text": text}
            books.api("POST", f"disputes/{dispute['id']}", evidence=evidence)
        books.control.settle({})
    books.advance(6 * DAY)
    books.pay("usd", 80_000, "pm_card_bypassPending")
    books.control.settle({})
    by_hand, failing = books.pay_out("usd", 40), books.pay_out("usd", 30)
    books.api("POST", f"payouts/{by_hand['id']}/cancel")
    books.control.others.payout({"status": "failed"}, failing["id"])


def test_busy_week_has_every_kind_of_row_and_balances() -> None:
    with context() as books:
        busy(books)
        rows = books.everything("balance_transactions")
        assert {row["reporting_category"] for row in rows} == {
            "charge",
            "refund",
            "refund_failure",
            "dispute",
            "dispute_reversal",
            "fee",
            "payout",
            "payout_reversal",
        }
        assert {row["currency"] for row in rows} == set(CURRENCIES) - {"gbp"}
        assert any(row["exchange_rate"] for row in rows)
        assert faults(books) == []


def test_automatic_payout_is_the_sum_of_its_rows() -> None:
    with context() as books:
        busy(books)
        automatic = [p for p in books.everything("payouts") if p["automatic"]]
        assert {payout["currency"] for payout in automatic} >= {"eur", "jpy", "kwd"}
        for payout in automatic:
            members = books.everything("balance_transactions", payout=payout["id"])
            assert sum(row["net"] for row in members) == 0
            assert payout["balance_transaction"] in {row["id"] for row in members}


def test_payout_whose_row_is_available_too_early_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def at_once(ctx: Any, **row: Any) -> Any:
        return post(ctx, **{**row, "available_on": None})

    post = balance.post
    monkeypatch.setattr(payouts.balance, "post", at_once)
    with context() as books:
        busy(books)
        assert any("arrives" in fault for fault in faults(books))


def test_reserve_that_moves_the_balance_of_payments_alone_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def all_payments(ctx: Any, currency: str, **moved: Any) -> None:
        move(ctx, currency, **{**moved, "balance_type": "payments"})

    move = balance._move
    monkeypatch.setattr(balance, "_move", all_payments)
    with context() as books:
        books.control.account.movement({"type": "reserve_hold", "amount": -5, "currency": "usd"})
        assert any("risk_reserved" in fault for fault in faults(books))


def test_balance_that_moves_without_a_row_is_found() -> None:
    with context() as books:
        books.pay("jpy", 5_000, "pm_card_visa")
        books.control.settle({})
        books.engine.work(lambda ctx: balance._move(ctx, "jpy", available=1, pending=0))
        [fault] = faults(books)
        assert "('payments', 'available', 'jpy')" in fault


def test_row_that_does_not_move_the_balance_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets_what_leaves(ctx: Any, currency: str, *, available: int, **other: Any) -> None:
        move(ctx, currency, available=max(0, available), **other)

    move = balance._move
    monkeypatch.setattr(balance, "_move", forgets_what_leaves)
    with context() as books:
        busy(books)
        assert faults(books)


@pytest.mark.parametrize("name", ["net", "fee", "amount"])
def test_row_that_is_off_by_one_is_found(name: str) -> None:
    with context() as books:
        books.pay("gbp", 5_000, "pm_card_visa")
        books.control.settle({})
        [row] = books.everything("balance_transactions")

        def tamper(ctx: Any) -> None:
            kept = ctx.tx.find(row["id"])
            kept[name] += 1
            ctx.tx.touch(kept)

        books.engine.work(tamper)
        assert faults(books)


@pytest.mark.parametrize("category", ["dispute_reversal", "refund_failure", "payout_reversal"])
def test_return_that_is_off_by_one_is_found(category: str) -> None:
    with context() as books:
        busy(books)
        row = next(
            row
            for row in books.everything("balance_transactions")
            if row["reporting_category"] == category
        )

        def tamper(ctx: Any) -> None:
            kept = ctx.tx.find(row["id"])
            kept["amount"], kept["net"] = kept["amount"] + 1, kept["net"] + 1
            ctx.tx.touch(kept)
            balance._move(ctx, row["currency"], available=1, pending=0)

        books.engine.work(tamper)
        assert any("is left of what went" in fault for fault in faults(books))
