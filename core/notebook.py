"""A console for a notebook: reads as DataFrames over a database that it cannot change.

docs/notebook.md has the columns of each, and what it means that nobody signs in.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from core.configuration import store
from core.db.engine import LONG_SECONDS, answering, open_read_only, reading
from core.db.migrate import head, revision
from core.errors import DatabaseDown, InvalidInput, Misconfigured
from core.reads.frames import ledger, objects, proof
from core.reads.frames.columns import LIMIT, Columns, Stretch
from core.settings import Settings, load

#: The columns of each read, by its name.
COLUMNS: dict[str, Columns] = {
    "payments": objects.PAYMENTS,
    "disputes": objects.DISPUTES,
    "payouts": objects.PAYOUTS,
    "ledger": ledger.LEDGER,
    "revenue_by_day": ledger.REVENUE_BY_DAY,
    "revenue_by_currency": ledger.REVENUE_BY_CURRENCY,
    "revenue_by_category": ledger.REVENUE_BY_CATEGORY,
    "fees": ledger.FEES,
    "breaks": proof.BREAKS,
    "balance_readings": proof.BALANCE_READINGS,
}
Day = date | str


class RowsLeftOut(UserWarning):
    """A read found more rows than its limit: sums over what it gave are not those of the period."""


class _Read(Protocol):
    def __call__(
        self, conn: Connection, /, *, livemode: bool, stretch: Stretch
    ) -> pd.DataFrame: ...


@dataclass(frozen=True)
class NotebookConsole:
    """Reads of one mode. Each takes business days, `since` included and `until` not, as dates or as
    text such as `2026-11-01`; it gives at most `limit` rows, and warns with `RowsLeftOut` where
    there are more (`.attrs["complete"]` says it too). `InvalidInput` for days or a limit that
    cannot be, `DatabaseDown` where the database does not answer. Columns: `columns(name)`.
    """

    settings: Settings
    engine: Engine
    livemode: bool

    def payments(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """Payments that were created in the period, oldest first."""
        return self._read(objects.payments, since, until, limit)

    def disputes(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """Disputes that were opened in the period, oldest first."""
        return self._read(objects.disputes, since, until, limit)

    def payouts(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """Payouts that were made in the period, oldest first."""
        return self._read(objects.payouts, since, until, limit)

    def ledger(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """Balance transactions of the period, oldest first."""
        return self._read(ledger.ledger, since, until, limit)

    def revenue_by_day(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """The screen Revenue's figures of each day and currency, days without any included."""
        return self._read(ledger.revenue_by_day, since, until, limit)

    def revenue_by_currency(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """The screen Revenue's figures of the period, a row for each currency."""
        return self._read(ledger.revenue_by_currency, since, until, limit)

    def revenue_by_category(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """What each of Stripe's reporting categories came to in each currency."""
        return self._read(ledger.revenue_by_category, since, until, limit)

    def fees(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """What fees went to, in each currency."""
        return self._read(ledger.fees, since, until, limit)

    def breaks(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """What the proof found of these days, in whatever state it is."""
        return self._read(proof.breaks, since, until, limit)

    def balance_readings(self, since: Day, until: Day, *, limit: int = LIMIT) -> pd.DataFrame:
        """Readings of Stripe's balance that were made in the period, oldest first."""
        return self._read(proof.balance_readings, since, until, limit)

    def columns(self, name: str) -> pd.DataFrame:
        """The columns that the read of this name gives: `column`, `unit`, `meaning`.

        `InvalidInput` where there is no such read.
        """
        if name not in COLUMNS:
            raise InvalidInput("name", f"is one of {', '.join(COLUMNS)}")
        rows = [row for one in COLUMNS[name] for row in one.described()]
        return pd.DataFrame(rows, columns=["column", "unit", "meaning"])

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for questions that no read answers; the database refuses what writes."""
        with answering(), reading(self.engine) as connection:
            yield connection

    def close(self) -> None:
        """Close what is open to the database."""
        self.engine.dispose()

    def _read(self, read: _Read, since: Day, until: Day, limit: int) -> pd.DataFrame:
        stretch = Stretch(_day("since", since), _day("until", until), self.settings.zone, limit)
        with answering(), reading(self.engine) as connection:
            found = read(connection, livemode=self.livemode, stretch=stretch)
        if not found.attrs["complete"]:
            warnings.warn(
                f"there are more than {limit} rows: the rest is left out", RowsLeftOut, stacklevel=3
            )
        return found


def open_console(
    settings: Settings | None = None, *, livemode: bool | None = None
) -> NotebookConsole:
    """A console over the database of the settings, those of the environment where none are given.

    `livemode`: live or test data; live where there is a live key, if not told. `Misconfigured`
    where the database is not there or has tables of another version: nothing is made or changed
    here. `DatabaseDown` where it does not answer.
    """
    found = settings or load()
    try:
        engine = open_read_only(found.database, answer_seconds=LONG_SECONDS)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        raise Misconfigured("DATABASE_URL cannot be read") from None
    try:
        with reading(engine) as connection:
            stands = revision(connection)
    except OperationalError as error:
        engine.dispose()
        if engine.dialect.name == "sqlite":
            raise Misconfigured("there is no database at DATABASE_URL that can be read") from error
        raise DatabaseDown from error
    if stands != head():
        engine.dispose()
        raise Misconfigured(
            f"the database's tables are of version {stands}, this program's of {head()}:"
            " start the program of the same version first"
        )
    with reading(engine) as connection:
        found = store.in_force(found, store.rows(connection))
    mode = True in found.secret_keys if livemode is None else livemode
    return NotebookConsole(found, engine, mode)


def _day(field: str, day: Day) -> date:
    if isinstance(day, date):
        return date(day.year, day.month, day.day)
    try:
        return date.fromisoformat(day)
    except (TypeError, ValueError):
        raise InvalidInput(field, "is a day such as 2026-11-01") from None
