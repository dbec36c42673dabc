"""Holding the ledger against Stripe's balance: what moved it must be here, to the minor unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from core import clock
from core.db.engine import reading, retrying, writing
from core.db.tables import (
    balance_checks,
    balance_readings,
    balance_transactions,
    stale_objects,
)
from core.db.upsert import upsert
from core.domain import cursors
from core.gateway.balances import Key, in_all, read_buckets
from core.gateway.client import Gateway
from core.gateway.readings import LEDGER, read_ledger_page
from core.gateway.snapshots import LedgerEntry
from core.mirror.ledger_walk import walk_name


@dataclass(frozen=True, slots=True)
class Balanced:
    """`compared` is False where Stripe's balance moved meanwhile, or the ledger has not caught up:
    nothing is said then. `differences` is the number of balances that do not fit."""

    compared: bool
    differences: int = 0


@dataclass(frozen=True, slots=True)
class _Ledger:
    """The ledger at one moment: net in minor units, and the time of its oldest row."""

    sums: dict[Key, int]
    since: datetime | None


def check_balance(engine: Engine, gateway: Gateway) -> Balanced:
    """Compare the sums of the ledger with Stripe's balance, and write what was found.

    Stripe's balance is read before and after: where it is the same, and the newest row of Stripe's
    list is in the ledger, nothing in between can have made a difference.
    """
    before = read_buckets(gateway)
    head = read_ledger_page(gateway, plain=True)
    with reading(engine) as connection:
        caught_up = _caught_up(connection, gateway.livemode, head.entries)
        ledger = _ledger(connection, gateway.livemode)
        kept = _kept(connection, gateway.livemode)
    if not caught_up or read_buckets(gateway) != before:
        return Balanced(False)
    balances = in_all(before)
    rows = [
        _row(gateway, key, balances.get(key, 0), ledger, kept.get(key))
        for key in sorted(_comparable(balances, ledger))
    ]
    newest = head.entries[0].stripe_id if head.entries else None
    now = clock.now()
    readings = [
        {
            "livemode": gateway.livemode,
            "read_at": now,
            "currency": currency,
            "balance_type": kind,
            "bucket": bucket,
            "amount_minor": amount,
            "newest_row": newest,
        }
        for (currency, kind, bucket), amount in sorted(before.items())
    ]
    retrying(partial(_write, engine, gateway.livemode, rows, readings))
    return Balanced(True, sum(_differs(row) for row in rows))


def reopen(connection: Connection, livemode: bool) -> None:
    """Forget what the balances were before the mirror began: Stripe's list was read anew."""
    connection.execute(delete(balance_checks).where(balance_checks.c.livemode == livemode))


def _caught_up(connection: Connection, livemode: bool, head: Sequence[LedgerEntry]) -> bool:
    """Whether the newest row of Stripe's list is here, and a walk has ended since it was made.

    A row that could not be written and is parked is passed over. Rows between that one and the
    oldest are not asked for: one that is missing is just what is looked for.
    """
    b, s = balance_transactions.c, stale_objects.c
    walked = (cursors.position(connection, walk_name(livemode)) or {}).get("since", 0)
    for entry in head:
        if connection.scalar(select(b.stripe_id).where(b.stripe_id == entry.stripe_id)):
            return bool(clock.to_unix(entry.created_at) <= walked)
        parked = select(s.kind).where(s.kind == LEDGER, s.stripe_id == entry.stripe_id)
        if connection.scalar(parked) is None:
            return False
    return not head


def _ledger(connection: Connection, livemode: bool) -> _Ledger:
    b = balance_transactions.c
    totals = (
        select(b.currency, b.balance_type, func.sum(b.net_minor))
        .where(b.livemode == livemode)
        .group_by(b.currency, b.balance_type)
    )
    sums = {(row[0], row[1]): int(row[2]) for row in connection.execute(totals)}
    oldest = select(b.created_at).where(b.livemode == livemode).order_by(b.created_at).limit(1)
    return _Ledger(sums, connection.scalar(oldest))


def _kept(connection: Connection, livemode: bool) -> dict[Key, Mapping[Any, Any]]:
    rows = connection.execute(
        select(balance_checks).where(balance_checks.c.livemode == livemode)
    ).mappings()
    return {(row["currency"], row["balance_type"]): row for row in rows}


def _comparable(balance: Iterable[Key], ledger: _Ledger) -> set[Key]:
    """Balances that Stripe tells of. A balance type of ledger rows that it does not is left out."""
    told = {kind for _, kind in balance}
    return set(balance) | {key for key in ledger.sums if key[1] in told}


def _row(
    gateway: Gateway, key: Key, balance: int, ledger: _Ledger, kept: Mapping[Any, Any] | None
) -> dict[str, Any]:
    currency, kind = key
    total = ledger.sums.get(key, 0)
    if kept is not None and kept["since"] == ledger.since:
        opening = int(kept["opening_minor"])
    elif _has_older(gateway, currency, ledger.since):
        opening = balance - total
    else:
        opening = 0
    return {
        "livemode": gateway.livemode,
        "currency": currency,
        "balance_type": kind,
        "balance_minor": balance,
        "ledger_minor": total,
        "opening_minor": opening,
        "since": ledger.since,
        "checked_at": clock.now(),
    }


def _has_older(gateway: Gateway, currency: str, since: datetime | None) -> bool:
    """Whether Stripe has rows of a currency from before the oldest row that is mirrored."""
    last = clock.to_unix(since or clock.now()) - 1
    page = read_ledger_page(gateway, created={"lte": last}, currency=currency, plain=True)
    return bool(page.entries or page.unread)


def _differs(row: Mapping[str, Any]) -> bool:
    return bool(row["opening_minor"] + row["ledger_minor"] != row["balance_minor"])


def _write(
    engine: Engine, livemode: bool, rows: list[dict[str, Any]], readings: list[dict[str, Any]]
) -> None:
    """In place of what was found before: a balance that Stripe tells no more of is gone.

    The readings themselves are kept, each that differs from the last one.
    """
    r = balance_readings.c
    with writing(engine) as connection:
        reopen(connection, livemode)
        upsert(connection, balance_checks, rows)
        last = select(func.max(r.read_at)).where(r.livemode == livemode).scalar_subquery()
        kept = connection.execute(
            select(r.currency, r.balance_type, r.bucket, r.amount_minor, r.newest_row).where(
                r.livemode == livemode, r.read_at == last
            )
        ).all()
        names = ("currency", "balance_type", "bucket", "amount_minor", "newest_row")
        if {tuple(row) for row in kept} != {tuple(one[n] for n in names) for one in readings}:
            connection.execute(balance_readings.insert(), readings)
