"""`expand[]`: replaces ids by the objects they name, up to four levels, as Stripe does."""

from __future__ import annotations

from typing import Any

from core.emulator.state.errors import refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

_MAX_LEVELS = 4
_ANY = frozenset(
    {
        *("charge", "dispute", "payout", "refund", "reserve_transaction", "topup", "transfer"),
        "transfer_reversal",
    }
)
_EVIDENCE = (
    *("cancellation_policy", "customer_communication", "customer_signature"),
    *("duplicate_charge_documentation", "receipt", "refund_policy", "service_documentation"),
    *("shipping_documentation", "uncategorized_file"),
)
_NEVER: frozenset[str] = frozenset()

#: object → expandable field → kinds it may hold (none: always null here, or expanded elsewhere).
EXPANDABLE: dict[str, dict[str, frozenset[str]]] = {
    "payment_intent": {
        "latest_charge": frozenset({"charge"}),
        "customer": frozenset({"customer"}),
        "payment_method": frozenset({"payment_method"}),
        "review": frozenset({"review"}),
        "application": _NEVER,
        "on_behalf_of": _NEVER,
        "payment_record": _NEVER,
        "source": _NEVER,
    },
    "charge": {
        "balance_transaction": frozenset({"balance_transaction"}),
        "customer": frozenset({"customer"}),
        "payment_intent": frozenset({"payment_intent"}),
        "refunds": frozenset({"refund"}),
        "review": frozenset({"review"}),
        "application_fee": _NEVER,
        "failure_balance_transaction": frozenset({"balance_transaction"}),
        "transfer": _NEVER,
        "application": _NEVER,
        "on_behalf_of": _NEVER,
        "source_transfer": _NEVER,
    },
    "refund": {
        "charge": frozenset({"charge"}),
        "payment_intent": frozenset({"payment_intent"}),
        "balance_transaction": frozenset({"balance_transaction"}),
        "failure_balance_transaction": frozenset({"balance_transaction"}),
        "customer": frozenset({"customer"}),
        "payment_method": frozenset({"payment_method"}),
        "source_transfer_reversal": _NEVER,
        "transfer_reversal": _NEVER,
    },
    "dispute": {
        "charge": frozenset({"charge"}),
        "evidence": frozenset({"dispute.evidence"}),
        "payment_intent": frozenset({"payment_intent"}),
    },
    "dispute.evidence": dict.fromkeys(_EVIDENCE, frozenset({"file"})),
    "review": {
        "charge": frozenset({"charge"}),
        "payment_intent": frozenset({"payment_intent"}),
    },
    "file": {},
    "file_link": {"file": frozenset({"file"})},
    "balance_transaction": {"source": _ANY},
    "payout": {
        "balance_transaction": frozenset({"balance_transaction"}),
        "failure_balance_transaction": frozenset({"balance_transaction"}),
        "destination": _NEVER,
        "original_payout": frozenset({"payout"}),
        "reversed_by": frozenset({"payout"}),
        "application_fee": _NEVER,
    },
    "topup": {
        "balance_transaction": frozenset({"balance_transaction"}),
        "payment_method": _NEVER,
    },
    "reserve_transaction": {},
    "customer": {
        "cash_balance": _NEVER,
        "default_source": frozenset({"card"}),
        "discount": frozenset({"discount"}),
        "invoice_credit_balance": _NEVER,
        "invoice_settings": frozenset({"customer.invoice_settings"}),
        "sources": frozenset({"card"}),
        "subscriptions": _NEVER,
        "tax_ids": frozenset({"tax_id"}),
        "test_clock": frozenset({"test_helpers.test_clock"}),
    },
    "customer.invoice_settings": {"default_payment_method": frozenset({"payment_method"})},
    "card": {"account": _NEVER, "customer": frozenset({"customer"})},
    "coupon": {"applies_to": _NEVER, "currency_options": _NEVER},
    "customer_balance_transaction": {
        "checkout_session": _NEVER,
        "credit_note": _NEVER,
        "customer": frozenset({"customer"}),
        "invoice": _NEVER,
    },
    "discount": {
        "customer": frozenset({"customer"}),
        "promotion_code": frozenset({"promotion_code"}),
        "source": frozenset({"discount.source"}),
    },
    "discount.source": {"coupon": frozenset({"coupon"})},
    "mandate": {"payment_method": frozenset({"payment_method"})},
    "payment_link": {
        "application": _NEVER,
        "line_items": frozenset({"item"}),
        "on_behalf_of": _NEVER,
    },
    "plan": {"product": frozenset({"product"}), "tiers": _NEVER},
    "promotion_code": {
        "customer": frozenset({"customer"}),
        "promotion": frozenset({"promotion_code.promotion"}),
    },
    "promotion_code.promotion": {"coupon": frozenset({"coupon"})},
    "setup_intent": {
        "application": _NEVER,
        "customer": frozenset({"customer"}),
        "latest_attempt": _NEVER,
        "mandate": frozenset({"mandate"}),
        "on_behalf_of": _NEVER,
        "payment_method": frozenset({"payment_method"}),
        "single_use_mandate": frozenset({"mandate"}),
    },
    "tax_id": {"customer": frozenset({"customer"}), "owner": frozenset({"tax_id.owner"})},
    "tax_id.owner": {"account": _NEVER, "application": _NEVER, "customer": frozenset({"customer"})},
    "transfer": {
        "balance_transaction": frozenset({"balance_transaction"}),
        "destination": frozenset({"account"}),
        "destination_payment": _NEVER,
        "source_transaction": frozenset({"charge"}),
    },
    "transfer_reversal": {
        "balance_transaction": frozenset({"balance_transaction"}),
        "destination_payment_refund": _NEVER,
        "source_refund": frozenset({"refund"}),
        "transfer": frozenset({"transfer"}),
    },
    "payment_method": {"customer": frozenset({"customer"})},
    "radar.early_fraud_warning": {
        "charge": frozenset({"charge"}),
        "payment_intent": frozenset({"payment_intent"}),
    },
    "checkout.session": {
        "customer": frozenset({"customer"}),
        "line_items": frozenset({"item"}),
        "payment_intent": frozenset({"payment_intent"}),
        "invoice": _NEVER,
        "payment_link": frozenset({"payment_link"}),
        "setup_intent": frozenset({"setup_intent"}),
        "subscription": _NEVER,
        "total_details": frozenset({"checkout.session.total_details"}),
    },
    "checkout.session.total_details": {"breakdown": _NEVER},
    "item": {"discounts": _NEVER, "price": frozenset({"price"}), "taxes": _NEVER},
    "price": {
        "currency_options": _NEVER,
        "product": frozenset({"product"}),
        "tiers": _NEVER,
    },
    "product": {"default_price": frozenset({"price"}), "tax_code": _NEVER},
    "event": {},
    "webhook_endpoint": {},
    "balance": {},
    "balance_settings": {},
    "account": {},
}

