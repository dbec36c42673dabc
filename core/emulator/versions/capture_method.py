"""Until 2024-04-10 a PaymentIntent was captured before its answer unless it said otherwise."""

from __future__ import annotations

from typing import Any

from core.emulator.versions.change import Change


def _request(given: dict[str, Any]) -> None:
    given.setdefault("capture_method", "automatic")


CHANGE = Change(
    "2024-04-10",
    "2024-04-10/automatic-sync-default-paymentintents",
    requests={"PaymentIntentCreateParams": _request},
)
