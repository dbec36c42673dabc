"""The chart of accounts: the defaults of `accounts.toml`, changed by the rows of `journal_rules`.

A rule names a subject, what of it, and a currency ('' for all): `category` (a reporting category),
`fee_part` (a type of a part of fees), `balance_type` (whose clearing account it is), `role`
(conversion, opening, suspense, bank, bank_charges) and `bank` (an account at a bank, by its IBAN or
number) have an account; `datev`, `xero` and `qbo` have the number, code or name of the account
`name` in that program.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from core.db.tables import journal_rules
from core.errors import InvalidInput

CATEGORY, FEE_PART, BALANCE_TYPE, ROLE = "category", "fee_part", "balance_type", "role"
#: A subject, and the role of those accounts at banks that have no rule of their own.
BANK, BANK_CHARGES = "bank", "bank_charges"
#: The program's own names of accounts.
CODES = ("datev", "xero", "qbo")
SUBJECTS = (CATEGORY, FEE_PART, BALANCE_TYPE, ROLE, BANK, *CODES)
CONVERSION, OPENING, SUSPENSE = "conversion", "opening", "suspense"
ROOTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")

_LISTS = {
    "categories": CATEGORY,
    "fee_parts": FEE_PART,
    "balance_types": BALANCE_TYPE,
    "roles": ROLE,
}
_TABLE: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)["accounts"]
_DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    (subject, name): row
    for row in _TABLE
    for key, subject in _LISTS.items()
    for name in row.get(key, ())
}
#: Every reporting category that has an account of its own.
CATEGORIES = frozenset(name for subject, name in _DEFAULTS if subject == CATEGORY)
_NOT_IN_A_PART = re.compile(r"[^A-Za-z0-9]+")

#: Subject, name, currency ('' for all) -> account or code.
Rules = Mapping[tuple[str, str, str], str]


class Place(NamedTuple):
    """Where something is booked. `each`: a line for each row; `known`: it has a rule."""

    account: str
    each: bool
    known: bool


@dataclass(frozen=True)
class Chart:
    """The accounts of a business: defaults and its own rules, currencies in lower case."""

    rules: Rules = field(default_factory=dict)

    def __post_init__(self) -> None:
        for (subject, name, _), account in self.rules.items():
            if subject not in SUBJECTS:
                raise InvalidInput("subject", "must be one of {known}", known=", ".join(SUBJECTS))
            if subject not in CODES:
                check_account(account, f"account of {name}")

    def place(self, subject: str, name: str, currency: str) -> Place:
        """Where a category, part of a fee or balance of this currency is booked."""
        default = _DEFAULTS.get((subject, name))
        own = self._own(subject, name, currency)
        if own is not None:
            return Place(own, bool(default and default.get("each")), True)
        if default is not None:
            return Place(_filled(default["account"], currency), default.get("each", False), True)
        template = self._own(ROLE, SUSPENSE, currency) or _DEFAULTS[ROLE, SUSPENSE]["account"]
        return Place(_filled(template, currency, account_part(name)), True, False)

    def role(self, name: str, currency: str) -> str:
        """The account of a role: `CONVERSION`, `OPENING`, `BANK` or `BANK_CHARGES`."""
        return self.place(ROLE, name, currency).account

    def bank(self, number: str, currency: str) -> str:
        """The account of an account at a bank, by its IBAN or number."""
        return self._own(BANK, number, currency) or self.role(BANK, currency)

    def in_transit(self, currency: str) -> str:
        """The account of payouts that are under way to the bank."""
        return self.place(CATEGORY, "payout", currency).account

    def code(self, program: str, account: str, currency: str) -> str | None:
        """What a program calls an account: by a rule, else proposed; None where neither is."""
        own = self._own(program, account, currency)
        if own is not None:
            return own
        if program == "qbo":
            return account.partition(":")[2]
        codes = self._proposed(currency).get(account)
        if codes is None and account.startswith("Assets:Suspense:"):
            codes = _DEFAULTS[ROLE, SUSPENSE]
        proposed = (codes or {}).get(program)
        return None if proposed is None else _filled(proposed, currency)

    def _own(self, subject: str, name: str, currency: str) -> str | None:
        return self.rules.get((subject, name, currency), self.rules.get((subject, name, "")))

    def _proposed(self, currency: str) -> dict[str, dict[str, Any]]:
        if currency not in self._known:
            self._known[currency] = {_filled(row["account"], currency): row for row in _TABLE}
        return self._known[currency]

    @cached_property
    def _known(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {}


def load(connection: Connection) -> Chart:
    """The chart as its rules are now; `InvalidInput` names a rule that no file could carry."""
    r = journal_rules.c
    rows = connection.execute(select(r.subject, r.name, r.currency, r.account))
    return Chart({(subject, name, currency): account for subject, name, currency, account in rows})


def usual_rules() -> dict[tuple[str, str], str]:
    """The account of each subject and name, and the programs' words for accounts, by default.
    `{currency}` and `{name}` stand for what they say."""
    found = {key: str(row["account"]) for key, row in _DEFAULTS.items()}
    for row in _TABLE:
        found |= {(code, row["account"]): row[code] for code in CODES if code in row}
    return found


def check_account(account: str, field: str = "account") -> str:
    """The account itself if beancount, hledger and ledger all take it; else `InvalidInput`."""
    root, *parts = account.split(":")
    if root not in ROOTS or not parts:
        raise InvalidInput(
            field, "must begin with one of {roots} and a colon", roots=", ".join(ROOTS)
        )
    for level, part in enumerate(parts):
        letters = part.replace("-", "")
        # Beancount takes other scripts from the third level on.
        plain = letters.isalnum() and (letters.isascii() or level)
        if not plain or not (part[0].isupper() or not part[0].isascii() or part[0].isdigit()):
            raise InvalidInput(
                field,
                "has a part ({part}) that is not a capital or digit, then letters, digits, hyphens",
                part=part,
            )
    return account


def account_part(name: str) -> str:
    """A name of Stripe's as a part of an account: `new_thing` is `New-Thing`."""
    words: Iterable[str] = filter(None, _NOT_IN_A_PART.split(name))
    return "-".join(word[0].upper() + word[1:] for word in words) or "Unnamed"


def _filled(template: str, currency: str, name: str = "") -> str:
    return template.replace("{currency}", currency.upper()).replace("{name}", name)
