"""Until 2022-11-15 an intent held its charges, and a charge its refunds."""

from __future__ import annotations

from typing import Any

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, shown
from core.emulator.versions.change import Change


def _newest(ctx: Context, kind: str, column: str, value: str, url: str) -> dict[str, Any]:
    """The ten newest of a kind that name `value` in `column`, as a list object."""
    ctx.tx.flush()
    rows = ctx.tx.db.execute(
        f"SELECT pending, body FROM objects WHERE object = ? AND {column} = ?"  # noqa: S608
        " ORDER BY created DESC, seq DESC",
        (kind, value),
    ).fetchall()
    return {
        "object": "list",
        "data": [shown(obj) for obj in ctx.tx.keep_rows(rows[:10])],
        "has_more": len(rows) > 10,
        "total_count": len(rows),
        "url": url,
    }


def _charges(ctx: Context, intent: Obj) -> None:
    url = f"/v1/charges?payment_intent={intent['id']}"
    intent["charges"] = _newest(ctx, "charge", "payment_intent", intent["id"], url)


def _refunds(ctx: Context, charge: Obj) -> None:
    if "refunds" not in charge:
        url = f"/v1/charges/{charge['id']}/refunds"
        charge["refunds"] = _newest(ctx, "refund", "charge", charge["id"], url)


CHARGES = Change(
    "2022-11-15",
    "2022-11-15/removes-charges-attribute-paymentintent",
    answers={"payment_intent": _charges},
)
REFUNDS = Change(
    "2022-11-15",
    "2022-11-15/deprecates-charges-auto-expand",
    answers={"charge": _refunds},
)
