"""A word without a field: whatever it may be is looked for, each by a way of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine

from core.db.engine import reading, writing
from core.db.tables import events
from core.errors import InvalidInput
from core.reads.payments import list as payment_list
from core.reads.search.payments import execute, plan, stats
from core.reads.search.payments.fields import FIELDS, parse
from core.reads.search.query import Query, Term
from tests.support.factories import (
    NOON,
    add_charges,
    add_ledger,
    add_payments,
    charge_row,
    fresh_engine,
    ledger_row,
    paid,
    payment_row,
)

ZONE = ZoneInfo("UTC")
BASE = "https://dashboard.stripe.com"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = fresh_engine(database_url)
    stats.forget()
    yield made
    made.dispose()


def ids(engine: Engine, line: str, *, livemode: bool = False, limit: int = 50) -> list[str]:
    """All that a search finds, page after page, as ids."""
    found: list[str] = []
    cursor = None
    with reading(engine) as conn:
        while True:
            page = payment_list.page(
                conn, query=parse(line), livemode=livemode, cursor=cursor, limit=limit, now=NOON
            )
            found += [row.stripe_id for row in page.rows]
            cursor = page.older_cursor
            if cursor is None:
                return found


def paid_out(conn: Connection, payout: str, number: int, **given: Any) -> list[str]:
    """Payments whose money is in a payout, newest first."""
    made = []
    for hours in range(number):
        row = payment_row(created_at=NOON - timedelta(hours=hours), **given)
        add_payments(conn, [row])
        add_ledger(conn, [ledger_row(row, payout_id=payout)])
        made.append(row["stripe_id"])
    return made


def test_payout_finds_the_payments_whose_money_is_in_it(engine: Engine) -> None:
    with writing(engine) as conn:
        first = paid_out(conn, "po_1", 7)
        second = paid_out(conn, "po_2", 3, currency="eur")
        paid(conn)
    assert ids(engine, "po_1") == ids(engine, "id:po_1", limit=2) == first
    assert ids(engine, f"{BASE}/test/payouts/po_2?x=1") == second
    assert ids(engine, "po_1 currency:eur") == []
    assert ids(engine, "po_2 currency:eur", limit=1) == second
    assert sorted([*ids(engine, "-po_1"), *first]) == sorted(ids(engine, ""))
    assert ids(engine, "po_1", livemode=True) == ids(engine, "po_none") == []


def test_a_payment_that_is_in_a_payout_twice_is_found_once(engine: Engine) -> None:
    with writing(engine) as conn:
        [payment] = paid_out(conn, "po_1", 1)
        row = payment_row(stripe_id=payment, latest_charge_id="re_1")
        add_ledger(conn, [ledger_row(row, payout_id="po_1", amount_minor=-100, fee_minor=0)])
    assert ids(engine, "po_1") == [payment]
    with reading(engine) as conn:
        counted = payment_list.page(conn, query=parse("po_1"), livemode=False).count
    assert counted == payment_list.Count(1, exact=True)


def test_a_large_payout_is_walked_by_time_and_nothing_of_it_is_missed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "PROBE", 20)
    monkeypatch.setattr(execute, "BUDGET", 200)
    with writing(engine) as conn:
        made = paid_out(conn, "po_1", 60)
        paid_out(conn, "po_2", 60)
    assert ids(engine, "po_1", limit=7) == made


def test_an_event_leads_to_the_payment_of_whatever_it_told_of(engine: Engine) -> None:
    with writing(engine) as conn:
        row = paid(conn, customer_id="cus_1")
        [other] = paid_out(conn, "po_1", 1)
        told = {
            "evt_1": row["stripe_id"],
            "evt_2": row["latest_charge_id"],
            "evt_3": "cus_1",
            "evt_4": "po_1",
            "evt_5": "evt_5",
            "evt_6": None,
        }
        for event, about in told.items():
            conn.execute(events.insert(), [event_row(event, about)])
    for event in ("evt_1", "evt_2", "evt_3"):
        assert ids(engine, event) == ids(engine, f"id:{event}") == [row["stripe_id"]], event
    assert ids(engine, "evt_4") == [other]
    for event in ("evt_5", "evt_6", "evt_none"):
        assert ids(engine, event) == [], event


def event_row(event: str, about: str | None) -> dict[str, Any]:
    return {
        "stripe_id": event,
        "type": "charge.succeeded",
        "object_id": about,
        "livemode": False,
        "source": "webhook",
        "created_at": NOON,
        "received_at": NOON,
        "state": "applied",
        "attempts": 1,
        "next_attempt_at": NOON,
        "body": b"{}",
    }


def test_a_charge_that_is_a_payment_itself_is_found_by_its_id(engine: Engine) -> None:
    """Older integrations charge without a PaymentIntent: the charge's id is the payment's."""
    with writing(engine) as conn:
        for charge in ("ch_alone", "py_alone"):
            row = payment_row(stripe_id=charge, latest_charge_id=charge)
            add_payments(conn, [row])
            add_charges(conn, [charge_row(row)])
        add_payments(conn, [payment_row(stripe_id="ch_early", latest_charge_id="ch_early")])
    for charge in ("ch_alone", "py_alone", "ch_early"):
        for line in (charge, f"id:{charge}", f"{BASE}/test/payments/{charge}"):
            assert ids(engine, line) == [charge]


def test_an_amount_is_found_in_the_decimals_of_each_currency(engine: Engine) -> None:
    amounts = {"usd": 5420, "eur": 5400, "jpy": 54, "kwd": 54200, "gbp": 123456, "krw": 1234}
    with writing(engine) as conn:
        made = {
            code: paid(conn, currency=code, amount_minor=minor)["stripe_id"]
            for code, minor in amounts.items()
        }
    for line, codes in {
        "54": ["eur", "jpy"],
        "54.00": ["eur", "jpy"],
        "54.20": ["usd", "kwd"],
        "54,20": ["usd", "kwd"],
        "54.2 currency:kwd": ["kwd"],
        "1,234.56": ["gbp"],
        "£1,234.56": ["gbp"],
        "1.234,56": ["gbp"],
        "1,234": ["krw"],
        "1.234": ["krw"],
        "54 -status:paid": [],
        "-54": ["usd", "kwd", "gbp", "krw"],
        "54.201": [],
    }.items():
        assert sorted(ids(engine, line)) == sorted(made[code] for code in codes), line


def test_what_is_quoted_is_no_amount(engine: Engine) -> None:
    with writing(engine) as conn:
        order = paid(conn, order_id="54.20")["stripe_id"]
        paid(conn, amount_minor=5420)
    assert ids(engine, '"54.20"') == [order]
    assert len(ids(engine, "54.20")) == 2


def test_amounts_with_groups_find_what_plain_ones_find(engine: Engine) -> None:
    with writing(engine) as conn:
        large = paid(conn, amount_minor=123456)["stripe_id"]
        small = [paid(conn, amount_minor=minor)["stripe_id"] for minor in (100, 23456, 123455)]
    for line in ("amount:1,234.56", "amount:1.234,56", "amount:>1,234.55", "amount:=1234.56"):
        assert ids(engine, line) == [large], line
    assert sorted(ids(engine, "amount:<1.234,56")) == sorted(small)
    assert sorted(ids(engine, "amount:=1,=234.56")) == sorted(small[:2])


def test_an_order_of_500_characters_is_found_whole(engine: Engine) -> None:
    long, longer = "Bestellung „1“ " + "x" * 484 + "a", "Bestellung „1“ " + "x" * 484 + "b"
    assert len(long) == 500
    with writing(engine) as conn:
        made = {order: paid(conn, order_id=order)["stripe_id"] for order in (long, longer)}
        paid(conn, order_id=long[:64])
    for order, payment in made.items():
        for field in ("order", None):
            line = str(Query((Term(field, order, literal=True),), FIELDS))
            assert ids(engine, line) == [payment]


def test_an_order_that_looks_like_an_id_of_stripes_is_found(engine: Engine) -> None:
    with writing(engine) as conn:
        made = {
            order: paid(conn, order_id=order)["stripe_id"]
            for order in ("po_2026_17", "re_17", "ch_1", "evt_9", "cus_4", "pi_3", "a_b")
        }
    for order, payment in made.items():
        assert ids(engine, order) == [payment], order


def test_pages_of_a_payout_are_all_of_it(engine: Engine) -> None:
    with writing(engine) as conn:
        made = paid_out(conn, "po_1", 25)
    pages = [ids(engine, "po_1", limit=limit) for limit in (1, 10, 25)]
    assert list(chain.from_iterable(pages)) == made * 3


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Ada Lovelace", ["ada", "LOVELACE", "ada lovelace", '"Lovelace, Ada"', "name:ada"]),
        ("Jürgen Müller", ["müller", "Muller", "JÜRGEN", "name:jurgen"]),
        ("Jean-Luc O’Neill", ["jean-luc", "luc", "o’neill", '"Jean-Luc"']),
        ("Juan Carlos García López", ["garcia", "lopez juan", "name:Carlos,nobody"]),
        ("王小明", ["王小明", "小明"]),
        ("欧阳小明", ["欧阳", "小明"]),
        ("홍길동", ["홍길동", "길동"]),
        ("ŁUKASZ Żak", ["zak", "łukasz", "Lukasz"]),
        ("Straße GmbH & Co. KG", ["strasse", "gmbh", '"GmbH & Co"']),
    ],
)
def test_a_customer_is_found_by_each_word_of_the_name(
    engine: Engine, name: str, lines: list[str]
) -> None:
    with writing(engine) as conn:
        payment = paid(conn, customer_name=name)["stripe_id"]
        paid(conn, customer_name="Somebody Else", livemode=False)
        paid(conn, customer_name=name, livemode=True)
    for line in lines:
        assert ids(engine, line) == [payment], line
        assert payment not in ids(engine, f"-{line.split()[0]}" if '"' not in line else f"-{line}")
    for line in ("ad", "name:love", "lovelac", "ada nobody", '"Ada Nobody"'):
        assert ids(engine, line) == [], line


def test_a_failure_is_found_by_stripes_code(engine: Engine) -> None:
    given = {"status": "requires_payment_method", "failure_code": "card_declined"}
    with writing(engine) as conn:
        declined = paid(conn, **given)["stripe_id"]
        poor = paid(conn, **given, decline_code="insufficient_funds")["stripe_id"]
        paid(conn)
    for line in (
        "insufficient_funds",
        "error:INSUFFICIENT_FUNDS",
        "card_declined -declined amount:10",
    ):
        assert poor in ids(engine, line), line
    assert ids(engine, "insufficient_funds") == [poor]
    assert ids(engine, "card_declined") == [poor, declined]
    assert ids(engine, "card_declined -insufficient_funds") == [declined]
    assert ids(engine, "expired_card") == []


def test_a_common_name_is_read_in_order_of_time_within_the_budget(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "PROBE", 5)
    monkeypatch.setattr(execute, "BUDGET", 60)
    with writing(engine) as conn:
        rows = [
            payment_row(
                customer_name=["Ada Lovelace", "Ada Byron", "Bob"][n % 3],
                created_at=NOON - timedelta(minutes=n // 2),
                currency="usd" if n % 7 else "eur",
            )
            for n in range(400)
        ]
        add_payments(conn, rows)
    newest = sorted(rows, key=lambda row: (row["created_at"], row["stripe_id"]), reverse=True)
    for line, test in {
        "ada": lambda row: row["customer_name"] != "Bob",
        "ada currency:eur": lambda row: row["customer_name"] != "Bob" and row["currency"] == "eur",
        '"ada byron"': lambda row: row["customer_name"] == "Ada Byron",
        "name:byron,bob": lambda row: row["customer_name"] != "Ada Lovelace",
        "ada -lovelace": lambda row: row["customer_name"] == "Ada Byron",
    }.items():
        assert ids(engine, line, limit=9) == [row["stripe_id"] for row in newest if test(row)], line


@pytest.mark.parametrize(
    ("line", "field"), [("name:ad*", "name"), ("name:...", "name"), ("error:no-code", "error")]
)
def test_what_is_no_word_is_refused(line: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(line)
    assert caught.value.field == field
