"""Lists from a CSV file: all of it, or nothing and the line that is wrong."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from core import clock
from core.access import audit
from core.access.principals import Caller
from core.access.rights import MANAGE_FRAUD
from core.actions.context import ActionContext
from core.actions.fraud.list_entries import NewEntry, checked, key_of, put
from core.actions.operations.operations import authorize
from core.actions.transaction import permitted_change
from core.errors import InvalidInput

IMPORT = "list.import"
COLUMNS = ("kind", "field", "value", "reason", "expires")
MOST = 50_000
LONGEST_FILE = 20_000_000
#: An export marks what a spreadsheet would run; taken back, the mark is not part of the value.
_MARKED = re.compile(r"'[@+\-=\\%\t\r\n＝＋－＠]")


def import_text(context: ActionContext, caller: Caller, text: str) -> int:
    """Put every line of a CSV text with the columns of `COLUMNS` on the lists; how many.

    `expires` is empty, a day (its last moment, UTC) or a time in ISO 8601. `InvalidInput` names
    the line, and nothing is written.
    """
    authorize(context, caller, (MANAGE_FRAUD,), IMPORT, "")
    entries = read(text, clock.now())

    def work(connection: Connection, now: datetime) -> int:
        put(connection, caller.actor, entries, now)
        audit.append(
            connection,
            actor=caller.actor,
            action=IMPORT,
            target=f"{len(entries)} entries",
            details={"entries": len(entries)},
            now=now,
        )
        return len(entries)

    return permitted_change(context, caller, IMPORT, work, right=MANAGE_FRAUD)


def read(text: str, now: datetime) -> list[NewEntry]:
    """The entries of a CSV text, checked; the error's field is the line."""
    if not isinstance(text, str) or len(text) > LONGEST_FILE:
        raise InvalidInput("file", "must be a CSV text of at most 20 MB")
    found: dict[tuple[str, str, str], int] = {}
    entries: list[NewEntry] = []
    for line, row in _rows(text):
        entry = _entry(line, row, now)
        if (first := found.setdefault(key_of(entry), line)) != line:
            raise InvalidInput(f"line {line}", "says the same as line {first}", first=first)
        if len(entries) == MOST:
            raise InvalidInput("file", "must have at most {most} entries", most=MOST)
        entries.append(entry)
    if not entries:
        raise InvalidInput("file", "has no entries")
    return entries


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        if head != list(COLUMNS):
            raise InvalidInput("line 1", "must be {columns}", columns=",".join(COLUMNS))
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error:
        raise InvalidInput(f"line {reader.line_num}", "is no CSV") from None


def _entry(line: int, row: list[str], now: datetime) -> NewEntry:
    if len(row) != len(COLUMNS):
        raise InvalidInput(f"line {line}", "must have {count} columns", count=len(COLUMNS))
    kind, field, value, reason, expires = (_unmarked(cell.strip()) for cell in row)
    try:
        return checked(NewEntry(kind, field, value, reason, _expires(expires)), now)
    except InvalidInput as error:
        raise InvalidInput(f"line {line}, {error.field}", error.template, **error.values) from None


def _unmarked(cell: str) -> str:
    return cell[1:].replace("\\|", "|") if _MARKED.match(cell) else cell


def _expires(text: str) -> datetime | None:
    """A day ends with its last moment; a time without a zone is UTC."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if re.fullmatch(r"[\d-]+", text):
            found += timedelta(days=1)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        rule = "must be a day such as 2026-11-01, or a time"
        raise InvalidInput("expires", rule) from None
