"""How an amount is made of others: bars from the first to the last, and the same in figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import columns, navigation, stripe_labels
from dashboard.ui.data_table import Column, DataTable, money, opener, text
from dashboard.ui.kit import bridge as kit_bridge
from dashboard.ui.kit.bridge import Fill, Step

#: What comes first; what is not named follows, what leaves Stripe ends it.
_FIRST = ("charge", "refund", "refund_failure", "dispute", "dispute_reversal", "fee")
_LAST = ("topup", "topup_reversal", "payout", "payout_reversal")
_FILLS: tuple[Fill, ...] = ("dispute", "fee", "payout")
#: Where the rows of a reporting category are.
AddressOf = Callable[[str], str]


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


def steps(parts: Sequence[Part], address_of: AddressOf | None = None) -> list[Step]:
    """What adds up to the net of all parts: the gross of each with how many rows it has, and what
    their fees took, before what left. `address_of` takes the category of a step that opens rows."""
    found: list[Step] = []
    leaving: list[Step] = []
    for part in in_order(parts):
        if part.gross_minor:
            address = address_of(part.category) if address_of else ""
            name = stripe_labels.words(part.category)
            fill = _fill(part.category, part.gross_minor)
            step = Step(
                name, part.gross_minor, fill, count=part.count, name=address, address=address
            )
            (leaving if part.category in _LAST else found).append(step)
    fees = sum(part.fee_minor for part in parts)
    taken = [Step(_("Fees of these rows"), fees, "fee")] if fees else []
    return [*found, *taken, *leaving]


def _fill(category: str, minor: int) -> Fill:
    for begins in _FILLS:
        if category.startswith(begins):
            return begins
    return "in" if minor > 0 else "out"


def draw(
    title: str,
    parts: Sequence[Part],
    currency: str,
    *,
    key: str,
    closing: str,
    opening: tuple[str, int] | None = None,
    address_of: AddressOf | None = None,
) -> None:
    """Bars and table. `opening`: the name and the amount that it begins with; `closing` is what
    the sum is called. `address_of`: where the rows of a category are; the page follows a click."""
    total = sum(part.net_minor for part in parts) + (opening[1] if opening else 0)
    first = [Step(*opening, "total", is_total=True)] if opening else []
    last = Step(closing, total, "total", is_total=True)
    bars = [*first, *steps(parts, address_of), last]
    kit_bridge.draw(f"{key}_bars", bars, currency, alt=title, on_open=navigation.remember)
    rows = [Line(stripe_labels.words(p.category), p.net_minor, p) for p in in_order(parts)]
    if opening is not None:
        rows.insert(0, Line(*opening))
    rows.append(Line(closing, total))
    table = _table(key, currency, opens=address_of is not None)
    categories = {stripe_labels.words(part.category): part.category for part in parts}

    def opened(name: str) -> None:
        # The lines of opening and closing stand for no rows of their own.
        if address_of is not None and name in categories:
            navigation.remember(address_of(categories[name]))

    table.draw(table.frame(rows), opened)


def _table(key: str, currency: str, *, opens: bool) -> DataTable[Line]:
    def of_part(line: Line, minor: str) -> str:
        return "" if line.part is None else columns.money(getattr(line.part, minor), currency)

    leading: dict[str, Column[Line]] = {}
    if opens:
        leading["open"] = opener(N_("Its rows"), lambda line: line.name if line.part else None)
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
            **leading,
        },
    )
