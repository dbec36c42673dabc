"""Until basil a customer was given a coupon or a promotion code by a parameter of its own."""

from __future__ import annotations

from core.emulator.versions.change import Change

_BOTH = {"coupon?": "s", "promotion_code?": "s"}

CHANGE = Change(
    "2025-03-31.basil",
    "basil/2025-03-31/deprecate-singular-coupon-promotion-code",
    parameters={"CustomerCreateParams": _BOTH, "CustomerUpdateParams": _BOTH},
)
