"""The REST API of payments: its configuration, create, confirm, retrieve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.payments import payments
from core.actions.payments.validation import NewPayment
from core.money import plain
from dashboard.rest.endpoint import PREFIX, executor_of, handle_post, plain_amount, signature
from dashboard.rest.errors import rendered
from dashboard.rest.executor import BlockingExecutor
from dashboard.rest.openapi import asks, reads
from dashboard.rest.schemas import (
    Config,
    Confirmed,
    ConfirmPayment,
    Created,
    CreatePayment,
    PathId,
    Retrieved,
)

router = APIRouter(prefix=PREFIX, tags=["payments"])

Json = dict[str, Any]


@router.get("/config", response_model=Config)
async def config(request: Request) -> Response:
    """The publishable key, and whether payments are tests. Needs no token."""
    executor = executor_of(request)
    key = executor.settings.publishable_keys.get(executor.livemode)
    return rendered(200, {"publishable_key": key, "is_test_mode": not executor.livemode})


@router.post("/create-payment-intent", response_model=Created, **asks(CreatePayment))
async def create(request: Request) -> Response:
    """Create a payment. Confirm it here, or in the customer's browser with its `client_secret`."""
    takers = payments.TAKERS[executor_of(request).livemode]
    return await handle_post(request, CreatePayment, "payment.create", takers, _create)


@router.post("/confirm-payment", response_model=Confirmed, **asks(ConfirmPayment))
async def confirm(request: Request) -> Response:
    """Try to take the money. Answers 402 for a decline; `requires_action` is no error."""
    takers = payments.TAKERS[executor_of(request).livemode]
    return await handle_post(request, ConfirmPayment, "payment.confirm", takers, _confirm)


@router.get("/payment-intent/{id}", response_model=Retrieved, **reads())
async def retrieve(request: Request, id: PathId) -> Response:  # noqa: A002 - the contract's name
    """The payment as Stripe has it now."""
    executor = executor_of(request)
    return await executor.run(_retrieve, executor, *signature(request), id)


def _create(
    context: ActionContext, caller: Caller, body: Mapping[str, Any], operation_id: str
) -> tuple[int, Json]:
    given = {"user_id": caller.user_id, **body, "amount": plain_amount(body["amount"])}
    made = payments.create(
        context, caller, NewPayment(**given), livemode=context.livemode, operation_id=operation_id
    )
    return 200, {
        "payment_intent_id": made.payment_intent_id,
        "client_secret": made.client_secret,
        "amount": plain(made.amount),
        "currency": made.amount.currency,
        "status": made.status,
        "payment_id": made.payment_intent_id,
    }


def _confirm(
    context: ActionContext, caller: Caller, body: Mapping[str, Any], operation_id: str
) -> tuple[int, Json]:
    tried = payments.confirm(
        context, caller, **body, livemode=context.livemode, operation_id=operation_id
    )
    return 200, {
        "payment_intent_id": tried.payment_intent_id,
        "status": tried.status,
        "payment_method": tried.payment_method,
        "next_action": tried.next_action,
    }


def _retrieve(
    executor: BlockingExecutor, authorization: str | None, address: str, payment: str
) -> Response:
    caller = executor.callers.caller(authorization, address)
    found = payments.retrieve(executor.context, caller, payment, livemode=executor.livemode)
    return rendered(
        200,
        {
            "id": found.payment_intent_id,
            "amount": plain(found.amount),
            "currency": found.amount.currency,
            "status": found.status,
            "payment_method": found.payment_method,
            "created": found.created,
        },
    )
