"""Until 2023-08-16 an intent took cards only, unless it asked for other methods."""

from __future__ import annotations

from typing import Any

from core.emulator.versions.change import Change


def _request(given: dict[str, Any]) -> None:
    if not given.get("automatic_payment_methods") and not given.get("allowed_payment_method_types"):
        given.setdefault("payment_method_types", ["card"])


CHANGE = Change(
    "2023-08-16",
    "2023-08-16/automatic-payment-methods",
    requests={"PaymentIntentCreateParams": _request, "SetupIntentCreateParams": _request},
)
