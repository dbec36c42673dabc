"""Reviews: payments that Radar's rule or a person wants looked at, until somebody has."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import lists
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

#: From this score on, the default rule places a payment in review.
ELEVATED = 65
_HOUR_MS = 3_600_000


def open_review(ctx: Context, charge: Obj, intent: Obj | None, reason: str) -> Obj:
    """`reason` is `rule` or `manual`; the charge and any intent name the review from then on."""
    address = charge["billing_details"]["address"] or {}
    review: Obj = {
        "id": ctx.ids.new("prv"),
        "object": "review",
        "billing_zip": address.get("postal_code"),
        "charge": charge["id"],
        "closed_reason": None,
        "created": ctx.now,
        "ip_address": charge["metadata"].get("ip_address"),
        "ip_address_location": None,
        "livemode": False,
        "open": True,
        "opened_reason": reason,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "session": None,
    }
    hidden(review)["status"] = "open"
    ctx.tx.add(review)
    charge["review"] = review["id"]
    ctx.tx.touch(charge)
    if intent is not None:
        intent["review"] = review["id"]
        ctx.tx.touch(intent)
    ctx.emit("review.opened", review)
    if ctx.unattended:
        _have_it_worked(ctx, review)
    return review


def _have_it_worked(ctx: Context, review: Obj) -> None:
    """In simulated business most reviews are approved within two days; some wait for ever."""
    chance = ctx.ids.chance()
    if chance.random() < 0.85:
        ctx.later(chance.randint(1, 48) * _HOUR_MS, Task.APPROVE_REVIEW, review=review["id"])


def order(ctx: Context, charge_id: str) -> Obj:
    """Somebody places a paid charge in review by hand."""
    charge = ctx.need("charge", charge_id, "charge")
    earlier = ctx.tx.find(charge["review"]) if charge["review"] else None
    if charge["status"] != "succeeded" or (earlier is not None and earlier["open"]):
        raise ApiError(f"Charge {charge_id} cannot be placed in review now.", param="charge")
    made_by = charge["payment_intent"]
    intent = ctx.need("payment_intent", made_by) if made_by else None
    return open_review(ctx, charge, intent, "manual")


def close(ctx: Context, charge: Obj, reason: str) -> None:
    """End the charge's review, if one is open, with one of Stripe's closed reasons."""
    review = ctx.tx.find(charge["review"]) if charge["review"] else None
    if review is None or not review["open"]:
        return
    review |= {"open": False, "closed_reason": reason, "reason": reason}
    hidden(review)["status"] = "closed"
    ctx.tx.touch(review)
    ctx.emit("review.closed", review)


def follow_refund(ctx: Context, charge: Obj, reason: str | None) -> None:
    """A full refund answers the question of a review."""
    if charge["refunded"]:
        close(ctx, charge, "refunded_as_fraud" if reason == "fraudulent" else "refunded")


def approve(ctx: Context, review_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/reviews/{id}/approve."""
    review = ctx.need("review", review_id, in_path=True)
    if not review["open"]:
        raise ApiError(f"The review {review_id} is closed already ({review['closed_reason']}).")
    close(ctx, ctx.need("charge", review["charge"]), "approved")
    return review


def approve_by_itself(ctx: Context, review: str) -> None:
    """Somebody of the shop approves it, unless it was closed meanwhile."""
    close(ctx, ctx.need("charge", ctx.need("review", review)["charge"]), "approved")


def retrieve(ctx: Context, review_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("review", review_id, in_path=True)


def list_open(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/reviews: only those that are open."""
    return lists.page(ctx, "review", "/v1/reviews", params, where=[("status = ?", "open")])
