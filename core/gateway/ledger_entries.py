"""Balance transactions, the only place where Stripe states fee and net."""

from __future__ import annotations

from core.errors import MalformedObject
from core.gateway import fields as f
from core.gateway.fields import Json
from core.gateway.snapshots import LedgerEntry


def ledger_entry(source: Json, *, livemode: bool) -> LedgerEntry:
    """A balance transaction, with its source expanded if Stripe did so."""
    origin = f.part(source, "source")
    amount, fee, net = (f.integer(source, name) for name in ("amount", "fee", "net"))
    if net != amount - fee:
        raise MalformedObject("net is not amount less fee")
    rate = source.get("exchange_rate")
    is_charge = origin.get("object") == "charge"
    return LedgerEntry(
        stripe_id=f.stripe_id(source),
        livemode=livemode,
        type=f.required(source, "type"),
        reporting_category=f.text(source, "reporting_category") or f.required(source, "type"),
        source_id=f.reference(source, "source"),
        charge_id=f.stripe_id(origin) if is_charge else f.reference(origin, "charge"),
        amount_minor=amount,
        fee_minor=fee,
        net_minor=net,
        currency=f.currency(source),
        exchange_rate=None if rate is None else str(rate),
        description=f.text(source, "description", 255),
        status=f.required(source, "status"),
        created_at=f.created(source),
        available_on=f.moment(source, "available_on") or f.created(source),
    )
