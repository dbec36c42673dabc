"""How an amount is made of others: bars from the first to the last, and the same in figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import charts, columns, stripe_labels
from dashboard.ui.data_table import Column, DataTable, money, opener, text

#: What comes first; what is not named follows, what leaves Stripe ends it.
_FIRST = ("charge", "refund", "refund_failure", "dispute", "dispute_reversal", "fee")
_LAST = ("topup", "topup_reversal", "payout", "payout_reversal")


@dataclass(frozen=True, slots=True)
class Part:
    """The ledger rows of one reporting category, summed in minor units."""

    category: str
    count: int
    gross_minor: int
    net_minor: int

    @property
    def fee_minor(self) -> int:
        """What fees took of it, below zero; whatever was kept with the rows, it adds up."""
        return self.net_minor - self.gross_minor


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: a part, or a sum, which has no gross and no fee of its own."""

    name: str
    net_minor: int
    part: Part | None = None


def in_order(parts: Sequence[Part]) -> list[Part]:
    """Parts as people tell them: what came in, what went back, what left."""
    places = {code: place for place, code in enumerate(_FIRST)}
    places |= {code: 100 + place for place, code in enumerate(_LAST)}
    return sorted(parts, key=lambda part: (places.get(part.category, 50), part.category))


def steps(parts: Sequence[Part]) -> list[tuple[str, int]]:
    """Names and amounts in minor units that add up to the net of all parts: the gross of each with
    how many rows it has, and what their fees took, before what left."""
    found: list[tuple[str, int]] = []
    leaving: list[tuple[str, int]] = []
    for part in in_order(parts):
        if part.gross_minor:
            name = f"{stripe_labels.words(part.category)} · {i18n.number(part.count)}"
            (leaving if part.category in _LAST else found).append((name, part.gross_minor))
    fees = sum(part.fee_minor for part in parts)
    return [*found, *([(_("Fees of these rows"), fees)] if fees else []), *leaving]


def draw(
    title: str,
    parts: Sequence[Part],
    currency: str,
    *,
    key: str,
    closing: str,
    opening: tuple[str, int] | None = None,
    on_open: Callable[[str], None] | None = None,
) -> None:
    """Bars and table. `opening`: the name and the amount that it begins with; `closing` is what
    the sum is called. `on_open` takes the category of a step whose rows are to be opened."""
    total = sum(part.net_minor for part in parts) + (opening[1] if opening else 0)
    lines = [*([opening] if opening else []), *steps(parts), (closing, total)]
    figure = charts.waterfall(lines, currency, from_opening=opening is not None)
    charts.draw(figure, alt=title, key=f"{key}_bars")
    rows = [Line(stripe_labels.words(p.category), p.net_minor, p) for p in in_order(parts)]
    if opening is not None:
        rows.insert(0, Line(*opening))
    rows.append(Line(closing, total))
    table = _table(key, currency, opens=on_open is not None)
    categories = {stripe_labels.words(part.category): part.category for part in parts}

    def opened(name: str) -> None:
        # The lines of opening and closing stand for no rows of their own.
        if on_open is not None and name in categories:
            on_open(categories[name])

    table.draw(table.frame(rows), opened)


def _table(key: str, currency: str, *, opens: bool) -> DataTable[Line]:
    def of_part(line: Line, minor: str) -> str:
        return "" if line.part is None else columns.money(getattr(line.part, minor), currency)

    steps: dict[str, Column[Line]] = {}
    if opens:
        steps["open"] = opener(N_("Its rows"), lambda line: line.name if line.part else None)
    return DataTable(
        f"{key}_table",
        N_("What it is made of"),
        {
            "what": text(N_("What"), lambda line: line.name),
            "rows": money(
                N_("Entries"),
                lambda line: i18n.number(line.part.count) if line.part else "",
            ),
            "gross": money(N_("Gross"), lambda line: of_part(line, "gross_minor")),
            "fee": money(N_("Fees"), lambda line: of_part(line, "fee_minor")),
            "net": money(N_("Net"), lambda line: columns.money(line.net_minor, currency)),
            **steps,
        },
    )
