"""What Revenue shows of one settlement currency, shaped: cards, chart, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd
import streamlit as st

from core.money import Money
from core.reads.revenue import revenue as reads
from core.reads.revenue.categories import COSTS, PARTS, UNMAPPED
from core.reads.revenue.revenue import Step
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import charts, columns, metric_cards, stripe_labels, viewer

STEPS = {"day": N_("Day"), "week": N_("Week"), "month": N_("Month")}
TITLES = {
    "day": N_("Gross, deductions and net per day, {currency}"),
    "week": N_("Gross, deductions and net per week, {currency}"),
    "month": N_("Gross, deductions and net per month, {currency}"),
}
NOTHING = "–"
#: What a kind of movement is called.
KINDS = {
    "payouts": N_("Payouts"),
    "topups": N_("Top-ups"),
    "transfers": N_("Transfers"),
    "financing": N_("Financing"),
    "advances": N_("Advances"),
    "reserves": N_("Reserves"),
    "minimum_balance": N_("Minimum balance"),
    "collections": N_("Collections"),
    "customer_funds": N_("Customers' funds"),
    "issuing": N_("Issuing"),
    "climate": N_("Climate"),
    "adjustments": N_("Adjustments"),
    UNMAPPED: N_("Not mapped"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Business days from `since` up to, not including, `until`; `today` may be among them."""

    since: date
    until: date
    by: Step
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
    asked: dict[str, Any] = {
        "livemode": livemode,
        "currency": currency,
        "since": period.since,
        "until": period.until,
    }
    series = viewer.read(reads.series, by=period.by, **asked)
    both = viewer.read(reads.summary, **asked)
    return {
        "cards": cards(both),
        "figure": figure(series, currency, period),
        "series": by_period(series, currency),
        "methods": by_key(viewer.read(reads.by_method, **asked), currency, _method),
        "countries": by_key(viewer.read(reads.by_country, **asked), currency, _country),
        "fees": fees(viewer.read(reads.fee_parts, **asked), both.current),
        "bridge": bridge(both.current),
        "unmapped": [one.category for one in both.current.movements if one.kind == UNMAPPED],
    }


def parts(*shown: Mapping[str, int]) -> dict[str, str]:
    """The parts of revenue and their names, in the order in which they add up to the net.

    Those that most businesses never have are left out where all of `shown` have nothing of them.
    """
    names = {
        "gross": _("Gross"),
        "refund": _("Refunds"),
        "dispute": _("Disputes"),
        "platform_earning": _("Platform earnings"),
        "fee": _("Fees"),
        "network_cost": _("Network costs"),
        "tax": _("Tax on fees"),
    }
    rare = ("platform_earning", "network_cost", "tax")
    return {
        part: name
        for part, name in names.items()
        if part not in rare or any(one[f"{part}_minor"] for one in shown)
    }


def cards(both: reads.Compared) -> list[metric_cards.Card]:
    """The period's figures, each against the period before; they add up to the net."""
    now, before = both.current, both.previous
    code = now.currency
    # More of what leaves is a rise, and not to be glad of.
    up_is = {"gross": "normal", "platform_earning": "normal"}
    up_is |= {"refund": "inverse", "dispute": "inverse"}

    def card(part: str, label: str) -> metric_cards.Card:
        value, was = getattr(now, f"{part}_minor"), getattr(before, f"{part}_minor")
        return metric_cards.money_card(
            label,
            Money(-value if part in COSTS else value, code),
            delta=metric_cards.moved(metric_cards.change(abs(value), abs(was)))
            if value * was >= 0
            else None,
            versus=_("vs. before"),
            up_is=up_is.get(part, "off"),
        )

    named = parts(asdict(now), asdict(before))
    net = metric_cards.money_card(
        _("Net"),
        Money(now.net_minor, code),
        delta=metric_cards.moved(metric_cards.change(now.net_minor, before.net_minor)),
        versus=_("vs. before"),
    )
    shown = [card(part, label) for part, label in named.items()]
    return [*shown, net, _fee_card(now.fee_rate, before.fee_rate)]


def _fee_card(now: Fraction | None, before: Fraction | None) -> metric_cards.Card:
    """The share of gross that fees, network costs and tax took; it moves by percentage points."""
    meant = _("Fees, network costs and tax on fees, of gross")
    if now is None:
        return metric_cards.Card(_("Effective fee"), NOTHING, meant)
    points = None if before is None else now - before
    return metric_cards.Card(
        _("Effective fee"),
        i18n.percent(now, digits=2),
        meant,
        delta=metric_cards.points(points, digits=2),
        versus=_("vs. before"),
        up_is="inverse",
    )


def figure(series: pd.DataFrame, currency: str, period: Period) -> charts.Figure:
    """Gross upwards, what leaves downwards, net as a line; the running period is paler."""
    added = reads.as_added(series)
    lines = [
        charts.Series(part, name, added[f"{part}_minor"].tolist())
        for part, name in parts(_totals(series)).items()
    ]
    lines.append(charts.Series("net", _("Net"), series["net_minor"].tolist(), line=True))
    starts = series["period"].tolist()
    running = starts[-1] if starts and period.today < period.until else None
    return charts.money(starts, currency, lines, partial=running)


