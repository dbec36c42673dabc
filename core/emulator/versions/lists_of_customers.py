"""Until 2020-08-27 a customer held its sources, subscriptions and tax ids."""

from __future__ import annotations

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, shown
from core.emulator.versions.change import Change


def _answer(ctx: Context, customer: Obj) -> None:
    if customer.get("deleted"):
        return
    ctx.tx.flush()
    for name, kinds in (("sources", ("card",)), ("subscriptions", ()), ("tax_ids", ("tax_id",))):
        marks = ",".join("?" * len(kinds))
        rows = ctx.tx.db.execute(
            f"SELECT pending, body FROM objects WHERE object IN ({marks}) AND customer = ?"  # noqa: S608
            " ORDER BY created DESC, seq DESC LIMIT 11",
            (*kinds, customer["id"]),
        ).fetchall()
        customer.setdefault(
            name,
            {
                "object": "list",
                "data": [shown(obj) for obj in ctx.tx.keep_rows(rows[:10])],
                "has_more": len(rows) > 10,
                "total_count": len(rows),
                "url": f"/v1/customers/{customer['id']}/{name}",
            },
        )


CHANGE = Change("2020-08-27", "2020-08-27", answers={"customer": _answer})
