"""Reconciling a million ledger rows, beside the same identities by pandas over the same rows."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine, insert, select

from benchmarks.bulk import load, loading
from benchmarks.report import row
from benchmarks.scratch import empty_database
from core import clock
from core.db.engine import open_engine
from core.db.tables import (
    balance_transaction_fees,
    balance_transactions,
    charges,
    ledger_checks,
    metadata,
    payouts,
    revenue_daily,
)
from core.domain.row_digest import row_hash, total

SIZED = False
ROWS = 1_000_000
DAYS = 365
FIRST = date(2025, 1, 1)
CURRENCIES = np.array(["usd", "eur", "cny", "jpy", "kwd"], object)
_START = int(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC).timestamp())
_CHUNK = 100_000
_DAY = 86_400


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """Time and memory of processes that do nothing else; the size does not matter here."""
    del size
    with empty_database(engine, "proof") as database:
        url = database.url.render_as_string(hide_password=False)
        database.dispose()
        _measured("benchmarks.proof", url, "fill")
        usual = _measured("benchmarks.proof", url, "pandas")
        ours = _measured("benchmarks.proof_run", url, FIRST.isoformat(), str(DAYS))
    return [
        row(
            "reconcile 1M ledger rows, seconds (baseline: the same identities by pandas)",
            ours[0],
            usual[0],
            at_least=5,
            at_most=20,
        ),
        row(
            "reconcile 1M ledger rows, the process' largest memory, MiB (baseline: pandas)",
            ours[1],
            usual[1],
            at_most=300,
        ),
    ]


def _measured(module: str, *given: str) -> tuple[float, float]:
    """Seconds, and the largest memory in MiB, of a module that runs by itself."""
    # By a small process: a child's largest memory is at least that of its parent.
    small = "import subprocess, sys; subprocess.run(sys.argv[1:], check=True)"
    asked = [sys.executable, "-c", small, sys.executable, "-m", module, *given]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    seconds, largest = done.stdout.split()
    return float(seconds), float(largest)


def frames() -> Iterator[pd.DataFrame]:
    """Charges of a year, each with a fee of two parts, in order of time."""
    pick = np.random.default_rng(7)
    at = np.sort(pick.integers(0, DAYS * _DAY, ROWS)) + _START
    for start in range(0, ROWS, _CHUNK):
        number = np.arange(start, min(start + _CHUNK, ROWS))
        created = at[number]
        amount = pick.integers(500, 90_000, len(number)) * 10
        currency = CURRENCIES[number % len(CURRENCIES)]
        text = np.char.zfill(number.astype("U8"), 8).astype(object)
        yield pd.DataFrame(
            {
                "text": text,
                "created": created,
                "day": (created - _START) // _DAY,
                "amount": amount,
                "fee": amount * 29 // 1000 + 30,
                "currency": currency,
            }
        )


def _fill(url: str) -> None:
    with loading(url) as conn:
        metadata.create_all(conn)
        sums: dict[tuple[int, str], list[int]] = {}
        hashes: dict[tuple[int, str], int] = {}
        for frame in frames():
            _load(conn, frame)
            _add(frame, sums, hashes)
        _close(conn, sums, hashes)


def _load(conn: Any, frame: pd.DataFrame) -> None:
    micros = frame.created * 1_000_000
    days = [(FIRST + timedelta(days=int(one))).isoformat() for one in frame.day]
    shared = {"livemode": 0, "created_at": micros}
    mirror = shared | {"as_of": micros, "confirmed": 1}
    load(
        conn,
        charges,
        pd.DataFrame(
            {
                "stripe_id": "ch_" + frame.text,
                "payment_id": "pi_" + frame.text,
                "status": "succeeded",
                "amount_minor": frame.amount,
                "currency": frame.currency,
                "amount_captured_minor": frame.amount,
                "amount_refunded_minor": 0,
                "captured": 1,
                "disputed": 0,
                "balance_transaction_id": "txn_" + frame.text,
            }
            | mirror
        ),
    )
    _load_rows(conn, frame, days, shared)
    for position, (kind, minor) in enumerate((("stripe_fee", frame.fee - 5), ("tax", 5))):
        load(
            conn,
            balance_transaction_fees,
            pd.DataFrame(
                {
                    "transaction_id": "txn_" + frame.text,
                    "position": position,
                    "type": kind,
                    "amount_minor": minor,
                    "currency": frame.currency,
                }
            ),
        )


def _load_rows(conn: Any, frame: pd.DataFrame, days: list[str], shared: dict[str, Any]) -> None:
    payout = [f"po_{day}_{code}" for day, code in zip(frame.day, frame.currency, strict=True)]
    load(
        conn,
        balance_transactions,
        pd.DataFrame(
            {
                "stripe_id": "txn_" + frame.text,
                "type": "charge",
                "reporting_category": "charge",
                "source_id": "ch_" + frame.text,
                "payment_id": "pi_" + frame.text,
                "amount_minor": frame.amount,
                "fee_minor": frame.fee,
                "net_minor": frame.amount - frame.fee,
                "currency": frame.currency,
                "balance_type": "payments",
                "payout_id": payout,
                "status": "available",
                "method": "card",
                "card_country": "US",
                "business_day": days,
                "available_on": shared["created_at"],
            }
            | shared
        ),
    )


def _add(
    frame: pd.DataFrame,
    sums: dict[tuple[int, str], list[int]],
    hashes: dict[tuple[int, str], int],
) -> None:
    for text, created, day, amount, fee, currency in frame.itertuples(index=False):
        found = sums.setdefault((day, currency), [0, 0, 0])
        found[0] += 1
        found[1] += amount
        found[2] += fee
        parts = (("stripe_fee", fee - 5), ("tax", 5))
        hashes[day, currency] = hashes.get((day, currency), 0) + _hash(
            f"txn_{text}", "charge", f"ch_{text}", amount, fee, currency, created, parts
        )


def _hash(
    own: str,
    kind: str,
    source: str,
    amount: int,
    fee: int,
    currency: str,
    created: int,
    parts: tuple[tuple[str, int], ...],
) -> int:
    at = clock.from_unix(int(created))
    figures = int(amount), int(fee), int(amount - fee)
    return row_hash(own, kind, kind, source, *figures, currency, "payments", at, parts)


def _close(
    conn: Any, sums: dict[tuple[int, str], list[int]], hashes: dict[tuple[int, str], int]
) -> None:
    """A payout of each day and currency, what Stripe's list said, and the daily sums."""
    paid, rows, kept, daily = [], [], [], []
    for (day, currency), (count, amount, fee) in sums.items():
        business, net = FIRST + timedelta(days=int(day)), int(amount - fee)
        at = clock.from_unix(_START + int(day) * _DAY + _DAY - 1)
        own = f"po_{day}_{currency}"
        txn = f"txn_{own}"
        hashes[day, currency] += _hash(txn, "payout", own, -net, 0, currency, clock.to_unix(at), ())
        paid.append(_payout(own, txn, net, currency, at))
        rows.append(_own_row(own, txn, net, currency, business, at))
        kept.append(
            {"livemode": False, "day": business, "currency": currency, "checked_at": at}
            | {"theirs_count": count + 1, "theirs_net_minor": 0}
            | {"ours_count": count + 1, "ours_net_minor": 0}
            | {"theirs_digest": total((hashes[day, currency],))}
        )
        for category, gross, cost, number in (
            ("charge", int(amount), int(fee), int(count)),
            ("payout", -net, 0, 1),
        ):
            daily.append(
                {"livemode": False, "day": business, "currency": currency, "slot": 0}
                | {"reporting_category": category, "method": "", "gross_minor": gross}
                | {"fee_minor": cost, "net_minor": gross - cost, "count": number}
            )
    for table, some in (
        (payouts, paid),
        (balance_transactions, rows),
        (ledger_checks, kept),
        (revenue_daily, daily),
    ):
        conn.execute(insert(table), some)


