"""The operations on disputes, and how each is found at Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import clock
from core.actions.disputes.responses import has_moved_on
from core.actions.operations.fingerprint import trace_of
from core.actions.operations.kinds import LOOKED_BACK, OperationKind, Unresolved
from core.gateway.client import FILES, Gateway


def _drafted(gateway: Gateway, one: Unresolved) -> Mapping[str, Any] | None:
    """The dispute, if its draft holds exactly what was sent. A later draft may have overwritten
    it: then nothing is lost by calling it undone, and sending it again would lose the later one."""
    dispute = gateway.get(one.sending.path)
    kept = dispute["evidence"]
    if appeal := (kept.get("appeal") or {}).get("card"):
        # Stripe fills in what was not sent.
        kept = kept | {"appeal": {"card": {name: part for name, part in appeal.items() if part}}}
    evidence = {name: kept.get(name) for name in one.sending.trace["fields"]}
    return dispute if trace_of({"evidence": evidence}) == one.sending.trace else None


def _uploaded(gateway: Gateway, one: Unresolved) -> Mapping[str, Any] | None:
    """The file whose name is this operation's."""
    since = clock.to_unix(one.looked_from - LOOKED_BACK)
    purpose, name = one.sending.body["purpose"], one.sending.body["name"]
    for page in gateway.pages(FILES, purpose=purpose, created={"gte": since}):
        for file in page:
            if file["filename"] == name:
                return file
    return None


def _answered(gateway: Gateway, one: Unresolved) -> Mapping[str, Any] | None:
    """The dispute, once it takes no answer any more, or another one than this."""
    dispute = gateway.get(f"/v1/disputes/{one.sending.target}")
    moved_on = has_moved_on(one.sending.target, dispute["status"], one.sending.operation_id)
    return dispute if moved_on else None


DRAFT = OperationKind("dispute.draft", _drafted)
UPLOAD = OperationKind("dispute.upload", _uploaded)
SUBMIT = OperationKind("dispute.submit", _answered)
ACCEPT = OperationKind("dispute.accept", _answered)

KINDS = (DRAFT, UPLOAD, SUBMIT, ACCEPT)
