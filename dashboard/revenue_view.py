"""What Revenue shows of one settlement currency, shaped: cards, chart, tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd
import streamlit as st

from core.money import Money
from core.reads import revenue as reads
from dashboard import charts, columns, console, figures, i18n
from dashboard.chips import N_
from dashboard.i18n import _

STEPS = {"day": N_("Day"), "week": N_("Week"), "month": N_("Month")}
TITLES = {
    "day": N_("Gross, deductions and net per day, {currency}"),
    "week": N_("Gross, deductions and net per week, {currency}"),
    "month": N_("Gross, deductions and net per month, {currency}"),
}
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Period:
    """Business days from `since` up to, not including, `until`; `today` may be among them."""

    since: date
    until: date
    by: str
    today: date

    @property
    def said(self) -> str:
        """Which days these are, and which they are compared with."""
        first, last = i18n.day(self.since), i18n.day(self.until - timedelta(days=1))
        before, end = i18n.day(self.before), i18n.day(self.since - timedelta(days=1))
        if self.today < self.until:
            said = _("{first} to {last}, today so far · compared with {before} to {end}")
        else:
            said = _("{first} to {last} · compared with {before} to {end}")
        return said.format(first=first, last=last, before=before, end=end)

    @property
    def before(self) -> date:
        """The first day of the period of the same length before this one."""
        return self.since - (self.until - self.since)


@st.cache_data(max_entries=100, ttl=300, show_spinner=False)
def shaped(
    version: int, currency: str, period: Period, livemode: bool, spoken: str
) -> dict[str, Any]:
    """All that one tab shows; computed once for everybody who may see it."""
    asked = {
        "livemode": livemode,
        "currency": currency,
        "since": period.since,
        "until": period.until,
    }
    series = console.read(reads.series, by=period.by, **asked)
    return {
        "at": datetime.now(UTC),
        "cards": cards(console.read(reads.summary, **asked)),
        "figure": figure(series, currency, period),
        "series": by_period(series, currency),
        "methods": by_key(console.read(reads.by_method, **asked), currency, _method),
        "countries": by_key(console.read(reads.by_country, **asked), currency, _country),
    }


def cards(both: reads.Compared) -> list[figures.Card]:
    """The period's figures, each against the period before."""
    now, before = both.current, both.previous
    code = now.currency

    def card(label: str, name: str, up_is: str, sign: int = 1) -> figures.Card:
        value, was = getattr(now, name), getattr(before, name)
        return figures.money_card(
            label,
            Money(sign * value, code),
            # What leaves is negative here: more of it is a rise.
            delta=figures.moved(figures.change(abs(value), abs(was))) if value * was >= 0 else None,
            versus=_("vs. before"),
            up_is=up_is,
        )

    shown = [
        card(_("Gross"), "gross_minor", "normal"),
        card(_("Fees"), "fee_minor", "off", -1),
        card(_("Refunds"), "refund_minor", "inverse"),
        card(_("Disputes"), "dispute_minor", "inverse"),
    ]
    if now.other_minor or before.other_minor:
        shown.append(card(_("Other"), "other_minor", "off"))
    net = figures.money_card(
        _("Net"),
        Money(now.net_minor, code),
        delta=figures.moved(figures.change(now.net_minor, before.net_minor)),
        versus=_("vs. before"),
    )
    return [*shown, net, _fee_card(now.fee_rate, before.fee_rate)]


def _fee_card(now: Fraction | None, before: Fraction | None) -> figures.Card:
    """Stripe's share of gross; it moves by percentage points."""
    if now is None:
        return figures.Card(_("Effective fee"), NOTHING)
    points = None if before is None else now - before
    return figures.Card(
        _("Effective fee"),
        i18n.percent(now, digits=2),
        delta=figures.points(points, digits=2),
        versus=_("vs. before"),
        up_is="inverse",
    )


def figure(series: pd.DataFrame, currency: str, period: Period) -> charts.Figure:
    """Gross upwards, what leaves downwards, net as a line; the running period is paler."""
    lines = [
        charts.Series("gross", _("Gross"), series["gross_minor"].tolist()),
        charts.Series("fees", _("Fees"), (-series["fee_minor"]).tolist()),
        charts.Series("refunds", _("Refunds"), series["refund_minor"].tolist()),
        charts.Series("disputes", _("Disputes"), series["dispute_minor"].tolist()),
    ]
    if series["other_minor"].any():
        lines.append(charts.Series("other", _("Other"), series["other_minor"].tolist()))
    lines.append(charts.Series("net", _("Net"), series["net_minor"].tolist(), line=True))
    starts = series["period"].tolist()
    running = starts[-1] if starts and period.today < period.until else None
    return charts.money(starts, currency, lines, partial=running)


def by_period(series: pd.DataFrame, currency: str) -> pd.DataFrame:
    """The table under the chart, newest period first."""
    newest = series.iloc[::-1]
    table = _amounts(newest, currency)
    table.insert(0, "key", [i18n.day(day) for day in newest["period"]])
    if not newest["other_minor"].any():
        del table["other"]
    table["rate"] = [
        i18n.percent(Fraction(int(fee), int(gross)), digits=2) if gross else NOTHING
        for fee, gross in zip(newest["fee_minor"], newest["gross_minor"], strict=True)
    ]
    table["count"] = [i18n.number(int(n)) for n in newest["count"]]
    return table


def by_key(found: pd.DataFrame, currency: str, name: Any) -> pd.DataFrame:
    """A row per method or country with its share of gross, largest first."""
    table = _amounts(found, currency)[["gross", "fees", "net"]]
    table.insert(0, "key", [name(code) for code in found.iloc[:, 0]])
    total = int(found["gross_minor"].sum())
    table["share"] = [int(g) / total * 100 if total else 0.0 for g in found["gross_minor"]]
    return table


def _amounts(found: pd.DataFrame, currency: str) -> pd.DataFrame:
    signs = {"gross": 1, "fee": -1, "refund": 1, "dispute": 1, "other": 1, "net": 1}
    names = {"fee": "fees", "refund": "refunds", "dispute": "disputes"}
    return pd.DataFrame(
        {
            names.get(name, name): [
                columns.money(sign * int(minor), currency) if minor else NOTHING
                for minor in found[f"{name}_minor"]
            ]
            for name, sign in signs.items()
        }
    )


def _method(code: str) -> str:
    return columns.method(code) if code else _("No method")


def _country(code: str) -> str:
    return columns.country(code) if code else _("No card")


def layout(key: str) -> dict[str, Any]:
    """The columns of all tables here; `key` heads the first."""
    heads = {
        "gross": _("Gross"),
        "fees": _("Fees"),
        "refunds": _("Refunds"),
        "disputes": _("Disputes"),
        "other": _("Other"),
        "net": _("Net"),
    }
    found = {name: columns.money_column(label, width=94) for name, label in heads.items()}
    return found | {
        "key": columns.text_column(key, width=104),
        "rate": columns.money_column(_("Fee rate"), width=80),
        "count": columns.money_column(_("Charges"), width=84),
        "share": columns.share_column(_("Share")),
    }


def period_of(code: str, custom: tuple[date, ...], by: str, today: date) -> Period:
    """The days that a choice such as `30d` stands for, today included."""
    if code == "custom" and custom:
        first, last = custom[0], custom[-1]
    else:
        days = int(code.removesuffix("d")) if code != "custom" else 30
        first, last = today - timedelta(days=days - 1), today
    return Period(first, last + timedelta(days=1), by, today)
