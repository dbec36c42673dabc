"""Every kind of operation: a new one is added to the list of what owns it."""

from __future__ import annotations

from collections.abc import Mapping

from core.actions.disputes.operation_kinds import KINDS as _DISPUTES
from core.actions.fraud.operation_kinds import KINDS as _FRAUD
from core.actions.operations.kinds import OperationKind
from core.actions.payments.operation_kinds import KINDS as _PAYMENTS
from core.actions.refunds.operation_kinds import KINDS as _REFUNDS

KINDS: Mapping[str, OperationKind] = {
    kind.name: kind for kind in (*_PAYMENTS, *_REFUNDS, *_DISPUTES, *_FRAUD)
}
