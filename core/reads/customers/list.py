"""The list of customers: those of Stripe newest first, and whoever a search finds by its payments.

A search line is one of: a customer's id; an e-mail address or its beginning; the last four digits
of a card; words of a name, as payments carry it. By a card or a name the payers of the newest
payments with it are found, a Customer at Stripe or not. No search walks a table: each begins in an
index and looks at a bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from core import search_words
from core.db.tables import customers, payment_words, payments
from core.domain.payers import payer_of
from core.domain.search_histograms import folded_email
from core.reads.customers.sums import PayerSums, sums_of
from core.reads.permissions import requires
from core.reads.search import paging, totals
from core.reads.search.query import refuse_half_characters

LIMIT = 50
#: Of each payer on a page, the newest payments that are counted and summed.
MOST_SUMMED = 500
#: A search looks at so many payments, and shows so many payers.
MOST_SEARCHED = 2000
MOST_FOUND = 100
#: Comes after every text that begins as asked.
_LAST = "\U0010ffff"
_C, _P, _W = customers.c, payments.c, payment_words.c


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A payer: `customer` is the id at Stripe, or the address of one who has none (a guest).

    `created_at` is when Stripe made the customer; None for a guest, and for a customer that is not
    read yet. `sums.last_at` is the last payment. Times are UTC.
    """

    customer: str
    name: str | None
    email: str | None
    country: str | None
    created_at: datetime | None
    deleted: bool
    sums: PayerSums


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Customers, newest first; those of a search by their newest payment that was found.

    A cursor is None where nothing lies beyond. `more`: a search found more than are shown, or did
    not look at all payments that may match.
    """

    rows: tuple[CustomerRow, ...]
    newer: str | None = None
    older: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """All customers of a mode: how many, exactly unless there are more than `totals.MOST`; and what
    they paid, where it could be summed (`paid.exact`) of their payments."""

    customers: int
    exact: bool
    paid: totals.Totals


@requires("see_payments")
def head(conn: Connection, *, livemode: bool) -> Head:
    """What all pages of the list without a search come to."""
    mine = (
        select(_C.stripe_id)
        .where(_C.livemode == livemode)
        .order_by(_C.created_at.desc(), _C.stripe_id.desc())
        .limit(totals.MOST + 1)
        .subquery("mine")
    )
    count = int(conn.scalar(select(func.count()).select_from(mine)) or 0)
    if count > totals.MOST:
        return Head(totals.MOST, False, totals.Totals(0, False, ()))
    # From the customers: an account of guests has few of its payments under one.
    paid = (
        select(_P.amount_captured_minor, _P.currency)
        .join_from(mine, payments, _P.customer_id == mine.c.stripe_id)
        .where(_P.livemode == livemode, _P.amount_captured_minor > 0)
    )
    return Head(count, True, totals.totals(conn, paid))


@requires("see_payments")
def page(
    conn: Connection,
    *,
    livemode: bool,
    search: str = "",
    cursor: str | None = None,
    older: bool = True,
    limit: int = LIMIT,
) -> CustomerPage:
    """A page of a mode's customers, or what a search line finds, which is one page.

    A cursor that cannot be read is taken as none. `InvalidInput` for a line with half a character.
    """
    asked = " ".join(search.split())[:255]
    if asked:
        refuse_half_characters("search", asked)
        return _found(conn, asked, livemode)
    find = paging.of_table(conn, _C.created_at, _C.stripe_id, [_C.livemode == livemode])
    at = paging.page(find, str, cursor=cursor, older=older, limit=limit)
    rows = _rows(conn, dict.fromkeys(at.keys), livemode)
    return CustomerPage(rows, at.newer, at.older)


def _found(conn: Connection, asked: str, livemode: bool) -> CustomerPage:
    payers: dict[str, Row[Any] | None] = {}
    more = False
    for query in _customers(asked, livemode):
        ids = conn.scalars(query.limit(MOST_FOUND + 1)).all()
        more |= len(ids) > MOST_FOUND
        payers |= dict.fromkeys(ids[:MOST_FOUND])
    for query in _payments(asked, livemode):
        rows = conn.execute(query.limit(MOST_SEARCHED)).all()
        more |= len(rows) == MOST_SEARCHED
        for row in rows:
            payer = payer_of(row.customer_id, row.email)
            if payer is not None and row.livemode == livemode:
                payers.setdefault(payer, row)
    shown = dict(list(payers.items())[:MOST_FOUND])
    return CustomerPage(_rows(conn, shown, livemode), more=more or len(shown) < len(payers))


def _customers(asked: str, livemode: bool) -> Iterator[Select[Any]]:
    """Customers of Stripe by what the line may be: an id, an address as it was written there."""
    mine = select(_C.stripe_id).where(_C.livemode == livemode)
    if asked.startswith("cus_"):
        yield mine.where(_C.stripe_id == asked)
    elif " " not in asked and not _is_last4(asked):
        for form in dict.fromkeys((asked, folded_email(asked))):
            yield mine.where(_begins(_C.email, form)).order_by(_C.email)


def _payments(asked: str, livemode: bool) -> Iterator[Select[Any]]:
    """Payments by what the line may be, newest first where an index holds them so."""
    shown = select(_P.customer_id, _P.email, _P.customer_name, _P.card_country, _P.livemode)
    newest = (_P.created_at.desc(), _P.stripe_id.desc())
    if asked.startswith("cus_"):
        yield shown.where(_P.customer_id == asked).order_by(*newest)
        return
    if _is_last4(asked):
        yield shown.where(_P.card_last4 == asked).order_by(*newest)
        return
    if "@" not in asked and (words := search_words.in_line(asked)):
        yield _named(shown, words, livemode)
    if " " not in asked:
        yield shown.where(_begins(_P.email, folded_email(asked))).order_by(_P.email)


def _named(shown: Select[Any], words: tuple[str, ...], livemode: bool) -> Select[Any]:
    """Payments whose customer's name has all of these words."""
    named = (
        select(_W.stripe_id)
        .where(_W.kind == search_words.NAME, _W.word == words[0], _W.livemode == livemode)
        .order_by(_W.created_at.desc(), _W.stripe_id.desc())
        .limit(MOST_SEARCHED)
        .subquery("named")
    )
    query = shown.join_from(named, payments, _P.stripe_id == named.c.stripe_id)
    for number, word in enumerate(words[1:]):
        also = payment_words.alias(f"w{number}").c
        query = query.where(
            select(also.word)
            .where(
                also.kind == search_words.NAME,
                also.word == word,
                also.livemode == livemode,
                also.created_at == _P.created_at,
                also.stripe_id == _P.stripe_id,
            )
            .exists()
        )
    return query.order_by(_P.created_at.desc(), _P.stripe_id.desc())


