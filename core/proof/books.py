"""Identity 11, `books`: what was exported for the accountant is what was kept of it, and in transit
are the payouts that no bank line is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Connection

from core.books import accounts, bank_lines, batches, ledger_rows
from core.books.accounts import CATEGORIES, CATEGORY, Chart
from core.books.batches import Batch
from core.books.journal import BANK, Key
from core.proof.breaks import Break
from core.proof.span import Span

IDENTITY = "books"


def book_breaks(connection: Connection, span: Span) -> Iterator[Break]:
    """The batches of closed months never change: each sums to zero and has the digest that was
    kept with it. What they leave in transit is told by month, where it came to be another."""
    until = span.last + timedelta(days=1)
    changed = batches.altered(connection, livemode=span.livemode, since=span.first, until=until)
    for entry in changed:
        yield Break(
            IDENTITY,
            "amount",
            entry.entry_id,
            entry.currency,
            entry.day,
            "batch",
            ours_minor=sum(line.minor for line in entry.lines),
            theirs_minor=0,
        )
    if not changed:
        yield from _in_transit(connection, span, until)


def _in_transit(connection: Connection, span: Span, until: date) -> Iterator[Break]:
    """By month and currency what the exported entries moved in transit, beside the payouts that
    left and those that came in on the same days."""
    kept = batches.kept(connection, livemode=span.livemode, since=span.first, until=until)
    if not kept:
        return
    chart = accounts.load(connection)
    now = _moved_now(connection, span, until, chart)
    exported: Counter[tuple[str, str]] = Counter()
    meant: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], date] = {}
    for key in _months(kept, now):
        place = (f"{key.day:%Y-%m}", key.currency)
        exported[place] += _moved_by(kept.get(key, []), chart)
        meant[place] += now[key]
        last[place] = max(key.day, last.get(place, key.day))
    for place in sorted(last):
        if exported[place] != meant[place]:
            month, currency = place
            yield Break(
                IDENTITY,
                "unexplained",
                f"in_transit {month}",
                currency,
                last[place],
                "not_exported",
                ours_minor=exported[place],
                theirs_minor=meant[place],
            )


def _months(kept: dict[Key, list[Batch]], now: Counter[Key]) -> Iterator[Key]:
    """The entries of what was exported: of a day that was, and of the bank in the same months."""
    months = {(f"{key.day:%Y-%m}", key.currency) for key in kept}
    for key in sorted({*kept, *now}):
        of_bank = key.balance_type == BANK and (f"{key.day:%Y-%m}", key.currency) in months
        if key in kept or of_bank:
            yield key


def _moved_now(connection: Connection, span: Span, until: date, chart: Chart) -> Counter[Key]:
    """By how much each day moves in transit, of ledger rows and of bank lines: debits positive."""
    found: Counter[Key] = Counter()
    payouts = _categories_in_transit(chart)
    for key, amount in ledger_rows.amounts(
        connection, livemode=span.livemode, since=span.first, until=until, categories=payouts
    ).items():
        found[key] -= amount
    for one in bank_lines.settled(
        connection, livemode=span.livemode, since=span.first, until=until
    ):
        found[Key(one.day, one.currency, BANK)] -= one.transit_minor
    return found


def _categories_in_transit(chart: Chart) -> list[str]:
    own = chart.in_transit("")
    return [name for name in CATEGORIES if chart.place(CATEGORY, name, "").account == own]


def _moved_by(entries: list[Batch], chart: Chart) -> int:
    return sum(
        line.minor
        for batch in entries
        for line in batch.entry.lines
        if line.account == chart.in_transit(batch.entry.currency)
    )
