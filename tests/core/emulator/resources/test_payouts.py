"""Payouts go by the schedule, hold the rows they pay, and come back when the bank refuses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_books import context
from tests.support.emulator_clients import client_of, pay, raw
from tests.support.sdk_shapes import faults

DAY = 86_400
#: A Monday, so that days of the week and of the month can be told.
MONDAY = int(datetime(2027, 2, 1, 12, tzinfo=UTC).timestamp())


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        running.control("POST", "clock", {"now": MONDAY, "frozen": True})
        yield running


@pytest.fixture
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def schedule(client: stripe.StripeClient, **given: Any) -> Any:
    changed = client.v1.balance_settings.update({"payments": {"payouts": {"schedule": given}}})
    assert faults(changed.to_dict()) == []
    payouts = changed.payments.payouts
    assert payouts is not None
    assert payouts.schedule is not None
    return payouts.schedule.to_dict()


def sell_daily(emulator: RunningEmulator, client: stripe.StripeClient, days: int) -> None:
    """One payment at noon of each day, available at once."""
    for _ in range(days):
        pay(client, "pm_card_bypassPending")
        emulator.advance(DAY)


def days_of(client: stripe.StripeClient) -> list[str]:
    """The days on which automatic payouts were made, oldest first."""
    found = [p for p in client.v1.payouts.list({"limit": 100}).data if p.automatic]
    return [datetime.fromtimestamp(p.created, UTC).strftime("%m-%d") for p in reversed(found)]


def events_of(client: stripe.StripeClient, payout: stripe.Payout) -> list[tuple[str, str]]:
    found = client.v1.events.list({"limit": 100}).data
    return [
        (event.type.removeprefix("payout."), event.data.object["status"])
        for event in reversed(found)
        if event.data.object.to_dict().get("id") == payout.id
    ]


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({"interval": "daily"}, ["02-02", "02-03", "02-04", "02-05"]),
        ({"interval": "manual"}, []),
        ({"interval": "weekly", "weekly_payout_days": ["thursday", "tuesday"]}, ["02-02", "02-04"]),
        ({"interval": "monthly", "monthly_payout_days": [3]}, ["02-03"]),
    ],
)
def test_payouts_go_on_the_days_of_the_schedule(
    emulator: RunningEmulator, client: stripe.StripeClient, given: dict[str, Any], days: list[str]
) -> None:
    schedule(client, **given)
    sell_daily(emulator, client, 4)
    assert days_of(client) == days


def test_last_days_of_a_month_are_the_last_day_of_a_shorter_one(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    assert schedule(client, interval="monthly", monthly_payout_days=[31, 30, 30]) == {
        "interval": "monthly",
        "monthly_payout_days": [30, 31],
    }
    pay(client, "pm_card_bypassPending")
    emulator.advance(26 * DAY)
    assert days_of(client) == []
    emulator.advance(DAY)
    assert days_of(client) == ["02-28"]


def test_what_waited_is_paid_when_the_schedule_starts_again(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    schedule(client, interval="manual")
    sell_daily(emulator, client, 3)
    net = sum(row.net for row in client.v1.balance_transactions.list({"limit": 100}).data)
    by_hand = client.v1.payouts.create({"amount": 1000, "currency": "usd"})
    schedule(client, interval="daily")
    emulator.advance(DAY)
    automatic = next(p for p in client.v1.payouts.list().data if p.automatic)
    rows = client.v1.balance_transactions.list({"payout": automatic.id, "limit": 100}).data
    assert automatic.amount == net - 1000
    assert sum(row.net for row in rows) == 0
    assert by_hand.balance_transaction in {row.id for row in rows}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"interval": "weekly"}, "weekly_payout_days"),
        ({"interval": "monthly", "monthly_payout_days": [0]}, "monthly_payout_days"),
        ({"interval": "hourly"}, "interval"),
        ({"interval": "weekly", "weekly_payout_days": ["sunday"]}, "weekly_payout_days"),
    ],
)
def test_schedule_without_its_days_is_refused(
    client: stripe.StripeClient, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        schedule(client, **given)
    assert named in str(caught.value.param)
    settings = client.v1.balance_settings.retrieve()
    assert settings.payments.payouts.schedule.interval == "daily"  # type: ignore[union-attr]


def test_account_shows_the_schedule(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    schedule(client, interval="weekly", weekly_payout_days=["friday", "monday"])
    account = json.loads(raw(emulator, "GET", "/v1/account").body)
    assert faults(account) == []
    assert account["settings"]["payouts"]["schedule"] == {
        "delay_days": 2,
        "interval": "weekly",
        "weekly_anchor": "monday",
        "weekly_payout_days": ["monday", "friday"],
    }
    [event] = client.v1.events.list({"type": "balance_settings.updated"}).data
    assert event.data.object["object"] == "balance_settings"


def automatic_one(emulator: RunningEmulator, client: stripe.StripeClient) -> stripe.Payout:
    sell_daily(emulator, client, 1)
    [payout] = client.v1.payouts.list().data
    return payout


def test_automatic_payout_tells_each_step(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    payout = automatic_one(emulator, client)
    emulator.advance(3 * DAY)
    assert events_of(client, payout) == [
        ("created", "pending"),
        ("updated", "in_transit"),
        ("paid", "paid"),
        ("reconciliation_completed", "paid"),
    ]
    paid = client.v1.payouts.retrieve(payout.id)
    assert (paid.reconciliation_status, faults(paid.to_dict())) == ("completed", [])


@pytest.mark.parametrize("first", ["pending", "in_transit", "paid"])
def test_failed_payout_is_in_the_next_one(
    emulator: RunningEmulator, client: stripe.StripeClient, first: str
) -> None:
    pay(client, "pm_card_bypassPending")
    emulator.control("POST", "clock", {"now": MONDAY // DAY * DAY + DAY})
    [payout] = client.v1.payouts.list().data
    if first != "pending":
        emulator.control("POST", f"payouts/{payout.id}", {"status": first})
    emulator.control(
        "POST", f"payouts/{payout.id}", {"status": "failed", "failure_code": "account_closed"}
    )
    failed = client.v1.payouts.retrieve(payout.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    row: Any = failed.failure_balance_transaction
    assert faults(failed.to_dict()) == []
    assert (row.type, row.reporting_category, row.net) == (
        "payout_failure",
        "payout_reversal",
        payout.amount,
    )
    assert events_of(client, payout)[-1] == ("failed", "failed")
    emulator.advance(DAY)
    again = client.v1.payouts.list().data[0]
    assert (again.id != payout.id, again.amount) == (True, payout.amount)
    with pytest.raises(ValueError, match="failed already"):
        emulator.control("POST", f"payouts/{payout.id}", {"status": "failed"})


def test_payout_by_hand_can_be_canceled_until_it_leaves(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    schedule(client, interval="manual")
    sell_daily(emulator, client, 1)
    first, second = (client.v1.payouts.create({"amount": 500, "currency": "usd"}) for _ in range(2))
    assert client.v1.payouts.cancel(first.id).status == "canceled"
    assert events_of(client, first)[-1] == ("canceled", "canceled")
    emulator.advance(3_600)
    assert client.v1.payouts.retrieve(second.id).status == "in_transit"
    with pytest.raises(stripe.InvalidRequestError, match="pending"):
        client.v1.payouts.cancel(second.id)
    balance = client.v1.balance.retrieve()
    rows = client.v1.balance_transactions.list({"limit": 100}).data
    held = [(balance.available[0].amount, "available"), (balance.pending[0].amount, "pending")]
    for amount, status in held:
        assert amount == sum(row.net for row in rows if row.status == status)
    assert {row.status for row in rows if row.type in ("payout", "payout_cancel")} == {"pending"}


def test_a_payout_that_went_late_moves_no_later_one() -> None:
    midnight = MONDAY // DAY * DAY * 1000
    with context() as books:
        books.control.clock({"now": midnight // 1000 - 60})
        # What is due runs up to a quarter of a second late where the clock goes by itself.
        books.engine.clock.set(midnight + 200)
        assert books.engine.run_due() == 1
        assert books.engine.next_due_ms() == midnight + DAY * 1000


def test_row_of_a_payout_is_available_on_the_day_it_arrives(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    payout = automatic_one(emulator, client)
    row = client.v1.balance_transactions.retrieve(str(payout.balance_transaction))
    assert row.available_on == payout.arrival_date
    assert payout.arrival_date % DAY == 0
    assert (row.status, row.net) == ("pending", -payout.amount)
    emulator.control("POST", "clock", {"now": payout.arrival_date + 60})
    row = client.v1.balance_transactions.retrieve(row.id)
    assert (row.status, client.v1.balance.retrieve().available[0].amount) == ("available", 0)


def test_money_under_way_is_paid_out_once(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    schedule(client, interval="manual")
    sell_daily(emulator, client, 1)
    held = client.v1.balance.retrieve().available[0].amount
    client.v1.payouts.create({"amount": held, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": 1, "currency": "usd"})
    assert caught.value.code == "balance_insufficient"


def indebted(client: stripe.StripeClient, emulator: RunningEmulator) -> int:
    """A balance below zero at the coming midnight; what it then is."""
    paid = pay(client, "pm_card_bypassPending", amount=5000)
    emulator.settle()
    emulator.control("POST", "disputes", {"charge": paid.latest_charge})
    return sum(row.net for row in client.v1.balance_transactions.list().data)


@pytest.mark.parametrize("interval", ["daily", "manual"])
def test_negative_balance_is_debited_from_the_bank(
    emulator: RunningEmulator, client: stripe.StripeClient, interval: str
) -> None:
    schedule(client, interval=interval)
    short = indebted(client, emulator)
    assert short < 0
    emulator.advance(DAY)
    [payout] = client.v1.payouts.list().data
    assert (payout.amount, payout.automatic, faults(payout.to_dict())) == (short, True, [])
    rows = client.v1.balance_transactions.list({"payout": payout.id}).data
    assert sum(row.net for row in rows) == 0
    own = client.v1.balance_transactions.retrieve(str(payout.balance_transaction))
    assert (own.type, own.amount) == ("payout", -short)
    emulator.advance(2 * DAY)
    assert client.v1.payouts.retrieve(payout.id).status == "paid"
    assert client.v1.balance.retrieve().available[0].amount == 0
    assert len(client.v1.payouts.list().data) == 1


def test_negative_balance_stays_where_the_settings_say_so(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    client.v1.balance_settings.update({"payments": {"debit_negative_balances": False}})
    short = indebted(client, emulator)
    emulator.advance(3 * DAY)
    assert client.v1.payouts.list().data == []
    assert client.v1.balance.retrieve().available[0].amount == short


def test_instant_payout_arrives_at_once_for_a_fee(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    schedule(client, interval="manual")
    pay(client, "pm_card_bypassPending", amount=20_000)
    emulator.settle()
    payout = client.v1.payouts.create({"amount": 9000, "currency": "usd", "method": "instant"})
    assert (payout.method, payout.reconciliation_status) == ("instant", "not_applicable")
    row = client.v1.balance_transactions.retrieve(str(payout.balance_transaction))
    assert (row.amount, row.fee, row.net, row.status) == (-9000, 90, -9090, "available")
    emulator.advance(120)
    assert client.v1.payouts.retrieve(payout.id).status == "paid"


def test_reversed_payout_names_the_one_that_takes_it_back(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    payout = automatic_one(emulator, client)
    emulator.advance(3 * DAY)
    back = client.v1.payouts.reverse(payout.id)
    assert (back.amount, back.original_payout, back.automatic) == (-payout.amount, payout.id, False)
    assert client.v1.payouts.retrieve(payout.id).reversed_by == back.id
    row = client.v1.balance_transactions.retrieve(str(back.balance_transaction))
    assert (row.type, row.amount) == ("payout", payout.amount)
    assert events_of(client, payout)[-1] == ("updated", "paid")
    with pytest.raises(stripe.InvalidRequestError, match="already been reversed"):
        client.v1.payouts.reverse(payout.id)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be reversed"):
        client.v1.payouts.reverse(back.id)


@pytest.mark.parametrize(("hours", "status"), [(0, "canceled"), (2, "in_transit")])
def test_reversal_is_canceled_when_its_payout_fails_before_it_left(
    emulator: RunningEmulator, client: stripe.StripeClient, hours: int, status: str
) -> None:
    payout = automatic_one(emulator, client)
    emulator.advance(3 * DAY)
    back = client.v1.payouts.reverse(payout.id)
    emulator.advance(hours * 3_600)
    emulator.control("POST", f"payouts/{payout.id}", {"status": "failed"})
    assert client.v1.payouts.retrieve(payout.id).status == "failed"
    assert client.v1.payouts.retrieve(back.id).status == status
    rows = client.v1.balance_transactions.list({"source": back.id}).data
    assert sum(row.net for row in rows) == (0 if status == "canceled" else payout.amount)


def test_stripe_may_cancel_an_automatic_payout(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    pay(client, "pm_card_bypassPending")
    emulator.control("POST", "clock", {"now": MONDAY // DAY * DAY + DAY})
    [payout] = client.v1.payouts.list().data
    emulator.control("POST", f"payouts/{payout.id}", {"status": "canceled"})
    canceled = client.v1.payouts.retrieve(payout.id, {"expand": ["failure_balance_transaction"]})
    row: Any = canceled.failure_balance_transaction
    assert (canceled.status, row.type, row.net) == ("canceled", "payout_cancel", payout.amount)
    assert emulator.control("POST", "payouts") == {"payouts": [client.v1.payouts.list().data[0].id]}


def test_payout_carries_the_accounts_descriptor(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    client.v1.balance_settings.update({"payments": {"payouts": {"statement_descriptor": "SHOP"}}})
    assert automatic_one(emulator, client).statement_descriptor == "SHOP"


def keep(client: stripe.StripeClient, **minimums: str) -> dict[str, int]:
    """Set minimum balances by currency; those that stand then."""
    given: Any = {"payouts": {"minimum_balance_by_currency": minimums}}
    changed = client.v1.balance_settings.update({"payments": given})
    assert faults(changed.to_dict()) == []
    found: Any = changed.payments.payouts
    return dict(found.minimum_balance_by_currency.to_dict())


def test_minimum_balance_is_held_from_each_payout_and_released_for_the_next(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    keep(client, usd="500")
    sell_daily(emulator, client, 2)
    second, first = client.v1.payouts.list().data
    for payout in (first, second):
        rows = client.v1.balance_transactions.list({"payout": payout.id, "limit": 100}).data
        assert sum(row.net for row in rows) == 0
        [hold] = [row for row in rows if row.type == "payout_minimum_balance_hold"]
        assert (hold.net, hold.reporting_category) == (-500, hold.type)
    released = client.v1.balance_transactions.list({"type": "payout_minimum_balance_release"}).data
    assert [row.net for row in released] == [500, 500]
    later = client.v1.balance_transactions.list({"payout": second.id, "limit": 100}).data
    assert released[1].id in {row.id for row in later}
    assert second.amount == first.amount + 500
    emulator.advance(3 * DAY)
    assert client.v1.balance.retrieve().available[0].amount == 500


def test_no_payout_goes_while_the_balance_is_below_its_minimum(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    keep(client, usd="100000")
    sell_daily(emulator, client, 1)
    assert client.v1.payouts.list().data == []
    assert client.v1.balance_transactions.list({"type": "payout_minimum_balance_hold"}).data == []
    by_hand = client.v1.payouts.create({"amount": 1000, "currency": "usd"})
    assert by_hand.amount == 1000
    assert keep(client, usd="") == {}
    emulator.advance(DAY)
    [automatic, _] = client.v1.payouts.list().data
    assert automatic.automatic


def test_minimums_of_other_currencies_stand_until_they_are_unset(
    client: stripe.StripeClient,
) -> None:
    assert keep(client, usd="500", kwd="1230") == {"usd": 500, "kwd": 1230}
    assert keep(client, usd="", jpy="9") == {"kwd": 1230, "jpy": 9}
    none: Any = {"payouts": {"minimum_balance_by_currency": ""}}
    left: Any = client.v1.balance_settings.update({"payments": none}).payments.payouts
    assert left.minimum_balance_by_currency.to_dict() == {}


@pytest.mark.parametrize(
    ("currency", "amount"), [("usd", "-5"), ("usd", "1.5"), ("kwd", "1234"), ("gbp", "500")]
)
def test_minimum_that_cannot_be_paid_by_is_refused(
    client: stripe.StripeClient, currency: str, amount: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        keep(client, **{currency: amount})
    where = f"payments[payouts][minimum_balance_by_currency][{currency}]"
    assert caught.value.param == where
