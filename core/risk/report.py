"""A backtest as plain values: for the command line, for screens and for files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.money import Money, plain
from core.risk.backtest import Cell
from core.risk.confusion_matrix import Verdict, by_month, curve, verdict

Json = dict[str, Any]

#: What a backtest cannot know; said with every one.
LIMITS = (
    "Payments that were refused, by risk or by the bank, have no outcome and are not in it.",
    "Fraud that nobody reported counts as good.",
    "Signals are those of the payment's own time, under the lists as they were then.",
)


def report(cells: Sequence[Cell], *, refuse_at: int, refused_at: int, unseen: int) -> Json:
    """Everything a backtest says: `refuse_at` of the rules tried, `refused_at` of those in force.

    Shares are in hundredths of a percent; money is decimal strings in major units by currency.
    """
    return {
        "payments": sum(cell.count for cell in cells),
        "fraud": sum(cell.count for cell in cells if cell.fraud),
        "refuse_at": refuse_at,
        "tried": _said(verdict(cells, refuse_at)),
        "in_force": _said(verdict(cells, refused_at, before=True)),
        "by_month": {str(month): _said(one) for month, one in by_month(cells, refuse_at).items()},
        "curve": [{"refuse_at": at} | _said(one) for at, one in curve(cells)],
        "refused_without_outcome": unseen,
        "limits": list(LIMITS),
    }


def _said(found: Verdict) -> Json:
    return {
        "caught": found.caught,
        "refused_good": found.refused_good,
        "missed_fraud": found.missed_fraud,
        "passed_good": found.passed_good,
        "precision": found.precision,
        "recall": found.recall,
        "false_positive_rate": found.false_positives,
        "money_saved": _major(found.saved),
        "money_missed": _major(found.missed),
        "good_money_refused": _major(found.lost),
    }


def _major(sums: dict[str, int]) -> dict[str, str]:
    return {currency: plain(Money(minor, currency)) for currency, minor in sorted(sums.items())}
