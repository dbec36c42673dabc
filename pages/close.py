"""Close: months that are sealed, and what keeps the others open."""

from __future__ import annotations

from datetime import UTC, datetime

from core.reads.periods import months as reads
from dashboard import i18n
from dashboard.i18n import _, pgettext
from dashboard.screens.close import adjustments, labels, month
from dashboard.ui import status_badges, viewer, widgets


def main() -> None:
    """Draw the screen: the month that is chosen, and how all of them stand."""
    livemode, zone = viewer.livemode(), viewer.zone()
    today = datetime.now(UTC).astimezone(zone).date()
    with viewer.picture():
        person = viewer.require("see_revenue")
        months = viewer.read(reads.months, livemode=livemode, today=today)
    found = {one.month: one for one in months}
    widgets.header(pgettext("screen", "Close"), livemode=livemode)
    month.FLASH.show()
    names = list(found)
    code = widgets.url_select(
        _("Month"),
        "month",
        names,
        lambda one: (
            _("{what}: {value}").format(
                what=i18n.month(found[one].first_day), value=labels.states()[found[one].state][0]
            )
            if one in found
            else one
        ),
        default=names[min(1, len(names) - 1)],
    )
    chosen = found.get(code, found[names[0]])
    status_badges.badge(labels.states(), chosen.state)
    month.card(chosen, person)
    if chosen.state == "closed":
        adjustments.card(chosen)


main()
