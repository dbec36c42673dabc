"""A mirror with payouts, an account of a bank, and who works on it, on SQLite and on MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.access.principals import Caller
from core.actions.bank import matches, statement_import
from core.actions.bank.matches import NewMatch
from core.actions.bank.statement_import import Imported
from core.actions.context import ActionContext
from core.bank.statements import BankStatement
from core.bootstrap import Console
from core.cache import ProcessCache
from core.db.engine import reading, writing
from core.db.tables import payouts
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from core.reads.bank.lines import LineRow, lines
from core.reads.bank.proposals import proposals
from tests.support.bank_files import DAY, camt053
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import RULES

_numbers = count(1)


@dataclass(frozen=True)
class BankBooks:
    """A console without a key of Stripe's, and somebody of finance."""

    console: Console
    context: ActionContext
    finance: Caller

    def paid_out(self, amount_minor: int, arrives_on: date = DAY, **given: Any) -> str:
        """Write a payout into the mirror; its id."""
        number = next(_numbers)
        at = datetime.combine(arrives_on, time(), UTC)
        row: dict[str, Any] = dict.fromkeys(column.name for column in payouts.columns)
        row |= {
            "stripe_id": f"po_{number:06}",
            "status": "paid",
            "amount_minor": amount_minor,
            "currency": "eur",
            "arrival_at": at,
            "automatic": True,
            "livemode": False,
            "created_at": at,
            "confirmed": True,
            "as_of": at,
        }
        with writing(self.console.engine) as connection:
            connection.execute(payouts.insert().values(**row | given))
        return str((row | given)["stripe_id"])

    def take_in(self, *found: BankStatement, **named: Any) -> Imported:
        """Import statements as one file of CAMT.053."""
        return self.import_bytes(camt053(*found), **named)

    def import_bytes(self, data: bytes, **named: Any) -> Imported:
        """Import a file as finance."""
        given = {"livemode": False, "file_name": "statement"} | named
        return statement_import.import_file(self.context, self.finance, data, **given)

    def match(self) -> dict[int, str]:
        """Let the machine decide: the payout of each line that it matched."""
        pairs = matches.match(self.context, self.finance, livemode=False)
        return {one.line_id: one.payout_id for one in pairs}

    def by_hand(self, line_ids: list[int], payout_ids: list[str], **named: Any) -> str:
        """Match as a person; the decision."""
        new = NewMatch(line_ids, payout_ids, "seen", **named)
        return matches.match_by_hand(self.context, self.finance, new, livemode=False)

    def lines(self, **named: Any) -> tuple[LineRow, ...]:
        """The lines as they stand."""
        with reading(self.console.engine) as connection:
            return lines(connection, **{"livemode": False} | named)

    def proposed(self) -> list[tuple[str, list[int], list[str]]]:
        """What is left to a person: why, amounts of the lines, payouts."""
        with reading(self.console.engine) as connection:
            return [
                (
                    one.why,
                    [line.amount_minor for line in one.lines],
                    [payout.payout_id for payout in one.payouts],
                )
                for one in proposals(connection, livemode=False)
            ]


@pytest.fixture
def bank(database_url: str) -> Iterator[BankBooks]:
    """Books without payouts and without statements."""
    console = make_console(database_url)
    books = BookingContext(Scope(ZoneInfo("UTC")))
    context = ActionContext(console.engine, {}, books, RULES, ProcessCache(), "", step_up=None)
    yield BankBooks(console, context, Caller(person(console, "finance")))
    console.engine.dispose()
