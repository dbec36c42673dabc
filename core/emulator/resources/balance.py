"""The balance and its rows: nothing moves without a balance transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.emulator.resources import behaviours, fees
from core.emulator.resources.behaviours import Kind
from core.emulator.resources.fees import Part
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

DAY = 86_400
#: How long after success the row of a charge appears (Stripe: null on `charge.succeeded`).
POSTING_DELAY_MS = 700
PAYMENTS = "payments"
#: The balances beside that of payments: what `balance_type` says, and where they are shown.
OTHERS = ("issuing", "refund_and_dispute_prefunding", "risk_reserved")
_SETTLEMENT_DAYS = 2
#: In lists of no kind: a row that is written but not listed yet.
_UNLISTED = "unlisted"


def post(
    ctx: Context,
    *,
    kind: str,
    category: str,
    source: str | None,
    amount: int,
    currency: str,
    parts: Sequence[Part] = (),
    rate: str | None = None,
    available_on: int | None = None,
    description: str | None = None,
    balance_type: str = PAYMENTS,
    counts: bool = False,
    waits: int = 0,
) -> Obj:
    """Write one balance transaction and move its balance by its net, in minor units.

    `counts`: what is pending of it is gone, or back, for payouts already. `waits`: so many seconds
    pass before it is listed, and moves its balance.
    """
    parts = [part for part in parts if part.amount]
    fee = sum(part.amount for part in parts)
    available_on = max(ctx.now, available_on or 0)
    row: Obj = {
        "id": ctx.ids.new("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on,
        "balance_type": balance_type,
        "created": ctx.now,
        "currency": currency,
        "description": description,
        # A JSON number from its decimal text: `amount` × `exchange_rate` is exact on our side.
        "exchange_rate": None if rate is None else json.loads(rate),
        "fee": fee,
        "fee_details": [_part(ctx, part, currency) for part in parts],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "available" if available_on <= ctx.now else "pending",
        "type": kind,
    }
    if rate is not None:
        hidden(row)["rate"] = rate
    if counts:
        hidden(row)["counts"] = True
    ctx.tx.add(row)
    waits = waits or ctx.late_rows.take(kind, category)
    if waits:
        hidden(row)["listed_as"] = _UNLISTED
        ctx.later(waits * 1000, Task.LIST_ROW, row=row["id"])
    else:
        _enter(ctx, row)
    return row


def _part(ctx: Context, part: Part, currency: str) -> dict[str, Any]:
    application = f"ca_{ctx.account[5:]}" if part.type == "application_fee" else None
    return {
        "amount": part.amount,
        "application": application,
        "currency": currency,
        "description": part.description,
        "type": part.type,
    }


def _enter(ctx: Context, row: Obj) -> None:
    """Move the row's balance; what is not available yet waits for its day."""
    net, currency, kind = row["net"], row["currency"], row["balance_type"]
    settled = row["available_on"] <= ctx.now
    row["status"] = "available" if settled else "pending"
    available, pending = (net, 0) if settled else (0, net)
    _move(ctx, currency, available=available, pending=pending, balance_type=kind)
    if kind == PAYMENTS:
        ctx.tx.write("INSERT INTO unpaid VALUES (?, ?, ?)", (row["id"], currency, net))
    if not settled:
        counts = "_" in row and hidden(row).get("counts", False)
        ctx.tx.write(
            "INSERT INTO unreleased VALUES (?, ?, ?, ?, ?, ?)",
            (row["id"], currency, net, row["available_on"], kind, counts),
        )


def list_late(ctx: Context, row: str) -> None:
    """A row that was written earlier is listed from now on, at its own `created`."""
    found = ctx.need("balance_transaction", row)
    if hidden(found).pop("listed_as", None):
        ctx.tx.list_as(row, "balance_transaction")
        _enter(ctx, found)
        ctx.tx.touch(found)


def _move(
    ctx: Context, currency: str, *, available: int, pending: int, balance_type: str = PAYMENTS
) -> None:
    ctx.tx.move(balance_type, currency, available, pending)


def release(ctx: Context) -> None:
    """Make available what has come due."""
    ctx.tx.flush_rows()
    due = ctx.tx.db.execute(
        "SELECT id, currency, net, balance_type FROM unreleased WHERE available_on <= ?", (ctx.now,)
    ).fetchall()
    if not due:
        return
    ctx.tx.load(row_id for row_id, *_ in due)
    for row_id, currency, net, kind in due:
        row = ctx.tx.find(row_id)
        assert row is not None
        row["status"] = "available"
        ctx.tx.touch(row)
        _move(ctx, currency, available=net, pending=-net, balance_type=kind)
    ctx.tx.db.execute("DELETE FROM unreleased WHERE available_on <= ?", (ctx.now,))


