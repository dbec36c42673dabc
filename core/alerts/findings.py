"""What a check is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core.alerts.parameters import Parameters

#: Of one rule no more is told at once: a check reads no further.
MOST = 50

Fact = int | str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One rule's question: its parameters, the mode, the moment (UTC), the business zone."""

    parameters: Parameters
    livemode: bool
    now: datetime
    zone: ZoneInfo

    def number(self, name: str) -> int:
        """A parameter that is a whole number."""
        return int(self.parameters[name])

    def text(self, name: str) -> str:
        """A parameter that is a word or an amount."""
        return str(self.parameters[name])


@dataclass(frozen=True, slots=True)
class Finding:
    """The condition holds for a `subject`: an object's id, a stream, a type of event.

    `facts`: counts, ids, amounts in minor units beside a `currency`, times in ISO form; never a
    person's data.
    """

    subject: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Findings:
    """All for which it holds; not `complete` where there is more than was read."""

    found: Sequence[Finding] = ()
    complete: bool = True


Check = Callable[[Connection, Asked], Findings]


def at_most(found: Sequence[Finding]) -> Findings:
    """Findings of a query that was asked for one row more than are told."""
    return Findings(found[:MOST], complete=len(found) <= MOST)
