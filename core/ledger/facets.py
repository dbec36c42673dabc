"""Numbers for the combinations of facets that payments have."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from core.db.tables import facets
from core.db.upsert import insert_new


class Facet(NamedTuple):
    """What a payment is counted under; `method` and `risk_level` are '' where unknown, `dispute`
    (core.domain.payment_states) where there is none."""

    livemode: bool
    status: str
    state: str
    currency: str
    method: str
    risk_level: str
    dispute: str


class FacetRegistry:
    """Remembers the numbers that are committed; safe for several threads."""

    def __init__(self) -> None:
        self._numbers: dict[Facet, int] = {}
        self._lock = threading.Lock()

    def numbers(self, connection: Connection, wanted: Iterable[Facet]) -> dict[Facet, int]:
        """The number of each facet; new ones are written in this transaction.

        A number that this transaction made is not remembered: a rollback would leave a lie.
        """
        facets_wanted = set(wanted)
        with self._lock:
            if not facets_wanted <= self._numbers.keys():
                self._numbers.update(_load(connection))
            known = {facet: self._numbers[facet] for facet in facets_wanted & self._numbers.keys()}
        missing = sorted(facets_wanted - known.keys())
        return known | _number(connection, missing) if missing else known


def _load(connection: Connection) -> dict[Facet, int]:
    rows = connection.execute(select(facets))
    return {Facet(*row[1:]): row.id for row in rows}


def _number(connection: Connection, missing: list[Facet]) -> dict[Facet, int]:
    """Number new facets; another worker doing the same raises `InsertRace`."""
    last = connection.execute(select(func.max(facets.c.id))).scalar() or 0
    made = {facet: last + 1 + step for step, facet in enumerate(missing)}
    insert_new(connection, facets, [{"id": n, **f._asdict()} for f, n in made.items()])
    return made