def _payout(own: str, txn: str, net: int, currency: str, at: datetime) -> dict[str, Any]:
    return {
        "stripe_id": own,
        "status": "paid",
        "amount_minor": net,
        "currency": currency,
        "arrival_at": at,
        "automatic": True,
        "balance_transaction_id": txn,
        "reconciliation_status": "completed",
        "livemode": False,
        "created_at": at,
        "as_of": at,
        "confirmed": True,
    }


def _own_row(
    own: str, txn: str, net: int, currency: str, day: date, at: datetime
) -> dict[str, Any]:
    return {
        "stripe_id": txn,
        "livemode": False,
        "type": "payout",
        "reporting_category": "payout",
        "source_id": own,
        "amount_minor": -net,
        "fee_minor": 0,
        "net_minor": -net,
        "currency": currency,
        "balance_type": "payments",
        "status": "available",
        "payout_id": own,
        "method": "",
        "card_country": "",
        "business_day": day,
        "created_at": at,
        "available_on": at,
    }


def _by_pandas(engine: Engine) -> int:
    """The same identities as a notebook would hold them: every table in memory; what differs."""
    with engine.connect() as conn:
        rows = pd.read_sql_query(select(balance_transactions), conn)
        parts = pd.read_sql_query(select(balance_transaction_fees), conn)
        taken = pd.read_sql_query(select(charges), conn)
        paid = pd.read_sql_query(select(payouts), conn)
        daily = pd.read_sql_query(select(revenue_daily), conn)
        listed = pd.read_sql_query(select(ledger_checks), conn)
    wrong = int((rows.net_minor != rows.amount_minor - rows.fee_minor).sum())
    fees = parts.groupby("transaction_id").amount_minor.sum()
    wrong += int((rows.stripe_id.map(fees).fillna(0) != rows.fee_minor).sum())
    at = pd.to_datetime(rows.created_at, utc=True)
    wrong += int((at.dt.date.astype(str) != rows.business_day.astype(str)).sum())
    own = taken.merge(
        rows,
        left_on="balance_transaction_id",
        right_on="stripe_id",
        how="left",
        suffixes=("", "_r"),
    )
    wrong += int((own.amount_captured_minor != own.amount_minor_r).sum())
    wrong += int((own.source_id != own.stripe_id).sum())
    wrong += int((rows.groupby("payout_id").net_minor.sum() != 0).sum())
    known = paid.merge(rows, left_on="balance_transaction_id", right_on="stripe_id", how="left")
    wrong += int((known.amount_minor_x != -known.amount_minor_y).sum())
    keys = ["business_day", "currency", "reporting_category"]
    sums = rows.groupby(keys).net_minor.sum().reset_index()
    kept = daily.groupby(["day", "currency", "reporting_category"]).net_minor.sum().reset_index()
    wrong += int((sums.net_minor.to_numpy() != kept.net_minor.to_numpy()).sum())
    return wrong + _digests_by_pandas(rows, parts, at, listed)


