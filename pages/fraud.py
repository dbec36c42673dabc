"""Fraud: what is flagged, the cases, rules and lists, and what rules would have done."""

from __future__ import annotations

from dashboard import (
    console,
    fraud_acts,
    fraud_backtest_view,
    fraud_cases_view,
    fraud_lists_view,
    fraud_overview_view,
    fraud_programmes_view,
    fraud_rules_view,
    widgets,
)
from dashboard.i18n import N_, _

TABS = {
    "overview": N_("Overview"),
    "cases": N_("Cases"),
    "rules": N_("Rules"),
    "lists": N_("Lists"),
    "backtest": N_("Backtest"),
    "programmes": N_("Programmes"),
}


def main() -> None:
    """Draw the screen: one of its rooms at a time, by what the URL says."""
    console.require("manage_fraud")
    livemode = console.livemode()
    widgets.header(_("Fraud"), livemode=livemode)
    chosen = widgets.url_choice(_("Part"), "tab", TABS, default="overview")
    fraud_acts.tell()
    if chosen == "overview":
        fraud_overview_view.draw(livemode)
    elif chosen == "cases":
        fraud_cases_view.draw(livemode)
    elif chosen == "rules":
        fraud_rules_view.draw()
    elif chosen == "lists":
        fraud_lists_view.draw()
    elif chosen == "backtest":
        fraud_backtest_view.draw(livemode)
    else:
        fraud_programmes_view.draw(livemode)


main()
