"""The same work as applying the inbox, by an ORM, with an event per transaction (the baseline)."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, registry

from core import clock, search_words
from core.db import tables
from core.domain.search_histograms import amount_bucket, email_prefix
from core.gateway.objects import read_object
from core.gateway.snapshots import ChargeSnapshot, PaymentSnapshot
from core.ledger.booking import Scope
from core.ledger.facets import Facet
from core.ledger.payment_rollups import facet_of
from core.mirror.merge import is_newer, with_charge, with_disputes, with_intent, with_state

_registry = registry()
_SCOPE = Scope(ZoneInfo("UTC"), 0)


def _mapped(name: str, table: Any) -> Any:
    made = type(name, (), {})
    _registry.map_imperatively(made, table)
    return made


Event = _mapped("Event", tables.events)
Payment = _mapped("Payment", tables.payments)
Charge = _mapped("Charge", tables.charges)
Stale = _mapped("Stale", tables.stale_objects)
FacetRow = _mapped("FacetRow", tables.facets)
Daily = _mapped("Daily", tables.payments_daily)
Hist = _mapped("Hist", tables.amount_hist)
Prefix = _mapped("Prefix", tables.email_prefix)
Word = _mapped("Word", tables.payment_words)
Version = _mapped("Version", tables.versions)


def apply_all(engine: Engine) -> int:
    """Apply every pending event; how many."""
    with Session(engine) as session:
        waiting = select(Event.seq).where(Event.state == "pending").order_by(Event.seq)
        numbers = session.scalars(waiting).all()
    for number in numbers:
        with Session(engine.execution_options(writes=True)) as session, session.begin():
            _apply(session, session.get_one(Event, number))
    return len(numbers)


def _apply(session: Session, event: Any) -> None:
    source = json.loads(event.body)["data"]["object"]
    snapshot = read_object(source, as_of=event.created_at, confirmed=False, livemode=event.livemode)
    if isinstance(snapshot, ChargeSnapshot):
        _merge(session, Charge, snapshot)
        _payment(session, snapshot.payment_id, None, event)
    elif isinstance(snapshot, PaymentSnapshot):
        _payment(session, snapshot.stripe_id, snapshot, event)
    event.state, event.applied_at = "applied", clock.now()
    _add(session, Version, {"topic": "payments", "slot": 0}, version=1)


def _merge(session: Session, kind: Any, snapshot: Any) -> None:
    row = session.get(kind, snapshot.stripe_id)
    if row is None:
        session.add(_filled(kind(), vars(snapshot)))
    elif is_newer(snapshot, vars(row)):
        _filled(row, vars(snapshot))


def _payment(session: Session, payment_id: Any, snapshot: Any, event: Any) -> None:
    old = session.get(Payment, payment_id)
    before = _values(old, tables.payments) if old is not None else None
    if snapshot is not None and (before is None or is_newer(snapshot, before)):
        row = with_intent(before, snapshot, _SCOPE)
    elif before is not None:
        row = dict(before)
    else:
        return
    charge = session.get(Charge, row["latest_charge_id"]) if row["latest_charge_id"] else None
    behind = _values(charge, tables.charges) if charge is not None else None
    with_charge(row, behind)
    # No event of the bench is a dispute's.
    with_disputes(row, behind, [])
    with_state(row)
    row["facet"] = _facet(session, facet_of(row))
    if before is not None:
        _count(session, before, -1)
    _count(session, row, 1)
    session.add(_filled(old if old is not None else Payment(), row))
    _words(session, before, row)
    key = {"kind": "payment_intent", "stripe_id": payment_id}
    stale = {"known_at": event.created_at, "next_attempt_at": clock.now(), "livemode": True}
    _add(session, Stale, key, mark=1, **stale)


def _facet(session: Session, facet: Facet) -> int:
    found = session.scalars(select(FacetRow).filter_by(**facet._asdict())).first()
    if found is None:
        last = session.scalars(select(FacetRow).order_by(FacetRow.id.desc())).first()
        found = _filled(FacetRow(), {"id": last.id + 1 if last else 1, **facet._asdict()})
        session.add(found)
        session.flush()
    return int(found.id)


def _count(session: Session, row: Any, times: int) -> None:
    key = {"day": row["day"], "facet": row["facet"], "slot": 0}
    counts = {
        "count": times,
        "amount_minor": times * row["amount_minor"],
        "captured_minor": times * row["amount_captured_minor"],
    }
    _add(session, Daily, key, **counts, **facet_of(row)._asdict())
    bucket = {"currency": row["currency"], "bucket": amount_bucket(row["amount_minor"])}
    _add(session, Hist, {**bucket, "slot": 0}, n=times)
    if row["email"]:
        _add(session, Prefix, {"p3": email_prefix(row["email"]), "slot": 0}, n=times)


def _words(session: Session, before: Any, row: Any) -> None:
    then = search_words.entries(before) if before is not None else frozenset()
    now = search_words.entries(row)
    place = {name: row[name] for name in ("livemode", "created_at", "stripe_id")}
    beside = {name: row[name] for name in ("facet", "amount_minor")}
    for kind, word in then - now:
        session.delete(session.get_one(Word, (kind, word, *place.values())))
    for kind, word in now:
        found = session.get(Word, (kind, word, *place.values())) or Word()
        session.add(_filled(found, {"kind": kind, "word": word, **place, **beside}))


_SUMS = {"count", "amount_minor", "captured_minor", "n", "mark", "version"}


def _add(session: Session, kind: Any, key: dict[str, Any], **values: Any) -> None:
    row = session.get(kind, tuple(key.values()))
    if row is None:
        session.add(_filled(kind(), key | values | ({"attempts": 0} if kind is Stale else {})))
        session.flush()
        return
    for name, value in values.items():
        setattr(row, name, getattr(row, name) + value if name in _SUMS else value)


def _filled(row: Any, values: Any) -> Any:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def _values(row: Any, table: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in table.columns}
