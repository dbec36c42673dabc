"""Entries of the block and allow lists: put on, taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from core.access import audit
from core.access.principals import Caller
from core.access.rights import MANAGE_FRAUD
from core.actions.context import ActionContext
from core.actions.payments.validation import text
from core.actions.transaction import permitted_change
from core.db.tables import list_entries
from core.db.upsert import insert_new
from core.errors import InvalidInput, NotFound
from core.risk import lists

ADD, REMOVE = "list.add", "list.remove"
LONGEST_REASON = 500
_CHUNK = 500


@dataclass(frozen=True)
class NewEntry:
    """What is to be put on a list: `kind` block or allow, `field` one of `core.risk.lists`.

    `expires_at` (UTC) None: it stands until somebody takes it off.
    """

    kind: str
    field: str
    value: str
    reason: str
    expires_at: datetime | None = None


def add(context: ActionContext, caller: Caller, entry: NewEntry) -> str:
    """Put a value on a list; the form in which it stands there.

    One that stands there already gets this reason and expiry. `InvalidInput` names the field.
    """

    def work(connection: Connection, now: datetime) -> str:
        row = checked(entry, now)
        put(connection, caller.actor, [row], now)
        audit.append(
            connection,
            actor=caller.actor,
            action=ADD,
            target=f"{row.kind} {row.field}",
            details={"until": str(row.expires_at or ""), "reason": row.reason},
            now=now,
        )
        return row.value

    return permitted_change(context, caller, ADD, work, right=MANAGE_FRAUD)


def remove(context: ActionContext, caller: Caller, entry_id: int) -> None:
    """Take an entry off its list; `NotFound` when there is none of this number."""

    def work(connection: Connection, now: datetime) -> None:
        c = list_entries.c
        row = connection.execute(select(list_entries).where(c.id == entry_id)).first()
        gone = connection.execute(list_entries.delete().where(c.id == entry_id))
        if row is None or not gone.rowcount:
            raise NotFound("There is no such entry.")
        audit.append(
            connection,
            actor=caller.actor,
            action=REMOVE,
            target=f"{row.kind} {row.field}",
            details={"since": str(row.created_at), "reason": row.reason},
            now=now,
        )

    permitted_change(context, caller, REMOVE, work, right=MANAGE_FRAUD)


def checked(entry: NewEntry, now: datetime) -> NewEntry:
    """The entry in its normal form; `InvalidInput` names the field."""
    if entry.kind not in lists.KINDS:
        rule = "must be one of {allowed}"
        raise InvalidInput("kind", rule, allowed=", ".join(lists.KINDS))
    value = lists.normal(entry.field, entry.value)
    text("reason", entry.reason, LONGEST_REASON)
    if entry.expires_at is not None and entry.expires_at <= now:
        raise InvalidInput("expires", "must lie in the future")
    return NewEntry(entry.kind, entry.field, value, entry.reason, entry.expires_at)


def put(connection: Connection, actor: str, entries: Sequence[NewEntry], now: datetime) -> None:
    """Write checked entries, each value once, in the caller's transaction.

    What stands there keeps the time from which it counts; what had expired counts anew.
    """
    for start in range(0, len(entries), _CHUNK):
        chunk = entries[start : start + _CHUNK]
        standing = _standing(connection, chunk)
        if standing:
            ids = [row.id for row in standing.values()]
            connection.execute(list_entries.delete().where(list_entries.c.id.in_(ids)))
        rows = [_row(one, standing.get(key_of(one)), actor, now) for one in chunk]
        insert_new(connection, list_entries, rows)


def key_of(entry: Any) -> tuple[str, str, str]:
    """What there is once at most."""
    return entry.kind, entry.field, entry.value


def _standing(
    connection: Connection, entries: Sequence[NewEntry]
) -> dict[tuple[str, str, str], Any]:
    wanted = {key_of(one) for one in entries}
    values = sorted({one.value for one in entries})
    found = connection.execute(
        select(list_entries).where(
            list_entries.c.field.in_(lists.FIELDS), list_entries.c.value.in_(values)
        )
    )
    return {key_of(row): row for row in found if key_of(row) in wanted}


def _row(entry: NewEntry, standing: Any, actor: str, now: datetime) -> dict[str, Any]:
    in_force = standing is not None and (standing.expires_at is None or standing.expires_at > now)
    return {
        "kind": entry.kind,
        "field": entry.field,
        "value": entry.value,
        "reason": entry.reason,
        "added_by": actor,
        "created_at": standing.created_at if in_force else now,
        "expires_at": entry.expires_at,
    }
