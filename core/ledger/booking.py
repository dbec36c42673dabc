"""What every write of books needs to know: whose days, and which slot of the sums."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core import clock

SLOTS = 16


@dataclass(frozen=True)
class Scope:
    """`zone` is the reporting time zone; `slot` keeps this worker off the others' sum rows."""

    zone: ZoneInfo
    slot: int = field(default_factory=lambda: random.randrange(SLOTS))  # noqa: S311 # no secret

    def day(self, moment: datetime) -> date:
        """The business day of a moment."""
        return clock.business_day(moment, self.zone)