def _begins(column: ColumnElement[Any], start: str) -> ColumnElement[bool]:
    """Texts that begin so; in the form that finds its place in an index on both databases."""
    bare = start.removesuffix("*")
    return column.between(bare, bare + _LAST)


def _is_last4(asked: str) -> bool:
    return len(asked) == 4 and asked.isascii() and asked.isdigit()


def _rows(
    conn: Connection, payers: Mapping[str, Row[Any] | None], livemode: bool
) -> tuple[CustomerRow, ...]:
    """The rows of payers in their order; a payment tells what Stripe's customer does not."""
    known = {
        row.stripe_id: row
        for row in conn.execute(select(customers).where(_C.stripe_id.in_(list(payers))))
    }
    sums = sums_of(conn, list(payers), livemode=livemode, most=MOST_SUMMED)
    return tuple(
        _row(payer, known.get(payer), payment, sums[payer]) for payer, payment in payers.items()
    )


def _row(
    payer: str, customer: Row[Any] | None, payment: Row[Any] | None, sums: PayerSums
) -> CustomerRow:
    row = CustomerRow(payer, None, None, None, None, False, sums)
    if payment is not None:
        row = replace(row, name=payment.customer_name, email=payment.email)
        row = replace(row, country=payment.card_country)
    if customer is not None:
        row = replace(
            row,
            name=customer.name or row.name,
            email=customer.email or row.email,
            country=customer.country or row.country,
            created_at=customer.created_at,
            deleted=customer.deleted,
        )
    return row
