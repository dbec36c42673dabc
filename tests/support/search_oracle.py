"""What search should find, said a second time: term by term over rows in Python, no SQL."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from core import money
from core.reads.search.payments.fields import FIELDS, STATE_GROUPS, parse
from core.reads.search.query import Query, Term
from core.reads.search.times import time_reader

Row = dict[str, Any]
_created: Any = time_reader("created")


def expected(rows: list[Row], query: Query, livemode: bool, zone: Any, now: datetime) -> list[str]:
    """Ids of the matching rows, newest first."""
    kept = [
        row
        for row in rows
        if row["livemode"] == livemode
        and all(_holds(term, row, zone, now) != term.negated for term in query.terms)
    ]
    kept.sort(key=lambda row: (row["created_at"], row["stripe_id"]), reverse=True)
    return [row["stripe_id"] for row in kept]


def _holds(term: Term, row: Row, zone: Any, now: datetime) -> bool:
    if term.field is None:
        return _word(term, row)
    return any(_value(term.field, part, row, zone, now) for part in term.texts)


def _value(field: str, value: str, row: Row, zone: Any, now: datetime) -> bool:
    if field == "created":
        since, until = _created(value, False).in_zone(zone, now)
        return (since is None or row["created_at"] >= since) and (
            until is None or row["created_at"] < until
        )
    if field == "amount":
        return _amount(value, row)
    if field == "status":
        if value == "requires_payment_method":
            return bool(row["status"] == value)
        return row["state"] in STATE_GROUPS.get(value, (value,))
    if field == "risk":
        levels = {"high": ("elevated", "highest"), "none": (None,)}.get(value, (value,))
        return row["risk_level"] in levels
    if field == "dispute":
        wanted = {"none": [""], "open": ["open", "inquiry"]}.get(value, [value])
        return row["dispute_outcome"] in wanted
    if field == "name":
        return NAME_WORDS[row["customer_name"]] >= set(SAID.get(value, value).lower().split())
    if field == "error":
        return value in (row["failure_code"], row["decline_code"])
    if field == "email":
        email = row["email"] or "\0"
        return email.startswith(value[:-1]) if value.endswith("*") else email == value
    columns = {"order": "order_id", "user": "user_id", "ip": "ip", "last4": "card_last4"}
    columns |= {"brand": "card_brand", "country": "card_country", "customer": "customer_id"}
    columns |= {"currency": "currency", "method": "method_type", "id": "stripe_id"}
    return row[columns[field]] == value


def _amount(value: str, row: Row) -> bool:
    major = money.major(money.Money(row["amount_minor"], row["currency"]))
    if ".." in value:
        low, high = value.split("..")
        return Decimal(low) <= major <= Decimal(high)
    for sign in (">=", "<=", ">", "<"):
        if value.startswith(sign):
            bound = Decimal(value.removeprefix(sign))
            return {
                ">=": major >= bound,
                "<=": major <= bound,
                ">": major > bound,
                "<": major < bound,
            }[sign]
    return major == Decimal(value)


def _word(term: Term, row: Row) -> bool:
    email = row["email"] or "\0"
    return (
        row["stripe_id"] == term.value
        or (email == term.value if term.literal else email.startswith(term.value))
        or row["order_id"] == term.value
        or row["card_last4"] == term.value
        or (not term.literal and _meant_amount(term.value, row))
        or NAME_WORDS[row["customer_name"]] >= set(SAID.get(term.value, term.value).lower().split())
        or term.value in (row["failure_code"], row["decline_code"])
    )


def _meant_amount(word: str, row: Row) -> bool:
    major = money.major(money.Money(row["amount_minor"], row["currency"]))
    meant = {"12.345": ["12.345", "12345"], "12,345": ["12.345", "12345"], "9,99": ["9.99"]}
    plain = word.replace(".", "").isdigit()
    return major in map(Decimal, meant.get(word, [word] if plain else []))


CURRENCIES = ["usd", "eur", "jpy", "kwd"]
EMAILS = [None, "jo@a.test", "joan@a.test", "john@b.test", "li@a.test", "lee@c.test"]
_WORDS = {
    "status": [
        "failed",
        "succeeded",
        "refunded",
        "open",
        "paid",
        "disputed",
        "requires_payment_method",
    ],
    "currency": CURRENCIES,
    "method": ["card", "link", "alipay"],
    "risk": ["high", "normal", "none"],
    "dispute": ["open", "inquiry", "won", "lost", "none", "prevented", "closed"],
    "email": ["jo*", "john*", "jo@a.test", "z*", "j*"],
    "name": ["ada", "Lovelace", "jürgen", "王小明", "nobody"],
    "error": ["card_declined", "insufficient_funds", "expired_card"],
    "order": ["1", "2", "7"],
    "user": ["u1", "u2"],
    "ip": ["10.0.0.1", "10.0.0.2"],
    "last4": ["4242", "0002"],
    "brand": ["visa", "amex"],
    "country": ["US", "JP"],
    "amount": [">10", "<=9.99", "10..20", "1.5", ">0.005", "<2", "12.345", "1000"],
    "created": ["2d", "2026-11-19", ">2026-11-18", "<=2026-11-19", "2026-11-17..2026-11-18"],
}


#: Names, and the words that each is found by.
NAME_WORDS: dict[str | None, set[str]] = {
    None: set(),
    "Ada Lovelace": {"ada", "lovelace"},
    "ADA  Byron-King": {"ada", "byron-king", "byron", "king"},
    "Jürgen Müller": {"jurgen", "muller"},
    "王小明": {"王小明", "小明"},
}
#: Words with accents, as the words above have none.
SAID = {"Müller": "muller", "jürgen": "jurgen"}
#: Words without a field: each may be several things at once.
WORDS = ["jo", "john", "4242", "7", "pi_00000003", "10", "1.5", "2000", "12.345", "12,345", "9,99"]
WORDS += ["ada", "ADA", "Müller", "byron-king", "king", "小明", "Ada Lovelace", "Lovelace Ada"]
WORDS += ["card_declined", "insufficient_funds", "expired_card"]


@st.composite
def terms(draw: st.DrawFn) -> Term:
    """One term of any kind, with one or two alternatives."""
    negated = draw(st.booleans().filter(bool) | st.just(False) | st.just(False))
    if draw(st.integers(0, 9)) == 0:
        word = draw(st.sampled_from(WORDS))
        return Term(None, word, negated, " " in word or draw(st.booleans()))
    field = draw(st.sampled_from(sorted(_WORDS)))
    chosen = draw(st.lists(st.sampled_from(_WORDS[field]), min_size=1, max_size=2, unique=True))
    return Term(field, ",".join(chosen), negated)


queries = st.lists(terms(), max_size=4).map(lambda found: parse(str(Query(tuple(found), FIELDS))))
