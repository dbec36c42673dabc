"""Each hard case leaves what it is named after, in the API and in books that balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from core.emulator.simulation import history
from core.emulator.simulation.hard_cases import CASES
from tests.support.emulator_books import DAY, DirectClient, context, faults
from tests.support.sdk_shapes import faults as shape_faults

#: When the histories end.
NOON = 1_788_782_400
LISTS = (
    *("charges", "refunds", "disputes", "payouts", "balance_transactions", "payment_intents"),
    *("reviews", "radar/early_fraud_warnings"),
)
#: What no SDK knows is the point of these, or what only an older version answers.
ODD_SHAPES = {"unknown_method", "unknown_category", "hold_canceled_by_an_old_version"}


def rows(books: DirectClient) -> Counter[tuple[str, str]]:
    found = books.everything("balance_transactions")
    return Counter((row["type"], row["reporting_category"]) for row in found)


def has(*wanted: tuple[str, str]) -> Callable[[DirectClient], bool]:
    return lambda books: set(wanted) <= rows(books).keys()


def any_of(path: str, **wanted: Any) -> Callable[[DirectClient], bool]:
    def look(books: DirectClient) -> bool:
        return any(
            all(obj.get(name) == value for name, value in wanted.items())
            for obj in books.everything(path)
        )

    return look


def funding_is_an_object(kind: str) -> Callable[[DirectClient], bool]:
    def look(books: DirectClient) -> bool:
        [charge] = books.everything("charges")
        return charge["payment_method_details"][kind]["funding"]["type"] == "card"

    return look


def captured(books: DirectClient, part: Callable[[dict[str, Any]], bool]) -> bool:
    [charge] = books.everything("charges")
    return charge["captured"] is True and part(charge)


def reversed_one(books: DirectClient) -> bool:
    return any(payout["reversed_by"] for payout in books.everything("payouts"))


def event_says(kind: str) -> Callable[[DirectClient], bool]:
    return lambda books: bool(books.everything("events", type=kind))


def statuses(*wanted: str) -> Callable[[DirectClient], bool]:
    return lambda books: sorted(d["status"] for d in books.everything("disputes")) == list(wanted)


TRACES: dict[str, Callable[[DirectClient], bool]] = {
    "amazon_pay": funding_is_an_object("amazon_pay"),
    "revolut_pay": funding_is_an_object("revolut_pay"),
    "unknown_method": any_of("charges", payment_intent=None, status="succeeded"),
    "debit_refused": any_of("charges", status="failed", balance_transaction=None),
    "debit_booked_then_refused": has(("payment_failure_refund", "charge_failure")),
    "debit_returned_late": has(("payment", "charge"), ("payment_failure_refund", "charge_failure")),
    "debit_disputed": statuses("lost"),
    "partial_capture": lambda b: captured(b, lambda c: c["amount_captured"] < c["amount"]),
    "partial_capture_of_an_old_version": has(("refund", "partial_capture_reversal")),
    "hold_canceled": any_of("payment_intents", status="canceled", cancellation_reason="abandoned"),
    "hold_canceled_by_an_old_version": any_of("charges", refunded=True, amount_captured=None),
    "hold_expired": any_of("payment_intents", cancellation_reason="expired"),
    "several_captures": lambda b: rows(b)["charge", "charge"] == 3,
    "several_captures_never_ended": lambda b: captured(b, lambda c: c["amount_captured"] > 0),
    "overcapture": lambda b: captured(b, lambda c: c["amount_captured"] > c["amount"]),
    "incremental_authorization": event_says("charge.updated"),
    "late_charge_row": has(("charge", "charge")),
    "late_fee_row": has(("stripe_fee", "fee")),
    "late_dispute_row": has(("adjustment", "dispute")),
    "fee_with_parts": lambda b: (
        {
            part["type"]
            for row in b.everything("balance_transactions")
            for part in row["fee_details"]
        }
        == {
            *("stripe_fee", "tax", "withheld_tax", "application_fee"),
            "payment_method_passthrough_fee",
        }
    ),
    "charge_without_intent": any_of("refunds", payment_intent=None),
    "debit_without_intent": any_of("charges", payment_intent=None, status="succeeded"),
    "hold_without_intent": lambda b: captured(b, lambda c: c["payment_intent"] is None),
    "hold_without_intent_released": any_of("refunds", balance_transaction=None),
    "dispute_without_intent": any_of("disputes", payment_intent=None, status="won"),
    "warning_without_intent": any_of("radar/early_fraud_warnings", payment_intent=None),
    "dispute_won": statuses("won"),
    "dispute_lost": statuses("lost"),
    "dispute_partly_lost": lambda b: statuses("lost")(b) and len(b.everything("refunds")) == 1,
    "two_disputes": statuses("lost", "won"),
    "dispute_reopened": lambda b: rows(b)["adjustment", "dispute"] == 2,
    "dispute_reopened_and_won_again": lambda b: rows(b)["adjustment", "dispute_reversal"] == 2,
    "dispute_appealed": lambda b: statuses("won")(b) and rows(b)["adjustment", "dispute"] == 1,
    "appeal_lost": statuses("lost"),
    "appeal_open": statuses("lost"),
    "dispute_prevented": has(("adjustment", "dispute")),
    "dispute_prevented_by_refund": lambda b: statuses("prevented")(b) and has(("refund",) * 2)(b),
    "dispute_beyond_the_charge": any_of("disputes", currency="eur"),
    "inquiry_closed": statuses("warning_closed"),
    "inquiry_refunded_then_escalated": has(("adjustment", "dispute"), ("refund", "refund")),
    "refund_failed": has(("refund_failure", "refund_failure")),
    "refund_of_a_wallet_failed": lambda b: rows(b)["payment_refund", "refund"] == 2,
    "refund_waits_for_the_customer": any_of("refunds", status="canceled"),
    "payout_by_hand": any_of("payouts", automatic=False, status="paid"),
    "payout_instant": any_of("payouts", method="instant", status="paid"),
    "payout_canceled": has(("payout_cancel", "payout_reversal")),
    "payout_failed": has(("payout_failure", "payout_reversal")),
    "payout_failed_after_paid": event_says("payout.paid"),
    "payout_reversed": reversed_one,
    "payout_negative": lambda b: any(p["amount"] < 0 for p in b.everything("payouts")),
    "reserve": lambda b: (
        {
            row["balance_type"]
            for row in b.everything("balance_transactions", type="reserve_release")
        }
        == {"payments", "risk_reserved"}
    ),
    "older_reserve": has(("reserve_transaction", "risk_reserved_funds")),
    "minimum_balance": has(
        ("payout_minimum_balance_hold",) * 2, ("payout_minimum_balance_release",) * 2
    ),
    "topup": has(("topup", "topup")),
    "topup_reversed": has(("topup_reversal", "topup_reversal")),
    "tax_on_fees": has(("tax_fee", "tax")),
    "network_cost": has(("stripe_fee", "network_cost")),
    "stripe_fees": has(("stripe_fee", "fee")),
    "capital": has(("adjustment", "financing_payout"), ("adjustment", "financing_paydown")),
    "adjustment": has(("adjustment", "other_adjustment")),
    "advance": has(("advance", "advance"), ("advance_funding", "advance_funding")),
    "every_category": lambda b: len({category for _, category in rows(b)}) >= 36,
    "unknown_category": has(("loyalty_credit", "loyalty_credit")),
    "large_amount": lambda b: any(
        row["net"] > 10**12 for row in b.everything("balance_transactions")
    ),
}


def test_every_case_has_its_trace() -> None:
    assert TRACES.keys() == CASES.keys()


@pytest.mark.parametrize("name", sorted(CASES))
def test_case_leaves_what_it_is_named_after(name: str) -> None:
    with context() as books:
        made = books.control.run_hard_cases({"names": [name], "unit_seconds": 600})["cases"][name]
        assert all(made)
        assert faults(books) == []
        books.advance(DAY)
        assert faults(books) == []
        books.advance(13 * DAY)
        assert TRACES[name](books)
        assert faults(books) == []
        if name not in ODD_SHAPES:
            for path in LISTS:
                assert [
                    shape_faults(obj) for obj in books.everything(path) if shape_faults(obj)
                ] == []


@pytest.mark.parametrize(("days", "per_day", "seed"), [(2, 10, 1), (8, 15, 2), (33, 5, 3)])
def test_history_with_every_case_has_them_and_balances(days: int, per_day: int, seed: int) -> None:
    with context() as books:
        books.control.clock({"now": NOON, "frozen": True})
        list(history.write(books.engine, days, per_day, seed, hard=list(CASES)))
        assert faults(books) == []
        seen = {category for _, category in rows(books)}
        assert seen >= {"charge_failure", "partial_capture_reversal", "tax", "network_cost"}
        assert seen >= {"financing_payout", "risk_reserved_funds", "topup", "dispute_reversal"}
        books.advance(70 * DAY)
        assert faults(books) == []


def test_cases_leave_the_ordinary_business_as_it_is() -> None:
    sums = []
    for hard in ([], ["amazon_pay", "dispute_won", "payout_negative"]):
        with context() as books:
            books.control.clock({"now": NOON, "frozen": True})
            list(history.write(books.engine, 4, 10, 6, hard=hard))
            intents = books.everything("payment_intents")
            plain = [i for i in intents if not i["metadata"]["order_id"].startswith("C")]
            sums.append([(i["amount"], i["created"], i["metadata"]["order_id"]) for i in plain])
    assert sums[0] == sums[1]
    assert len(sums[0]) == 40


def test_ledger_of_a_payment_adds_up_its_rows() -> None:
    with context() as books:
        made = books.control.run_hard_cases({"names": ["dispute_partly_lost"], "unit_seconds": 60})
        books.advance(DAY)
        intent, charge, _ = made["cases"]["dispute_partly_lost"]
        told = books.control.others.ledger({"payment_intent": intent})
        assert told == books.control.others.ledger({"charge": charge})
        found = [r for r in books.everything("balance_transactions") if r["type"] != "payout"]
        assert sorted(told["rows"]) == sorted(row["id"] for row in found)
        assert told["net"] == sum(row["net"] for row in found)
        assert told["by_category"].keys() == {"charge", "dispute", "refund"}


def test_unknown_case_is_refused_by_name() -> None:
    with context() as books, pytest.raises(Exception, match="names must be true, false or of"):
        books.control.run_hard_cases({"names": ["moon"]})
