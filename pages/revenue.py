"""Revenue: gross, fees, refunds, disputes and net, one settlement currency at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, cast

import pandas as pd
import streamlit as st

from core.reads.revenue import ledger_checks
from core.reads.revenue import revenue as reads
from core.reads.revenue.revenue import Step
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.revenue import ledger_differences
from dashboard.screens.revenue import view as revenue_view
from dashboard.ui import charts, file_links, freshness, live, metric_cards, viewer, widgets

PERIODS = {
    "7d": N_("7 d"),
    "30d": N_("30 d"),
    "90d": N_("90 d"),
    "365d": N_("365 d"),
    "custom": N_("Custom"),
}


def main() -> None:
    """Draw the screen."""
    viewer.require("see_revenue")
    livemode, zone = viewer.livemode(), viewer.zone()
    actions = widgets.header(_("Revenue"), livemode=livemode)
    ledger_differences.differences(viewer.read(ledger_checks.differences, livemode=livemode))
    known = viewer.read(reads.currencies, livemode=livemode)
    if not known:
        widgets.empty(
            _("No revenue yet"), _("It comes from Stripe's ledger, minutes after the first charge.")
        )
        st.stop()
    today = datetime.now(UTC).astimezone(zone).date()
    with actions:
        code = widgets.url_choice(_("Period"), "period", PERIODS, default="30d")
        by = cast("Step", widgets.url_choice(_("Step"), "by", revenue_view.STEPS, default="day"))
    period = revenue_view.period_of(code, picked(today) if code == "custom" else (), by, today)
    tabs = st.tabs(
        [currency.upper() for currency in known],
        key="currency",
        bind="query-params",
        on_change="rerun",
    )
    version = live.version("revenue")
    for tab, currency in zip(tabs, known, strict=True):
        if tab.open:
            with tab:
                shown = revenue_view.shaped(version, currency, period, livemode, i18n.language())
                draw(shown, currency, period)
    refunds_file()


def picked(today: date) -> tuple[date, ...]:
    """The days chosen by hand; nothing until both are."""
    # An empty range: nothing is chosen yet.
    found: object = st.date_input(  # type: ignore[call-overload]
        _("From and to"),
        value=(),
        max_value=today,
        key="days",
        bind="query-params",
        width=280,
    )
    return tuple(found) if isinstance(found, tuple) and len(found) == 2 else ()


def draw(shown: dict[str, Any], currency: str, period: revenue_view.Period) -> None:
    """One currency: cards, chart, its table, and the tables by method and country."""
    st.caption(i18n.as_of(period.said, freshness.now().ledger, viewer.zone()))
    metric_cards.cards(shown["cards"], columns=len(shown["cards"]), narrow=140)
    code = currency.upper()
    title = _(revenue_view.TITLES[period.by]).format(currency=code)
    with st.container(border=True):
        widgets.card_title(title)
        charts.draw(shown["figure"], alt=title, key=f"chart_{currency}")
        table(shown["series"], _("From"), f"series_{currency}", title)
        files(currency, period, period.by)
    with st.grid(2, min_column_width=420):
        for name, by, head, rows in (
            (_("By method"), "method", _("Method"), shown["methods"]),
            (_("By card country"), "country", _("Country"), shown["countries"]),
        ):
            with st.container(border=True):
                widgets.card_title(name)
                table(rows, head, f"{by}_{code}", name)
                files(currency, period, by)
        with st.container(border=True):
            title = _("Fees and costs")
            widgets.card_title(title)
            table(shown["fees"], "", f"fees_{code}", title)
            files(currency, period, "fees")
        with st.container(border=True):
            movements(shown, code)


def movements(shown: dict[str, Any], code: str) -> None:
    """What moved the balance besides revenue, down to by how much it changed."""
    title = _("Other balance movements")
    widgets.card_title(title)
    if shown["unmapped"]:
        st.warning(
            _(
                "Stripe books under names that have no place here yet: {names}. They count as no"
                " revenue until they are mapped."
            ).format(names=", ".join(map(widgets.safe_text, shown["unmapped"]))),
            icon=":material/help:",
        )
    # All of them: the last line is their sum.
    layout = revenue_view.layout("")
    widgets.plain_table(shown["bridge"], layout, key=f"movements_{code}", alt=title)


def table(rows: pd.DataFrame, head: str, key: str, alt: str) -> None:
    """Ten rows in sight, the others by scrolling."""
    widgets.plain_table(rows, revenue_view.layout(head), key=key, alt=alt, most=10)


def files(currency: str, period: revenue_view.Period, by: str) -> None:
    """The same figures as files."""
    asked = {
        "currency": currency,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "by": by,
        "mode": "live" if viewer.livemode() else "test",
    }
    file_links.card_links("revenue", asked, csv=_("CSV"))


def refunds_file() -> None:
    """For finance, who has no screen of refunds: each of them with who asked and decided."""
    asked = {"mode": "live" if viewer.livemode() else "test"}
    file_links.card_links("refunds", asked, csv=_("Every refund as CSV"))


main()
