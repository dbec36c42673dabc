"""Revenue: gross, fees, refunds, disputes and net, one settlement currency at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, cast

import streamlit as st

from core.reads.revenue import ledger_checks
from core.reads.revenue.periods import Step
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.revenue import ledger_differences, periods
from dashboard.screens.revenue import view as revenue_view
from dashboard.screens.revenue.periods import Period
from dashboard.screens.revenue.tables import Shown
from dashboard.ui import (
    address,
    charts,
    file_links,
    freshness,
    live,
    navigation,
    settlement_currencies,
    viewer,
    widgets,
)
from dashboard.ui.kit import cards as kit_cards

#: So many rows of a table are in sight, the others by scrolling.
ROWS, HEIGHT = 12, 520


def main() -> None:
    """Draw the screen."""
    viewer.require("see_revenue")
    navigation.follow_click(viewer.signed_in())
    livemode, zone = viewer.livemode(), viewer.zone()
    widgets.header(_("Revenue"), livemode=livemode)
    ledger_differences.differences(viewer.read(ledger_checks.differences, livemode=livemode))
    known = settlement_currencies.known(livemode)
    if not known:
        widgets.empty(
            _("No revenue yet"), _("It comes from Stripe's ledger, minutes after the first charge.")
        )
        st.stop()
    today = datetime.now(UTC).astimezone(zone).date()
    period = chosen(today)
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


def chosen(today: date) -> Period:
    """The period, its steps and what it is compared with, as the address says."""
    asked = address.get("period", "")
    offered = periods.PERIODS | {code: periods.MORE[code] for code in periods.MORE if code == asked}
    with st.container(horizontal=True, vertical_alignment="center"):
        code = widgets.url_choice(_("Period"), "period", offered, default="30d")
        by = cast("Step", widgets.url_choice(_("Step"), "by", periods.STEPS, default="day"))
        versus = widgets.url_choice(_("Compared"), "versus", periods.VERSUS, default="before")
        days = picked(today) if code == "custom" else ()
    return periods.period_of(code, days, by, today, versus)


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


def draw(shown: dict[str, Any], currency: str, period: Period) -> None:
    """One currency: cards, chart, its table, and the tables by method and country."""
    zone, code = viewer.zone(), currency.upper()
    said = period.said(currency, zone.key)
    st.caption(i18n.as_of(said, freshness.now().ledger, zone))
    kit_cards.draw(f"cards_{code}", shown["cards"], narrow=150, on_open=navigation.remember)
    title = _(revenue_view.TITLES[period.by]).format(currency=code)

    def picked_bar(picked: str) -> None:
        if rows := revenue_view.rows_of_bar(picked, currency, period):
            navigation.remember(rows)

    with st.container(border=True):
        widgets.card_title(title)
        st.caption(_("Hatched: cut by the period, or not over. A click opens the rows."))
        charts.draw(shown["figure"], alt=title, key=f"chart_{currency}", on_pick=picked_bar)
        table(shown["series"], f"series_{currency}", title)
        files(currency, period, period.by)
    with st.grid(2, min_column_width=420):
        for name, by, rows in (
            (_("By method"), "method", shown["methods"]),
            (_("By card country"), "country", shown["countries"]),
        ):
            with st.container(border=True):
                widgets.card_title(name)
                table(rows, f"{by}_{code}", name)
                files(currency, period, by)
        with st.container(border=True):
            title = _("Fees and costs")
            widgets.card_title(title)
            table(shown["fees"], f"fees_{code}", title)
            files(currency, period, "fees")
        with st.container(border=True):
            movements(shown, code, period)


def movements(shown: dict[str, Any], code: str, period: Period) -> None:
    """What moved the balance besides revenue, down to by how much it changed."""
    title = _("Other balance movements")
    widgets.card_title(title)
    if shown["unmapped"]:
        st.warning(
            _(
                "Stripe books under names that have no place here yet: {names}. They count as no"
                " revenue until they are mapped."
            ).format(names=_(", ").join(map(widgets.safe_text, shown["unmapped"]))),
            icon=":material/help:",
        )
    # All of them: the last line is their sum.
    shown["movements"].draw(f"movements_{code}", title)
    last = period.compared if period.is_running else period.span
    st.page_link(
        navigation.named("proof"),
        label=_("From opening to closing, on Proof"),
        icon=":material/balance:",
        query_params={"month": f"{last.since:%Y-%m}", "currency": code.lower()},
    )


def table(shown: Shown, key: str, alt: str) -> None:
    """A dozen rows in sight, the others by scrolling."""
    with st.container(height=HEIGHT if len(shown.rows) > ROWS else "content", border=False):
        shown.draw(key, alt)


def files(currency: str, period: Period, by: str) -> None:
    """The same figures as files."""
    asked = {
        "currency": currency,
        "since": period.span.since.isoformat(),
        "until": period.span.until.isoformat(),
        "by": by,
        "mode": "live" if viewer.livemode() else "test",
    }
    file_links.card_links("revenue", asked, csv=_("CSV"))


def refunds_file() -> None:
    """For finance, who has no screen of refunds: each of them with who asked and decided."""
    asked = {"mode": "live" if viewer.livemode() else "test"}
    file_links.card_links("refunds", asked, csv=_("Every refund as CSV"))


main()
