"""Months of business in five currencies: beancount, hledger and ledger accept the books made of it,
and refuse a mistake of one smallest unit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from core.books.export import export, wanted
from core.books.formats.book import Options
from core.db.engine import reading, writing
from core.db.tables import balance_transactions
from core.emulator.server import start_emulator
from tests.support.account_mirror import connect
from tests.support.book_judges import JUDGES, SMALLEST, Judge, with_mistake
from tests.support.factories import (
    NOON,
    add_ledger,
    close_month,
    fresh_engine,
    ledger_row,
    payment_row,
)

pytestmark = pytest.mark.long
DAYS, PER_DAY = 60, 20


class Past:
    """A mirror of an account's history, and what the account says that it holds."""

    def __init__(self, folder: Path, *, days: int, per_day: int) -> None:
        self.folder = folder
        with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
            # The rows and the balance are then of one moment.
            emulator.control("POST", "clock", {"frozen": True})
            emulator.history(days=days, per_day=per_day, seed=5, hard=True)
            spine = connect(emulator, f"sqlite:///{folder}/mirror.db")
            spine.sync(days=days + 2)
            balance = spine.gateway.get("/v1/balance")
        self.engine: Engine = spine.engine
        self.balance = _held(balance)

    @property
    def months(self) -> list[str]:
        """The months that there is business in, first to last."""
        day = balance_transactions.c.business_day
        with reading(self.engine) as connection:
            first, last = connection.execute(select(func.min(day), func.max(day))).one()
        found, month = [], first.replace(day=1)
        while month <= last:
            found.append(f"{month:%Y-%m}")
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        return found

    def written(self, judge: Judge, month: str, *, continues: bool = False) -> str:
        asked = wanted(month, livemode=False)
        found = export(self.engine, asked, judge.format, Options(continues=continues))
        return found.content.decode()

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def _held(balance: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in ("available", "pending"):
        for one in balance[state]:
            found[one["currency"]] = found.get(one["currency"], 0) + one["amount"]
    return {currency: minor for currency, minor in found.items() if minor}


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    made = Past(tmp_path_factory.mktemp("past"), days=DAYS, per_day=PER_DAY)
    yield made
    made.engine.dispose()


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_each_month_is_accepted(past: Past, judge: Judge) -> None:
    for month in past.months:
        path = past.file(f"{month}.{judge.name}", past.written(judge, month))
        assert judge.complaint(path) == ""


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_months_that_continue_each_other_are_accepted_as_one_file(past: Past, judge: Judge) -> None:
    assert judge.complaint(past.file(f"all.{judge.name}", _all(past, judge))) == ""


@pytest.mark.parametrize("in_balance", [False, True], ids=["entry", "balance"])
@pytest.mark.parametrize("currency", SMALLEST)
@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_one_smallest_unit_is_refused(
    past: Past, judge: Judge, currency: str, in_balance: bool
) -> None:
    wrong = with_mistake(_all(past, judge), currency, in_balance=in_balance)
    path = past.file(f"{currency}-{in_balance}.{judge.name}", wrong)
    assert currency in judge.complaint(path)


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_a_closed_month_with_corrections_is_accepted(tmp_path: Path, judge: Judge) -> None:
    engine = fresh_engine(f"sqlite:///{tmp_path}/closed.db")
    close_month(engine, NOON.date().replace(day=1))
    for amount in (1000, -300):
        row = ledger_row(payment_row(created_at=NOON), amount_minor=amount, fee_minor=7)
        with writing(engine) as connection:
            add_ledger(connection, [row])
        asked = wanted(f"{NOON:%Y-%m}", livemode=False)
        found = export(engine, asked, judge.format)
    assert found.corrections == 1
    path = tmp_path / "closed"
    path.write_bytes(found.content)
    assert judge.complaint(path) == ""
    path.write_bytes(found.content.replace(b"-3.07", b"-3.08"))
    assert judge.complaint(path)
    engine.dispose()


def test_the_clearing_accounts_end_with_what_stripe_holds(past: Past) -> None:
    found = export(past.engine, wanted(past.months[-1], livemode=False), "csv")
    c = balance_transactions.c
    with reading(past.engine) as connection:
        sums = connection.execute(
            select(c.currency, func.sum(c.net_minor))
            .where(c.balance_type == "payments")
            .group_by(c.currency)
        )
        assert found.closing == {currency: int(net) for currency, net in sums}
    assert set(found.closing) >= {"usd", "eur", "cny", "jpy", "kwd"}
    assert {c: minor for c, minor in found.closing.items() if minor} == past.balance


def _all(past: Past, judge: Judge) -> str:
    first, *later = past.months
    files = [past.written(judge, first)]
    return "\n".join([*files, *(past.written(judge, one, continues=True) for one in later)])


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    made = Past(tmp_path_factory.mktemp("years"), days=3 * 365, per_day=6)
    yield made
    made.engine.dispose()


@pytest.mark.torture
@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_three_years_are_accepted(years: Past, judge: Judge) -> None:
    assert len(years.months) >= 36
    text = _all(years, judge)
    assert judge.complaint(years.file(f"years.{judge.name}", text)) == ""
    for currency in SMALLEST:
        wrong = with_mistake(text, currency, in_balance=True)
        assert currency in judge.complaint(years.file(f"{currency}.{judge.name}", wrong))
