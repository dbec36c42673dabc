"""Revenue's tables: each figure opens the rows of the ledger that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.reads.ledger.rows import Filters
from core.reads.revenue import revenue as reads
from core.reads.revenue.categories import COSTS, UNMAPPED
from core.reads.revenue.periods import Span
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.revenue import periods
from dashboard.screens.revenue.periods import Period
from dashboard.ui import columns, ledger_rows, navigation, revenue_labels, stripe_labels
from dashboard.ui.kit import table
from dashboard.ui.kit.cells import Cell
from dashboard.ui.kit.table import Column, Row

NOTHING = "–"
#: What a kind of movement is called.
KINDS = {
    "payouts": N_("Payouts"),
    "topups": N_("Top-ups"),
    "transfers": N_("Transfers"),
    "financing": N_("Financing"),
    "advances": N_("Advances"),
    "reserves": N_("Reserves"),
    "minimum_balance": N_("Minimum balance"),
    "collections": N_("Collections"),
    "customer_funds": N_("Customers' funds"),
    "issuing": N_("Issuing"),
    "climate": N_("Climate"),
    "adjustments": N_("Adjustments"),
    UNMAPPED: N_("Not mapped"),
}
_RARE = ("platform_earning", "network_cost", "tax")


@dataclass(frozen=True, slots=True)
class Shown:
    """A table that is ready to be drawn."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def draw(self, key: str, alt: str) -> None:
        """Draw it; a click is followed by the next run."""
        table.draw(
            key,
            self.columns,
            self.rows,
            alt=alt,
            leaves=True,
            leads_to=ledger_rows.PAGE,
            on_open=navigation.remember,
        )


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of some days in one settlement currency, which figures are cut from."""

    currency: str
    span: Span

    def rows(self, **asked: str | None) -> Filters:
        """Those of a figure, a method, a country, a category or a part of fees."""
        return Filters(self.span.since, self.span.until, self.currency, **asked)

    def amount(self, minor: int, **asked: str | None) -> Cell:
        """An amount that opens its rows; a dash where there is none."""
        if not minor:
            return Cell(NOTHING)
        query = ledger_rows.query(self.rows(**asked))
        return Cell(columns.money(minor, self.currency), query=query)

    def count(self, number: int, **asked: str | None) -> Cell:
        """How many rows there are, which opens them."""
        query = ledger_rows.query(self.rows(**asked)) if number else ""
        return Cell(i18n.number(number), query=query)

    def row(self, cells: Iterable[Cell], **asked: str | None) -> Row:
        """A row that is opened as a whole, too."""
        address = ledger_rows.address(self.rows(**asked))
        return Row(tuple(cells), address, address)

    def total(self, cells: Iterable[Cell], **asked: str | None) -> Row:
        """The same, as the sum of those above."""
        return replace(self.row(cells, **asked), is_total=True)


def parts(*shown: Mapping[Any, Any]) -> dict[str, str]:
    """The parts of revenue and their names, in the order in which they add up to the net.

    Those that most businesses never have are left out where all of `shown` have nothing of them.
    """
    return {
        part: name
        for part, name in revenue_labels.parts().items()
        if part not in _RARE or any(one[f"{part}_minor"] for one in shown)
    }


def by_period(series: Sequence[reads.Row], total: reads.Revenue, period: Period) -> Shown:
    """The table under the chart, newest step first, and what all come to."""
    named = parts(*series)
    steps = {part.start: part for part in period.parts}
    rows = []
    for sums in reversed(series):
        part = steps[sums["period"]]
        head = Cell(periods.name_of(part, period.by), note=periods.note_of(part))
        rows.append(_figures(Source(total.currency, part.span), head, sums, named))
    whole = {f"{name}_minor": getattr(total, f"{name}_minor") for name in [*named, *COSTS, "net"]}
    whole["count"] = total.count
    source = Source(total.currency, period.span)
    rows.append(_figures(source, Cell(_("All together")), whole, named, is_total=True))
    layout = (
        Column("key", _(periods.STEPS[period.by]), place="a"),
        *_amount_columns(named),
        Column("rate", _("Fee rate"), is_figure=True),
        Column("count", _("Charges"), is_figure=True, place="d"),
    )
    return Shown(layout, tuple(rows))


def _figures(
    source: Source,
    head: Cell,
    sums: Mapping[Any, Any],
    named: Mapping[str, str],
    *,
    is_total: bool = False,
) -> Row:
    cost = sum(int(sums[f"{part}_minor"]) for part in COSTS)
    rate = reads.fee_rate(cost, int(sums["gross_minor"]))
    cells = [head, *(_figure(source, sums, part) for part in [*named, "net"])]
    cells.append(Cell(NOTHING if rate is None else i18n.percent(rate, digits=2)))
    cells.append(source.count(int(sums["count"]), category="charge"))
    return (source.total if is_total else source.row)(cells, figure="net")


def _figure(source: Source, sums: Mapping[Any, Any], part: str, **asked: str) -> Cell:
    """By the sign by which it adds up to the net."""
    minor = int(sums[f"{part}_minor"])
    return source.amount(-minor if part in COSTS else minor, figure=part, **asked)


def by_key(
    column: str,
    found: Sequence[reads.Row],
    currency: str,
    period: Period,
    title: str,
    name: Callable[[str], str],
) -> Shown:
    """A row per method or country, as `column` names it, with its share of gross, largest
    first."""
    source, total = Source(currency, period.span), sum(sums["gross_minor"] for sums in found)
    rows = []
    for sums in found:
        cut = {column: sums[column]}
        gross = max(int(sums["gross_minor"]), 0)
        share = reads.fee_rate(gross, total)
        said = NOTHING if share is None else i18n.percent(share)
        # Only how long a bar is.
        wide = min(gross * 100 // total, 100) if total > 0 else 0
        cells = [
            Cell(name(sums[column])),
            *(_figure(source, sums, part, **cut) for part in ("gross", "fee", "net")),
            Cell(said, share=wide),
        ]
        rows.append(source.row(cells, figure="net", **cut))
    named = {"gross": _("Gross"), "fee": _("Fees")}
    shares = Column("share", _("Share"))
    layout = (Column("key", title, place="a"), *_amount_columns(named), shares)
    return Shown(layout, tuple(rows))


def fees(found: Sequence[reads.FeePart], now: reads.Revenue, period: Period) -> Shown:
    """What was taken, by what it is and as a share of gross, with its sum."""
    source = Source(now.currency, period.span)
    lines = [
        (
            revenue_labels.fee_part(one.type),
            one.amount_minor,
            {"figure": "fee", "fee_type": one.type},
        )
        for one in found
    ]
    lines.append((_("Network costs"), now.network_cost_minor, {"figure": "network_cost"}))
    lines.append((_("Tax on fees"), now.tax_minor, {"figure": "tax"}))
    lines = [line for line in lines if line[1]]
    lines.append((_("All together"), now.cost_minor, {"figure": "cost"}))
    rows = []
    for place, (name, minor, asked) in enumerate(lines, start=1):
        rate = reads.fee_rate(minor, now.gross_minor)
        said = NOTHING if rate is None else i18n.percent(rate, digits=2)
        cells = (Cell(name), source.amount(-minor, **asked), Cell(said))
        rows.append((source.total if place == len(lines) else source.row)(cells, **asked))
    layout = (
        Column("part", _("Part"), place="a"),
        Column("amount", _("Amount"), is_figure=True, place="b"),
        Column("of_gross", _("Of gross"), is_figure=True, place="d"),
    )
    return Shown(layout, tuple(rows))


def movements(now: reads.Revenue, period: Period) -> Shown:
    """From the net to the change of the balance: each other movement, and what they add up to."""
    source = Source(now.currency, period.span)
    net = (Cell(_("Net")), source.amount(now.net_minor, figure="net"), Cell(_("Revenue")), Cell())
    rows = [source.row(net, figure="net")]
    for one in now.movements:
        asked = {"figure": "movement", "category": one.category}
        cells = (
            Cell(_movement(one)),
            source.amount(one.amount_minor, **asked),
            Cell(_(KINDS[one.kind])),
            source.count(one.count, **asked),
        )
        rows.append(source.row(cells, **asked))
    changed = (Cell(_("Change of the balance")), source.amount(now.balance_minor), Cell(), Cell())
    rows.append(source.total(changed))
    layout = (
        Column("movement", _("Movement"), place="a"),
        Column("amount", _("Amount"), is_figure=True, place="b"),
        Column("kind", _("Kind"), place="c"),
        Column("rows", _("Entries"), is_figure=True, place="d"),
    )
    return Shown(layout, tuple(rows))


def _movement(one: reads.Movement) -> str:
    return one.category if one.kind == UNMAPPED else stripe_labels.words(one.category)


def _amount_columns(named: Mapping[str, str]) -> list[Column]:
    """The parts, the gross in sight on a phone, and the net."""
    found = [
        Column(part, name, is_figure=True, place="c" if part == "gross" else "")
        for part, name in named.items()
    ]
    return [*found, Column("net", _("Net"), is_figure=True, place="b")]
