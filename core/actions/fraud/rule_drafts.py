"""Keeping what a person writes on the rules of risk until they put it in force or discard it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete

from core.access.principals import Caller
from core.access.rights import MANAGE_FRAUD
from core.actions.context import ActionContext
from core.actions.fraud.rule_sets import LONGEST_BODY
from core.actions.transaction import permitted_change
from core.db.tables import settings_table
from core.db.upsert import upsert
from core.errors import InvalidInput
from core.reads.fraud.rules import draft_row
from core.reads.search.query import refuse_half_characters

KEEP, DISCARD = "rules.draft", "rules.discard"


def keep_draft(context: ActionContext, caller: Caller, text: str) -> None:
    """Keep the caller's draft (`core.risk.drafts.as_text`) in the place of the one before."""
    if len(text) > LONGEST_BODY:
        raise InvalidInput("rules", "must be JSON of at most {most} characters", most=LONGEST_BODY)
    refuse_half_characters("rules", text)
    name = draft_row(caller.user_id or "")

    def work(connection: Connection, now: datetime) -> None:
        row = {"name": name, "value": text, "updated_at": now, "updated_by": caller.actor}
        upsert(connection, settings_table, [row])

    permitted_change(context, caller, KEEP, work, right=MANAGE_FRAUD, target=name)


def discard_draft(context: ActionContext, caller: Caller) -> None:
    """Forget the caller's draft, if there is one."""
    name = draft_row(caller.user_id or "")

    def work(connection: Connection, _now: datetime) -> None:
        connection.execute(delete(settings_table).where(settings_table.c.name == name))

    permitted_change(context, caller, DISCARD, work, right=MANAGE_FRAUD, target=name)
