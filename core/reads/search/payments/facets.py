"""The numbered combinations of mode, status, currency, method, risk, dispute; who wants which."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from threading import Lock

from sqlalchemy import Connection, func, select

from core import money
from core.db.tables import facets as table
from core.reads.search.payments.filters import Filters

_lock = Lock()
_known: dict[str, tuple[Facet, ...]] = {}


@dataclass(frozen=True, slots=True)
class Facet:
    """One row of `facets`; `exponent` is how many decimals its currency has; `dispute` is ''
    where there is none."""

    id: int
    livemode: bool
    status: str
    state: str
    currency: str
    method: str
    risk_level: str
    exponent: int
    dispute: str = ""


#: Built once: it is asked before every search.
_HOW_MANY = select(func.count()).select_from(table)


def known(conn: Connection) -> tuple[Facet, ...]:
    """All facets there are now, in order of their numbers.

    Facets are never changed and never removed, so a copy is kept until there are more of them; one
    that is committed later may have a lower number.
    """
    how_many = conn.scalar(_HOW_MANY)
    key = str(conn.engine.url)
    with _lock:
        kept = _known.get(key, ())
    if kept and len(kept) == how_many:
        return kept
    read = tuple(
        Facet(**row, exponent=money.exponent(row["currency"]))
        for row in conn.execute(select(table).order_by(table.c.id)).mappings()
    )
    with _lock:
        _known[key] = read
    return read


def matching(all_facets: tuple[Facet, ...], filters: Filters) -> tuple[Facet, ...]:
    """The facets whose payments can match, by mode and facet tests."""
    found = [facet for facet in all_facets if facet.livemode == filters.livemode]
    for test in filters.facets:
        kept: set[int] = set()
        for column in {column for column, _ in test.any_of}:
            value, allowed = attrgetter(column), {v for c, v in test.any_of if c == column}
            kept.update(facet.id for facet in found if value(facet) in allowed)
        found = [facet for facet in found if (facet.id in kept) != test.negated]
    return tuple(found)


def forget() -> None:
    """Drop the copies (a test reuses a URL for another database)."""
    with _lock:
        _known.clear()
