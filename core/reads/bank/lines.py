"""The lines of bank statements, and which payouts they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from core.db.tables import bank_accounts, bank_lines, bank_matches, users
from core.domain.open_bank_items import is_matched_line
from core.errors import NotFound
from core.reads.permissions import requires

MATCHED, OPEN = "matched", "open"
#: The states of a line: some payout is matched with it, or none.
STATES = (MATCHED, OPEN)


@dataclass(frozen=True, slots=True)
class MatchRow:
    """That a line is a payout, or a part of one: `amount_minor`, of the sign of the line.

    `decision` is what is undone as a whole; `how` is trace_id, amount or person. Of one that was
    undone, `undone_at` and what belongs to it say so; a proposal that was refused was undone as it
    was made. `matched_by` is an id, `matched_by_name` a name where a person did it.
    """

    decision: str
    line_id: int
    payout_id: str
    amount_minor: int
    how: str
    matched_by: str
    reason: str
    matched_at: datetime
    undone_at: datetime | None
    undone_by: str | None
    undone_reason: str | None
    matched_by_name: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """A booking; `amount_minor` is signed, in minor units of `currency`. `matches` are those that
    stand: none while its state is open."""

    line_id: int
    account_id: int
    account: str
    account_name: str
    statement_id: int
    booked_on: date
    value_on: date | None
    amount_minor: int
    currency: str
    name: str
    text: str
    references: tuple[str, ...]
    matches: tuple[MatchRow, ...]

    @property
    def state(self) -> str:
        """One of `STATES`."""
        return MATCHED if self.matches else OPEN

    @property
    def matched_minor(self) -> int:
        """How much of it its payouts make."""
        return sum(one.amount_minor for one in self.matches)


@requires("manage_bank")
def lines(
    conn: Connection,
    *,
    livemode: bool,
    account_id: int | None = None,
    state: str | None = None,
    since: date | None = None,
    until: date | None = None,
    before: tuple[date, int] | None = None,
    limit: int = 100,
) -> tuple[LineRow, ...]:
    """Lines of a mode, the newest first; `before` is the day and number of the last one seen.

    `since` and `until` are days of booking, both inclusive.
    """
    n = bank_lines.c
    asked = _lines(livemode).order_by(n.booked_on.desc(), n.id.desc()).limit(limit)
    if account_id is not None:
        asked = asked.where(n.account_id == account_id)
    if state is not None:
        asked = asked.where(is_matched_line() if state == MATCHED else ~is_matched_line())
    if since is not None:
        asked = asked.where(n.booked_on >= since)
    if until is not None:
        asked = asked.where(n.booked_on <= until)
    if before is not None:
        day, line_id = before
        asked = asked.where(or_(n.booked_on < day, and_(n.booked_on == day, n.id < line_id)))
    return _shaped(conn, asked)


@requires("manage_bank")
def by_number(conn: Connection, *, livemode: bool, line_id: int) -> LineRow:
    """The line of this number in this mode, or `NotFound`."""
    found = _shaped(conn, _lines(livemode).where(bank_lines.c.id == line_id))
    if not found:
        raise NotFound(f"There is no bank line {line_id} here")
    return found[0]


def _lines(livemode: bool) -> Select[Any]:
    a, n = bank_accounts.c, bank_lines.c
    return (
        select(
            n.id.label("line_id"),
            n.account_id,
            a.account,
            a.name.label("account_name"),
            n.statement_id,
            n.booked_on,
            n.value_on,
            n.amount_minor,
            n.currency,
            n.name,
            n.text,
            n.reference_lines,
        )
        .join(bank_accounts, a.id == n.account_id)
        .where(a.livemode == livemode)
    )


def _shaped(conn: Connection, asked: Select[Any]) -> tuple[LineRow, ...]:
    found = conn.execute(asked).all()
    standing = _standing(conn, [row.line_id for row in found])
    return tuple(_row(dict(row._mapping), standing[row.line_id]) for row in found)


def _row(values: dict[str, Any], standing: list[MatchRow]) -> LineRow:
    references = values.pop("reference_lines").split("\n")
    return LineRow(**values, references=tuple(filter(None, references)), matches=tuple(standing))


@requires("manage_bank")
def matches(
    conn: Connection,
    *,
    livemode: bool,
    payout_id: str | None = None,
    line_id: int | None = None,
    limit: int = 100,
) -> tuple[MatchRow, ...]:
    """Matches of a mode, of one payout or of one line, undone ones too: the newest first."""
    m, n, a = bank_matches.c, bank_lines.c, bank_accounts.c
    asked = (
        _matches()
        .join(bank_lines, n.id == m.line_id)
        .join(bank_accounts, a.id == n.account_id)
        .where(a.livemode == livemode)
        .order_by(m.id.desc())
        .limit(limit)
    )
    if payout_id is not None:
        asked = asked.where(m.payout_id == payout_id)
    if line_id is not None:
        asked = asked.where(m.line_id == line_id)
    return tuple(MatchRow(*row) for row in conn.execute(asked))


def _matches() -> Select[Any]:
    m = bank_matches.c
    return select(
        m.decision,
        m.line_id,
        m.payout_id,
        m.amount_minor,
        m.how,
        m.matched_by,
        m.reason,
        m.matched_at,
        m.undone_at,
        m.undone_by,
        m.undone_reason,
        func.coalesce(func.nullif(users.c.name, ""), users.c.email, m.matched_by),
    ).outerjoin(users, users.c.id == m.matched_by)


def _standing(conn: Connection, wanted: list[int]) -> dict[int, list[MatchRow]]:
    m = bank_matches.c
    found: dict[int, list[MatchRow]] = defaultdict(list)
    asked = _matches().where(m.line_id.in_(wanted), m.undone_at.is_(None)).order_by(m.id)
    for row in conn.execute(asked):
        found[row.line_id].append(MatchRow(*row))
    return found
