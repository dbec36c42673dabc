"""Until 2022-08-01 a Checkout Session made its intent at once, and always a customer."""

from __future__ import annotations

from typing import Any

from core.emulator.versions.change import Change


def _customer(given: dict[str, Any]) -> None:
    if not given.get("customer"):
        given.setdefault("customer_creation", "always")


def _intent(given: dict[str, Any]) -> None:
    given["intent_at_once"] = True


def _rates(given: dict[str, Any]) -> None:
    for rate in given.pop("shipping_rates", None) or []:
        given.setdefault("shipping_options", []).append({"shipping_rate": rate})


CUSTOMER = Change(
    "2022-08-01",
    "2022-08-01/default-customer-creation-checkout-session",
    requests={"checkout.SessionCreateParams": _customer},
)
INTENT = Change(
    "2022-08-01",
    "2022-08-01/deferred-paymentintent-checkout-session",
    requests={"checkout.SessionCreateParams": _intent},
)
RATES = Change(
    "2022-08-01",
    "2022-08-01",
    parameters={"checkout.SessionCreateParams": {"shipping_rates": ["l", "s"]}},
    requests={"checkout.SessionCreateParams": _rates},
)
