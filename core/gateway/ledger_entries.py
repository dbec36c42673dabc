"""Balance transactions, the only place where Stripe states fee and net."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.errors import MalformedObject
from core.gateway import fields as f
from core.gateway.fields import Json
from core.gateway.snapshots import FeePart, LedgerEntry

#: The part of a fee that Stripe's list of parts does not explain.
UNSPECIFIED = "unspecified"
#: The beginnings of the ids of charges, as cards and as other methods make them.
CHARGE_IDS = ("ch_", "py_")
#: Those of what leads to a charge, and of payouts.
REFUND_IDS, DISPUTE_IDS, PAYOUT_IDS = ("re_", "pyr_"), ("dp_", "du_"), ("po_",)
_KINDS = (
    ("charge", CHARGE_IDS),
    ("refund", REFUND_IDS),
    ("dispute", DISPUTE_IDS),
    ("payout", PAYOUT_IDS),
)


def source_kind(source_id: str) -> str | None:
    """The kind of object behind a row, by its id; None for one that is not mirrored."""
    return next((kind for kind, starts in _KINDS if source_id.startswith(starts)), None)


def ledger_entry(source: Json, *, livemode: bool) -> LedgerEntry:
    """A balance transaction, with its source expanded if Stripe did so.

    `MalformedObject` where its own money cannot be read. Its source is another object: whatever
    that looks like, the row is booked.
    """
    origin = f.part(source, "source")
    amount, fee, net = (f.owed(source, name) for name in ("amount", "fee", "net"))
    if net != amount - fee:
        raise MalformedObject("net is not amount less fee")
    rate = source.get("exchange_rate")
    created = f.created(source)
    currency = f.currency(source)
    type_ = f.required(source, "type")
    return LedgerEntry(
        stripe_id=f.stripe_id(source),
        livemode=livemode,
        type=type_,
        reporting_category=f.text(source, "reporting_category") or type_,
        source_id=f.loose_reference(source, "source"),
        charge_id=_charge(source, origin),
        amount_minor=amount,
        fee_minor=fee,
        net_minor=net,
        currency=currency,
        balance_type=f.text(source, "balance_type") or "payments",
        fee_parts=_fee_parts(source.get("fee_details"), fee, currency),
        exchange_rate=str(rate)[:32] if isinstance(rate, (int, float, str)) else None,
        description=f.text(source, "description", 255),
        status=f.required(source, "status"),
        created_at=created,
        available_on=f.moment(source, "available_on") or created,
    )


def _charge(source: Json, origin: Json) -> str | None:
    """The charge behind a row: its source, what its expanded source names, or none that is told."""
    own = f.loose_reference(source, "source")
    if own is not None and (origin.get("object") == "charge" or own.startswith(CHARGE_IDS)):
        return own
    return f.loose_reference(origin, "charge")


def _fee_parts(listed: Any, fee: int, currency: str) -> tuple[FeePart, ...]:
    """The parts as Stripe lists them. They sum to the fee: what is left over is a part too."""
    parts = tuple(_readable(listed, currency)) if isinstance(listed, list) else ()
    rest = fee - sum(part.amount_minor for part in parts)
    if not rest:
        return parts
    return (*parts, FeePart(UNSPECIFIED, rest, currency, None, None))


def _readable(listed: list[Any], currency: str) -> Iterator[FeePart]:
    """Fees are in the row's own currency; a part in another one cannot be summed with it."""
    for one in listed:
        try:
            if not isinstance(one, dict) or f.currency({"currency": currency, **one}) != currency:
                continue
            yield FeePart(
                type=f.required(one, "type"),
                amount_minor=f.owed(one, "amount"),
                currency=currency,
                application=f.text(one, "application"),
                description=f.text(one, "description", 255),
            )
        except MalformedObject:
            continue
