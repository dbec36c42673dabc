"""Identity checks: they wait for a person, who never comes."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import records
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

_SOON_MS = 500


def create_verification(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/identity/verification_sessions: waits for a person, who never comes."""
    session_id = ctx.ids.new("vs")
    given = params.get("options") or {}
    session: Obj = {
        "id": session_id,
        "object": "identity.verification_session",
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": f"{session_id}_secret_{ctx.ids.token(25)}",
        "created": ctx.now,
        "last_error": None,
        "last_verification_report": None,
        "livemode": False,
        "metadata": records.metadata(params),
        "options": given,
        "redaction": None,
        "related_customer": params.get("related_customer"),
        "related_customer_account": None,
        "status": "requires_input",
        "type": params.get("type", "document"),
        "url": f"{ctx.base_url}/_hosted/identity/{session_id}",
    }
    if params.get("provided_details"):
        session["provided_details"] = params["provided_details"]
    hidden(session)["return_url"] = params.get("return_url")
    ctx.tx.add(session)
    ctx.emit("identity.verification_session.created", session)
    return session


def cancel_verification(ctx: Context, session_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/identity/verification_sessions/{id}/cancel."""
    session = ctx.need("identity.verification_session", session_id, in_path=True)
    if session["status"] != "requires_input":
        raise ApiError(f"You cannot cancel a session that is {session['status']}.")
    session["status"], session["client_secret"], session["url"] = "canceled", None, None
    ctx.emit("identity.verification_session.canceled", session)
    return ctx.tx.touch(session)


def redact_verification(ctx: Context, session_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/identity/verification_sessions/{id}/redact: processing, then redacted."""
    session = ctx.need("identity.verification_session", session_id, in_path=True)
    if session["status"] != "canceled":
        session["status"], session["client_secret"], session["url"] = "canceled", None, None
    session["redaction"] = {"status": "processing"}
    ctx.later(_SOON_MS, Task.REDACTED, session=session_id)
    return ctx.tx.touch(session)


def is_redacted(ctx: Context, session: str) -> None:
    """What was known of a person is gone."""
    found = ctx.need("identity.verification_session", session)
    found["redaction"] = {"status": "redacted"}
    found["metadata"] = {}
    ctx.emit("identity.verification_session.redacted", found)
    ctx.tx.touch(found)


VERIFICATION = Record("identity.verification_session")
