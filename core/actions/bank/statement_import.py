"""A bank's file taken in: all of its statements or none, and no booking twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, and_, func, or_, select

from core.access import audit
from core.access.principals import Caller
from core.access.rights import MANAGE_BANK
from core.actions.bank import accounts
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.transaction import permitted_change
from core.bank import csv_profile, formats, statements
from core.bank.formats import CsvAccount
from core.bank.statements import BankLine, BankStatement
from core.db.engine import reading
from core.db.tables import bank_accounts, bank_lines, bank_statements
from core.db.upsert import insert_new

IMPORT = "bank.import"
LONGEST_FILE_NAME = 255
_CHUNK = 500
T = TypeVar("T")


@dataclass(frozen=True)
class ImportedStatement:
    """What became of one statement: `new_lines` of its `lines` had not been there.

    `is_known`: it was there before, from another file or in another format; nothing was written.
    `is_proved`: its opening balance and lines make its closing balance.
    """

    account_id: int
    account: str
    currency: str
    format: str
    number: str
    opened_on: date
    closed_on: date
    lines: int
    new_lines: int
    is_known: bool
    is_proved: bool


@dataclass(frozen=True)
class Imported:
    """What became of a file. `is_known`: it was taken in before, and nothing was written."""

    file_sha256: str
    is_known: bool
    statements: tuple[ImportedStatement, ...] = ()

    @property
    def new_lines(self) -> int:
        """How many lines had not been there."""
        return sum(one.new_lines for one in self.statements)


def import_file(
    context: ActionContext,
    caller: Caller,
    data: bytes,
    *,
    livemode: bool,
    file_name: str = "",
    account_id: int | None = None,
) -> Imported:
    """Take in a file of any format that `core.bank.formats` knows.

    `account_id`: the account that it is of, which CSV needs and which stands for the number in
    other files. `StatementRefused` names the field and the rule, and nothing is written.
    """
    authorize(context, caller, (MANAGE_BANK,), IMPORT, file_name)
    found = read(context.engine, data, livemode=livemode, account_id=account_id)
    arrived = Arrived(found, formats.sha256(data), file_name, account_id, livemode)

    def work(connection: Connection, now: datetime) -> Imported:
        return write(connection, caller.actor, arrived, now)

    lines = [accounts.line(livemode)]
    return permitted_change(
        context, caller, IMPORT, work, right=MANAGE_BANK, target=file_name, lines=lines
    )


@dataclass(frozen=True)
class Arrived:
    """The statements of a file, read and not yet written."""

    statements: Sequence[BankStatement]
    file_sha256: str
    file_name: str
    account_id: int | None
    livemode: bool


def read(
    engine: Engine, data: bytes, *, livemode: bool, account_id: int | None = None
) -> list[BankStatement]:
    """The statements of a file; `NotFound` for an account that is not there."""
    if account_id is None:
        return formats.read(data)
    with reading(engine) as connection:
        account = accounts.named(connection, account_id, livemode=livemode)
    csv = None
    if account.csv_profile:
        profile = csv_profile.from_json(account.csv_profile)
        csv = CsvAccount(account.account, account.currency, profile)
    found = formats.read(data, csv)
    for one in found:
        if one.currency != account.currency:
            raise statements.mixed(one.currency, account.currency)
    return found


def write(connection: Connection, actor: str, arrived: Arrived, now: datetime) -> Imported:
    """Write what is new of a file, and note who took it in; in the turn of `accounts.line`."""
    if _is_known_file(connection, arrived):
        return Imported(arrived.file_sha256, True)
    done = tuple(_statement(connection, actor, one, arrived, now) for one in arrived.statements)
    made = Imported(arrived.file_sha256, False, done)
    audit.append(
        connection,
        actor=actor,
        action=IMPORT,
        target=arrived.file_name,
        details={
            "sha256": arrived.file_sha256,
            "livemode": arrived.livemode,
            "statements": len(done),
            "known": sum(one.is_known for one in done),
            "lines": sum(one.lines for one in done),
            "new_lines": made.new_lines,
            "accounts": sorted({one.account_id for one in done}),
        },
        now=now,
    )
    return made


def _is_known_file(connection: Connection, arrived: Arrived) -> bool:
    s, a = bank_statements.c, bank_accounts.c
    asked = (
        select(s.id)
        .join(bank_accounts, a.id == s.account_id)
        .where(s.file_sha256 == arrived.file_sha256, a.livemode == arrived.livemode)
        .limit(1)
    )
    return connection.scalar(asked) is not None


def _statement(
    connection: Connection, actor: str, one: BankStatement, arrived: Arrived, now: datetime
) -> ImportedStatement:
    account_id = arrived.account_id or accounts.ensure(
        connection, actor, one.account, one.currency, livemode=arrived.livemode, now=now
    )
    known = _is_known(connection, account_id, one)
    new = [] if known else _new_lines(connection, account_id, one)
    if not known:
        row = {
            "account_id": account_id,
            "sha256": statements.digest(one),
            "file_sha256": arrived.file_sha256,
            "file_name": arrived.file_name[:LONGEST_FILE_NAME],
            "format": one.format,
            "number": one.number,
            "opening_minor": one.opening_minor,
            "closing_minor": one.closing_minor,
            "opened_on": one.opened_on,
            "closed_on": one.closed_on,
            "line_count": len(one.lines),
            "new_count": len(new),
            "imported_by": actor,
            "imported_at": now,
        }
        insert_new(connection, bank_statements, [row])
        _insert_lines(connection, account_id, row["sha256"], new)
    return ImportedStatement(
        account_id=account_id,
        account=one.account,
        currency=one.currency,
        format=one.format,
        number=one.number,
        opened_on=one.opened_on,
        closed_on=one.closed_on,
        lines=len(one.lines),
        new_lines=len(new),
        is_known=known,
        is_proved=one.is_proved,
    )


def _is_known(connection: Connection, account_id: int, one: BankStatement) -> bool:
    """Whether the same statement was taken in from another file, or in another format."""
    s = bank_statements.c
    of_account = s.account_id == account_id
    asked = select(s.id).where(of_account, s.sha256 == statements.digest(one))
    if connection.scalar(asked) is not None:
        return True
    return bool(one.lines) and _is_known_otherwise(connection, account_id, one)


def _is_known_otherwise(connection: Connection, account_id: int, one: BankStatement) -> bool:
    """Formats say a booking in other words: the days' amounts tell a statement in another one."""
    n, s = bank_lines.c, bank_statements.c
    days = [line.booked_on for line in one.lines]
    found = connection.execute(
        select(n.booked_on, n.amount_minor, s.format)
        .join(bank_statements, s.id == n.statement_id)
        .where(n.account_id == account_id, n.booked_on.between(min(days), max(days)))
    ).all()
    if any(row.format == one.format for row in found):
        return False
    there = Counter((row.booked_on, row.amount_minor) for row in found)
    return there == Counter((line.booked_on, line.amount_minor) for line in one.lines)


