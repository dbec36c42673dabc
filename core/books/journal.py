"""Makes entries of ledger rows: one for each day, settlement currency and balance at Stripe.

Amounts are minor units; a debit is positive. The lines of an entry are all in its settlement
currency and sum to zero. Where a customer paid in another currency a line says so (`presented`),
and `postings` writes it through the conversion accounts: each currency sums to zero by itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from core.books.accounts import (
    BALANCE_TYPE,
    BANK_CHARGES,
    CATEGORY,
    CONVERSION,
    FEE_PART,
    OPENING,
    Chart,
)
from core.errors import JournalUnbalanced
from core.money import Money

PAYMENTS = "payments"
#: What stands in the place of a balance at Stripe in the entries of what came in at the bank.
BANK = "bank"
#: What a fee is whose parts Stripe did not tell, as the ledger calls it.
UNSPECIFIED = "unspecified"
#: QuickBooks takes 21 characters for the number of an entry.
_SHORT = {"bank": "B", "issuing": "I", "refund_and_dispute_prefunding": "P", "risk_reserved": "R"}


class Key(NamedTuple):
    """What an entry is of."""

    day: date
    currency: str
    balance_type: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A balance transaction. `presented` is what the customer's side of it was, signed as it."""

    day: date
    currency: str
    balance_type: str
    category: str
    source_id: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    presented: Money | None = None

    @property
    def key(self) -> Key:
        return Key(self.day, self.currency, self.balance_type)


@dataclass(frozen=True, slots=True)
class Settled:
    """A part of a payout that came in on a bank account on a day (or went out, below zero).

    `transit_minor` of it was under way; what the bank shows, `bank_minor`, may be another amount
    where a person accepted it.
    """

    day: date
    currency: str
    account: str
    payout_id: str
    bank_minor: int
    transit_minor: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an entry: `minor` of the entry's currency, debits positive.

    `what` is the category or part of a fee ('' for the balance at Stripe), `count` its ledger rows,
    `source_id` the object behind it where the line is of one row. `presented` has the line's sign.
    """

    account: str
    minor: int
    what: str = ""
    count: int = 0
    source_id: str | None = None
    presented: Money | None = None

    @property
    def text(self) -> str:
        """What the line is of, in Stripe's words."""
        return f"{self.what} ({self.count})" if self.what and self.count > 1 else self.what


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal; `corrects` names the batch whose figures it mends."""

    entry_id: str
    key: Key
    lines: tuple[Line, ...]
    corrects: str | None = None

    @property
    def day(self) -> date:
        return self.key.day

    @property
    def currency(self) -> str:
        return self.key.currency

    @property
    def against(self) -> str:
        """What the line without a name is, which the others stand against."""
        return "in transit" if self.key.balance_type == BANK else "balance at Stripe"

    @property
    def text(self) -> str:
        """The entry in a few words, plain ASCII."""
        kind = self.key.balance_type
        own = "" if kind == PAYMENTS else f" {kind}"
        mends = f" corrects {self.corrects}" if self.corrects else ""
        return f"Stripe {self.currency.upper()} {self.day.isoformat()}{own}{mends}"


@dataclass(frozen=True, slots=True)
class Posting:
    """A line as files with several currencies write it; `base_minor` is in the entry's currency."""

    account: str
    amount: Money
    base_minor: int
    text: str
    source_id: str | None


@dataclass(slots=True)
class _Sum:
    minor: int = 0
    presented: int = 0
    count: int = 0


#: Account, what, source, presented currency: what is one line.
_Same = tuple[str, str, str | None, str | None]
_Sums = dict[_Same, _Sum]
#: What each type of the parts of fees came to.
Parts = Mapping[Key, Mapping[str, int]]


def build(
    rows: Iterable[LedgerRow], parts: Parts, chart: Chart, *, livemode: bool
) -> tuple[dict[Key, Entry], list[str]]:
    """The entries of ledger rows, and what went to suspense, by its subject and name.

    `parts` are those of the same rows' fees; what they leave of the fees is `UNSPECIFIED`.
    """
    sums: dict[Key, _Sums] = defaultdict(lambda: defaultdict(_Sum))
    nets: Counter[Key] = Counter()
    fees: Counter[Key] = Counter()
    unknown: set[str] = set()
    for row in rows:
        key = row.key
        place = chart.place(CATEGORY, row.category, row.currency)
        if not place.known:
            unknown.add(f"{CATEGORY} {row.category}")
        presented = row.presented.currency if row.presented else None
        source = row.source_id if place.each else None
        total = sums[key][place.account, row.category, source, presented]
        total.minor -= row.amount_minor
        total.presented -= row.presented.minor if row.presented else 0
        total.count += 1
        nets[key] += row.net_minor
        fees[key] += row.fee_minor
    for key in sums:
        _add_fees(sums[key], key, fees[key], parts.get(key, {}), chart, unknown)
    entries = {}
    for key, found in sums.items():
        clearing = chart.place(BALANCE_TYPE, key.balance_type, key.currency)
        if not clearing.known:
            unknown.add(f"{BALANCE_TYPE} {key.balance_type}")
        lines = (Line(clearing.account, nets[key]), *_lines(found))
        entries[key] = checked(Entry(entry_id(key, livemode=livemode), key, lines))
    return entries, sorted(unknown)


