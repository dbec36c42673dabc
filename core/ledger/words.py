"""The words that payments are found by, changed in the transaction that changes the payments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select

from core.db.bulk import insert_rows
from core.db.tables import payment_words, payments
from core.db.upsert import insert_missing
from core.db.words import ERROR, NAME, entries, of_name

Row = Mapping[Any, Any]
Key = tuple[str, str]

_W, _P = payment_words.c, payments.c
_KEY = tuple(column.name for column in payment_words.primary_key.columns)
_ORDER = itemgetter("kind", "word", "payment_id")
_TAKE = delete(payment_words).where(and_(*(_W[name] == bindparam(f"{name}_") for name in _KEY)))
_READ = ("stripe_id", "livemode", "created_at", "customer_name", "failure_code", "decline_code")
_CHUNK = 2000


def follow(connection: Connection, rows: Sequence[Row], old: Mapping[str, Row]) -> None:
    """Bring the words of payments, which the caller has locked, from what was to `rows`."""
    come: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    for row in rows:
        before = old.get(row["stripe_id"])
        if before is None:
            come += _written(row, entries(row))
        elif any(row[name] != before[name] for name in _READ):
            now, then = entries(row), entries(before)
            if any(row[name] != before[name] for name in ("livemode", "created_at")):
                come += _written(row, now)
                gone += _written(before, then)
            else:
                come += _written(row, now - then)
                gone += _written(row, then - now)
    if gone:
        gone.sort(key=_ORDER)
        taken = [{f"{name}_": one[name] for name in _KEY} for one in gone]
        connection.execute(_TAKE, taken)
    # In order of the key, so that two writers do not deadlock.
    come.sort(key=_ORDER)
    insert_missing(connection, payment_words, come, *_KEY)


def _written(row: Row, found: frozenset[Key]) -> list[dict[str, Any]]:
    livemode, at, payment_id = bool(row["livemode"]), row["created_at"], row["stripe_id"]
    return [
        {"kind": kind, "word": word, "livemode": livemode, "at": at, "payment_id": payment_id}
        for kind, word in found
    ]


def kept(connection: Connection) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """How many payments each kind, word and mode has."""
    key = (_W.kind, _W.word, _W.livemode)
    rows = connection.execute(select(*key, func.count()).group_by(*key))
    return {(kind, word, bool(mode)): (int(n),) for kind, word, mode, n in rows}


def true(connection: Connection) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The same, by the payments."""
    counts: Counter[tuple[Any, ...]] = Counter()
    named = select(_P.customer_name, _P.livemode, func.count()).where(_P.customer_name.is_not(None))
    for name, mode, n in connection.execute(named.group_by(_P.customer_name, _P.livemode)):
        counts.update({(NAME, word, bool(mode)): int(n) for word in of_name(name)})
    codes = (_P.failure_code, _P.decline_code)
    failed = select(*codes, _P.livemode, func.count()).where(or_(*(c.is_not(None) for c in codes)))
    for failure, decline, mode, n in connection.execute(failed.group_by(*codes, _P.livemode)):
        said = {code for code in (failure, decline) if code}
        counts.update({(ERROR, code, bool(mode)): int(n) for code in said})
    return {key: (n,) for key, n in counts.items()}


def rebuild(connection: Connection) -> None:
    """Write all words anew from the payments; nothing else may change payments meanwhile."""
    connection.execute(delete(payment_words))
    for rows in _all(connection):
        come = [one for row in rows for one in _written(row, entries(row))]
        if come:
            insert_rows(connection, payment_words, come)


def _all(connection: Connection) -> Iterator[Sequence[Row]]:
    last = ""
    asked = select(*(_P[name] for name in _READ)).order_by(_P.stripe_id).limit(_CHUNK)
    while rows := connection.execute(asked.where(_P.stripe_id > last)).mappings().all():
        yield rows
        last = rows[-1]["stripe_id"]
