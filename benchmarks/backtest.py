"""A backtest over kept signals, beside the same question asked of the payments themselves."""

from __future__ import annotations

import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, func, select, text

from benchmarks.dataset import prepare
from benchmarks.report import clocked, row
from core.db.engine import is_sqlite, one_picture, open_engine, reading, writing
from core.db.tables import early_fraud_warnings, payments, risk_assessments
from core.risk import backtest, confusion_matrix
from core.risk.rules import OTHERS, read

ZONE = ZoneInfo("UTC")
WINDOW = (datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
#: Six rules, of every kind of condition.
RULES = read(
    {
        "thresholds": {"most": {OTHERS: "500"}, "large": {OTHERS: "100"}},
        "rules": [
            {"name": "user_hour", "when": "attempts_hour_user >= 2", "points": 50},
            {"name": "email_day", "when": "attempts_day_email >= 3", "points": 20},
            {"name": "ip_day", "when": "attempts_day_ip >= 5", "points": 20},
            {"name": "card_day", "when": "attempts_day_card >= 3", "points": 30},
            {"name": "day", "when": "day_total > most", "points": 30},
            {"name": "large", "when": "amount > large", "points": 20},
        ],
    }
)

#: How often, within how long, by whom: what the usual way computes each time it is asked.
_COUNTS = (
    ("attempts_hour_user", "user_id", 3600),
    ("attempts_day_email", "email", 86400),
    ("attempts_day_ip", "ip", 86400),
    ("attempts_day_card", "card_fingerprint", 86400),
)


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """Time and memory of a backtest over stored signals, and of the same by window functions."""
    filled = prepare(engine, size)
    with writing(filled) as conn:
        _keep_signals(conn, size)
    with reading(filled) as conn:
        usual, caught = clocked(lambda: _by_windows(conn), times=1)
        taken, cells = clocked(lambda: _tried(conn), times=3)
    filled.dispose()
    peak = _largest(filled.url.render_as_string(hide_password=False))
    refused = confusion_matrix.verdict(cells, RULES.high_at)
    assert refused.caught + refused.refused_good == caught, "the two ways disagree"
    label = f"{size // 1_000_000}M" if size >= 1_000_000 else f"{size // 1000}k"
    return [
        row(
            f"{label}: backtest of 6 rules, ms (baseline: window functions)",
            taken,
            usual,
            at_least=10,
            at_most=10_000,
        ),
        row(f"{label}: backtest, the process' largest memory, MiB", peak, at_most=600),
    ]


def _largest(url: str) -> float:
    """The largest memory of a process that does nothing but a backtest, in MiB: this one has made
    the payments."""
    asked = [sys.executable, "-m", "benchmarks.backtest", url]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _tried(conn: Connection) -> list[backtest.Cell]:
    question = backtest.Question(True, *WINDOW)
    return backtest.run(conn, question, RULES, RULES)


def _micros(conn: Connection) -> str:
    """When a payment was made, as a number that a frame can reckon with."""
    if is_sqlite(conn):
        return "created_at"
    return "CAST(UNIX_TIMESTAMP(created_at) * 1000000 AS SIGNED)"


def _signals(conn: Connection) -> str:
    """Every signal that the rules ask for, by window functions over all payments."""
    at = _micros(conn)
    counts = ", ".join(
        f"CASE WHEN {who} IS NULL THEN NULL ELSE COUNT(*) OVER (PARTITION BY {who} ORDER BY at"
        f" RANGE BETWEEN {seconds * 1_000_000} PRECEDING AND CURRENT ROW) - 1 END AS {name}"
        for name, who, seconds in _COUNTS
    )
    day = (
        "CASE WHEN user_id IS NULL THEN NULL ELSE SUM(amount_received_minor) OVER"
        " (PARTITION BY user_id, currency, day ORDER BY at) END AS day_total"
    )
    return (
        "SELECT stripe_id, livemode, created_at, currency, amount_minor, amount_received_minor,"
        f" day, {counts}, {day} FROM (SELECT p.*, {at} AS at FROM payments p) q"
    )


def _keep_signals(conn: Connection, size: int) -> None:
    """The signals as scoring would have kept them, and a few early fraud warnings."""
    held = conn.scalar(select(func.count()).select_from(risk_assessments))
    if held == size:
        return
    conn.execute(risk_assessments.delete())
    conn.execute(early_fraud_warnings.delete())
    names = ", ".join(name for name, _, _ in _COUNTS)
    month = "strftime('%Y%m', day)" if is_sqlite(conn) else "DATE_FORMAT(day, '%Y%m')"
    conn.execute(
        text(
            "INSERT INTO risk_assessments (payment_id, livemode, kind, score, level, factors,"
            " rule_version, allowed, created_at, scored_at, amount, currency,"
            f" {names}, day_total, month, paid_minor)"
            " SELECT stripe_id, livemode, 'arrival', 0, 'low', '[]', 0, 1,"
            f" created_at, created_at, amount_minor, currency, {names}, day_total, {month},"
            " amount_received_minor"
            f" FROM ({_signals(conn)}) s"
        )
    )
    p = payments.c
    some = select(
        p.stripe_id, p.stripe_id.label("payment_id"), p.livemode, p.created_at, p.created_at
    ).where(p.amount_minor % 199 == 0, p.amount_received_minor > 0)
    columns = ["stripe_id", "payment_id", "livemode", "created_at", "as_of"]
    rows = [dict(zip(columns, one, strict=True)) for one in conn.execute(some)]
    filler = {"actionable": True, "confirmed": True}
    for start in range(0, len(rows), 1000):
        conn.execute(
            early_fraud_warnings.insert(), [one | filler for one in rows[start : start + 1000]]
        )


def _by_windows(conn: Connection) -> int:
    """How many paid payments would have been refused, the usual way."""
    most, large = (
        "CASE WHEN currency = 'jpy' THEN {} WHEN currency = 'kwd' THEN {}000 ELSE {}00 END".format(
            *[amount] * 3
        )
        for amount in (500, 100)
    )
    score = (
        "CASE WHEN attempts_hour_user >= 2 THEN 50 ELSE 0 END"
        " + CASE WHEN attempts_day_email >= 3 THEN 20 ELSE 0 END"
        " + CASE WHEN attempts_day_ip >= 5 THEN 20 ELSE 0 END"
        " + CASE WHEN attempts_day_card >= 3 THEN 30 ELSE 0 END"
        f" + CASE WHEN day_total > {most} THEN 30 ELSE 0 END"
        f" + CASE WHEN amount_minor > {large} THEN 20 ELSE 0 END"
    )
    query = (
        f"SELECT COUNT(*) FROM ({_signals(conn)}) s"
        f" WHERE amount_received_minor > 0 AND {score} >= {RULES.high_at}"
    )
    return int(conn.execute(text(query)).scalar_one())


def _alone() -> None:
    engine = open_engine(sys.argv[1])
    with one_picture(engine) as conn:
        _tried(conn)
    print(_peak())


def _peak() -> float:
    """The most memory that this process had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: that also knows what its parent had when it began.
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    _alone()
