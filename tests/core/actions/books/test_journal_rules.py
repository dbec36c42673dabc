"""Rules of the journal: set with both sides in the log, refused where no file could carry them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert, select

from core import clock
from core.access.principals import Caller
from core.actions.books import journal_rules
from core.actions.context import ActionContext
from core.books.export import export, wanted
from core.books.rules import RuleInForce
from core.cache import ProcessCache
from core.db.engine import reading, writing
from core.db.tables import journal_batches, journal_lines, periods
from core.errors import InvalidInput, NotPermitted
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from tests.support import factories
from tests.support.factories import UTC_ZONE
from tests.support.fixtures_access import audited, make_console, person
from tests.support.fixtures_actions import RULES

AT = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.fixture
def books(database_url):
    """A console, and what changes a rule on it as one of finance."""
    console = make_console(database_url)
    context = ActionContext(
        console.engine, {}, BookingContext(Scope(UTC_ZONE)), RULES, ProcessCache(), "", step_up=None
    )
    finance = Caller(person(console, "finance"))

    def change(subject="category", name="refund", account="Income:Returns", currency="", by=None):
        given = {"subject": subject, "name": name, "currency": currency, "account": account}
        journal_rules.change(context, by or finance, **given)

    def rules():
        found = journal_rules.listed(context, finance)
        return {(one.subject, one.name, one.currency): one for one in found}

    yield console, change, rules
    console.engine.dispose()


def test_a_rule_is_set_and_taken_back_with_both_sides_in_the_log(books):
    console, change, rules = books
    before = rules()["category", "refund", ""]
    assert (before.account, before.is_own) == ("Income:Refunds", False)
    change()
    change(account="Income:Other", currency="EUR")
    assert rules()["category", "refund", ""] == RuleInForce(
        "category", "refund", "", "Income:Returns", "Income:Refunds"
    )
    assert rules()["category", "refund", "eur"].account == "Income:Other"
    change(account="Income:More")
    change(account=None)
    assert not rules()["category", "refund", ""].is_own
    assert [json.loads(row.details) for row in audited(console, "journal.rule")] == [
        {"before": None, "after": "Income:Returns"},
        {"before": None, "after": "Income:Other"},
        {"before": "Income:Returns", "after": "Income:More"},
        {"before": "Income:More", "after": None},
    ]


def test_a_category_that_is_new_at_stripe_gets_an_account(books):
    _console, change, rules = books
    change(name="loyalty_credit", account="Expenses:Loyalty")
    assert rules()["category", "loyalty_credit", ""].usual is None


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("subject", {"subject": "colour"}),
        ("name", {"name": "Not Stripe's"}),
        ("name", {"subject": "role", "name": "sales"}),
        ("name", {"subject": "datev", "name": "Sales", "account": "8400"}),
        ("currency", {"currency": "xxx"}),
        ("account", {"account": "Sales"}),
        ("account", {"account": "Income:sales"}),
        ("account", {"account": "Income:Sales_2"}),
        ("account", {"account": "Income:Sales  10 USD"}),
        ("account", {"account": "Income:" + "A" * 255}),
        ("account", {"subject": "datev", "name": "Income:Sales", "account": "0400"}),
        ("account", {"subject": "xero", "name": "Income:Sales", "account": "12345678901"}),
        ("account", {"subject": "qbo", "name": "Income:Sales", "account": '"Sales"'}),
        # Stripe's balance is held against a clearing account.
        ("account", {"account": "Assets:Stripe:USD"}),
        ("account", {"subject": "balance_type", "name": "payments", "account": "Income:Sales"}),
        (
            "account",
            {"subject": "balance_type", "name": "payments", "account": "Assets:InTransit:JPY"},
        ),
        (
            "account",
            {"subject": "balance_type", "name": "payments", "account": "Assets:Stripe:Issuing:EUR"},
        ),
    ],
)
def test_what_a_format_cannot_carry_is_refused_and_nothing_written(books, field, given):
    console, change, rules = books
    before = rules()
    with pytest.raises(InvalidInput) as refused:
        change(**given)
    assert refused.value.field == field
    assert rules() == before
    assert audited(console, "journal.rule") == []


def test_only_finance_and_administrators_may(books):
    console, change, _rules = books
    change(by=Caller(person(console, "admin")))
    for role in ("viewer", "support_lead", "developer"):
        with pytest.raises(NotPermitted):
            change(by=Caller(person(console, role)))


def test_an_exported_batch_does_not_change_by_a_rule(books):
    console, change, _rules = books
    with writing(console.engine) as connection:
        payment = factories.payment_row(created_at=AT)
        row = factories.ledger_row(payment, amount_minor=1000, fee_minor=0)
        factories.add_ledger(connection, [row])
        connection.execute(
            insert(periods).values(
                livemode=False,
                month="2026-10",
                number=1,
                first_day=date(2026, 10, 1),
                last_day=date(2026, 10, 31),
                zone="UTC",
                state="closed",
                asked_by="a",
                asked_at=clock.now(),
            )
        )
    asked = wanted("2026-10", livemode=False)
    first = export(console.engine, asked, "csv")
    kept = batches(console)
    change(name="charge", account="Income:Shop")
    second = export(console.engine, asked, "csv")
    assert (first.corrections, second.corrections) == (0, 1)
    assert second.content.startswith(first.content)
    assert batches(console)[: len(kept)] == kept


def batches(console):
    """Every kept batch with its lines, in the order in which they were kept."""
    with reading(console.engine) as connection:
        b, n = journal_batches.c, journal_lines.c
        query = (
            select(b.id, b.digest, n.account, n.amount_minor)
            .join(journal_lines, n.batch_id == b.id)
            .order_by(b.number, n.position)
        )
        return [tuple(row) for row in connection.execute(query)]
