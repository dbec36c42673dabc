"""Stripe's reports as CSV files, made of what an account's API lists."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.gateway.client import Gateway

#: How many decimals, where it is not two.
DECIMALS = {"jpy": 0, "kwd": 3}
PAYOUTS = ("payout", "payout_reversal")
Json = dict[str, Any]


@dataclass
class Account:
    """What an account's API lists: balance transactions, and payouts by their id."""

    rows: list[Json]
    payouts: dict[str, Json] = field(default_factory=dict)

    @classmethod
    def read(cls, gateway: Gateway) -> Account:
        """All of it."""
        rows = [one for page in gateway.pages("/v1/balance_transactions") for one in page]
        payouts = [one for page in gateway.pages("/v1/payouts") for one in page]
        return cls(rows[::-1], {one["id"]: one for one in payouts})

    def counts_at(self, row: Json) -> int:
        """When a row counts in the reports, in Unix seconds."""
        payout = self.payouts.get(row["source"])
        if row["reporting_category"] in PAYOUTS and payout and payout["automatic"]:
            return max(int(row["created"]), int(payout["arrival_date"]))
        return int(row["created"])


@dataclass
class Reports:
    """The reports of an account for the days `first` to `last` of a zone."""

    account: Account
    first: date
    last: date
    zone: str = "UTC"
    #: The decimal sign.
    sign: str = "."

    @property
    def start(self) -> int:
        return self._midnight(self.first)

    @property
    def end(self) -> int:
        return self._midnight(self.last + timedelta(days=1))

    def balance_summary(self, **changed: int) -> bytes:
        """`balance.summary.1`; `changed`: by how many minor units figures of USD are off."""
        lines = []
        before, moved, paid = (self._nets(kind) for kind in ("before", "activity", "payouts"))
        for currency in sorted({*before, *moved, *paid}):
            figures = {
                "starting_balance": before[currency],
                "activity": moved[currency],
                "payouts": paid[currency],
            }
            if currency == "usd":
                for name, minor in changed.items():
                    figures[name] += minor
            figures["ending_balance"] = sum(figures.values())
            words = {
                "starting_balance": f"Starting balance ({self.first})",
                "ending_balance": f"Ending balance ({self.last})",
            }
            lines += [
                (name, words.get(name, name.title()), self.major(minor, currency), currency)
                for name, minor in figures.items()
            ]
        return written(("category", "description", "net_amount", "currency"), lines)

    def activity_summary(self) -> bytes:
        """`balance_change_from_activity.summary.1`, with its last row."""
        sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 4)
        for row in self.activity_rows():
            found = sums[row["reporting_category"], row["currency"]]
            for place, minor in enumerate((1, row["amount"], row["fee"], row["net"])):
                found[place] += minor
        header = ("reporting_category", "currency", "count", "gross", "fee", "net")
        lines = [
            (category, currency, one[0], *(self.major(minor, currency) for minor in one[1:]))
            for (category, currency), one in sorted(sums.items())
        ]
        return written(header, [*lines, ("total", "", "", "", "", "")])

    def activity(self, rows: list[Json] | None = None) -> bytes:
        """`balance_change_from_activity.itemized.3`."""
        header = ("balance_transaction_id", "created_utc", "created", "available_on_utc")
        header += ("currency", "gross", "fee", "net", "reporting_category", "source_id")
        lines = []
        for row in self.activity_rows() if rows is None else rows:
            at = datetime.fromtimestamp(row["created"], UTC)
            amounts = (self.major(row[name], row["currency"]) for name in ("amount", "fee", "net"))
            local = at.astimezone(ZoneInfo(self.zone))
            lines.append(
                (
                    row["id"],
                    f"{at:%Y-%m-%d %H:%M:%S}",
                    f"{local:%Y-%m-%d %H:%M:%S}",
                    f"{datetime.fromtimestamp(row['available_on'], UTC):%Y-%m-%d %H:%M:%S}",
                    row["currency"],
                    *amounts,
                    row["reporting_category"],
                    row["source"],
                )
            )
        return written(header, lines)

    def payouts(self, rows: list[Json] | None = None, *, paid_is: int = 1) -> bytes:
        """`payouts.itemized.3`; `paid_is`: the sign of what was paid out, a minute after Stripe
        says that it arrives."""
        header = ("payout_id", "effective_at_utc", "currency", "gross", "fee", "net")
        header += ("reporting_category", "balance_transaction_id", "payout_status")
        lines = []
        for row in self.payout_rows() if rows is None else rows:
            at = datetime.fromtimestamp(self.account.counts_at(row) + 60, UTC)
            amounts = (
                self.major(-paid_is * row[name], row["currency"])
                for name in ("amount", "fee", "net")
            )
            lines.append(
                (
                    row["source"],
                    f"{at:%Y-%m-%d %H:%M:%S}",
                    row["currency"],
                    *amounts,
                    row["reporting_category"],
                    row["id"],
                    self.account.payouts[row["source"]]["status"],
                )
            )
        return written(header, lines)

    def activity_rows(self) -> list[Json]:
        """The balance transactions of these days that are no payouts."""
        return [
            row
            for row in self.account.rows
            if row["reporting_category"] not in PAYOUTS and self.start <= row["created"] < self.end
        ]

    def payout_rows(self) -> list[Json]:
        """Those of payouts that took effect in these days."""
        return [
            row
            for row in self.account.rows
            if row["reporting_category"] in PAYOUTS
            and self.start <= self.account.counts_at(row) < self.end
        ]

    def major(self, minor: int, currency: str) -> str:
        """Major units with all digits."""
        digits = DECIMALS.get(currency, 2)
        return f"{Decimal(minor).scaleb(-digits):.{digits}f}".replace(".", self.sign)

    def _nets(self, kind: str) -> dict[str, int]:
        rows = {
            "before": [r for r in self.account.rows if self.account.counts_at(r) < self.start],
            "activity": self.activity_rows(),
            "payouts": self.payout_rows(),
        }[kind]
        found: dict[str, int] = defaultdict(int)
        for row in rows:
            if row["balance_type"] in ("payments", "risk_reserved"):
                found[row["currency"]] += row["net"]
        return found

    def _midnight(self, day: date) -> int:
        return int(datetime.combine(day, time(), ZoneInfo(self.zone)).timestamp())


def written(header: tuple[str, ...], lines: list[tuple[Any, ...]]) -> bytes:
    """A CSV file with every field quoted, as Stripe's are."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow(header)
    rows.writerows(lines)
    return out.getvalue().encode()