def by_period(series: pd.DataFrame, currency: str) -> pd.DataFrame:
    """The table under the chart, newest period first."""
    newest = series.iloc[::-1]
    shown = parts(_totals(series))
    table = _amounts(newest, currency)[[*shown, "net"]]
    table.insert(0, "key", [i18n.day(day) for day in newest["period"]])
    costs = newest[[f"{part}_minor" for part in COSTS]].sum(axis=1)
    rates = [
        reads.fee_rate(int(cost), int(gross))
        for cost, gross in zip(costs, newest["gross_minor"], strict=True)
    ]
    table["rate"] = [NOTHING if rate is None else i18n.percent(rate, digits=2) for rate in rates]
    table["count"] = [i18n.number(int(n)) for n in newest["count"]]
    return table


def by_key(found: pd.DataFrame, currency: str, name: Any) -> pd.DataFrame:
    """A row per method or country with its share of gross, largest first."""
    table = _amounts(found, currency)[["gross", "fee", "net"]]
    table.insert(0, "key", [name(code) for code in found.iloc[:, 0]])
    total = int(found["gross_minor"].sum())
    # Only how long a bar is: amounts never pass through a float.
    table["share"] = [int(g) / total * 100 if total else 0.0 for g in found["gross_minor"]]
    return table


def fees(found: Sequence[reads.FeePart], now: reads.Revenue) -> pd.DataFrame:
    """What was taken, by what it is and as a share of gross, with its sum."""
    lines = [(_part(part.type), part.amount_minor) for part in found]
    lines += [(_("Network costs"), now.network_cost_minor), (_("Tax on fees"), now.tax_minor)]
    lines = [(name, minor) for name, minor in lines if minor]
    lines.append((_("All together"), now.cost_minor))
    rates = [reads.fee_rate(minor, now.gross_minor) for _name, minor in lines]
    return pd.DataFrame(
        {
            "part": [name for name, _minor in lines],
            "amount": [columns.money(-minor, now.currency) for _name, minor in lines],
            "of_gross": [NOTHING if one is None else i18n.percent(one, digits=2) for one in rates],
        },
        dtype=object,
    )


def _part(type_: str) -> str:
    """A part of fees; taxes are told apart from those that Stripe books by rows of their own."""
    own = {
        reads.BILLED: _("Billed by Stripe"),
        reads.UNSPECIFIED: _("Not itemized"),
        "tax": _("Tax within fees"),
    }
    return own.get(type_) or stripe_labels.words(type_)


def bridge(now: reads.Revenue) -> pd.DataFrame:
    """From the net to the change of the balance: each other movement, and what they add up to."""
    lines = [
        (_movement(one), one.amount_minor, _(KINDS[one.kind]), i18n.number(one.count))
        for one in now.movements
    ]
    lines.insert(0, (_("Net"), now.net_minor, _("Revenue"), ""))
    lines.append((_("Change of the balance"), now.balance_minor, "", ""))
    table = pd.DataFrame(lines, columns=["movement", "amount", "kind", "rows"], dtype=object)
    table["amount"] = [columns.money(minor, now.currency) for minor in table["amount"]]
    return table


def _movement(one: reads.Movement) -> str:
    return one.category if one.kind == UNMAPPED else stripe_labels.words(one.category)


def _totals(found: pd.DataFrame) -> dict[str, int]:
    """Which figures there are at all: rows that cancel each other out count too."""
    return {name: int(found[name].any()) for name in reads.FIGURES}


def _amounts(found: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Every part and the net as text, by the signs that add up, without `_minor`."""
    added = reads.as_added(found)
    return pd.DataFrame(
        {
            name: [
                columns.money(int(minor), currency) if minor else NOTHING
                for minor in added[f"{name}_minor"]
            ]
            for name in (*PARTS, "net")
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
        "refund": _("Refunds"),
        "dispute": _("Disputes"),
        "platform_earning": _("Earnings"),
        "fee": _("Fees"),
        "network_cost": _("Network"),
        "tax": _("Tax"),
        "net": _("Net"),
    }
    found = {name: columns.money_column(label, width=94) for name, label in heads.items()}
    return found | {
        "key": columns.text_column(key, width=104),
        "rate": columns.money_column(_("Fee rate"), width=80),
        "count": columns.money_column(_("Charges"), width=84),
        "share": columns.share_column(_("Share")),
        "movement": columns.text_column(_("Movement"), width=180),
        "kind": columns.text_column(_("Kind"), width=120),
        "amount": columns.money_column(_("Amount"), width=118),
        "part": columns.text_column(_("Part"), width=180),
        "of_gross": columns.money_column(_("Of gross"), width=84),
        "rows": columns.money_column(_("Entries"), width=70),
    }


def period_of(code: str, custom: tuple[date, ...], by: Step, today: date) -> Period:
    """The days that a choice such as `30d` stands for, today included."""
    if code == "custom" and custom:
        first, last = custom[0], custom[-1]
    else:
        days = int(code.removesuffix("d")) if code != "custom" else 30
        first, last = today - timedelta(days=days - 1), today
    return Period(first, last + timedelta(days=1), by, today)