_Tree = dict[str, Any]
#: Fields that hold a list: shown only when asked for, and `.data.` stands before what is in it.
_LISTS = frozenset({"line_items", "refunds", "sources", "subscriptions", "tax_ids"})
#: Fields that are shown only when asked for, and have nothing in them here.
_WHEN_ASKED: dict[str, Any] = {
    "breakdown": {"discounts": [], "taxes": []},
    "discounts": [],
    "taxes": [],
}
#: Parts of an object that hold expandable fields and are none themselves.
_PARTS = frozenset(
    {
        "checkout.session.total_details",
        "customer.invoice_settings",
        "discount.source",
        "dispute.evidence",
        "promotion_code.promotion",
        "tax_id.owner",
    }
)


def tree_of(paths: list[str]) -> _Tree:
    """`a.b` and `a.c` as `{"a": {"b": {}, "c": {}}}`; refused below four levels."""
    tree: _Tree = {}
    for path in paths:
        parts = path.split(".")
        if len(parts) - (parts[0] == "data") > _MAX_LEVELS:
            raise refused(
                f"You cannot expand more than {_MAX_LEVELS} levels of a property: {path[:200]}",
                "expand",
            )
        below = tree
        for part in parts:
            below = below.setdefault(part, {})
    return tree


def _check(kinds: frozenset[str], tree: _Tree, path: str) -> None:
    for name, below in tree.items():
        where = f"{path}.{name}" if path else name
        known = [EXPANDABLE[kind][name] for kind in kinds if name in EXPANDABLE.get(kind, {})]
        if not known:
            raise refused(
                f"This property cannot be expanded ({name}). You may want to try expanding"
                " 'data." + name + "' instead."
                if not path and not kinds
                else f"This property cannot be expanded ({where}).",
                "expand",
            )
        under = frozenset().union(*known)
        if not below and under and under <= _PARTS:
            raise refused(f"This property cannot be expanded ({where}).", "expand")
        _check(
            under,
            {k: v for k, v in below.items() if not (name in _LISTS and k == "data")},
            where,
        )
        if name in _LISTS and "data" in below:
            _check(under, below["data"], f"{where}.data")