def bank_entries(settled: Iterable[Settled], chart: Chart, *, livemode: bool) -> dict[Key, Entry]:
    """What came in at the bank: an entry for each day and currency, from in transit to the bank,
    a line for each payout; what the bank kept or added is its charge."""
    found: dict[Key, list[Settled]] = defaultdict(list)
    for one in settled:
        found[Key(one.day, one.currency, BANK)].append(one)
    entries = {}
    for key, parts in found.items():
        sums: _Sums = defaultdict(_Sum)
        under_way = charged = 0
        for part in parts:
            account = chart.bank(part.account, key.currency)
            sums[account, "payout", part.payout_id, None].minor += part.bank_minor
            under_way += part.transit_minor
            charged += part.transit_minor - part.bank_minor
        charges = chart.role(BANK_CHARGES, key.currency)
        sums[charges, "bank_charge", None, None].minor += charged
        lines = (Line(chart.in_transit(key.currency), -under_way), *_lines(sums))
        entries[key] = checked(Entry(entry_id(key, livemode=livemode), key, lines))
    return entries


def _add_fees(
    sums: _Sums, key: Key, fee: int, parts: Mapping[str, int], chart: Chart, unknown: set[str]
) -> None:
    rest = fee - sum(parts.values())
    told = {**parts, UNSPECIFIED: parts.get(UNSPECIFIED, 0) + rest}
    for type_, amount in told.items():
        if amount:
            place = chart.place(FEE_PART, type_, key.currency)
            if not place.known:
                unknown.add(f"{FEE_PART} {type_}")
            # A category and a part may have one name and one account: `tax`.
            sums[place.account, f"fee {type_}", None, None].minor += amount


def _lines(sums: _Sums) -> Iterator[Line]:
    for (account, what, source, currency), total in sorted(sums.items(), key=_order):
        if total.minor or total.presented:
            presented = Money(total.presented, currency) if currency else None
            yield Line(account, total.minor, what, total.count, source, presented)


def _order(item: tuple[_Same, _Sum]) -> tuple[str, ...]:
    return tuple(part or "" for part in item[0])


def entry_id(key: Key, *, livemode: bool, number: int = 1) -> str:
    """`TW-20261130-USD`; TT in test mode, a letter for another balance, a number of correction."""
    kind = key.balance_type
    parts = ["TW" if livemode else "TT", f"{key.day:%Y%m%d}", key.currency.upper()]
    if kind != PAYMENTS:
        parts.append(_SHORT.get(kind, kind))
    if number > 1:
        parts.append(str(number))
    return "-".join(parts)


def difference(
    now: Entry | None, before: Iterable[Entry], key: Key, own_id: str, corrects: str
) -> Entry | None:
    """What is booked beside entries so that they come to what is known now; None for nothing."""
    sums: _Sums = defaultdict(_Sum)
    for sign, entries in ((1, [now] if now else []), (-1, list(before))):
        for line in (line for entry in entries for line in entry.lines):
            currency = line.presented.currency if line.presented else None
            total = sums[line.account, line.what, line.source_id, currency]
            total.minor += sign * line.minor
            total.presented += sign * (line.presented.minor if line.presented else 0)
            total.count += sign * line.count
    lines = tuple(_lines(sums))
    return checked(Entry(own_id, key, lines, corrects)) if lines else None


def opening(
    rows: Iterable[LedgerRow],
    settled: Iterable[Settled],
    day: date,
    chart: Chart,
    *,
    livemode: bool,
) -> tuple[Entry, ...]:
    """What assets and liabilities held at the end of `day`, an entry for each currency.

    `rows` are the sums of all ledger rows up to then, `settled` all that had come in at the bank.
    Income and expenses are closed into the opening account.
    """
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        mine = held[row.currency]
        mine[chart.place(BALANCE_TYPE, row.balance_type, row.currency).account] += row.net_minor
        place = chart.place(CATEGORY, row.category, row.currency)
        if place.account.startswith(("Assets:", "Liabilities:")):
            mine[place.account] -= row.amount_minor
    for one in settled:
        mine = held[one.currency]
        mine[chart.bank(one.account, one.currency)] += one.bank_minor
        mine[chart.in_transit(one.currency)] -= one.transit_minor
    found = []
    for currency, accounts in sorted(held.items()):
        key = Key(day, currency, OPENING)
        lines = [
            Line(account, minor, OPENING) for account, minor in sorted(accounts.items()) if minor
        ]
        rest = -sum(line.minor for line in lines)
        lines.append(Line(chart.role(OPENING, currency), rest, OPENING))
        found.append(checked(Entry(entry_id(key, livemode=livemode), key, tuple(lines))))
    return tuple(found)


def checked(entry: Entry) -> Entry:
    """The entry itself if its lines sum to zero; else `JournalUnbalanced`."""
    rest = sum(line.minor for line in entry.lines)
    if rest:
        raise JournalUnbalanced(f"{entry.entry_id}: the lines sum to {rest} minor units")
    return entry


def postings(entry: Entry, chart: Chart) -> Iterator[Posting]:
    """The lines of an entry, what was paid in another currency through the conversion accounts.

    Each currency sums to zero by itself.
    """
    for line in entry.lines:
        amount = Money(line.minor, entry.currency)
        if line.presented is None:
            yield Posting(line.account, amount, line.minor, line.text, line.source_id)
            continue
        shown = line.presented
        here, there = (chart.role(CONVERSION, one) for one in (entry.currency, shown.currency))
        text, source = line.text, line.source_id
        yield Posting(here, amount, line.minor, text, source)
        yield Posting(there, -shown, -line.minor, text, source)
        yield Posting(line.account, shown, line.minor, text, source)
