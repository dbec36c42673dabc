"""Fraud: what is flagged, the cases, rules and lists, and what rules would have done."""

from __future__ import annotations

from dashboard.i18n import N_, _
from dashboard.screens.fraud import backtest as fraud_backtest
from dashboard.screens.fraud import case_queue
from dashboard.screens.fraud import lists as fraud_lists
from dashboard.screens.fraud import overview as fraud_overview
from dashboard.screens.fraud import programmes as fraud_programmes
from dashboard.screens.fraud import rules as fraud_rules
from dashboard.screens.fraud import scored as fraud_scored
from dashboard.screens.fraud.messages import FLASH
from dashboard.ui import viewer, widgets

TABS = {
    "overview": N_("Overview"),
    "scored": N_("Scored"),
    "cases": N_("Cases"),
    "rules": N_("Rules"),
    "lists": N_("Lists"),
    "backtest": N_("Backtest"),
    "programmes": N_("Programmes"),
}


def main() -> None:
    """Draw the screen: one of its tabs at a time, by what the URL says."""
    viewer.require("manage_fraud")
    livemode = viewer.livemode()
    widgets.header(_("Fraud"), livemode=livemode)
    chosen = widgets.url_choice(_("Part"), "tab", TABS, default="overview")
    FLASH.show()
    if chosen == "overview":
        fraud_overview.draw(livemode)
    elif chosen == "scored":
        fraud_scored.draw(livemode)
    elif chosen == "cases":
        case_queue.draw(livemode)
    elif chosen == "rules":
        fraud_rules.draw()
    elif chosen == "lists":
        fraud_lists.draw()
    elif chosen == "backtest":
        fraud_backtest.draw(livemode)
    else:
        fraud_programmes.draw(livemode)


main()
