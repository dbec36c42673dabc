"""Rules of the journal as an accountant sees and changes them: what is in force, what may be."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection

from core.books import accounts
from core.books.accounts import (
    BALANCE_TYPE,
    CODES,
    CONVERSION,
    OPENING,
    ROLE,
    SUBJECTS,
    SUSPENSE,
    Chart,
)
from core.db.tables import journal_rules
from core.db.upsert import put
from core.errors import InvalidInput
from core.money import CURRENCIES, STABLECOINS, known_currency

LONGEST_ACCOUNT = 255
_STRIPES_WORD = re.compile(r"[a-z][a-z0-9_]{0,79}")
#: What a program takes as the number, code or name of an account.
_CODES = {
    "datev": re.compile(r"[1-9]\d{3}"),
    "xero": re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,9}"),
    "qbo": re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,:&/()-]{0,99}"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Where something is booked: `subject` of `core.books.accounts`, what of it, a currency in
    lower case ('' for all), and the account, or a program's word for the account `name`."""

    subject: str
    name: str
    currency: str
    account: str


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule as it is in force; `usual` is what `accounts.toml` has, None where it has nothing.
    `{currency}` stands for each settlement currency."""

    subject: str
    name: str
    currency: str
    account: str
    usual: str | None

    @property
    def is_own(self) -> bool:
        """Whether it was set here."""
        return self.account != self.usual


def in_force(connection: Connection) -> list[RuleInForce]:
    """Every rule: those of the usual chart with what replaces them, then those that add to it."""
    own = dict(accounts.load(connection).rules)
    usual = accounts.usual_rules()
    found = [
        RuleInForce(subject, name, "", own.pop((subject, name, ""), account), account)
        for (subject, name), account in usual.items()
    ]
    found += [
        RuleInForce(subject, name, currency, account, usual.get((subject, name)))
        for (subject, name, currency), account in own.items()
    ]
    order = {subject: place for place, subject in enumerate(SUBJECTS)}
    return sorted(found, key=lambda one: (order[one.subject], one.name, one.currency))


def checked(rule: Rule, before: Chart) -> Rule:
    """The rule itself if every format can carry it; else `InvalidInput` names field and rule.

    A clearing account is held against Stripe's balance: nothing else may be booked on it.
    """
    check_place(rule)
    if rule.subject in CODES:
        if not _CODES[rule.subject].fullmatch(rule.account):
            raise InvalidInput("account", "is none that {program} takes", program=rule.subject)
        return rule
    if len(rule.account) > LONGEST_ACCOUNT:
        most = LONGEST_ACCOUNT
        raise InvalidInput("account", "must have at most {most} characters", most=most)
    accounts.check_account(rule.account)
    _check_clearing(rule, before)
    return rule


def check_place(rule: Rule) -> None:
    """`InvalidInput` unless the rule is about something that there may be."""
    if rule.subject not in SUBJECTS:
        raise InvalidInput("subject", "must be one of {known}", known=", ".join(SUBJECTS))
    if rule.currency:
        known_currency(rule.currency)
    if rule.subject in CODES:
        accounts.check_account(rule.name, "name")
    elif rule.subject == ROLE:
        roles = (CONVERSION, OPENING, SUSPENSE)
        if rule.name not in roles:
            raise InvalidInput("name", "must be one of {known}", known=", ".join(roles))
    elif not _STRIPES_WORD.fullmatch(rule.name):
        raise InvalidInput("name", "must be Stripe's word, such as refund")


def _check_clearing(rule: Rule, before: Chart) -> None:
    after = Chart({**before.rules, (rule.subject, rule.name, rule.currency): rule.account})
    places = {(one[0], one[1]) for one in after.rules if one[0] not in CODES}
    places |= {one for one in accounts.usual_rules() if one[0] not in CODES}
    for currency in [rule.currency] if rule.currency else sorted(CURRENCIES | STABLECOINS):
        clearing: dict[str, str] = {}
        for subject, name in sorted(places):
            if subject == BALANCE_TYPE:
                account = after.place(subject, name, currency).account
                if account in clearing:
                    raise InvalidInput("account", "is the clearing account of another balance")
                clearing[account] = name
        others = {one for one in places if one[0] != BALANCE_TYPE}
        if any(after.place(*one, currency).account in clearing for one in others):
            broken = "is a clearing account, on which nothing else is booked"
            raise InvalidInput("account", broken)


def put_rule(connection: Connection, rule: Rule) -> None:
    """Write a rule, which was checked, in the place of the one before it."""
    row = {
        "subject": rule.subject,
        "name": rule.name,
        "currency": rule.currency,
        "account": rule.account,
    }
    put(connection, journal_rules, [row])


def drop_rule(connection: Connection, rule: Rule) -> None:
    """Have the usual account again; nothing happens where no rule stands."""
    r = journal_rules.c
    here = (r.subject == rule.subject) & (r.name == rule.name) & (r.currency == rule.currency)
    connection.execute(journal_rules.delete().where(here))
