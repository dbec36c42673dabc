"""An emulator without HTTP, driven by short orders, and the audit of its books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from stripe._encode import _api_encode

from core.emulator.http.api import call
from core.emulator.http.control import Control
from core.emulator.resources.fees import half_up
from core.emulator.runtime.background import Background
from core.emulator.runtime.engine import Engine
from core.emulator.state.errors import ApiError

HOUR, DAY = 3_600, 86_400


@dataclass
class DirectClient:
    """Calls the API in this thread; remembers what it made so that orders can name it."""

    engine: Engine
    control: Control
    charges: list[str] = field(default_factory=list)

    def api(self, method: str, path: str, **params: Any) -> dict[str, Any]:
        """One API call in its own transaction; raises `ApiError` as the API refuses."""
        encoded = urlencode(list(_api_encode(params)))
        return self.engine.work(lambda ctx: call(ctx, method, f"/v1/{path}", encoded))

    def everything(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """All objects of a list, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.api("GET", path, limit=100, **params)
            found += page["data"]
            if not page["has_more"]:
                return found
            params["starting_after"] = page["data"][-1]["id"]

    def advance(self, seconds: int) -> None:
        self.control.clock({"advance_seconds": seconds})

    def pay(self, currency: str, amount: int, token: str, **params: Any) -> str:
        """A confirmed payment; its charge."""
        made = self.api(
            "POST",
            "payment_intents",
            amount=amount,
            currency=currency,
            payment_method=token,
            confirm=True,
            return_url="https://shop.example.com/back",
            **params,
        )
        self.charges.append(made["latest_charge"])
        return str(made["latest_charge"])

    def hold_and_capture(self, currency: str, amount: int, part: int) -> str:
        """A hold of which a part is captured."""
        charge = self.pay(currency, amount, "pm_card_visa", capture_method="manual")
        intent = self.api("GET", f"charges/{charge}")["payment_intent"]
        self.api("POST", f"payment_intents/{intent}/capture", amount_to_capture=part)
        return charge

    def pay_out(self, currency: str, percent: int) -> dict[str, Any]:
        """A payout by hand of a part of what is available."""
        held = {row["currency"]: row["amount"] for row in self.api("GET", "balance")["available"]}
        step = {"kwd": 10}.get(currency, 1)
        amount = held.get(currency, 0) * percent // 100 // step * step
        return self.api("POST", "payouts", amount=amount, currency=currency)


@contextmanager
def context() -> Iterator[DirectClient]:
    """A fresh emulator in memory whose clock stands still."""
    engine = Engine(":memory:", seed=1)
    control = Control(engine, Background(engine))
    control.clock({"frozen": True})
    try:
        yield DirectClient(engine, control)
    finally:
        engine.close()


def faults(books: DirectClient) -> list[str]:
    """Where the books do not balance: rows, sums by currency, payouts, conversions."""
    balance = books.api("GET", "balance")
    rows = books.everything("balance_transactions")
    refunds, waiting = books.everything("refunds"), unlisted(books)
    waiting |= {refund["charge"] for refund in refunds if refund["id"] in waiting}
    charges = [c for c in books.everything("charges") if c["id"] not in waiting]
    return [
        *_row_faults(rows),
        *_sum_faults(rows, balance),
        *_payout_faults(rows, books.everything("payouts")),
        *_list_faults(books),
        *_return_faults(rows, waiting),
        *_conversion_faults(rows, charges, refunds),
    ]


