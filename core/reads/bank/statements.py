"""The accounts at banks, and the statements that were taken in of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from core.db.tables import bank_accounts, bank_lines, bank_statements, users
from core.reads.permissions import requires


@dataclass(frozen=True, slots=True)
class BankAccountRow:
    """An account in one currency. `covered_until`: the last day of its statements, None before the
    first. `payer_names`: what its bank calls Stripe, besides Stripe."""

    account_id: int
    account: str
    currency: str
    name: str
    payer_names: tuple[str, ...]
    has_csv_profile: bool
    statements: int
    lines: int
    covered_until: date | None


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement. Balances in minor units of `currency`; None where its format has none, and
    `is_proved` is then False. `new_lines` of its `lines` no earlier statement had brought."""

    statement_id: int
    account_id: int
    account: str
    currency: str
    format: str
    number: str
    file_name: str
    opening_minor: int | None
    closing_minor: int | None
    opened_on: date
    closed_on: date
    lines: int
    new_lines: int
    imported_by: str
    imported_at: datetime
    imported_by_name: str

    @property
    def is_proved(self) -> bool:
        """Whether its opening balance and lines were held against its closing balance."""
        return self.opening_minor is not None and self.closing_minor is not None


@requires("manage_bank")
def accounts(conn: Connection, *, livemode: bool) -> tuple[BankAccountRow, ...]:
    """The accounts of a mode, by their number and currency."""
    a, s, n = bank_accounts.c, bank_statements.c, bank_lines.c
    of_account = select(func.count()).where(s.account_id == a.id).scalar_subquery()
    lines = select(func.count()).where(n.account_id == a.id).scalar_subquery()
    until = select(func.max(s.closed_on)).where(s.account_id == a.id).scalar_subquery()
    found = conn.execute(
        select(
            bank_accounts, of_account.label("statements"), lines.label("lines"), until.label("till")
        )
        .where(a.livemode == livemode)
        .order_by(a.account, a.currency)
    )
    return tuple(
        BankAccountRow(
            row.id,
            row.account,
            row.currency,
            row.name,
            tuple(filter(None, row.payer_names.split("\n"))),
            row.csv_profile is not None,
            row.statements,
            row.lines,
            row.till,
        )
        for row in found
    )


@requires("manage_bank")
def statements(
    conn: Connection, *, livemode: bool, account_id: int | None = None, limit: int = 100
) -> tuple[StatementRow, ...]:
    """The statements of a mode, or of one account: those that close last come first."""
    a, s = bank_accounts.c, bank_statements.c
    asked: Select[Any] = (
        select(
            s.id,
            s.account_id,
            a.account,
            a.currency,
            s.format,
            s.number,
            s.file_name,
            s.opening_minor,
            s.closing_minor,
            s.opened_on,
            s.closed_on,
            s.line_count,
            s.new_count,
            s.imported_by,
            s.imported_at,
            func.coalesce(func.nullif(users.c.name, ""), users.c.email, s.imported_by),
        )
        .join(bank_accounts, a.id == s.account_id)
        .outerjoin(users, users.c.id == s.imported_by)
        .where(a.livemode == livemode)
        .order_by(s.closed_on.desc(), s.id.desc())
        .limit(limit)
    )
    if account_id is not None:
        asked = asked.where(s.account_id == account_id)
    return tuple(StatementRow(*row) for row in conn.execute(asked))
