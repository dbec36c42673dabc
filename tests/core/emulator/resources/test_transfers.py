"""Money that leaves for connected accounts and comes from the bank: the books follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.emulator.state.errors import ApiError
from tests.support.emulator_books import DirectClient, context, faults


@pytest.fixture
def books() -> Iterator[DirectClient]:
    with context() as found:
        yield found


def test_transfer_and_its_reversal_move_the_balance(books: DirectClient) -> None:
    books.api("POST", "topups", amount=5000, currency="usd")
    account = books.api("POST", "accounts", type="standard")["id"]
    made = books.api("POST", "transfers", amount=3000, currency="usd", destination=account)
    with pytest.raises(ApiError, match="greater than unreversed"):
        books.api("POST", f"transfers/{made['id']}/reversals", amount=3001)
    books.api("POST", f"transfers/{made['id']}/reversals", amount=1000)
    assert books.api("GET", f"transfers/{made['id']}")["reversed"] is False
    books.api("POST", f"transfers/{made['id']}/reversals")
    assert books.api("GET", f"transfers/{made['id']}")["amount_reversed"] == 3000
    rows = [(row["type"], row["net"]) for row in books.everything("balance_transactions")]
    assert rows == [
        ("transfer_refund", 2000),
        ("transfer_refund", 1000),
        ("transfer", -3000),
        ("topup", 5000),
    ]
    assert faults(books) == []


def test_transfer_needs_the_money_and_an_account(books: DirectClient) -> None:
    account = books.api("POST", "accounts")["id"]
    with pytest.raises(ApiError) as refusal:
        books.api("POST", "transfers", amount=1, currency="usd", destination=account)
    assert refusal.value.error["code"] == "balance_insufficient"
    with pytest.raises(ApiError, match="No such destination"):
        books.api("POST", "transfers", amount=1, currency="usd", destination="acct_nobody")


def test_account_that_left_is_not_found(books: DirectClient) -> None:
    account = books.api("POST", "accounts")["id"]
    books.api("POST", f"accounts/{account}", metadata={"shop": "7"})
    assert books.api("GET", f"accounts/{account}")["metadata"] == {"shop": "7"}
    books.api("DELETE", f"accounts/{account}")
    with pytest.raises(ApiError) as refusal:
        books.api("GET", f"accounts/{account}")
    assert refusal.value.status == 404


def test_money_of_a_card_that_settles_at_once_can_be_paid_out_at_once(books: DirectClient) -> None:
    books.pay("usd", 2000, "pm_card_bypassPending")
    paid = books.api("POST", "payouts", amount=1100, currency="usd")
    assert paid["status"] == "pending"
    assert faults(books) == []
    kinds = {event["type"] for event in books.everything("events")}
    assert "balance.available" in kinds
