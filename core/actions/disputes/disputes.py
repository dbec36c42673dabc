"""Disputes: evidence drafted at Stripe, submitted once, or the loss accepted.

A draft is kept where Stripe keeps drafts; what was typed, and what a file holds, stay out of the
database, the log and the list of operations.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from core import clock
from core.access import rights
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.disputes import drafts, evidence_files, evidence_validation
from core.actions.disputes.evidence_validation import Attached, Draft
from core.actions.disputes.operation_kinds import ACCEPT, DRAFT, SUBMIT, UPLOAD
from core.actions.disputes.responses import (
    answering,
    in_mirror,
    line_of_dispute,
    still_open,
)
from core.actions.operations.kinds import OperationKind
from core.actions.operations.operations import Done, StripeRequest, authorize, execute
from core.db.engine import retrying, writing
from core.db.tables import evidence_files as table
from core.errors import IdempotencyKeyReused, InvalidInput, RequestRepeated
from core.gateway.client import FILES
from core.gateway.evidence_fields import PURPOSE

_MANAGERS = (rights.MANAGE_DISPUTES,)
_HOME = "/v1/disputes"


def draft(context: ActionContext, caller: Caller, dispute_id: str, *, livemode: bool) -> Draft:
    """The dispute and its evidence as Stripe has them now. Nothing of it is kept here."""
    authorize(context, caller, _MANAGERS, "dispute.read_evidence", str(dispute_id))
    in_mirror(context, dispute_id, livemode)
    return drafts.read(context, dispute_id, livemode)


def save_draft(
    context: ActionContext, caller: Caller, dispute_id: str, texts: Any, *, livemode: bool
) -> Draft:
    """Keep texts at Stripe without submitting them: field by name, those that changed alone.

    `InvalidInput` names the field and its rule; nothing is then written and nothing sent.
    """
    authorize(context, caller, _MANAGERS, DRAFT.name, str(dispute_id))
    in_mirror(context, dispute_id, livemode)
    kept = drafts.read(context, dispute_id, livemode)
    changed = evidence_validation.checked_texts(texts, kept)
    after = replace(kept, texts={**kept.texts, **changed})
    now = clock.now()
    evidence_validation.hold(evidence_validation.opening(kept.dispute, now))
    evidence_validation.hold(evidence_validation.weighing(after)[:2])
    if not changed:
        return kept
    return _keep(context, caller, after, changed)


def attach(
    context: ActionContext,
    caller: Caller,
    dispute_id: str,
    field: str,
    content: bytes,
    *,
    livemode: bool,
) -> Draft:
    """Upload a file and put it into a field of the draft, in place of what stood there.

    `InvalidInput` names the field and its rule; nothing is then written and nothing sent.
    """
    authorize(context, caller, _MANAGERS, UPLOAD.name, str(dispute_id))
    in_mirror(context, dispute_id, livemode)
    kept = drafts.read(context, dispute_id, livemode)
    field = evidence_validation.checked_field(field, kept)
    found = evidence_files.examine(field, content)
    file = Attached(field, "", found.kind, found.size, found.pages)
    after = replace(kept, files={**kept.files, field: file})
    evidence_validation.hold(evidence_validation.opening(kept.dispute, clock.now()))
    evidence_validation.hold(evidence_validation.weighing(after)[2:])
    file = replace(file, file_id=_upload(context, caller, kept, file, content))
    return _keep(
        context, caller, replace(kept, files={**kept.files, field: file}), {field: file.file_id}
    )


def submit(
    context: ActionContext, caller: Caller, dispute_id: str, *, livemode: bool, seen: str
) -> Done:
    """Send the draft to the bank, once: it can be neither changed nor sent again.

    `seen` is the digest of the draft that the caller looked at. `InvalidInput` names the rule of
    the pre-flight; nothing is then written and nothing sent.
    """
    return _answer(context, caller, dispute_id, SUBMIT, livemode, seen=seen)


def accept(context: ActionContext, caller: Caller, dispute_id: str, *, livemode: bool) -> Done:
    """Let the customer have the money: the dispute is lost at once, and that is final.

    `InvalidInput` for an appeal: without one the dispute stays lost.
    """
    return _answer(context, caller, dispute_id, ACCEPT, livemode)


def _answer(
    context: ActionContext,
    caller: Caller,
    dispute_id: str,
    kind: OperationKind,
    livemode: bool,
    *,
    seen: str | None = None,
) -> Done:
    authorize(context, caller, _MANAGERS, kind.name, str(dispute_id))
    in_mirror(context, dispute_id, livemode)
    operation_id = answering(context, dispute_id)
    now = drafts.read(context, dispute_id, livemode)
    if kind is SUBMIT:
        evidence_validation.hold(evidence_validation.checks(now, clock.now()))
        if seen != now.seen:
            raise InvalidInput("evidence", "was changed since it was shown: look at it again")
        order = StripeRequest(kind, livemode, f"{_HOME}/{dispute_id}", {"submit": True}, dispute_id)
    else:
        evidence_validation.hold(evidence_validation.opening(now.dispute, clock.now())[:1])
        if now.appeal:
            raise InvalidInput("dispute", "is lost already: without an appeal it stays so")
        order = StripeRequest(kind, livemode, f"{_HOME}/{dispute_id}/close", {}, dispute_id)
    try:
        return execute(
            context,
            caller,
            order,
            rights=_MANAGERS,
            operation_id=operation_id,
            lines=[line_of_dispute(dispute_id)],
        )
    except IdempotencyKeyReused:
        # Somebody else answers it in this very moment.
        raise RequestRepeated from None


def _upload(
    context: ActionContext, caller: Caller, kept: Draft, file: Attached, content: bytes
) -> str:
    """Bring a file to Stripe; its id. Its name there leads back to the operation."""
    operation_id = str(uuid.uuid4())
    dispute, moment = kept.dispute, clock.now()
    order = StripeRequest(
        UPLOAD,
        dispute.livemode,
        FILES,
        {"purpose": PURPOSE, "name": f"{file.field}-{operation_id}.{file.kind}"},
        target=dispute.stripe_id,
        unkept={"content": content},
    )
    done = execute(context, caller, order, rights=_MANAGERS, operation_id=operation_id)
    file_id = str(done.facts["id"])
    retrying(lambda: _weigh(context, dispute.stripe_id, replace(file, file_id=file_id), moment))
    return file_id


def _weigh(context: ActionContext, dispute_id: str, file: Attached, moment: datetime) -> None:
    with writing(context.engine) as connection:
        connection.execute(
            table.insert().values(
                stripe_id=file.file_id,
                dispute_id=dispute_id,
                field=file.field,
                kind=file.kind,
                size_bytes=file.size,
                pages=file.pages,
                created_at=moment,
            )
        )


def _keep(context: ActionContext, caller: Caller, after: Draft, changed: dict[str, str]) -> Draft:
    """Have Stripe keep these fields of the draft."""
    dispute_id, livemode = after.dispute.stripe_id, after.dispute.livemode
    order = StripeRequest(
        DRAFT,
        livemode,
        f"{_HOME}/{dispute_id}",
        {"submit": False},
        target=dispute_id,
        unkept={"evidence": drafts.to_keep(after, changed)},
    )
    done = execute(
        context,
        caller,
        order,
        rights=_MANAGERS,
        check=still_open(dispute_id),
        lines=[line_of_dispute(dispute_id)],
    )
    return drafts.draft_of(context, done.source, livemode)
