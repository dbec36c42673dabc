"""Alerts: what is wrong now, what was, whom it is told to and what is watched."""

from __future__ import annotations

from dashboard.i18n import N_, _
from dashboard.screens.alerts import channels as alert_channels
from dashboard.screens.alerts import history as alert_history
from dashboard.screens.alerts import open_list
from dashboard.screens.alerts import rules as alert_rules
from dashboard.screens.alerts.messages import FLASH
from dashboard.ui import drawer, viewer, widgets

TABS = {"open": N_("Now"), "history": N_("History")}
ADMIN_TABS = {"channels": N_("Channels"), "rules": N_("Rules")}


def main() -> None:
    """Draw the screen: one of its tabs at a time, by what the URL says."""
    person = viewer.require("see_alerts")
    livemode = viewer.livemode()
    widgets.header(_("Alerts"), livemode=livemode)
    tabs = TABS | ADMIN_TABS if person.may("administer") else TABS
    chosen = widgets.url_choice(_("Part"), "tab", tabs, default="open")
    # A drawer says itself what came of a click in it.
    if chosen != "rules" or drawer.asked("rule") is None:
        FLASH.show()
    if chosen == "channels":
        alert_channels.draw()
    elif chosen == "rules":
        alert_rules.draw()
    elif chosen == "history":
        alert_history.draw(livemode)
    else:
        open_list.draw(livemode)


main()
