"""The operation on Radar's reviews, and how it is found at Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.actions.operations.kinds import OperationKind, Unresolved
from core.gateway.client import Gateway


def _closed(gateway: Gateway, one: Unresolved) -> Mapping[str, Any] | None:
    review = gateway.get(one.sending.path.rpartition("/")[0])
    return None if review["open"] else review


APPROVE_REVIEW = OperationKind("review.approve", _closed)

KINDS = (APPROVE_REVIEW,)
