"""How this account differs from a plain one, on order: its version, its fees, its mode."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.emulator.state import versions
from core.emulator.state.errors import refused
from core.emulator.state.store import Store, dump

_KEY = "switches"
_MOST_LAG_S = 60
#: What may stand in `fee_details` beside Stripe's own fee.
FEE_PARTS = ("application_fee", "payment_method_passthrough_fee", "tax", "withheld_tax")
#: The type and category of the row that brings a failed refund of another method than a card back.
FAILED_REFUND_ROWS = {
    "payment_refund": "refund",
    "payment_failure_refund": "refund_failure",
}


@dataclass
class Switches:
    """The account's switches, kept with the state."""

    #: Requests and what happens by itself run by this version, or an older one that they name.
    api_version: str = versions.API_VERSION
    #: Charges from now on have these parts in their fee too.
    fee_parts: tuple[str, ...] = ()
    #: How a failed refund of a bank debit or wallet comes back.
    failed_refund_row: str = "payment_refund"
    #: Objects say `livemode: true`, and live keys are taken in place of test keys.
    livemode: bool = False
    #: Seconds until `/search` finds what is new.
    search_lag: int = 0

    def shown(self) -> dict[str, Any]:
        return {**asdict(self), "fee_parts": list(self.fee_parts)}


def load(store: Store) -> Switches:
    """What was ordered before the restart."""
    saved: dict[str, Any] = json.loads(store.meta(_KEY) or "{}")
    if "fee_parts" in saved:
        saved["fee_parts"] = tuple(saved["fee_parts"])
    known = {field.name for field in fields(Switches)}
    return Switches(**{name: value for name, value in saved.items() if name in known})


def change(store: Store, switches: Switches, given: dict[str, Any]) -> None:
    """Turn what is named; refused by name when a value is not one of its kind."""
    checked = {name: _checked(name, value) for name, value in given.items()}
    for name, value in checked.items():
        setattr(switches, name, value)
    store.set_meta(_KEY, dump(switches.shown()))


def _checked(name: str, value: Any) -> Any:
    if name == "api_version":
        if not (isinstance(value, str) and versions.known(value)):
            raise refused("api_version must be a version such as 2024-06-20", name)
    elif name == "fee_parts":
        if not isinstance(value, list) or any(part not in FEE_PARTS for part in value):
            raise refused(f"fee_parts must be a list of {', '.join(FEE_PARTS)}", name)
        return tuple(value)
    elif name == "failed_refund_row":
        if value not in FAILED_REFUND_ROWS:
            known = ", ".join(FAILED_REFUND_ROWS)
            raise refused(f"failed_refund_row must be one of {known}", name)
    elif name == "search_lag":
        if not isinstance(value, int) or not 0 <= value <= _MOST_LAG_S:
            raise refused(f"search_lag must be 0 to {_MOST_LAG_S} seconds", name)
        return int(value)
    elif not isinstance(value, bool):
        raise refused(f"{name} must be true or false", name)
    return value
