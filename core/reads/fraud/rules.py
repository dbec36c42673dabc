"""The rule set in force, those before it, and each as it was written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core.db.tables import rule_sets, settings_table
from core.reads.permissions import requires
from core.reads.search.logs.names import names_of
from core.reads.search.payments import facets

#: Older versions are found in the audit log.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version: its JSON text, who wrote it and why."""

    version: int
    body: str
    author: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ProposedRules:
    """Rules that wait for a second person: who proposed them (by name and id), when and why."""

    body: str
    author: str
    user_id: str
    reason: str
    proposed_at: datetime


@requires("manage_fraud")
def proposed(conn: Connection) -> ProposedRules | None:
    """The rules that wait, if some do."""
    s = settings_table.c
    row = conn.execute(select(s.value, s.updated_at).where(s.name == "rules.proposed")).first()
    if row is None:
        return None
    kept = json.loads(row.value)
    name = names_of(conn, {kept["author"]}).get(kept["author"], kept["author"])
    return ProposedRules(kept["body"], name, kept["user_id"], kept["reason"], row.updated_at)


def draft_row(user_id: str) -> str:
    """The row of settings where a person's draft of the rules is kept."""
    return f"rules.draft.{user_id}"


@requires("manage_fraud")
def draft(conn: Connection, *, user_id: str) -> str | None:
    """The draft that a person writes (`core.risk.drafts`), if they have begun one."""
    s = settings_table.c
    kept: str | None = conn.scalar(select(s.value).where(s.name == draft_row(user_id)))
    return kept


@requires("manage_fraud")
def currencies(conn: Connection, *, livemode: bool) -> tuple[str, ...]:
    """The currencies that payments of a mode came in, by their codes."""
    return tuple(sorted({one.currency for one in facets.known(conn) if one.livemode == livemode}))


@requires("manage_fraud")
def history(conn: Connection) -> tuple[RuleVersion, ...]:
    """The versions, newest first: the first is in force; none where the built-in set still is."""
    newest = select(rule_sets).order_by(rule_sets.c.version.desc()).limit(MOST_SHOWN)
    rows = conn.execute(newest).all()
    names = names_of(conn, {row.author for row in rows})
    return tuple(
        RuleVersion(
            row.version, row.body, names.get(row.author, row.author), row.reason, row.created_at
        )
        for row in rows
    )