def _digests_by_pandas(
    rows: pd.DataFrame, parts: pd.DataFrame, at: pd.Series, listed: pd.DataFrame
) -> int:
    made_of = (
        parts.assign(text=parts.type + ":" + parts.amount_minor.astype(str))
        .sort_values(["transaction_id", "text"])
        .groupby("transaction_id")
        .text.agg(",".join)
    )
    frame = rows.assign(parts=rows.stripe_id.map(made_of).fillna(""), at=at)
    hashes = [
        row_hash(
            one.stripe_id,
            one.type,
            one.reporting_category,
            one.source_id,
            one.amount_minor,
            one.fee_minor,
            one.net_minor,
            one.currency,
            one.balance_type,
            one.at,
            [part.split(":") for part in one.parts.split(",") if part],
        )
        for one in frame.itertuples(index=False)
    ]
    days = frame.assign(hash=hashes).groupby([frame.business_day.astype(str), "currency"])
    ours = days.hash.agg(lambda some: total(int(one) for one in some))
    theirs = listed.set_index([listed.day.astype(str), "currency"]).theirs_digest
    return int((ours.sort_index().to_numpy() != theirs.sort_index().to_numpy()).sum())


def _main(url: str, way: str) -> None:
    engine = open_engine(url)
    started = time.perf_counter()
    if way == "fill":
        _fill(url)
    else:
        assert _by_pandas(engine) == 0, "the two ways disagree"
    seconds = time.perf_counter() - started
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{seconds} {largest}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
