"""Movements of the balance that no payment makes: reserves, top-ups, taxes, fees, Capital, holds.

Types and categories are Stripe's (docs.stripe.com/reports/balance-transaction-types); a type that
is not here can be ordered too, with its category.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.emulator.resources import balance
from core.emulator.resources.fees import Part
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

#: type → reporting category, where the type says it.
CATEGORIES = {
    "advance": "advance",
    "advance_funding": "advance_funding",
    "anticipation_repayment": "anticipation_repayment",
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "climate_order_purchase": "climate_order_purchase",
    "climate_order_refund": "climate_order_refund",
    "connect_collection_transfer": "connect_collection_transfer",
    "contribution": "contribution",
    "issuing_authorization_hold": "issuing_authorization_hold",
    "issuing_authorization_release": "issuing_authorization_release",
    "issuing_dispute": "issuing_dispute",
    "issuing_transaction": "issuing_transaction",
    "obligation_outbound": "other_adjustment",
    "obligation_reversal_inbound": "other_adjustment",
    "payment_network_reserve_hold": "payment_network_reserve_hold",
    "payment_network_reserve_release": "payment_network_reserve_release",
    "payment_unreconciled": "unreconciled_customer_funds",
    "payout_minimum_balance_hold": "payout_minimum_balance_hold",
    "payout_minimum_balance_release": "payout_minimum_balance_release",
    "reserve_hold": "risk_reserved_funds",
    "reserve_release": "risk_reserved_funds",
    "reserve_transaction": "risk_reserved_funds",
    "reserved_funds": "risk_reserved_funds",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "tax_fee": "tax",
    "topup": "topup",
    "topup_reversal": "topup_reversal",
    "transfer": "transfer",
    "transfer_cancel": "transfer_reversal",
    "transfer_failure": "transfer_reversal",
    "transfer_refund": "transfer_reversal",
}
#: Categories that Stripe's pages name and whose rows have no type of their own here.
ADJUSTMENTS = (
    "connect_reserved_funds",
    "fee",
    "financing_paydown",
    "financing_paydown_reversal",
    "financing_payout",
    "financing_payout_reversal",
    "issuing_disbursement",
    "issuing_dispute_fraud_liability_debit",
    "issuing_dispute_provisional_credit",
    "issuing_dispute_provisional_credit_reversal",
    "network_cost",
    "other_adjustment",
)
#: Written as two rows: one of the payments balance, the opposite one of the reserve.
_PAIRED = ("reserve_hold", "reserve_release")
#: Categories whose rows stand in a balance of their own unless the order says otherwise.
_ISSUING = "issuing_"


@dataclass
class Movement:
    """One order; `amount` in minor units as the payments balance sees it."""

    type: str
    amount: int
    currency: str
    category: str
    balance_type: str | None = None
    source: str | None = None
    description: str | None = None
    parts: list[Part] = field(default_factory=list)
    available_on: int | None = None
    #: Before now: the row is listed later than its `created` says.
    created: int | None = None
    #: Seconds until the rows are listed.
    waits: int = 0


def write(ctx: Context, wanted: Movement) -> list[Obj]:
    """The rows of a movement, one or a pair, with their source where its kind is known here."""
    source = wanted.source or _source(ctx, wanted)
    kind = wanted.balance_type
    if kind is None:
        kind = "issuing" if wanted.category.startswith(_ISSUING) else balance.PAYMENTS
    rows = [_row(ctx, wanted, source, wanted.amount, kind, wanted.parts)]
    if wanted.type in _PAIRED and kind == balance.PAYMENTS:
        rows.append(_row(ctx, wanted, source, -wanted.amount, "risk_reserved", []))
    named = ctx.tx.find(source) if source else None
    if named is not None and named["object"] == "topup":
        named["balance_transaction"] = rows[0]["id"]
        ctx.tx.touch(named)
        ctx.emit("topup.succeeded", named)
    return rows


def write_stored(ctx: Context, movement: dict[str, Any]) -> None:
    """As `write`, of the fields of a `Movement`; the type may stand for the category."""
    category = movement.get("category") or CATEGORIES[movement["type"]]
    write(ctx, Movement(**{**movement, "category": category}))


def _row(
    ctx: Context, wanted: Movement, source: str | None, amount: int, kind: str, parts: list[Part]
) -> Obj:
    # What has no pending column at Stripe is available at once.
    later = wanted.available_on if kind != "issuing" else None
    row = balance.post(
        ctx,
        kind=wanted.type,
        category=wanted.category,
        source=source,
        amount=amount,
        currency=wanted.currency,
        parts=parts,
        available_on=later,
        description=wanted.description,
        balance_type=kind,
        waits=wanted.waits,
    )
    if wanted.created is not None:
        row["created"] = wanted.created
        row["available_on"] = max(wanted.created, wanted.available_on or wanted.created)
        ctx.tx.touch(row)
    return row


def _source(ctx: Context, wanted: Movement) -> str | None:
    if wanted.type == "topup":
        return str(ctx.tx.add(topup(ctx, wanted))["id"])
    if wanted.type == "reserve_transaction":
        made: Obj = {
            "id": ctx.ids.new("rsv"),
            "object": "reserve_transaction",
            "amount": wanted.amount,
            "currency": wanted.currency,
            "description": wanted.description,
        }
        return str(ctx.tx.add(made)["id"])
    return None


def topup(ctx: Context, wanted: Movement) -> dict[str, Any]:
    """A top-up that succeeded, not kept yet."""
    return {
        "id": ctx.ids.new("tu"),
        "object": "topup",
        "amount": wanted.amount,
        "balance_transaction": None,
        "created": ctx.now,
        "currency": wanted.currency,
        "description": wanted.description,
        "expected_availability_date": ctx.now,
        "failure_code": None,
        "failure_message": None,
        "initiated_by": "user",
        "livemode": False,
        "metadata": {},
        "source": None,
        "statement_descriptor": None,
        "status": "succeeded",
        "transfer_group": None,
    }
