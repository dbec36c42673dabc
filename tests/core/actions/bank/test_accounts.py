"""Accounts: written down once, changed in part, and checked."""

from __future__ import annotations

import pytest

from core.actions.bank import accounts
from core.actions.bank.accounts import NewAccount
from core.db.engine import reading
from core.errors import InvalidInput
from core.reads.bank.statements import accounts as shown
from tests.support.bank_files import ACCOUNT, PROFILE, line, statement
from tests.support.fixtures_access import audited


def save(bank, *args, **named):
    return accounts.save(bank.context, bank.finance, NewAccount(*args, **named), livemode=False)


def kept(bank):
    with reading(bank.console.engine) as connection:
        return shown(connection, livemode=False)


def test_an_account_is_the_same_however_its_number_is_written(bank):
    first = save(bank, "de89 3704 0044 0532 0130 00", "EUR", name="Main")
    bank.take_in(statement([line(1)]))
    assert save(bank, ACCOUNT, "eur", payer_names=["ACME SHOP", "ACME"]) == first
    assert save(bank, ACCOUNT, "usd") != first
    usd, eur = sorted(kept(bank), key=lambda one: one.account_id, reverse=True)
    assert (eur.name, eur.payer_names, eur.lines) == ("Main", ("ACME SHOP", "ACME"), 1)
    assert (usd.name, usd.payer_names, usd.covered_until) == ("", (), None)
    assert len(audited(bank.console, "bank.account")) == 3


def test_what_is_not_given_stays(bank):
    save(bank, ACCOUNT, "eur", name="Main", csv_profile=PROFILE)
    save(bank, ACCOUNT, "eur", payer_names=["ACME"])
    (row,) = kept(bank)
    assert (row.name, row.has_csv_profile, row.payer_names) == ("Main", True, ("ACME",))


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ({"account": " "}, "account"),
        ({"account": "X" * 65}, "account"),
        ({"currency": "xxx"}, "currency"),
        ({"name": "N" * 256}, "name"),
        ({"payer_names": ["ABC"]}, "payer"),
        ({"payer_names": ["A" * 300, "B" * 300]}, "payer"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_field(bank, named, field):
    with pytest.raises(InvalidInput) as caught:
        save(bank, **{"account": "A1", "currency": "eur"} | named)
    assert caught.value.field == field
    assert kept(bank) == ()
