"""The chart of accounts: every category has its place, and rules change it."""

from __future__ import annotations

import pytest

from core.books import accounts
from core.books.accounts import CATEGORY, FEE_PART, Chart, account_part, check_account
from core.errors import InvalidInput
from core.reads.revenue.categories import KNOWN

#: Those of Stripe's SDK, and what the ledger calls the rest.
FEE_PARTS = (
    *("application_fee", "payment_method_passthrough_fee", "stripe_fee", "tax", "withheld_tax"),
    "unspecified",
)
BALANCES = ("payments", "issuing", "refund_and_dispute_prefunding", "risk_reserved")


def test_each_known_category_is_booked_once():
    assert accounts.CATEGORIES == KNOWN


@pytest.mark.parametrize("name", FEE_PARTS)
def test_each_part_of_a_fee_is_an_expense(name):
    place = Chart().place(FEE_PART, name, "usd")
    assert place.known
    assert place.account.startswith("Expenses:Fees:")


def test_each_balance_at_stripe_has_a_clearing_account_of_its_own():
    found = [Chart().place(accounts.BALANCE_TYPE, name, "kwd") for name in BALANCES]
    assert all(place.known and place.account.endswith(":KWD") for place in found)
    assert len({place.account for place in found}) == len(BALANCES)


def test_defaults_are_accounts_that_every_program_takes():
    for subject, names in ((CATEGORY, KNOWN), (FEE_PART, FEE_PARTS), ("balance_type", BALANCES)):
        for name in names:
            account = Chart().place(subject, name, "usd").account
            assert check_account(account) == account
            number, code = (Chart().code(one, account, "usd") for one in ("datev", "xero"))
            assert number is not None
            assert len(number) == 4
            assert number.isdigit()
            assert code is not None
            assert 0 < len(code) <= 10
            assert ":".join(account.split(":")[1:]) == Chart().code("qbo", account, "usd")


def test_unknown_names_go_to_suspense_by_their_name():
    place = Chart().place(CATEGORY, "loyalty_credit", "usd")
    assert place == ("Assets:Suspense:Loyalty-Credit:USD", True, False)
    assert Chart().code("datev", place.account, "usd") == "1590"


@pytest.mark.parametrize(
    ("name", "part"),
    [("new_thing", "New-Thing"), ("9x", "9x"), ("…", "Unnamed"), ("a:b c", "A-B-C")],
)
def test_any_name_is_a_part_of_an_account(name, part):
    assert account_part(name) == part
    assert check_account(f"Assets:Suspense:{part}")


def test_a_rule_of_a_currency_goes_before_one_of_all():
    chart = Chart(
        {
            ("category", "charge", ""): "Income:Shop",
            ("category", "charge", "eur"): "Income:Laden",
            ("datev", "Income:Laden", ""): "8400",
        }
    )
    assert chart.place(CATEGORY, "charge", "usd").account == "Income:Shop"
    assert chart.place(CATEGORY, "charge", "eur").account == "Income:Laden"
    assert chart.place(CATEGORY, "refund", "eur").account == "Income:Refunds"
    assert chart.code("datev", "Income:Laden", "eur") == "8400"
    assert chart.code("datev", "Income:Shop", "usd") is None


@pytest.mark.parametrize(
    "account",
    [
        "Income",
        "Sales:Shop",
        "Income:shop",
        "Income:A  B",
        "Income:A:",
        "Income:Läden",
        "Income:A_B",
    ],
)
def test_an_account_that_a_program_would_misread_is_refused(account):
    with pytest.raises(InvalidInput, match=r"^account of charge: "):
        Chart({("category", "charge", ""): account})


def test_other_scripts_stand_from_the_third_level_on():
    assert check_account("Income:Sales:销售")


def test_a_rule_of_an_unknown_subject_is_refused():
    with pytest.raises(InvalidInput, match="subject"):
        Chart({("colour", "red", ""): "Income:Sales"})
