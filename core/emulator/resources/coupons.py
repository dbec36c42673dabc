"""Coupons, promotion codes, and the discounts that they give to customers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from core.emulator.resources import amounts, lists, records
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError, missing, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/coupons: a share (`percent_off`) or an amount (`amount_off` with `currency`)."""
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if (percent is None) == (amount is None):
        raise refused("You must pass one of `percent_off` and `amount_off`.", "percent_off")
    if percent is not None and not 0 < Fraction(str(percent)) <= 100:
        raise refused("percent_off must be greater than 0 and at most 100.", "percent_off")
    currency = amounts.currency_of(params["currency"]) if params.get("currency") else None
    if amount is not None and currency is None:
        raise refused("Missing required param: currency.", "currency", "parameter_missing")
    duration = params.get("duration", "once")
    months = params.get("duration_in_months")
    if (duration == "repeating") != (months is not None):
        raise refused("`duration_in_months` goes with `duration=repeating`.", "duration_in_months")
    wanted = params.get("id")
    if wanted and ctx.tx.find(wanted) is not None:
        raise ApiError("Coupon already exists.", param="id", code="resource_already_exists")
    coupon: Obj = {
        "id": wanted or ctx.ids.token(8),
        "object": "coupon",
        "amount_off": amount if amount is None else amounts.positive(amount, "amount_off"),
        "created": ctx.now,
        "currency": currency,
        "duration": duration,
        "duration_in_months": months,
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": records.metadata(params),
        "name": params.get("name"),
        "percent_off": None if percent is None else number(percent),
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    if params.get("applies_to"):
        coupon["applies_to"] = params["applies_to"]
    return COUPON.made(ctx, coupon)


def number(text: Any) -> int | float:
    """A decimal text as a JSON number: whole where it is."""
    exact = Fraction(str(text))
    return int(exact) if exact.denominator == 1 else float(exact)


def create_code(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/promotion_codes: what customers type to get a coupon."""
    promotion = params["promotion"]
    coupon = ctx.need("coupon", promotion.get("coupon") or "", "promotion[coupon]")
    text = params.get("code") or ctx.ids.token(8).upper()
    if _active_code(ctx, text) is not None:
        raise ApiError(
            f"An active promotion code with `code: {text}` already exists.", param="code"
        )
    if params.get("customer"):
        ctx.need("customer", params["customer"], "customer")
    restrictions = params.get("restrictions") or {}
    code: Obj = {
        "id": ctx.ids.new("promo"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": text,
        "created": ctx.now,
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": records.metadata(params),
        "promotion": {"coupon": coupon["id"], "type": promotion["type"]},
        "restrictions": {
            "first_time_transaction": restrictions.get("first_time_transaction", False),
            "minimum_amount": restrictions.get("minimum_amount"),
            "minimum_amount_currency": restrictions.get("minimum_amount_currency"),
        },
        "times_redeemed": 0,
    }
    hidden(code)["source"] = coupon["id"]
    return CODE.made(ctx, code)


def _active_code(ctx: Context, text: str) -> Obj | None:
    ctx.tx.flush()
    row = ctx.tx.db.execute(
        "SELECT id FROM objects WHERE object = 'promotion_code'"
        " AND lower(json_extract(body, '$.code')) = lower(?) AND json_extract(body, '$.active')",
        (text,),
    ).fetchone()
    return ctx.need("promotion_code", row[0]) if row else None


def list_codes(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/promotion_codes."""
    where: list[tuple[str, Any]] = []
    if params.get("coupon"):
        where.append(("source = ?", params["coupon"]))
    for name in ("active", "code"):
        if params.get(name) is not None:
            where.append((f"json_extract(body, '$.{name}') = ?", params[name]))
    url = "/v1/promotion_codes"
    return lists.page(ctx, "promotion_code", url, params, filters=["customer"], where=where)


def give(ctx: Context, customer: Obj, params: dict[str, Any]) -> None:
    """The discount that `coupon` or `promotion_code` of a customer's call gives, or takes away."""
    for name in ("coupon", "promotion_code"):
        if name not in params:
            continue
        if params[name] is None:
            take(ctx, customer)
        else:
            _apply(ctx, customer, *_found(ctx, name, params[name]))


def _found(ctx: Context, name: str, value: str) -> tuple[Obj, Obj | None]:
    if name == "coupon":
        return ctx.need("coupon", value, "coupon"), None
    code = ctx.need("promotion_code", value, "promotion_code")
    return ctx.need("coupon", code["promotion"]["coupon"], "promotion_code"), code


def _apply(ctx: Context, customer: Obj, coupon: Obj, code: Obj | None) -> None:
    most = coupon["max_redemptions"]
    if not coupon["valid"] or (coupon["redeem_by"] or ctx.now) < ctx.now:
        raise ApiError(f"Coupon expired: {coupon['id']}", param="coupon", code="coupon_expired")
    before = customer.get("discount")
    months = coupon["duration_in_months"]
    discount: Obj = {
        "id": ctx.ids.new("di"),
        "object": "discount",
        "checkout_session": None,
        "customer": customer["id"],
        "customer_account": None,
        "end": None if months is None else ctx.now + months * 2_629_800,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": code["id"] if code else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": ctx.now,
        "subscription": None,
        "subscription_item": None,
    }
    for redeemed in (coupon, code):
        if redeemed:
            redeemed["times_redeemed"] += 1
            ctx.tx.touch(redeemed)
    if most is not None and coupon["times_redeemed"] >= most:
        coupon["valid"] = False
    customer["discount"] = discount
    if before:
        ctx.emit("customer.discount.updated", discount, {"source": before["source"]})
    else:
        ctx.emit("customer.discount.created", discount)


def take(ctx: Context, customer: Obj) -> None:
    """Take a customer's discount away; nothing where there is none."""
    before = customer.get("discount")
    if before:
        customer["discount"] = None
        ctx.emit("customer.discount.deleted", before)


def retrieve_discount(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/customers/{id}/discount."""
    discount: Obj | None = ctx.need("customer", customer_id, in_path=True).get("discount")
    if not discount:
        raise missing("discount", customer_id, "discount", in_path=True)
    return discount


def delete_discount(ctx: Context, customer_id: str, params: dict[str, Any]) -> Obj:
    """DELETE /v1/customers/{id}/discount."""
    customer = ctx.need("customer", customer_id, in_path=True)
    before = customer.get("discount")
    if not before:
        raise missing("discount", customer_id, "discount", in_path=True)
    take(ctx, customer)
    ctx.tx.touch(customer)
    return {**shown(before), "deleted": True}


COUPON = Record("coupon", "coupon", ("name",))
CODE = Record("promotion_code", "promotion_code", ("active",))
