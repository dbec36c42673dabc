"""Any ledger rows make entries that sum to zero in each currency, and the balance is their net."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.books import journal
from core.books.accounts import Chart
from core.books.journal import Entry, Key, LedgerRow, Line, build, checked, postings
from core.errors import JournalUnbalanced
from core.money import Money
from core.reads.revenue.categories import KNOWN

DAY = date(2026, 11, 4)
USD = Key(DAY, "usd", "payments")
amounts = st.integers(-(10**15), 10**15)
shown = st.builds(Money, amounts, st.sampled_from(["gbp", "jpy", "kwd"]))


@st.composite
def _row(draw: st.DrawFn) -> LedgerRow:
    amount, fee = draw(amounts), draw(st.integers(-500, 10**6))
    return LedgerRow(
        DAY + timedelta(days=draw(st.integers(0, 3))),
        draw(st.sampled_from(["usd", "eur", "cny", "jpy", "kwd", "usdc"])),
        draw(st.sampled_from(["payments", "issuing", "risk_reserved", "new_balance"])),
        draw(st.sampled_from([*sorted(KNOWN), "new_category", "tax", "date:2020"])),
        draw(st.sampled_from([None, "po_1", "po_2"])),
        amount,
        fee,
        amount - fee,
        draw(st.none() | shown),
    )


types = st.sampled_from(["stripe_fee", "tax", "withheld_tax", "new_part"])
rows_and_parts = st.tuples(
    st.lists(_row(), max_size=30),
    st.dictionaries(st.integers(0, 29), st.dictionaries(types, st.integers(-(10**6), 10**6))),
)


@given(rows_and_parts)
def test_any_rows_make_entries_that_sum_to_zero_in_each_currency(
    given_: tuple[list[LedgerRow], dict[int, dict[str, int]]],
) -> None:
    rows, told = given_
    parts = {rows[place].key: found for place, found in told.items() if place < len(rows)}
    entries, _ = build(rows, parts, Chart(), livemode=True)
    assert entries.keys() == {row.key for row in rows}
    for key, entry in entries.items():
        mine = [row for row in rows if row.key == key]
        assert sum(line.minor for line in entry.lines) == 0
        sums: Counter[str] = Counter()
        for posting in postings(entry, Chart()):
            sums[posting.amount.currency] += posting.amount.minor
        assert not any(sums.values())
        assert sum(posting.base_minor for posting in postings(entry, Chart())) == 0
        assert entry.lines[0].minor == sum(row.net_minor for row in mine)


@given(st.lists(_row(), max_size=20), st.lists(_row(), max_size=20))
def test_an_entry_and_its_correction_are_what_is_known_now(
    first: list[LedgerRow], late: list[LedgerRow]
) -> None:
    """Their sums by account, source and currency: nothing is left of what was wrong."""
    before, _ = build(first, {}, Chart(), livemode=True)
    now, _ = build([*first, *late], {}, Chart(), livemode=True)
    for key in now.keys() | before.keys():
        old = [before[key]] if key in before else []
        mended = journal.difference(now.get(key), old, key, "TW-2", "TW-1")
        assert _sums([*old, *([mended] if mended else [])]) == _sums([now[key]])
        assert mended is None or mended.corrects == "TW-1"


def _sums(entries: list[Entry]) -> dict[tuple[object, ...], int]:
    found: Counter[tuple[object, ...]] = Counter()
    for entry in entries:
        for line in entry.lines:
            place = (line.account, line.what, line.source_id)
            found[place] += line.minor
            if line.presented:
                found[*place, line.presented.currency] += line.presented.minor
    return {place: minor for place, minor in found.items() if minor}


def _booked(*rows: LedgerRow, parts: dict[str, int] | None = None) -> dict[str, int]:
    """Account to minor units of the one entry that these rows make."""
    entries, _ = build(rows, {USD: parts or {}}, Chart(), livemode=True)
    [entry] = entries.values()
    found: Counter[str] = Counter()
    for line in entry.lines:
        found[line.account] += line.minor
    return dict(found)


def _usd(category: str, amount: int, fee: int = 0, source: str | None = None) -> LedgerRow:
    return LedgerRow(DAY, "usd", "payments", category, source, amount, fee, amount - fee)


def test_a_sale_is_the_balance_and_its_fee_by_parts() -> None:
    parts = {"stripe_fee": 50, "tax": 10}
    assert _booked(_usd("charge", 2000, 65), parts=parts) == {
        "Assets:Stripe:USD": 1935,
        "Income:Sales": -2000,
        "Expenses:Fees:Stripe": 50,
        "Expenses:Fees:Tax": 10,
        "Expenses:Fees:Unspecified": 5,
    }


@pytest.mark.parametrize(
    ("category", "amount", "account"),
    [
        ("refund", -500, "Income:Refunds"),
        ("dispute", -900, "Expenses:Disputes"),
        ("dispute_reversal", 900, "Expenses:Disputes"),
        ("fee", -25, "Expenses:Fees:Billed"),
        ("network_cost", -25, "Expenses:Fees:Network"),
        ("tax", -5, "Expenses:Fees:Tax"),
        ("payout", -7000, "Assets:InTransit:USD"),
        ("topup", 7000, "Assets:TopUps:USD"),
        ("risk_reserved_funds", -300, "Assets:Stripe:Reserves:USD"),
        ("payout_minimum_balance_hold", -100, "Assets:Stripe:MinimumBalance:USD"),
        ("other_adjustment", -1, "Assets:Suspense:Adjustments:USD"),
        ("financing_payout", 10_000, "Liabilities:Stripe:Loans:USD"),
        ("loyalty_credit", 4, "Assets:Suspense:Loyalty-Credit:USD"),
    ],
)
def test_each_kind_of_row_stands_against_the_balance(
    category: str, amount: int, account: str
) -> None:
    assert _booked(_usd(category, amount)) == {"Assets:Stripe:USD": amount, account: -amount}


@pytest.mark.parametrize(
    ("gone", "back"),
    [
        ("payout", "payout_reversal"),
        ("payout_minimum_balance_hold", "payout_minimum_balance_release"),
        ("risk_reserved_funds", "risk_reserved_funds"),
        ("dispute", "dispute_reversal"),
        ("refund", "refund_failure"),
    ],
)
def test_what_comes_back_leaves_nothing_where_it_had_gone(gone: str, back: str) -> None:
    assert not any(_booked(_usd(gone, -700), _usd(back, 700)).values())


def test_payouts_have_a_line_each_and_sales_one_a_day() -> None:
    rows = [_usd("charge", 100, source="ch_1"), _usd("charge", 200, source="ch_2")]
    rows += [_usd("payout", -50, source="po_1"), _usd("payout", -60, source="po_2")]
    entries, _ = build(rows, {}, Chart(), livemode=False)
    [entry] = entries.values()
    assert entry.entry_id == "TT-20261104-USD"
    assert [(line.text, line.minor, line.source_id) for line in entry.lines] == [
        ("", 190, None),
        ("payout", 50, "po_1"),
        ("payout", 60, "po_2"),
        ("charge (2)", -300, None),
    ]


def test_what_nobody_books_is_told() -> None:
    rows = [_usd("loyalty_credit", 1, 2), _usd("charge", 5)]
    _, suspense = build(rows, {USD: {"new_part": 2}}, Chart(), livemode=True)
    assert suspense == ["category loyalty_credit", "fee_part new_part"]


def test_a_sale_in_another_currency_goes_through_conversion() -> None:
    row = LedgerRow(DAY, "usd", "payments", "charge", "ch_1", 1954, 87, 1867, Money(3000, "aud"))
    entries, _ = build([row], {USD: {"stripe_fee": 87}}, Chart(), livemode=True)
    [entry] = entries.values()
    found = [(p.account, str(p.amount), p.base_minor) for p in postings(entry, Chart())]
    assert found == [
        ("Assets:Stripe:USD", "18.67 USD", 1867),
        ("Expenses:Fees:Stripe", "0.87 USD", 87),
        ("Equity:Conversion:USD", "-19.54 USD", -1954),
        ("Equity:Conversion:AUD", "30.00 AUD", 1954),
        ("Income:Sales", "-30.00 AUD", -1954),
    ]


def test_an_entry_that_does_not_sum_to_zero_is_no_entry() -> None:
    with pytest.raises(JournalUnbalanced, match="TW-1: the lines sum to 1 minor units"):
        checked(Entry("TW-1", USD, (Line("Assets:Stripe:USD", 1),)))
