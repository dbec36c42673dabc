"""The operations on payments and Checkout Sessions, and how each is found at Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.actions.operations.kinds import Find, OperationKind, Unresolved, find_created
from core.gateway.client import Gateway


def _in_status(*statuses: str) -> Find:
    """A payment that has moved on has had this call; asked again it would be refused."""

    def find(gateway: Gateway, one: Unresolved) -> Mapping[str, Any] | None:
        payment = gateway.get(one.sending.path.rpartition("/")[0], expand=["latest_charge"])
        return payment if payment["status"] in statuses else None

    return find


CREATE = OperationKind("payment.create", find_created("/v1/payment_intents"))
CONFIRM = OperationKind(
    "payment.confirm",
    _in_status("succeeded", "processing", "requires_capture", "requires_action"),
)
CAPTURE = OperationKind("payment.capture", _in_status("succeeded"))
CANCEL = OperationKind("payment.cancel", _in_status("canceled"))
CREATE_SESSION = OperationKind("checkout_session.create", find_created("/v1/checkout/sessions"))

KINDS = (CREATE, CONFIRM, CAPTURE, CANCEL, CREATE_SESSION)
