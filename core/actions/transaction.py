"""One change in the room of fraud: the right asked for and the change made in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from core import clock
from core.access import audit_notes, rights
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.db.engine import retrying, writing
from core.errors import NotPermitted

T = TypeVar("T")


def in_one(
    context: ActionContext,
    caller: Caller,
    action: str,
    work: Callable[[Connection, datetime], T],
    *,
    target: str = "",
) -> T:
    """Run `work` for who may work on fraud; a refusal is noted under `action` and `target`."""

    def whole() -> T:
        now = clock.now()
        with writing(context.engine) as connection:
            permitted(connection, caller, rights.MANAGE_FRAUD, now=now)
            return work(connection, now)

    try:
        return retrying(whole)
    except NotPermitted as error:
        audit_notes.note_refusal(context.engine, caller.actor, action, error.right, target)
        raise
