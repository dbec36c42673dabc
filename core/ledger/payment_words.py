"""The words that payments are found by, changed in the transaction that changes the payments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select

from core.db.bulk import insert_rows
from core.db.tables import payment_words, payments
from core.db.upsert import put
from core.search_words import entries

Row = Mapping[Any, Any]
Key = tuple[str, str]
Sums = dict[tuple[Any, ...], tuple[int, ...]]

_W, _P = payment_words.c, payments.c
_KEY = tuple(column.name for column in payment_words.primary_key.columns)
#: What stands beside a word: where the payment is in a list, and what it is filtered by.
_PLACE = ("livemode", "created_at", "stripe_id")
_BESIDE = ("facet", "amount_minor")
_WORDS = ("customer_name", "failure_code", "decline_code")
_ORDER = itemgetter("kind", "word", "stripe_id")
_TAKE = delete(payment_words).where(and_(*(_W[name] == bindparam(f"{name}_") for name in _KEY)))
_CHUNK = 2000


def follow_payments(connection: Connection, rows: Sequence[Row], old: Mapping[str, Row]) -> None:
    """Bring the words of payments, which the caller has locked, from what was to `rows`."""
    come: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    for row in rows:
        before = old.get(row["stripe_id"])
        if before is None:
            come += _written(row, entries(row))
        elif any(row[name] != before[name] for name in (*_PLACE, *_BESIDE, *_WORDS)):
            now, then = entries(row), entries(before)
            if any(row[name] != before[name] for name in _PLACE):
                gone += _written(before, then)
            else:
                gone += _written(row, then - now)
            come += _written(row, now)
    _take(connection, gone)
    if come:
        # In order of the key, so that two writers do not deadlock.
        come.sort(key=_ORDER)
        put(connection, payment_words, come)


def forget(connection: Connection, rows: Sequence[Row]) -> None:
    """Take out the words of payments that go, which the caller has locked."""
    _take(connection, [one for row in rows for one in _written(row, entries(row))])


def _take(connection: Connection, gone: list[dict[str, Any]]) -> None:
    if gone:
        gone.sort(key=_ORDER)
        taken = [{f"{name}_": one[name] for name in _KEY} for one in gone]
        connection.execute(_TAKE, taken)


def _written(row: Row, found: frozenset[Key]) -> list[dict[str, Any]]:
    if not found:
        return []
    beside = {name: row[name] for name in (*_PLACE, *_BESIDE)}
    return [{"kind": kind, "word": word, **beside} for kind, word in found]


def kept(connection: Connection) -> Sums:
    """How many payments each kind, word and facet has, and what they sum to."""
    key = (_W.kind, _W.word, _W.livemode, _W.facet)
    asked = select(*key, func.count(), func.sum(_W.amount_minor)).group_by(*key)
    return {(*row[:2], bool(row[2]), row[3]): _whole(row[4:]) for row in connection.execute(asked)}


def true(connection: Connection) -> Sums:
    """The same, by the payments."""
    found: dict[tuple[Any, ...], tuple[int, ...]] = {}
    key = (*(_P[name] for name in _WORDS), _P.livemode, _P.facet)
    said = or_(*(_P[name].is_not(None) for name in _WORDS))
    asked = select(*key, func.count(), func.sum(_P.amount_minor)).where(said).group_by(*key)
    for row in connection.execute(asked):
        for kind, word in entries(row._mapping):
            place = (kind, word, bool(row.livemode), row.facet)
            n, total = found.get(place, (0, 0))
            found[place] = (n + int(row[5]), total + int(row[6]))
    return found


def rebuild(connection: Connection) -> None:
    """Write all words anew from the payments; nothing else may change payments meanwhile."""
    connection.execute(delete(payment_words))
    for rows in _all(connection):
        come = [one for row in rows for one in _written(row, entries(row))]
        if come:
            insert_rows(connection, payment_words, come)


def _whole(figures: Sequence[Any]) -> tuple[int, ...]:
    return tuple(map(int, figures))


def _all(connection: Connection) -> Iterator[Sequence[Row]]:
    last = ""
    columns = (_P[name] for name in (*_PLACE, *_BESIDE, *_WORDS))
    asked = select(*columns).order_by(_P.stripe_id).limit(_CHUNK)
    while rows := connection.execute(asked.where(_P.stripe_id > last)).mappings().all():
        yield rows
        last = rows[-1]["stripe_id"]
