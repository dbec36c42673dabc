"""Fraud at a glance: money at risk, cases by day, scores, and figures by currency; each leads to
its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import streamlit as st

from core import clock
from core.domain.payers import payer_of
from core.money import Money, show
from core.reads.fraud import cases as case_reads
from core.reads.fraud import overview as reads
from core.reads.fraud.cases import CaseDay, CaseSum
from core.reads.fraud.overview import HIGHEST_BAND, Band, Figures, Flagged
from core.reads.fraud.scored import Filters, last_days
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext, pgettext
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.screens.fraud import row_links
from dashboard.ui import charts, columns, customer_links, status_badges, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, chips, currency, moment, money, opener, text
from dashboard.ui.kit import cards as kit_cards
from dashboard.ui.kit import links, table
from dashboard.ui.kit.cards import Card
from dashboard.ui.kit.cells import Cell

DAYS = 30
#: From the first to the last; None: no end.
Points = tuple[int | None, int | None]
_LEVELS = (("low", "net"), ("medium", "dispute"), ("high", "failed"))


def draw(livemode: bool) -> None:
    """What is open now, figures of 30 days, and the newest flagged payments."""
    zone = viewer.zone()
    since, until = last_days(DAYS, clock.business_day(clock.now(), zone))
    asked: dict[str, Any] = {"livemode": livemode, "zone": zone, "since": since, "until": until}
    lines = viewer.read(reads.by_currency, **asked)
    at_risk = viewer.read(case_reads.queue, livemode=livemode).sums
    if not lines and not at_risk:
        widgets.empty(
            _("Nothing was scored yet"),
            _("Payments are scored as they arrive; the first ones follow within a minute."),
            icon=":material/shield:",
        )
        return
    if at_risk:
        kit_cards.draw(
            "at_risk", risk_cards(at_risk), narrow=160, leaves=False, on_open=row_links.open_clicked
        )
    with st.grid(2, min_column_width=420):
        with st.container(border=True):
            _cases_chart(viewer.read(case_reads.by_day, **asked))
        with st.container(border=True):
            _scores_chart(viewer.read(reads.bands, **asked), since, until)
    with st.container(border=True):
        said = ngettext("The last {n} day by currency", "The last {n} days by currency", DAYS)
        widgets.card_title(said.format(n=DAYS))
        _figures(lines, since, until)
        st.caption(
            _(
                "Fraud is what a fraud dispute, an issuer's warning or a refund as fraud says it "
                "is; reports come for weeks after a payment. Lost: fraud disputes that were lost, "
                "and refunds as fraud."
            )
        )
    found = viewer.read(reads.flagged, livemode=livemode)
    with st.container(border=True):
        widgets.card_title(_("Newest flagged payments"))
        if found:
            _flagged(found)
        else:
            st.caption(_("No payment had a medium or high score."))


def risk_cards(sums: Sequence[CaseSum]) -> list[Card]:
    """What is at risk in open cases, a currency a card: it opens them."""
    found = []
    for one in sums:
        said = ngettext("in {n} open case", "in {n} open cases", one.count)
        address = row_links.cases(currency=one.currency)
        found.append(
            Card(
                _("At risk, {currency}").format(currency=one.currency.upper()),
                show(Money(one.amount_minor, one.currency)),
                note=said.format(n=i18n.number(one.count)),
                name=address,
                address=address,
            )
        )
    return found


def _cases_chart(days: Sequence[CaseDay]) -> None:
    title = _("Cases by day")
    widgets.card_title(title)
    if not any(day.opened or day.decided for day in days):
        st.caption(_("No case was opened or decided in these days."))
        return
    bars = [charts.Bar(day.day.isoformat(), i18n.short_day(day.day)) for day in days]
    series = [
        ("opened", "dispute", _("Opened"), [day.opened for day in days]),
        ("decided", "net", pgettext("case", "Decided"), [day.decided for day in days]),
    ]
    figure = charts.numbers(bars, _("cases"), series, stacked=False)
    charts.draw(figure, alt=title, key="cases_chart", on_pick=_to(cases_of_bar))


def _scores_chart(bands: Sequence[Band], since: date, until: date) -> None:
    title = _("Payments by points")
    widgets.card_title(title)
    counts: dict[Points, dict[str, int]] = {}
    for one in bands:
        counts.setdefault((one.least, one.most), {})[one.level] = one.count
    none = sum(counts.pop((None, 0), {}).values())
    if not counts:
        st.caption(_("No payment of these days has points."))
    else:
        _bands_chart(_without_gaps(counts), title, since, until)
    if none:
        said = ngettext(
            "{n} payment without points is left out of the chart",
            "{n} payments without points are left out of the chart",
            none,
        )
        st.button(
            said.format(n=i18n.number(none)),
            key="without_points",
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=row_links.open_clicked,
            args=(row_links.scored(Filters("scored", since, until, points=(None, 0))),),
        )


def _without_gaps(counts: Mapping[Points, Mapping[str, int]]) -> dict[Points, Mapping[str, int]]:
    """Each band from the lowest to the highest, in which payments are or not."""
    every: list[Points] = [(least, least + 9) for least in range(1, HIGHEST_BAND, 10)]
    every.append((HIGHEST_BAND + 1, None))
    places = [every.index(band) for band in counts]
    return {band: counts.get(band, {}) for band in every[min(places) : max(places) + 1]}


def _bands_chart(
    counts: Mapping[Points, Mapping[str, int]], title: str, since: date, until: date
) -> None:
    bars = [charts.Bar(row_links.points_written(band), _band(*band)) for band in counts]
    series = [
        (
            level,
            meaning,
            status_badges.word(fraud_labels.LEVEL, level),
            [found.get(level, 0) for found in counts.values()],
        )
        for level, meaning in _LEVELS
    ]
    figure = charts.numbers(bars, _("payments"), series, stacked=True)

    def address_of(picked: str) -> str | None:
        return scores_of_bar(picked, since, until)

    charts.draw(figure, alt=title, key="scores_chart", on_pick=_to(address_of))


def _band(least: int | None, most: int | None) -> str:
    return f"{least}–{most}" if most is not None else f"{least}+"


def cases_of_bar(picked: str) -> str | None:
    """The address of a day's cases, as the chart tells of a click: `opened 2026-11-30`."""
    what, _space, day = picked.partition(" ")
    at = row_links.day_read(day)
    if at is None or what not in ("opened", "decided"):
        return None
    if what == "opened":
        return row_links.cases(which="all", opened=at)
    return row_links.cases(which="all", decided=at)


