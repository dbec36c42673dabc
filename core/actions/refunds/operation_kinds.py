"""The operations on refunds: how each is found at Stripe, and when it is not sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.actions.operations.kinds import OperationKind, Unresolved, tagged_among
from core.actions.refunds.authority import withdrawn
from core.gateway.client import Gateway
from core.mirror.refresh_queue import payment_kind
from core.mirror.refund_requests import follow_operation


def _created(gateway: Gateway, one: Unresolved) -> Mapping[str, Any] | None:
    body = one.sending.body
    by = payment_kind(one.sending.target)
    pages = gateway.pages("/v1/refunds", **{by: body[by]})
    # The tag alone can be written by anybody who works with the account.
    own = ([refund for refund in page if refund["amount"] == body["amount"]] for page in pages)
    return tagged_among(own, one.sending.operation_id)


def _canceled(gateway: Gateway, one: Unresolved) -> Mapping[str, Any] | None:
    refund = gateway.get(one.sending.path.rpartition("/")[0])
    return refund if refund["status"] == "canceled" else None


#: A decision that was made is carried out, as long as those who made it may.
CREATE = OperationKind(
    "refund.create", _created, withdrawn=withdrawn, follow=follow_operation, kept_up=True
)
CANCEL = OperationKind("refund.cancel", _canceled)

KINDS = (CREATE, CANCEL)
