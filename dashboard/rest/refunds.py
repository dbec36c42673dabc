"""The REST API of refunds: asking for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from core.access import rights
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.refunds import ask as refunds
from core.money import plain
from core.states import RefundState
from dashboard.rest.endpoint import PREFIX, handle_post, plain_amount
from dashboard.rest.openapi import asks
from dashboard.rest.schemas import AskRefund, RefundAsked
from dashboard.ui.refund_warnings import warning_text

router = APIRouter(prefix=PREFIX, tags=["payments"])

#: Decided, and not yet at Stripe.
_ON_ITS_WAY = frozenset({RefundState.AWAITING_APPROVAL, RefundState.SENDING, RefundState.UNKNOWN})
_WAITS = {202: "It waits for approval, or Stripe's answer is still to come"}


@router.post("/refund", response_model=RefundAsked, **asks(AskRefund, _WAITS))
async def refund(request: Request) -> Response:
    """Ask for a refund: the policy sends it at once, or has it wait for a second person."""
    return await handle_post(request, AskRefund, refunds.ASK, (rights.ASK_REFUND,), _ask)


def _ask(
    context: ActionContext, caller: Caller, body: Mapping[str, Any], operation_id: str
) -> tuple[int, dict[str, Any]]:
    amount = body.get("amount")
    asked = refunds.NewRefund(
        payment_intent_id=body["payment_intent_id"],
        amount=None if amount is None else plain_amount(amount),
        reason=body["reason"],
    )
    made = refunds.ask(context, caller, asked, livemode=context.livemode, request_id=operation_id)
    return 202 if made.state in _ON_ITS_WAY else 200, {
        "refund_request_id": made.request_id,
        "refund_id": made.refund_id,
        "amount": plain(made.amount),
        "currency": made.amount.currency,
        "status": made.state,
        "reason": made.reason,
        "warnings": [{"code": code, "message": warning_text(code)} for code in made.warnings],
    }
