"""What people decide and what is asked of Stripe for it, written down before it happens."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from core.db import checks
from core.db.mirror_tables import metadata
from core.db.types import Utc, code, flag, long_text, stripe_id, words
from core.states import BulkRefundState, OperationState, RefundState

#: Every call that changes something at Stripe, written before it is made. `params` is the path and
#: the body, `outcome` what came of it, without secrets. `state`: sending, unknown (no answer; being
#: resolved), succeeded, refused (by Stripe), not_sent (may be tried again), failed (found undone).
#: Whoever sends or resolves it holds `fence` until `next_attempt_at`; once it has ended, that says
#: when. A day later `params` is reduced to what is about nobody (`core/actions/forgetting`).
operations = Table(
    "operations",
    metadata,
    Column("id", code(36), primary_key=True),
    Column("kind", code(), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("idempotency_key", code(255), nullable=False, unique=True),
    Column("params", long_text(), nullable=False),
    Column("state", code(16), nullable=False),
    Column("actor", code(64), nullable=False),
    Column("outcome", long_text()),
    # A Checkout Session's id is longer than the others.
    Column("stripe_id", code(255)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", Utc(), nullable=False),
    Column("fence", code(32)),
    Column("created_at", Utc(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Index("nx_due", "state", "next_attempt_at"),
    Index("nx_stripe", "stripe_id"),
    checks.one_of("nx_state", "state", OperationState),
)

#: An object at Stripe that carries the tag of an operation, while that has none of its own yet, or
#: has another one. Two of them are an alarm: somebody was paid, or charged, twice.
operation_objects = Table(
    "operation_objects",
    metadata,
    Column("operation_id", code(36), primary_key=True),
    Column("stripe_id", code(255), primary_key=True),
    Column("livemode", flag(), nullable=False),
    # Of a refund, the payment that it gives back.
    Column("payment_id", stripe_id()),
    Column("seen_at", Utc(), nullable=False),
)

#: A decision to give money back, before its operation. `state`: requested, queued,
#: awaiting_approval, refused, expired, sending, unknown, pending, succeeded, failed, canceled. What
#: is queued, sending, unknown or waits keeps its amount reserved. `why` says what refused or failed
#: it. Its own id is that of its operation, so that a second one cannot be written. `asked_user_id`
#: is the person behind `asked_by`; `whole`: all that was available was asked for; `over` is the
#: limit that it is above. `settled_at`: somebody has seen to one that failed.
refund_requests = Table(
    "refund_requests",
    metadata,
    Column("id", code(36), primary_key=True),
    Column("payment_id", stripe_id(), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("reason", code(), nullable=False),
    Column("note", words(500)),
    Column("state", code(32), nullable=False),
    Column("why", words(500)),
    Column("asked_by", code(64), nullable=False),
    Column("asked_user_id", code(36), nullable=False),
    Column("whole", flag(), nullable=False, default=False),
    Column("over", code(32)),
    Column("approved_by", code(64)),
    Column("operation_id", code(36)),
    Column("refund_id", stripe_id()),
    Column("bulk_id", code(36)),
    Column("created_at", Utc(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Column("expires_at", Utc()),
    Column("settled_at", Utc()),
    Column("settled_by", code(64)),
    Index("rqx_payment", "payment_id", "state"),
    Index("rqx_state", "state", "created_at"),
    Index("rqx_user", "asked_user_id", "created_at"),
    Index("rqx_walk", "created_at", "id"),
    Index("rqx_refund", "refund_id"),
    Index("rqx_bulk", "bulk_id", "state"),
    Index("rqx_updated", "updated_at"),
    checks.one_of("rqx_state_known", "state", RefundState),
    checks.not_negative("rqx_amount", "amount_minor"),
    *checks.currency("rqx_currency"),
)

#: One decision about many payments; its rows are refund requests with its id in `bulk_id`.
#: `state`: awaiting_approval, running, done, stopped (the rows that were not sent are canceled),
#: refused, expired, canceled. `digest` tells the same bulk asked for again from another one.
bulk_refunds = Table(
    "bulk_refunds",
    metadata,
    Column("id", code(36), primary_key=True),
    Column("livemode", flag(), nullable=False),
    Column("state", code(32), nullable=False),
    Column("reason", code(), nullable=False),
    Column("note", words(500)),
    Column("why", words(500)),
    Column("over", code(32)),
    Column("total", Integer, nullable=False),
    Column("digest", code(64), nullable=False),
    Column("asked_by", code(64), nullable=False),
    Column("asked_user_id", code(36), nullable=False),
    Column("decided_by", code(64)),
    Column("stopped_by", code(64)),
    Column("created_at", Utc(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Column("expires_at", Utc()),
    Index("bkx_state", "state", "created_at"),
    Index("bkx_walk", "created_at", "id"),
    Index("bkx_updated", "updated_at"),
    checks.one_of("bkx_state_known", "state", BulkRefundState),
)
