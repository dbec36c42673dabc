"""How many payments each rule held on lately, beside the rules, each leading to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core import clock
from core.reads.fraud import scored as reads
from core.reads.fraud.scored import Filters, RuleHits
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.screens.fraud import row_links
from dashboard.ui import viewer
from dashboard.ui.kit import table
from dashboard.ui.kit.cells import Cell

DAYS = 30


@dataclass(frozen=True, slots=True)
class Hits:
    """What rules held on in a window; payments that were refused have a column if there are any."""

    window: Filters
    of_rule: Mapping[str, RuleHits]

    @property
    def _figures(self) -> tuple[str, ...]:
        refused = any(one.refused for one in self.of_rule.values())
        return ("scored", "refused") if refused else ("scored",)

    def columns(self) -> list[table.Column]:
        """A column a figure."""
        titles = {"scored": _("Held on"), "refused": _("Refused")}
        return [
            table.Column(f"held_{one}", titles[one], is_figure=True, place="d" if not at else "")
            for at, one in enumerate(self._figures)
        ]

    def cells(self, rule: str) -> list[Cell]:
        """The figures of a rule, each a link to its rows."""
        found = self.of_rule.get(rule, RuleHits())
        counts = {"scored": found.scored, "refused": found.refused}
        cells = []
        for figure in self._figures:
            address = row_links.scored(replace(self.window, figure=figure, rule=rule))
            cells.append(Cell(i18n.number(counts[figure]), opens=address, address=address))
        return cells


def lately(rules: Sequence[str]) -> Hits:
    """The hits of rules by their names."""
    zone = viewer.zone()
    since, until = reads.last_days(DAYS, clock.business_day(clock.now(), zone))
    found = viewer.read(
        reads.hits,
        livemode=viewer.livemode(),
        zone=zone,
        since=since,
        until=until,
        rules=tuple(dict.fromkeys(rules)),
    )
    return Hits(Filters(since=since, until=until), found)


def caption() -> str:
    """Of what time the figures are."""
    said = ngettext(
        "Held on: payments of the last {n} day on which the rule gave its points.",
        "Held on: payments of the last {n} days on which the rule gave its points.",
        DAYS,
    )
    return said.format(n=DAYS)