def payable(ctx: Context, currency: str) -> int:
    """What payouts can take now, in minor units: what is under way to the bank is not twice."""
    ctx.tx.flush_rows()
    row = ctx.tx.db.execute(
        "SELECT available FROM buckets WHERE balance_type = ? AND currency = ?",
        (PAYMENTS, currency),
    ).fetchone()
    [under_way] = ctx.tx.db.execute(
        "SELECT coalesce(sum(net), 0) FROM unreleased WHERE counts AND currency = ?", (currency,)
    ).fetchone()
    return (int(row[0]) if row else 0) + int(under_way)


def post_charge(ctx: Context, charge: Obj, *, tell: bool = True) -> Obj:
    """The row of what was captured since the last one; writing it twice is not possible."""
    before, memory = charge["balance_transaction"], hidden(charge)
    posted = memory.get("posted", charge["amount_captured"] if before else 0)
    due = charge["amount_captured"] - posted
    if before and not due:
        found = ctx.tx.find(before)
        assert found is not None
        return found
    row = _post_part(ctx, charge, due)
    memory["posted"] = charge["amount_captured"]
    if tell:
        ctx.emit("charge.updated", charge, {"balance_transaction": before})
    return row


def post_charge_by_id(ctx: Context, charge: str) -> None:
    """As `post_charge`, of the charge with this id."""
    post_charge(ctx, ctx.need("charge", charge))


def post_authorized(ctx: Context, charge: Obj) -> Obj:
    """The row of the whole hold, of which a part goes back at once (old API versions)."""
    row = _post_part(ctx, charge, charge["amount"])
    hidden(charge)["posted"] = charge["amount_captured"]
    return row


def _post_part(ctx: Context, charge: Obj, amount: int) -> Obj:
    card = charge["payment_method_details"]["type"] == "card"
    settled = fees.settle(amount, charge["currency"])
    at_once = behaviours.remembered(charge).kind is Kind.SUCCEED_AVAILABLE
    row = post(
        ctx,
        kind="charge" if card else "payment",
        category="charge",
        source=charge["id"],
        amount=settled.amount,
        currency=settled.currency,
        parts=charge_fees(ctx, charge, settled),
        rate=settled.rate,
        available_on=ctx.now if at_once else available_day(ctx.now),
        description=charge["description"],
        waits=hidden(charge).get("row_waits", 0),
    )
    charge["balance_transaction"] = row["id"]
    hidden(charge)["settled"] = hidden(charge).get("settled", 0) + row["amount"]
    ctx.tx.touch(charge)
    return row


def charge_fees(ctx: Context, charge: Obj, settled: fees.Settled) -> list[Part]:
    """The parts of the fee on so much of a charge."""
    method = charge["payment_method_details"]
    country = (method.get(method["type"]) or {}).get("country")
    abroad = method["type"] == "card" and country != fees.HOME_COUNTRY
    parts = fees.details(settled, abroad=abroad)
    return [*parts, *fees.other_parts(settled, parts, ctx.switches.fee_parts)]


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
    ctx.tx.flush_rows()
    held: dict[str, dict[str, tuple[int, int]]] = {}
    for kind, currency, available, pending in ctx.tx.db.execute("SELECT * FROM buckets"):
        held.setdefault(kind, {})[currency] = (available, pending)
    payments = _columns(held.get(PAYMENTS, {}))
    for part in (*payments["available"], *payments["pending"]):
        part["source_types"] = {"card": part["amount"]}
    shown: Obj = {
        "object": "balance",
        "available": payments["available"],
        "livemode": False,
        "pending": payments["pending"],
        "refund_and_dispute_prefunding": _columns(held.get("refund_and_dispute_prefunding", {})),
    }
    if "issuing" in held:
        shown["issuing"] = {"available": _columns(held["issuing"])["available"]}
    if "risk_reserved" in held:
        shown["risk_reserved"] = _columns(held["risk_reserved"])
    return shown


def _columns(held: dict[str, tuple[int, int]]) -> dict[str, list[dict[str, Any]]]:
    """Available and pending by currency: the account's own first, then whatever else came."""
    order = [c for c in fees.SETTLES if c in held or c == fees.DEFAULT_CURRENCY]
    order += sorted(held.keys() - set(order))
    return {
        name: [{"amount": held.get(c, (0, 0))[place], "currency": c} for c in order]
        for place, name in enumerate(("available", "pending"))
    }


def retrieve_row(ctx: Context, row_id: str, params: dict[str, Any]) -> Obj:
    release(ctx)
    return ctx.need("balance_transaction", row_id, in_path=True)
