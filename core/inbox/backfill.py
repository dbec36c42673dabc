"""Learning an account's past from Stripe's lists: resumable, with progress, safe to run again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine

from core import clock
from core.db import cursors
from core.db.engine import reading, retrying, writing
from core.errors import StripeKeyRefused, StripeNotFound
from core.gateway.client import Gateway
from core.gateway.readings import Page, read_ledger_page, read_page
from core.inbox.apply import Books, apply
from core.inbox.ledger_walk import walk_name, write_page
from core.inbox.poll import events_name
from core.inbox.streams import Backfilling

#: Charges come before the payments that show them, and all before the ledger that books them.
ORDER = (
    "customer",
    "charge",
    "payment_intent",
    "refund",
    "dispute",
    "payout",
    "early_fraud_warning",
    "review",
)
LEDGER = "balance_transaction"
A_DAY = 86_400
#: Radar's own objects: an account without it, or a key without the right, may refuse them.
OPTIONAL = {"early_fraud_warning", "review"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is. `fraction` is 0 to 1, by the time that the walk has covered."""

    kind: str
    done: int
    fraction: float
    finished: bool


@dataclass(frozen=True)
class Run:
    """One backfill: how far back it goes (seconds), and when it began (microseconds)."""

    since: int
    began: int


Report = Callable[[Progress], None]


def backfill(
    engine: Engine, gateway: Gateway, books: Books, *, since: datetime, report: Report
) -> dict[str, int]:
    """Read every list since a time into the mirror and the ledger; the rows read of each kind.

    A run that was cut short goes on where it was, if it was to go about as far back.
    """
    run = retrying(partial(_begin, engine, gateway.livemode, since))
    with Backfilling(engine, gateway.livemode, clock.from_unix(run.since)) as noted:

        def told(progress: Progress) -> None:
            noted.goes_on(progress.kind)
            report(progress)

        counts = {}
        for kind in ORDER:
            write = partial(_write_list, engine, books)
            try:
                counts[kind] = _walk(engine, gateway, kind, run, told, write)
            except (StripeNotFound, StripeKeyRefused) as error:
                if kind not in OPTIONAL:
                    raise
                _log.info("Stripe does not list %s here: %s", kind, error.code)
                noted.lacks(kind, error)
                counts[kind] = 0
        counts[LEDGER] = _walk(
            engine, gateway, LEDGER, run, told, partial(_write_ledger, engine, gateway, books)
        )
        retrying(partial(_end, engine, gateway.livemode, run))
    return counts


Write = Callable[[Any, tuple[str, dict[str, Any]]], None]


def _begin(engine: Engine, livemode: bool, since: datetime) -> Run:
    """Go on with a run that was cut short, if it reached about as far back; else begin one."""
    now = clock.now()
    with writing(engine) as connection:
        kept = cursors.position(connection, _name(livemode))
        if kept is not None and not kept["finished"]:
            run = Run(kept["since"], kept["began"])
            if abs(run.since - clock.to_unix(since)) < A_DAY:
                return run
        run = Run(clock.to_unix(since), clock.to_micros(now))
        cursors.keep(connection, _name(livemode), vars(run) | {"finished": False}, at=now)
        # From here on the walks of events and of the ledger take over, even if this run is cut
        # short and its lists are not read again.
        where = {"since": clock.to_unix(now)}
        for name in (walk_name(livemode), events_name(livemode)):
            if cursors.position(connection, name) is None:
                cursors.keep(connection, name, where, at=now)
        return run


def _name(livemode: bool, kind: str = "") -> str:
    return f"backfill:{'live' if livemode else 'test'}" + (f":{kind}" if kind else "")


def _walk(
    engine: Engine, gateway: Gateway, kind: str, run: Run, report: Report, write: Write
) -> int:
    name = _name(gateway.livemode, kind)
    with reading(engine) as connection:
        kept = cursors.position(connection, name)
    if kept is None or kept["run"] != run.began:
        kept = {"run": run.began, "after": None, "done": 0, "finished": False}
    start, span = clock.now(), max(1, clock.to_unix(clock.now()) - run.since)
    while not kept["finished"]:
        page = _read(gateway, kind, run.since, kept["after"])
        size = len(page.entries if kind == LEDGER else page.snapshots)
        kept = {
            "run": run.began,
            "after": page.last_id or kept["after"],
            "done": kept["done"] + size,
            "finished": not page.has_more,
        }
        write(page, (name, kept))
        covered = (start - page.oldest).total_seconds() / span if page.oldest else 1.0
        fraction = 1.0 if kept["finished"] else min(1.0, max(0.0, covered))
        report(Progress(kind, kept["done"], fraction, kept["finished"]))
    return int(kept["done"])


def _read(gateway: Gateway, kind: str, floor: int, after: str | None) -> Any:
    created = {"gte": floor}
    if kind == LEDGER:
        return read_ledger_page(gateway, created=created, starting_after=after)
    return read_page(gateway, kind, created=created, starting_after=after)


def _write_list(engine: Engine, books: Books, page: Page, keep: tuple[str, dict[str, Any]]) -> None:
    def write() -> None:
        with writing(engine) as connection:
            apply(connection, page.snapshots, books)
            cursors.keep(connection, keep[0], keep[1], at=clock.now())

    retrying(write)


def _write_ledger(
    engine: Engine,
    gateway: Gateway,
    books: Books,
    page: Any,
    keep: tuple[str, dict[str, Any]],
) -> None:
    write_page(engine, gateway, books, page, keep=keep)


def _end(engine: Engine, livemode: bool, run: Run) -> None:
    with writing(engine) as connection:
        where = vars(run) | {"finished": True}
        cursors.keep(connection, _name(livemode), where, at=clock.now())
