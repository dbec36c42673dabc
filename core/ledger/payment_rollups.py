"""The sums kept of payments, changed in the transaction that changes the payments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from core.db.tables import amount_hist, payments_daily
from core.db.tables import email_prefix as email_prefixes
from core.db.upsert import add_to
from core.domain.search_histograms import amount_bucket, email_prefix
from core.ledger.facets import Facet

Row = Mapping[str, Any]


def facet_of(row: Row) -> Facet:
    """What a payments row is counted under."""
    return Facet(
        bool(row["livemode"]),
        row["status"],
        row["state"],
        row["currency"],
        row["method_type"] or "",
        row["risk_level"] or "",
        row["dispute_outcome"],
    )


class PaymentTally:
    """Collects what rows add to and take from the sums; amounts are minor units per currency."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[date, int]] = Counter()
        self._amounts: Counter[tuple[date, int]] = Counter()
        self._captured: Counter[tuple[date, int]] = Counter()
        self._facets: dict[int, Facet] = {}
        self._buckets: Counter[tuple[str, int]] = Counter()
        self._prefixes: Counter[str] = Counter()

    def add(self, row: Row, times: int = 1) -> None:
        """Count a payments row; its `facet` number must stand in it."""
        key = (row["day"], row["facet"])
        self._facets[row["facet"]] = facet_of(row)
        self._counts[key] += times
        self._amounts[key] += times * row["amount_minor"]
        self._captured[key] += times * row["amount_captured_minor"]
        self._buckets[row["currency"], amount_bucket(row["amount_minor"])] += times
        if row["email"]:
            self._prefixes[email_prefix(row["email"])] += times

    def remove(self, row: Row) -> None:
        """Take back a row as it stood before."""
        self.add(row, -1)

    def write(self, connection: Connection, slot: int) -> None:
        """Add the differences to the tables, in key order."""
        days = [
            {"day": day, "facet": facet, "slot": slot, "count": count}
            | {"amount_minor": self._amounts[day, facet]}
            | {"captured_minor": self._captured[day, facet]}
            | _columns(self._facets[facet])
            for (day, facet), count in self._counts.items()
            if count or self._amounts[day, facet] or self._captured[day, facet]
        ]
        add_to(connection, payments_daily, days, ["count", "amount_minor", "captured_minor"])
        buckets = [
            {"currency": currency, "bucket": bucket, "slot": slot, "n": n}
            for (currency, bucket), n in self._buckets.items()
            if n
        ]
        add_to(connection, amount_hist, buckets, ["n"])
        prefixes = [{"p3": p3, "slot": slot, "n": n} for p3, n in self._prefixes.items() if n]
        add_to(connection, email_prefixes, prefixes, ["n"])


def _columns(facet: Facet) -> dict[str, Any]:
    return facet._asdict()
