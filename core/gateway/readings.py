"""Reading Stripe: single objects and pages of lists, as confirmed snapshots."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock
from core.errors import MalformedObject
from core.gateway.client import PAGE, Gateway, Json
from core.gateway.ledger_entries import ledger_entry
from core.gateway.objects import read_object
from core.gateway.snapshots import LedgerEntry, Snapshot

_log = logging.getLogger(__name__)

#: Where each kind of object is listed, and what is asked for with it.
_PATHS: dict[str, tuple[str, tuple[str, ...]]] = {
    "customer": ("/v1/customers", ()),
    "charge": ("/v1/charges", ()),
    "payment_intent": ("/v1/payment_intents", ("latest_charge",)),
    "refund": ("/v1/refunds", ()),
    "dispute": ("/v1/disputes", ()),
    "payout": ("/v1/payouts", ()),
    "early_fraud_warning": ("/v1/radar/early_fraud_warnings", ()),
    "review": ("/v1/reviews", ()),
}
KINDS = tuple(_PATHS)


@dataclass(frozen=True)
class Page:
    """One page of a list, newest first. `last_id` leads to the next page; `oldest` is its time."""

    snapshots: tuple[Snapshot, ...]
    last_id: str | None
    oldest: datetime | None
    has_more: bool


@dataclass(frozen=True)
class LedgerPage:
    """One page of balance transactions, and the objects behind them that came along."""

    entries: tuple[LedgerEntry, ...]
    sources: tuple[Snapshot, ...]
    last_id: str | None
    oldest: datetime | None
    has_more: bool


def read_one(gateway: Gateway, kind: str, stripe_id: str, *, known_at: datetime) -> Snapshot:
    """Read an object again. `StripeNotFound` if it is gone.

    The reading began after everything that was known at `known_at`, so it is never dated before
    that: Stripe's clock and ours may differ.
    """
    path, expand = _PATHS[kind]
    as_of = not_before(known_at)
    source = gateway.get(f"{path}/{stripe_id}", **_expand(expand))
    snapshot = read_object(source, as_of=as_of, confirmed=True, livemode=gateway.livemode)
    if snapshot is None:
        raise MalformedObject(f"{kind} is an unknown object")
    return snapshot


def not_before(known_at: datetime) -> datetime:
    """The time of a reading that begins now, by the later of the two clocks."""
    return max(clock.now(), clock.from_micros(clock.to_micros(known_at) + 1))


def read_page(
    gateway: Gateway,
    kind: str,
    *,
    created: dict[str, int] | None = None,
    starting_after: str | None = None,
    known_at: datetime = clock.EPOCH,
) -> Page:
    """A page of 100 objects; `created` is Stripe's filter in seconds, such as `{"gte": …}`."""
    path, expand = _PATHS[kind]
    as_of = not_before(known_at)
    params = _list_params(created, starting_after)
    answer = gateway.get(path, **params, **_expand([f"data.{name}" for name in expand]))
    data: list[Json] = answer["data"]
    return Page(
        _readable(gateway, data, as_of),
        *_end(data),
        bool(answer["has_more"]),
    )


def read_ledger_page(
    gateway: Gateway,
    *,
    created: dict[str, int] | None = None,
    starting_after: str | None = None,
    payout: str | None = None,
) -> LedgerPage:
    """A page of 100 balance transactions, with their sources."""
    as_of = clock.now()
    params = _list_params(created, starting_after) | ({"payout": payout} if payout else {})
    answer = gateway.get("/v1/balance_transactions", **params, **_expand(["data.source"]))
    data: list[Json] = answer["data"]
    return _ledger_page(gateway, data, as_of, bool(answer["has_more"]))


def read_ledger_row(gateway: Gateway, stripe_id: str) -> LedgerPage:
    """One balance transaction with its source, as a page of its own."""
    as_of = clock.now()
    row = gateway.get(f"/v1/balance_transactions/{stripe_id}", **_expand(["source"]))
    return _ledger_page(gateway, [row], as_of, False)


def _ledger_page(
    gateway: Gateway, data: Sequence[Json], as_of: datetime, has_more: bool
) -> LedgerPage:
    entries = []
    for row in data:
        try:
            entries.append(ledger_entry(row, livemode=gateway.livemode))
        except MalformedObject as error:
            _log.error("balance transaction %s cannot be read: %s", row.get("id"), error.message)
    sources = [row["source"] for row in data if isinstance(row.get("source"), dict)]
    return LedgerPage(tuple(entries), _readable(gateway, sources, as_of), *_end(data), has_more)


def _readable(gateway: Gateway, data: Sequence[Json], as_of: datetime) -> tuple[Snapshot, ...]:
    """The snapshots of a page; an object that cannot be read is named in the log and left out."""
    found = []
    for source in data:
        try:
            snapshot = read_object(source, as_of=as_of, confirmed=True, livemode=gateway.livemode)
        except MalformedObject as error:
            _log.error("%s cannot be read: %s", source.get("id"), error.message)
        else:
            found += [snapshot] if snapshot is not None else []
    return tuple(found)


def _list_params(created: dict[str, int] | None, starting_after: str | None) -> dict[str, Any]:
    params: dict[str, Any] = {"limit": PAGE}
    if created:
        params["created"] = created
    if starting_after:
        params["starting_after"] = starting_after
    return params


def _expand(names: Sequence[str]) -> dict[str, list[str]]:
    return {"expand": list(names)} if names else {}


def _end(data: Sequence[Json]) -> tuple[str | None, datetime | None]:
    if not data:
        return None, None
    return data[-1]["id"], clock.from_unix(data[-1]["created"])
