"""Until 2020-08-27 a customer held its sources, subscriptions and tax ids."""

from __future__ import annotations

from core.emulator.resources.expand import of_customer
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, shown
from core.emulator.versions.change import Change


def _answer(ctx: Context, customer: Obj) -> None:
    if customer.get("deleted"):
        return
    for name in ("sources", "subscriptions", "tax_ids"):
        found = of_customer(ctx, customer, name)
        customer.setdefault(
            name,
            {
                "object": "list",
                "data": [shown(obj) for obj in found[:10]],
                "has_more": len(found) > 10,
                "total_count": len(found),
                "url": f"/v1/customers/{customer['id']}/{name}",
            },
        )


CHANGE = Change("2020-08-27", "2020-08-27", answers={"customer": _answer})
