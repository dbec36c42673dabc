"""The JSON of the REST API as its OpenAPI document describes it.

What a value must be is checked where it is used, in `core.actions`; the names of the fields and
whether they are required are taken from here.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from core.actions.payments.validation import MOST_KEYS

AMOUNT = r"^\+?[0-9]+(\.[0-9]+)?$"
_PAYMENT = r"^pi_[A-Za-z0-9_]{1,61}$"
_PRINTABLE = r"^[ -~]+$"

PaymentIntentId = Annotated[
    str, Field(pattern=_PAYMENT, max_length=64, examples=["pi_3PqXyZ2eZvKYlo2C1a2b3c4d"])
]
PaymentId = Annotated[
    str,
    Field(
        pattern=r"^(pi|ch|py)_[A-Za-z0-9_]{1,61}$",
        max_length=64,
        description="A PaymentIntent's id, or that of a charge that was made without one.",
        examples=["pi_3PqXyZ2eZvKYlo2C1a2b3c4d"],
    ),
]
#: Described, not checked: a wrong one is refused by the rules, which name it.
PathId = Annotated[str, Path(json_schema_extra={"pattern": _PAYMENT, "maxLength": 64})]
Amount = Annotated[
    str,
    Field(
        pattern=AMOUNT,
        max_length=40,
        description="Major units, as a decimal string with no more decimals than the currency has.",
        examples=["12.34"],
    ),
]
Said = Annotated[str, Field(description="Major units, with all decimals.", examples=["12.34"])]
Currency = Annotated[
    str, Field(min_length=3, max_length=3, description="ISO code.", examples=["usd"])
]
Status = Annotated[
    str,
    Field(
        description="Stripe's status of the PaymentIntent.",
        examples=["requires_payment_method", "requires_action", "succeeded"],
    ),
]
Note = Annotated[str, Field(min_length=1, max_length=500, pattern=_PRINTABLE)]
NoteKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.:-]{1,40}$")]


class Body(BaseModel):
    """A request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class CreatePayment(Body):
    """A payment to be created."""

    amount: Amount
    currency: Annotated[Currency, Field(pattern="^[A-Za-z]{3}$")]
    order_id: int = Field(ge=1, le=2**63 - 1, description="The shop's order.", examples=[42])
    user_id: (
        Annotated[str, Field(min_length=1, max_length=64, pattern=_PRINTABLE)]
        | Annotated[int, Field(ge=1, le=2**63 - 1)]
        | None
    ) = Field(None, description="The shop's customer; the token's user when absent.")
    ip_address: str | None = Field(None, max_length=45, examples=["203.0.113.7"])
    email: str | None = Field(None, max_length=254, examples=["ada@shop.example"])
    metadata: dict[NoteKey, Note] | None = Field(
        None, max_length=MOST_KEYS, examples=[{"basket": "7"}]
    )


class ConfirmPayment(Body):
    """A payment to be tried."""

    payment_intent_id: PaymentIntentId
    payment_method: (
        Annotated[
            str, Field(pattern=r"^pm_[A-Za-z0-9_]{1,61}$", max_length=64, examples=["pm_card_visa"])
        ]
        | None
    ) = Field(None, description="The one attached before when absent.")
    return_url: str | None = Field(
        None,
        max_length=2048,
        description="Where the customer comes back to after 3-D Secure; a page here when absent.",
        examples=["https://shop.example/orders/42"],
    )


class AskRefund(Body):
    """A refund to be asked for."""

    payment_intent_id: PaymentId
    amount: Amount | None = Field(None, description="All that is left when absent.")
    reason: str = Field(
        json_schema_extra={"enum": ["duplicate", "fraudulent", "requested_by_customer"]},
        examples=["requested_by_customer"],
    )


class Config(BaseModel):
    """What a shop's page needs to know."""

    publishable_key: str | None = Field(examples=["pk_test_emulator"])
    is_test_mode: bool


class Created(BaseModel):
    """A new payment. `client_secret` is for the customer's browser; it is kept nowhere here."""

    payment_intent_id: PaymentIntentId
    client_secret: str
    amount: Said
    currency: Currency
    status: Status
    payment_id: PaymentIntentId


class Confirmed(BaseModel):
    """What came of a try; `next_action` says where the customer must go, if anywhere."""

    payment_intent_id: PaymentIntentId
    status: Status
    payment_method: str | None
    next_action: dict[str, Any] | None


class Retrieved(BaseModel):
    """A payment as Stripe has it."""

    id: PaymentIntentId
    amount: Said
    currency: Currency
    status: Status
    payment_method: str | None
    created: int = Field(description="UNIX seconds.", examples=[1_790_000_000])


class RefundWarning(BaseModel):
    """What forbids no refund, and whoever decides about it ought to know."""

    code: str = Field(examples=["open_inquiry"])
    message: str = Field(
        examples=[
            "This payment has an open inquiry. If it becomes a chargeback, the refund may stand"
            " beside it: the customer is then paid twice."
        ]
    )


class RefundAsked(BaseModel):
    """What became of the request: 200 when it went to Stripe, 202 while it waits for approval."""

    refund_request_id: str
    refund_id: str | None
    amount: Said
    currency: Currency
    status: str = Field(examples=["pending", "succeeded", "awaiting_approval"])
    reason: str
    warnings: list[RefundWarning]


class Error(BaseModel):
    """What went wrong. Branch on `type` and `code`; `message` is for people."""

    type: str = Field(examples=["card_error"])
    code: str = Field(examples=["card_declined"])
    message: str = Field(examples=["Your card has too little money on it."])
    user_action: str = Field(examples=["check_balance"])
    field: str = Field("", description="Which field breaks a rule.")
    rule: str = Field("", description="The rule.")
    decline_code: str | None = Field("", description="Why the bank declined, if it says so.")
    request_id: str | None = Field("", description="Stripe's id of the call.")
    operation_id: str = Field("", description="What is being resolved.")
    right: str = Field("", description="The right that is missing.")
    stripe_message: str = Field("", description="Stripe's words about a mistaken request.")


class ErrorAnswer(BaseModel):
    """Every answer that is no success."""

    error: Error
