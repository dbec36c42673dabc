"""The balance and its rows: nothing moves without a balance transaction."""

from __future__ import annotations

import json
from typing import Any

from core.emulator import fees
from core.emulator.context import Context, hidden
from core.emulator.store import Obj

DAY = 86_400
#: How long after success the row of a charge appears (Stripe: null on `charge.succeeded`).
POSTING_DELAY_MS = 700
_SETTLEMENT_DAYS = 2


def post(
    ctx: Context,
    *,
    kind: str,
    category: str,
    source: str | None,
    amount: int,
    currency: str,
    fee_rows: list[tuple[str, int]] | None = None,
    rate: str | None = None,
    available_on: int | None = None,
    description: str | None = None,
) -> Obj:
    """Write one balance transaction and move the balance by its net, in minor units."""
    rows = [(text, fee) for text, fee in fee_rows or [] if fee]
    fee = sum(fee for _, fee in rows)
    available_on = max(ctx.now, available_on or 0)
    settled = available_on <= ctx.now
    row: Obj = {
        "id": ctx.ids.new("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": ctx.now,
        "currency": currency,
        "description": description,
        # A JSON number from its decimal text: `amount` × `exchange_rate` is exact on our side.
        "exchange_rate": None if rate is None else json.loads(rate),
        "fee": fee,
        "fee_details": [
            {
                "amount": part,
                "application": None,
                "currency": currency,
                "description": text,
                "type": "stripe_fee",
            }
            for text, part in rows
        ],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "available" if settled else "pending",
        "type": kind,
    }
    if rate is not None:
        hidden(row)["rate"] = rate
    _move(
        ctx, currency, available=row["net"] if settled else 0, pending=0 if settled else row["net"]
    )
    ctx.tx.db.execute("INSERT INTO unpaid VALUES (?, ?, ?)", (row["id"], currency, row["net"]))
    if not settled:
        ctx.tx.db.execute(
            "INSERT INTO unreleased VALUES (?, ?, ?, ?)",
            (row["id"], currency, row["net"], available_on),
        )
    return ctx.tx.add(row)


def _move(ctx: Context, currency: str, *, available: int, pending: int) -> None:
    ctx.tx.db.execute(
        "INSERT INTO balances VALUES (?, ?, ?) ON CONFLICT (currency) DO UPDATE SET"
        " available = available + excluded.available, pending = pending + excluded.pending",
        (currency, available, pending),
    )


def release(ctx: Context) -> None:
    """Make available what has come due."""
    due = ctx.tx.db.execute(
        "SELECT id, currency, net FROM unreleased WHERE available_on <= ?", (ctx.now,)
    ).fetchall()
    if not due:
        return
    ctx.tx.load(row_id for row_id, _, _ in due)
    for row_id, currency, net in due:
        row = ctx.tx.find(row_id)
        assert row is not None
        row["status"] = "available"
        ctx.tx.touch(row)
        _move(ctx, currency, available=net, pending=-net)
    ctx.tx.db.execute("DELETE FROM unreleased WHERE available_on <= ?", (ctx.now,))


def post_charge(ctx: Context, charge: Obj) -> Obj:
    """The row of a captured charge; writing it twice is not possible."""
    if charge["balance_transaction"]:
        found = ctx.tx.find(charge["balance_transaction"])
        assert found is not None
        return found
    method = charge["payment_method_details"]
    card = method["type"] == "card"
    settled = fees.settle(charge["amount_captured"], charge["currency"])
    country = (method.get(method["type"]) or {}).get("country")
    abroad = card and country != fees.HOME_COUNTRY
    at_once = hidden(charge).get("does") == "succeed_available"
    row = post(
        ctx,
        kind="charge" if card else "payment",
        category="charge",
        source=charge["id"],
        amount=settled.amount,
        currency=settled.currency,
        fee_rows=fees.details(settled, abroad=abroad),
        rate=settled.rate,
        available_on=ctx.now if at_once else available_day(ctx.now),
        description=charge["description"],
    )
    charge["balance_transaction"] = row["id"]
    ctx.tx.touch(charge)
    ctx.emit("charge.updated", charge, {"balance_transaction": None})
    return row


def available_day(now: int) -> int:
    """Midnight UTC two business days on."""
    day, left = now // DAY, _SETTLEMENT_DAYS
    while left:
        day += 1
        left -= (day + 3) % 7 < 5  # day 0 was a Thursday; 0..4 are Monday to Friday
    return day * DAY


def retrieve(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/balance: kept beside the rows, moved with each of them."""
    release(ctx)
    rows = ctx.tx.db.execute("SELECT currency, available, pending FROM balances").fetchall()
    held = {currency: (available, pending) for currency, available, pending in rows}
    order = [c for c in fees.SETTLES if c in held or c == fees.DEFAULT_CURRENCY]

    def column(i: int) -> list[dict[str, Any]]:
        return [
            {
                "amount": held.get(currency, (0, 0))[i],
                "currency": currency,
                "source_types": {"card": held.get(currency, (0, 0))[i]},
            }
            for currency in order
        ]

    return {
        "object": "balance",
        "available": column(0),
        "livemode": False,
        "pending": column(1),
        "refund_and_dispute_prefunding": {
            "available": [{"amount": 0, "currency": fees.DEFAULT_CURRENCY}],
            "pending": [{"amount": 0, "currency": fees.DEFAULT_CURRENCY}],
        },
    }


def retrieve_row(ctx: Context, row_id: str, params: dict[str, Any]) -> Obj:
    release(ctx)
    return ctx.need("balance_transaction", row_id, in_path=True)
