"""What the cells of a backtest come to: confusion matrix, money by currency, threshold curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from core.risk.backtest import Cell


@dataclass
class Verdict:
    """Paid payments by what the rules would have done with them and what they turned out to be.

    Money is minor units by currency: `saved` is fraud that would have been refused, `missed` fraud
    that would have passed, `lost` good money that would have been refused.
    """

    caught: int = 0
    refused_good: int = 0
    missed_fraud: int = 0
    passed_good: int = 0
    saved: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    def add(self, cell: Cell, *, refused: bool) -> None:
        """Count a cell in."""
        if cell.fraud:
            _add(self.saved if refused else self.missed, cell)
        elif refused:
            _add(self.lost, cell)
        if refused:
            self.caught += cell.count if cell.fraud else 0
            self.refused_good += 0 if cell.fraud else cell.count
        else:
            self.missed_fraud += cell.count if cell.fraud else 0
            self.passed_good += 0 if cell.fraud else cell.count

    @property
    def precision(self) -> int | None:
        """Of those refused, how many were fraud, in hundredths of a percent; None for none."""
        return _share(self.caught, self.caught + self.refused_good)

    @property
    def recall(self) -> int | None:
        """Of the fraud, how much was refused, in hundredths of a percent; None for none."""
        return _share(self.caught, self.caught + self.missed_fraud)

    @property
    def false_positives(self) -> int | None:
        """Of the good payments, how many were refused, in hundredths of a percent."""
        return _share(self.refused_good, self.refused_good + self.passed_good)


def verdict(cells: Iterable[Cell], refuse_at: int, *, before: bool = False) -> Verdict:
    """The verdict at a threshold; `before` asks for the rules in force."""
    found = Verdict()
    for cell in cells:
        points = cell.before if before else cell.points
        found.add(cell, refused=points >= refuse_at)
    return found


def by_month(cells: Iterable[Cell], refuse_at: int) -> dict[date, Verdict]:
    """A verdict for each month, oldest first."""
    found: dict[date, Verdict] = {}
    for cell in sorted(cells, key=lambda one: one.month):
        month = found.setdefault(cell.month, Verdict())
        month.add(cell, refused=cell.points >= refuse_at)
    return found


def curve(cells: Sequence[Cell]) -> list[tuple[int, Verdict]]:
    """The verdict at each number of points that occurs, and above them all; lowest first."""
    points = sorted({cell.points for cell in cells})
    thresholds = [*points, points[-1] + 1] if points else []
    return [(at, verdict(cells, at)) for at in thresholds]


def best(cells: Sequence[Cell], most_false_positives: int) -> tuple[int, Verdict] | None:
    """The lowest threshold that refuses at most so many good payments (hundredths of a percent)."""
    fitting = [
        (at, one) for at, one in curve(cells) if (one.false_positives or 0) <= most_false_positives
    ]
    return fitting[0] if fitting else None


def _add(sums: dict[str, int], cell: Cell) -> None:
    sums[cell.currency] = sums.get(cell.currency, 0) + cell.amount_minor


def _share(part: int, whole: int) -> int | None:
    return (part * 20_000 + whole) // (2 * whole) if whole else None