def _new_lines(
    connection: Connection, account_id: int, one: BankStatement
) -> list[tuple[int, BankLine]]:
    """The lines that no earlier statement brought, with their places."""
    lines = statements.fingerprinted(one.lines, _before(connection, account_id, one))
    n = bank_lines.c
    there: set[str] = set()
    for chunk in _chunks([line.fingerprint for line in lines]):
        asked = select(n.fingerprint).where(n.account_id == account_id, n.fingerprint.in_(chunk))
        there |= set(connection.execute(asked).scalars())
    return [(at, line) for at, line in enumerate(lines) if line.fingerprint not in there]


def _before(connection: Connection, account_id: int, one: BankStatement) -> Counter[str]:
    """How many equal bookings belong to statements that this one follows, or goes before.

    Two statements of one day, of which one opens with the balance that closes the other, share no
    booking: what looks the same in both happened twice. Where a bank gives references, these tell
    bookings apart, and equal ones are the same.
    """
    if one.opening_minor is None or one.closing_minor is None:
        return Counter()
    n, s = bank_lines.c, bank_statements.c
    neighbours = or_(
        and_(s.closing_minor == one.opening_minor, s.closed_on <= one.opened_on),
        and_(s.opening_minor == one.closing_minor, s.opened_on >= one.closed_on),
    )
    # A day that closes as it opened, sent once more, is no neighbour of itself.
    same = and_(s.opening_minor == one.opening_minor, s.closing_minor == one.closing_minor)
    wanted = [statements.content(line) for line in one.lines if not line.references]
    counts: Counter[str] = Counter()
    for chunk in _chunks(sorted(set(wanted))):
        found = connection.execute(
            select(n.content, func.count().label("count_of"))
            .join(bank_statements, s.id == n.statement_id)
            .where(n.account_id == account_id, n.content.in_(chunk), neighbours, ~same)
            .group_by(n.content)
        )
        counts.update({row.content: row.count_of for row in found})
    return counts


def _insert_lines(
    connection: Connection, account_id: int, sha256: Any, new: Sequence[tuple[int, BankLine]]
) -> None:
    s = bank_statements.c
    asked = select(s.id).where(s.account_id == account_id, s.sha256 == sha256)
    statement_id = connection.scalar(asked)
    for chunk in _chunks(new):
        rows = [
            {
                "account_id": account_id,
                "statement_id": statement_id,
                "position": at,
                "fingerprint": line.fingerprint,
                "content": statements.content(line),
                "booked_on": line.booked_on,
                "value_on": line.value_on,
                "amount_minor": line.amount_minor,
                "currency": line.currency,
                "name": line.name,
                "text": line.text,
                "reference_lines": "\n".join(line.references),
            }
            for at, line in chunk
        ]
        insert_new(connection, bank_lines, rows)


def _chunks(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(whole), _CHUNK):
        yield whole[start : start + _CHUNK]
