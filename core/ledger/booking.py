"""What every write of books needs to know: whose days, and which slot of the sums."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core import clock
from core.db import turns

SLOTS = 16


@dataclass(frozen=True)
class Scope:
    """`zone` is the reporting time zone; `slot` keeps this worker off the others' sum rows."""

    zone: ZoneInfo
    slot: int = field(default_factory=lambda: random.randrange(SLOTS))  # noqa: S311 # no secret

    def take_turn(self, connection: Connection) -> None:
        """Stand in line with who needs the books to stand still, before anything is looked up that
        decides where a row counts; with others only where they share the slot."""
        turns.take(connection, _line(self.slot))

    def day(self, moment: datetime) -> date:
        """The business day of a moment."""
        return clock.business_day(moment, self.zone)


#: For who needs the books to stand still: closing a month, or writing all sums anew. Workers write
#: in one of these lines each, so that they do not wait for each other.
ALL_BOOKS = tuple(f"books {slot}" for slot in range(SLOTS))


def _line(slot: int) -> str:
    return ALL_BOOKS[slot]
