"""Disputes: evidence drafted at Stripe, submitted once, or the loss accepted.

A draft is kept where Stripe keeps drafts; what was typed, and what a file holds, stay out of the
database, the log and the list of operations. Who kept a field last stands here, so that the next
one is told (`saves.py`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from core import clock
from core.access import rights
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.disputes import drafts, evidence_files, evidence_validation, saves
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
from core.db.upsert import insert_missing
from core.errors import IdempotencyKeyReused, InvalidInput, RequestRepeated
from core.gateway.client import FILES
from core.gateway.evidence_fields import PURPOSE

_MANAGERS = (rights.MANAGE_DISPUTES,)
_HOME = "/v1/disputes"
#: So often a save is tried while others save the same field.
_TRIES = 3


def draft(context: ActionContext, caller: Caller, dispute_id: str, *, livemode: bool) -> Draft:
    """The dispute and its evidence as Stripe has them now. Nothing of it is kept here."""
    authorize(context, caller, _MANAGERS, "dispute.read_evidence", str(dispute_id))
    in_mirror(context, dispute_id, livemode)
    return drafts.read(context, dispute_id, livemode)


def sent(context: ActionContext, caller: Caller, dispute_id: str, *, livemode: bool) -> Draft:
    """The evidence of a dispute that was answered, that of its appeal with it, as Stripe has it."""
    authorize(context, caller, _MANAGERS, "dispute.read_evidence", str(dispute_id))
    in_mirror(context, dispute_id, livemode)
    return drafts.read_all(context, dispute_id, livemode)


def save_draft(
    context: ActionContext,
    caller: Caller,
    dispute_id: str,
    texts: Any,
    *,
    livemode: bool,
    before: Mapping[str, str] | None = None,
) -> Draft:
    """Keep texts at Stripe without submitting them: field by name, those that changed alone.

    `before`: by field, the text that the writer saw there, '' for none. `InvalidInput` names the
    field and its rule, its `ChangedMeanwhile` one that holds another text now; nothing is then
    written and nothing sent. `RequestRepeated` while another save of it is under way.
    """
    authorize(context, caller, _MANAGERS, DRAFT.name, str(dispute_id))
    in_mirror(context, dispute_id, livemode)
    return _again(lambda: _save(context, caller, dispute_id, texts, livemode, before))


def attach(
    context: ActionContext,
    caller: Caller,
    dispute_id: str,
    field: str,
    content: bytes,
    *,
    livemode: bool,
    name: str | None = None,
    before: str | None = None,
) -> Draft:
    """Upload a file and put it into a field of the draft, in place of what stood there.

    `name` is what it is called where it comes from; `before` the id of the file that was seen in
    the field, '' for none. `InvalidInput` names the field and its rule, its `ChangedMeanwhile` one
    that holds another file now; nothing is then written and nothing sent.
    """
    authorize(context, caller, _MANAGERS, UPLOAD.name, str(dispute_id))
    in_mirror(context, dispute_id, livemode)
    seen = None if before is None else {str(field): before}
    kept = drafts.read(context, dispute_id, livemode)
    field = evidence_validation.checked_field(field, kept)
    saves.hold(seen, _ids(kept), [field])
    found = evidence_files.examine(field, content)
    called = evidence_files.name_of(name)
    file = Attached(field, "", found.kind, found.size, found.pages, called)
    after = replace(kept, files={**kept.files, field: file})
    evidence_validation.hold(evidence_validation.opening(kept.dispute, clock.now()))
    evidence_validation.hold(evidence_validation.weighing(after)[2:])
    file = replace(file, file_id=_upload(context, caller, kept, file, content))
    return _again(lambda: _attach(context, caller, dispute_id, file, livemode, seen))


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
    operation_id, marks = answering(context, dispute_id), saves.marks(context, dispute_id)
    now, check = drafts.read(context, dispute_id, livemode), None
    if kind is SUBMIT:
        check = partial(saves.settled, dispute_id=dispute_id, seen=marks)
        evidence_validation.hold(evidence_validation.checks(now, clock.now()))
        if seen != now.seen:
            raise _changed()
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
            check=check,
            lines=[line_of_dispute(dispute_id)],
        )
    except saves.SavedMeanwhile:
        raise _changed() from None
    except IdempotencyKeyReused:
        # Somebody else answers it in this very moment.
        raise RequestRepeated from None


def _changed() -> InvalidInput:
    return InvalidInput("evidence", "was changed since it was shown: look at it again")


def _again(save: Callable[[], Draft]) -> Draft:
    """Save, looked at anew while others save between our look and our write."""
    for _ in range(_TRIES):
        try:
            return save()
        except saves.SavedMeanwhile:
            continue
    raise RequestRepeated


def _save(
    context: ActionContext,
    caller: Caller,
    dispute_id: str,
    texts: Any,
    livemode: bool,
    before: Mapping[str, str] | None,
) -> Draft:
    seen = saves.marks(context, dispute_id)
    kept = drafts.read(context, dispute_id, livemode)
    changed = evidence_validation.checked_texts(texts, kept)
    after = replace(kept, texts={**kept.texts, **changed})
    evidence_validation.hold(evidence_validation.opening(kept.dispute, clock.now()))
    saves.hold(before, kept.texts, changed)
    evidence_validation.hold(evidence_validation.weighing(after)[:2])
    if not changed:
        return kept
    return _keep(context, caller, after, changed, seen)


def _attach(
    context: ActionContext,
    caller: Caller,
    dispute_id: str,
    file: Attached,
    livemode: bool,
    before: Mapping[str, str] | None,
) -> Draft:
    """Put a file that Stripe has into its field, beside what stands in the others now."""
    seen = saves.marks(context, dispute_id)
    kept = drafts.read(context, dispute_id, livemode)
    saves.hold(before, _ids(kept), [file.field])
    after = replace(kept, files={**kept.files, file.field: file})
    return _keep(context, caller, after, {file.field: file.file_id}, seen)


def _ids(draft: Draft) -> dict[str, str]:
    return {name: file.file_id for name, file in draft.files.items()}


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
    row = {
        "stripe_id": file.file_id,
        "dispute_id": dispute_id,
        "field": file.field,
        "name": file.name,
        "kind": file.kind,
        "size_bytes": file.size,
        "pages": file.pages,
        "created_at": moment,
    }
    with writing(context.engine) as connection:
        # It may be there: of a commit whose answer was lost nobody knows.
        insert_missing(connection, table, [row], "stripe_id")


def _keep(
    context: ActionContext, caller: Caller, after: Draft, changed: dict[str, str], seen: saves.Marks
) -> Draft:
    """Have Stripe keep these fields of the draft, unless others were kept there since `seen`."""
    dispute_id, livemode = after.dispute.stripe_id, after.dispute.livemode
    operation_id, is_open = str(uuid.uuid4()), still_open(dispute_id)
    # An appeal is kept whole: its other fields must be as they were read.
    compared = {*changed, *after.texts, *after.files} if after.appeal else set(changed)

    def check(connection: Connection) -> None:
        is_open(connection)
        saves.write(
            connection,
            caller,
            dispute_id,
            sorted(changed),
            seen=seen,
            compared=sorted(compared),
            operation_id=operation_id,
            now=clock.now(),
        )

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
        operation_id=operation_id,
        check=check,
        lines=[line_of_dispute(dispute_id)],
    )
    return drafts.draft_of(context, done.source, livemode)
