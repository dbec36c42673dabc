"""A database of MySQL or MariaDB as the statements that make it again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import IO

from sqlalchemy import URL, Engine, func, literal_column, select, table, text

from core.db.backup import client_programs
from core.db.backup.archive import Writer
from core.db.backup.client_programs import Program
from core.db.engine import one_picture, reading
from core.db.migrate import revision
from core.errors import BackupFailed, BackupRefused, RestoreCutShort

_INSERT = re.compile(rb"INSERT INTO `([^`]+)`(?: \([^)]*\))? VALUES")
_STRING = re.compile(rb"'[^'\\]*(?:\\.[^'\\]*|''[^'\\]*)*'", re.DOTALL)
_NAMES = (
    "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = DATABASE() ORDER BY table_name"
)


class Rows:
    """Counts the rows of each table in a dump as its lines pass by."""

    def __init__(self) -> None:
        self.tables: Counter[str] = Counter()
        self._table = ""

    def line(self, line: bytes) -> None:
        """Look at one line. A row begins with a bracket; one within a string is none."""
        if line.startswith(b"CREATE TABLE `"):
            self.tables[line.split(b"`", 2)[1].decode()] += 0
        if found := _INSERT.match(line):
            self._table = found[1].decode()
            line = line[found.end() :]
        elif not (self._table and line.startswith(b"(")):
            return
        self.tables[self._table] += _STRING.sub(b"", line).count(b"(")
        if line.endswith(b";\n"):
            self._table = ""


def dump(url: URL, out: Writer) -> dict[str, int]:
    """Write the database as it is at one moment; the rows of each table. Nobody waits for it."""
    rows, last = Rows(), b""
    with client_programs.dumping(url) as program:
        for line in _output(program):
            rows.line(line)
            out.write(line)
            last = line if line.strip() else last
        if (failure := program.failure()) is not None:
            raise BackupFailed(f"The database could not be dumped ({failure}). No file was left.")
    if not last.startswith(b"-- Dump completed"):
        raise BackupFailed("The dump ended before its end. No file was left.")
    return dict(sorted(rows.tables.items()))


def _output(program: Program) -> Iterable[bytes]:
    stream: IO[bytes] | None = program.process.stdout
    return iter(()) if stream is None else stream


def schema(engine: Engine) -> str | None:
    """The migration that the database stands at."""
    with reading(engine) as connection:
        return revision(connection)


def refuse_taken(engine: Engine) -> None:
    """`BackupRefused` where the target holds a table."""
    with reading(engine) as connection:
        if connection.scalar(text(_NAMES)):
            raise BackupRefused(
                "The target holds tables already: restore into an empty database."
                " Nothing was written."
            )


class Intake:
    """Takes the pieces of a dump into a database."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def write(self, piece: bytes) -> None:
        """Pass a piece on; `RestoreCutShort` where the program has ended before it."""
        if self._program.process.stdin is None:
            raise RestoreCutShort
        try:
            self._program.process.stdin.write(piece)
        except BrokenPipeError:
            raise self._stopped(self._program.failure()) from None

    def close(self) -> None:
        """Wait until all is carried out."""
        if self._program.process.stdin is not None:
            with suppress(BrokenPipeError):
                self._program.process.stdin.close()
        if (failure := self._program.failure()) is not None:
            raise self._stopped(failure)

    def _stopped(self, failure: str | None) -> RestoreCutShort:
        return RestoreCutShort(
            f"The restore stopped ({failure}): drop what the target holds, and restore again."
        )


def rows_of(engine: Engine) -> dict[str, int]:
    """The rows of each table of the database."""
    with one_picture(engine) as connection:
        names = connection.scalars(text(_NAMES)).all()
        counted = {
            str(name): connection.scalar(
                select(func.count(literal_column("1"))).select_from(table(str(name)))
            )
            for name in names
        }
    return {name: int(rows or 0) for name, rows in counted.items()}