def scores_of_bar(picked: str, since: date, until: date) -> str | None:
    """The address of a band's payments, as the chart tells of a click: `medium 31-40`."""
    level, _space, written = picked.partition(" ")
    points = row_links.points_read(written)
    if points is None or level not in dict(_LEVELS):
        return None
    return row_links.scored(Filters(level, since, until, points=points))


def _to(address_of: Callable[[str], str | None]) -> Callable[[str], None]:
    def picked(bar: str) -> None:
        if address := address_of(bar):
            row_links.open_clicked(address)

    return picked


def _figures(lines: Sequence[Figures], since: date, until: date) -> None:
    """A row a currency: counts with their shares of those scored, or of those paid."""
    layout = (
        table.Column("currency", _("Cur."), place="a"),
        table.Column("scored", _("Scored"), is_figure=True, place="c"),
        table.Column("medium", _("Medium"), is_figure=True),
        table.Column("high", _("High"), is_figure=True),
        table.Column("refused", _("Refused"), is_figure=True),
        table.Column("paid", pgettext("payment", "Paid"), is_figure=True),
        table.Column("fraud", _("Fraud"), is_figure=True, place="d"),
        table.Column("lost", _("Money lost"), is_figure=True, place="b"),
    )
    rows = []
    for line in lines:

        def figure(name: str, shown: str, note: str = "", line: Figures = line) -> Cell:
            filters = Filters(name, since, until, line.currency)
            address = row_links.scored(filters)
            return Cell(shown, note=note, opens=address, address=address)

        cells = (
            Cell(line.currency.upper()),
            # A phone shows no titles: what stands there says what it is.
            figure("scored", i18n.number(line.scored), _("scored")),
            figure("medium", i18n.number(line.medium), _share(line.medium, line.scored)),
            figure("high", i18n.number(line.high), _share(line.high, line.scored)),
            figure("refused", i18n.number(line.refused)),
            figure("paid", i18n.number(line.paid)),
            figure("fraud", i18n.number(line.fraud), _fraud_share(line)),
            figure("lost", columns.money(line.lost_minor, line.currency), _("lost")),
        )
        rows.append(table.Row(cells))
    alt = _("Fraud figures by currency")
    table.draw("fraud_figures", layout, rows, alt=alt, on_open=row_links.open_clicked)


def _share(part: int, whole: int) -> str:
    return i18n.percent(Fraction(part, whole), digits=2) if whole else ""


def _fraud_share(line: Figures) -> str:
    share = _share(line.fraud, line.paid)
    return _("fraud, {share}").format(share=share) if share else _("fraud")


FLAGGED: dict[str, Column[Flagged]] = {
    "amount": money(N_("Amount"), lambda one: columns.money(one.amount_minor, one.currency)),
    "currency": currency(lambda one: one.currency),
    "level": chips(N_("Level"), lambda one: status_badges.cell(one.level), fraud_labels.LEVEL),
    "score": money(N_("Score"), lambda one: str(one.score)),
    "why": text(N_("Rules"), lambda one: fraud_labels.in_short(one.factors), cut=19),
    "state": chips(N_("Status"), lambda one: status_badges.cell(one.state), status_badges.PAYMENT),
    "email": customer_links.column(
        N_("E-mail"), lambda one: one.email, lambda one: payer_of(None, one.email), cut=16
    ),
    "created": moment(N_("Created"), lambda one: one.created_at, seconds=False),
    "id": opener(N_("Payment"), lambda one: one.payment_id),
}
TABLE = DataTable("flagged", N_("Newest flagged payments"), FLAGGED)


def _flagged(found: Sequence[Flagged]) -> None:
    TABLE.draw(
        TABLE.frame(found),
        lambda payment_id: st.session_state.update(fraud_go=payment_id),
        target=links.screen("payment"),
    )
    if payment := st.session_state.pop("fraud_go", None):
        customer_links.open_clicked(payment, "payment")