def check(kind: str, paths: list[str], *, in_list: bool = False) -> _Tree:
    """The tree of a request's expansions; refuses what the object does not have."""
    tree = tree_of(paths)
    if in_list:
        if tree.keys() - {"data"}:
            raise refused(
                f"This property cannot be expanded ({next(iter(tree.keys() - {'data'}))}). You may"
                " want to try expanding 'data."
                f"{next(iter(tree.keys() - {'data'}))}' instead.",
                "expand",
            )
        tree = tree.get("data", {})
    _check(frozenset({kind}), tree, "data" if in_list else "")
    return tree


def expanded(ctx: Context, objects: list[Obj], tree: _Tree) -> list[Obj]:
    """Copies of the objects for the wire, with the tree's fields filled in."""
    copies = [shown(obj) for obj in objects]
    for name, below in tree.items():
        if name in _LISTS:
            for obj, copy in zip(objects, copies, strict=True):
                if name in EXPANDABLE[copy["object"]] and not copy.get("deleted"):
                    copy[name] = _list(ctx, name, obj, below.get("data", {}))
            continue
        for copy in copies:
            if name in _WHEN_ASKED:
                copy.setdefault(name, _WHEN_ASKED[name])
            if isinstance(copy.get(name), dict):
                [copy[name]] = expanded(ctx, [copy[name]], below)
        holders = [copy for copy in copies if isinstance(copy.get(name), str)]
        ctx.tx.load(copy[name] for copy in holders)
        found = {}
        for copy in holders:
            named = ctx.tx.find(copy[name])
            if named is not None and not ("_" in named and hidden(named).get("gone")):
                found[copy[name]] = named
        distinct = list(found.values())
        filled = dict(zip(found, expanded(ctx, distinct, _for(distinct, below)), strict=True))
        for copy in holders:
            copy[name] = filled.get(copy[name], copy[name])
    return copies


def _for(objects: list[Obj], tree: _Tree) -> _Tree:
    """The part of a tree that these objects can have (a source is of one of several kinds)."""
    fields: set[str] = set()
    for obj in objects:
        fields |= EXPANDABLE.get(obj["object"], {}).keys()
    return {name: below for name, below in tree.items() if name in fields}


def _list(ctx: Context, name: str, obj: Obj, tree: _Tree) -> dict[str, Any]:
    """The first ten of a list field."""
    if name == "refunds":
        found, url = _listed(ctx, "refund", "charge", obj), f"/v1/charges/{obj['id']}/refunds"
    elif name == "line_items":
        found = hidden(obj)["line_items"]
        place = "payment_links" if obj["object"] == "payment_link" else "checkout/sessions"
        url = f"/v1/{place}/{obj['id']}/line_items"
    else:
        found, url = of_customer(ctx, obj, name), f"/v1/customers/{obj['id']}/{name}"
    return {
        "object": "list",
        "data": expanded(ctx, found[:10], tree),
        "has_more": len(found) > 10,
        "url": url,
    }


def of_customer(ctx: Context, customer: Obj, name: str) -> list[Obj]:
    """A customer's `sources`, `subscriptions` or `tax_ids`, newest first, eleven at most."""
    kinds = {"sources": "card", "tax_ids": "tax_id"}
    return _listed(ctx, kinds[name], "customer", customer) if name in kinds else []


def _listed(ctx: Context, kind: str, column: str, owner: Obj) -> list[Obj]:
    ctx.tx.flush()
    rows = ctx.tx.db.execute(
        f"SELECT pending, body FROM objects WHERE object = ? AND {column} = ?"  # noqa: S608
        " ORDER BY created DESC, seq DESC LIMIT 11",
        (kind, owner["id"]),
    ).fetchall()
    return ctx.tx.keep_rows(rows)