def _row_faults(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["net"] != row["amount"] - row["fee"]:
            yield f"{row['id']}: net {row['net']} is not {row['amount']} - {row['fee']}"
        if sum(part["amount"] for part in row["fee_details"]) != row["fee"]:
            yield f"{row['id']}: the parts of the fee are not {row['fee']}"
        if any(part["currency"] != row["currency"] for part in row["fee_details"]):
            yield f"{row['id']}: a fee in another currency"


def _sum_faults(rows: list[dict[str, Any]], balance: dict[str, Any]) -> Iterator[str]:
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        sums[row["balance_type"], row["status"], row["currency"]] += row["net"]
    held = {
        (kind, status, part["currency"]): part["amount"]
        for kind in ("payments", "issuing", "refund_and_dispute_prefunding", "risk_reserved")
        for status in ("available", "pending")
        for part in (balance if kind == "payments" else balance.get(kind, {})).get(status, [])
    }
    for place in sorted(sums.keys() | held.keys()):
        if sums[place] != held.get(place, 0):
            yield f"{place}: rows sum to {sums[place]}, the balance says {held.get(place, 0)}"


def _payout_faults(rows: list[dict[str, Any]], payouts: list[dict[str, Any]]) -> Iterator[str]:
    known = {row["id"]: row for row in rows}
    for payout in payouts:
        row = known[payout["balance_transaction"]]
        out, back = row["amount"], 0
        if payout["failure_balance_transaction"]:
            back = known[payout["failure_balance_transaction"]]["amount"]
        if row["available_on"] != payout["arrival_date"] and payout["method"] == "standard":
            yield f"{payout['id']}: arrives {payout['arrival_date']}, not {row['available_on']}"
        if out != -payout["amount"] or back != (
            payout["amount"] if payout["status"] in ("canceled", "failed") else 0
        ):
            yield f"{payout['id']}: {payout['amount']} went as {out} and came back as {back}"


def _list_faults(books: DirectClient) -> Iterator[str]:
    """The rows of an automatic payout, its own among them, come to nothing."""
    for payout in books.everything("payouts"):
        rows = books.everything("balance_transactions", payout=payout["id"])
        if payout["automatic"] and payout["balance_transaction"] not in {r["id"] for r in rows}:
            yield f"{payout['id']}: its own row is not in its list"
        if left := sum(row["net"] for row in rows):
            yield f"{payout['id']}: the rows of its list leave {left}"


def unlisted(books: DirectClient) -> set[str]:
    """The sources of rows that are to be listed later."""
    found = books.engine.store.db.execute("SELECT source FROM objects WHERE object = 'unlisted'")
    return {source for (source,) in found}


def _return_faults(rows: list[dict[str, Any]], unlisted: set[str]) -> Iterator[str]:
    """What comes back of a won dispute, a failed refund or a payout is what had gone."""
    back = ("dispute_reversal", "refund_failure", "payout_reversal", "charge_failure")
    newest: dict[str, dict[str, Any]] = {}
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        newest.setdefault(row["source"], row)
        sums[row["source"]] += row["amount"]
    for source, row in newest.items():
        if source in unlisted:
            continue
        failed_refund = row["type"] == "payment_refund" and row["amount"] > 0
        if (row["reporting_category"] in back or failed_refund) and sums[source]:
            yield f"{source}: {sums[source]} is left of what went and came back"


def _conversion_faults(
    rows: list[dict[str, Any]], charges: list[dict[str, Any]], refunds: list[dict[str, Any]]
) -> Iterator[str]:
    """What was captured is what was posted, at the rate of its rows, each rounded once."""
    charge_of = {refund["id"]: refund["charge"] for refund in refunds}
    posted: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["reporting_category"] in ("charge", "partial_capture_reversal"):
            posted[charge_of.get(row["source"], row["source"])].append(row)
    for charge in charges:
        parts = posted[charge["id"]]
        if not parts:
            continue
        rate = parts[0]["exchange_rate"]
        expected = charge["amount_captured"] or 0
        if rate is not None:
            expected = half_up(expected * Fraction(str(rate)))
        off = abs(sum(row["amount"] for row in parts) - expected)
        if off > (0 if rate is None else len(parts) - 1):
            yield f"{charge['id']}: {charge['amount_captured']} settled {off} off"


def quietly(order: Any, *args: Any) -> bool:
    """Whether an order was taken; a refusal by the API's rules is one possible outcome."""
    try:
        order(*args)
    except ApiError as refusal:
        if refusal.status >= 500:
            raise
        return False
    return True
