"""The cards of the first screen: today by currency, what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, cast

import pandas as pd
import streamlit as st

from core.access.principals import Principal
from core.money import Money
from core.reads.overview import attention
from core.reads.overview import overview as reads
from core.reads.overview.attention import Need
from core.reads.overview.overview import Net, Today
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.payments import table as payment_table
from dashboard.ui import (
    charts,
    columns,
    freshness,
    metric_cards,
    navigation,
    permission_labels,
    stream_labels,
    viewer,
)
from dashboard.ui.status_badges import Tone

#: Kind of need: what it is called, its icon, its colour, and the search that lists it.
_NEEDS = {
    "disputes_to_answer": (N_("Disputes to answer"), "gavel", "orange", None),
    "refunds_to_approve": (N_("Refunds to approve"), "approval", "orange", None),
    "bulks_to_approve": (N_("Bulk refunds to approve"), "approval", "orange", None),
    "bulks_stopped": (N_("Bulk refunds stopped by the worker"), "front_hand", "red", None),
    "refunds_failed": (N_("Refunds that failed"), "money_off", "red", None),
    "refunds_unresolved": (N_("Refunds without an outcome"), "hourglass", "red", None),
    "open_cases": (N_("Fraud cases open"), "shield", "orange", None),
    "payments_to_capture": (
        N_("Payments to capture"),
        "price_check",
        "orange",
        "status:requires_capture",
    ),
    "dead_events": (N_("Events not applied"), "error", "red", None),
    "stale_objects": (N_("Objects to read again"), "sync_problem", "orange", None),
    "parked_objects": (N_("Objects that cannot be read"), "block", "orange", None),
    "open_alerts": (N_("Alerts to be looked at"), "notifications", "red", None),
    "ledger_differs": (N_("Days unlike Stripe's list"), "difference", "red", None),
    "balance_differs": (N_("Balances unlike Stripe's"), "difference", "red", None),
    "categories_unmapped": (N_("Ledger rows that need a category"), "category", "orange", None),
}
#: Kinds whose work stands on a screen of its own, and what its address says.
_SCREENS = {
    "disputes_to_answer": ("disputes", {"view": "open"}),
    "refunds_to_approve": ("refunds", {"tab": "waiting"}),
    "bulks_to_approve": ("refunds", {"tab": "waiting"}),
    "bulks_stopped": ("refunds", {"tab": "bulk"}),
    "refunds_failed": ("refunds", {"tab": "history", "state": "failed"}),
    "refunds_unresolved": ("refunds", {"tab": "history", "state": "unknown"}),
    "dead_events": ("events", {"q": "state:dead"}),
    "open_cases": ("fraud", {"tab": "cases"}),
    "parked_objects": ("parked", None),
    "open_alerts": ("alerts", None),
    "ledger_differs": ("revenue", None),
    "balance_differs": ("revenue", None),
    "categories_unmapped": ("revenue", None),
}
NOTHING = "–"
BUSIEST = 4


def today_cards(lines: Sequence[Today], days: pd.DataFrame) -> list[metric_cards.Card]:
    """Volume of the busiest currencies against the same hours yesterday, over the last complete
    days; `compared` has them all."""
    found = []
    for line in lines[:BUSIEST]:
        amount = Money(line.today.volume_minor, line.currency)
        trend = days.loc[days["currency"] == line.currency, "volume_minor"].tolist()
        found.append(
            metric_cards.money_card(
                _("Volume, {currency}").format(currency=line.currency.upper()),
                amount,
                delta=metric_cards.moved(
                    metric_cards.change(line.today.volume_minor, line.yesterday.volume_minor)
                ),
                trend=trend if any(trend) else None,
            )
        )
    return found


def compared(lines: Sequence[Today], nets: Sequence[Net] | None) -> pd.DataFrame:
    """A row per currency: each figure today, and its change against yesterday and last week."""
    by_currency = {net.currency: net for net in nets or ()}
    codes = list(dict.fromkeys([*(line.currency for line in lines), *by_currency]))
    known = {line.currency: line for line in lines}
    rows = []
    for code in codes:
        line, net = known.get(code), by_currency.get(code)
        row: dict[str, Any] = {"currency": code.upper()}
        if line is not None:
            stretches = (line.today, line.yesterday, line.last_week)
            volumes, tries = [s.volume_minor for s in stretches], [s.attempts for s in stretches]
            row |= _measure("volume", volumes, columns.money(volumes[0], code))
            row |= _measure("attempts", tries, i18n.number(tries[0]))
            row |= _rates([s.success_rate for s in stretches])
        if net is not None:
            minors = [net.today_minor, net.yesterday_minor, net.last_week_minor]
            row |= _measure("net", minors, columns.money(minors[0], code))
        rows.append(row)
    measures = ["volume", "attempts", "success", *(["net"] if nets is not None else [])]
    names = [f"{name}{suffix}" for name in measures for suffix in ("", "_day", "_week")]
    return pd.DataFrame(
        [{name: row.get(name, NOTHING) for name in ["currency", *names]} for row in rows],
        columns=["currency", *names],
        dtype=object,
    )


def _measure(name: str, values: Sequence[int], shown: str) -> dict[str, str]:
    now, day, week = values
    return {
        name: shown,
        f"{name}_day": _signed(metric_cards.change(now, day)),
        f"{name}_week": _signed(metric_cards.change(now, week)),
    }


def _signed(share: Fraction | None) -> str:
    return NOTHING if share is None else str(metric_cards.moved(share) or "0%")


def _rates(rates: Sequence[Fraction | None]) -> dict[str, str]:
    """Success rates change by percentage points, not by percent of a percent."""
    now = rates[0]
    row = {"success": NOTHING if now is None else i18n.percent(now)}
    for name, before in zip(("success_day", "success_week"), rates[1:], strict=True):
        row[name] = NOTHING
        if now is not None and before is not None:
            row[name] = str(
                metric_cards.points(now - before) or _("{points} pp").format(points="0.0")
            )
    return row


def layout(*, with_net: bool) -> dict[str, Any]:
    """The columns of `compared`."""
    measures = {"volume": _("Volume"), "attempts": _("Attempts"), "success": _("Success")}
    if with_net:
        measures["net"] = _("Net")
    found = {"currency": columns.currency_column()}
    for name, label in measures.items():
        wide = 96 if name in ("volume", "net") else 78
        found[name] = columns.money_column(label, width=wide)
        found[f"{name}_day"] = columns.money_column(_("vs. yest."), width=76)
        found[f"{name}_week"] = columns.money_column(_("vs. week"), width=76)
    return found


def needs(found: Sequence[Need], person: Principal) -> None:
    """What waits, with its count; a link where there is a list of it."""
    mine = [need for need in found if need.is_for(person.rights)]
    if not mine:
        st.badge(_("Nothing waits for you"), icon=":material/task_alt:", color="green")
    for need in mine:
        if need.stream is not None or need.missing is not None:
            _standing_still(need)
            continue
        label, icon, colour, search = _NEEDS.get(need.kind, (need.kind, "circle", "gray", None))
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        screen, query = _SCREENS.get(need.kind, ("payments", {"q": search} if search else None))
        if (query or need.kind in _SCREENS) and navigation.may_open(person, screen):
            row.page_link(
                navigation.named(screen),
                label=_(label),
                icon=f":material/{icon}:",
                query_params=query,
            )
        else:
            row.markdown(f":material/{icon}: {_(label)}", width="content")
        row.badge(i18n.number(need.count), color=cast("Tone", colour))


def _standing_still(need: Need) -> None:
    """What does not go on, and why: there is no list of it, but something to do."""
    one = need.stream
    if one is not None:
        state = _(stream_labels.STATES[one.state])
        said = _("{stream}: {state}").format(stream=stream_labels.name(one.name), state=state)
        why = stream_labels.why(one, viewer.zone())
    else:
        right = need.missing or ""
        said = _("The key lacks {right}").format(right=right)
        why = permission_labels.lacking(right)
    row = st.container(gap="xxsmall")
    row.markdown(f":material/sync_problem: {said}")
    row.caption(why)


@st.fragment(run_every=freshness.LOOK_EVERY)
def needing(version: int) -> None:
    """What waits for the viewer: looked at by the clock too, for silence changes no version."""
    tick = int(datetime.now(UTC).timestamp()) // freshness.LOOK_EVERY
    needs(waiting(version, tick, viewer.livemode()), viewer.signed_in())


@st.cache_data(max_entries=4, ttl=120, show_spinner=False)
def waiting(version: int, tick: int, livemode: bool) -> tuple[Need, ...]:
    """What waits for anybody; computed once for all who look."""
    return viewer.read(attention.needs_you, livemode=livemode, now=datetime.now(UTC))


@st.cache_data(max_entries=50, ttl=120, show_spinner=False)
def shaped(
    version: int, minute: datetime, livemode: bool, may_see_net: bool, spoken: str
) -> dict[str, Any]:
    """What the screen shows, shaped; computed once for all who may see the same."""
    asked: dict[str, Any] = {"livemode": livemode, "zone": viewer.zone(), "now": datetime.now(UTC)}
    lines = viewer.read(reads.today, **asked)
    nets = viewer.read(reads.net_today, **asked) if may_see_net else None
    hours: pd.DataFrame = viewer.read(reads.per_hour, **asked)
    outcomes = (("succeeded", _("Succeeded")), ("failed", _("Failed")), ("other", _("Other")))
    failures = viewer.read(reads.latest_failures, livemode=livemode)
    return {
        "cards": today_cards(lines, viewer.read(reads.complete_days, **asked)),
        "hours": charts.counts(
            list(hours["hour"]),
            viewer.zone(),
            [(code, name, hours[code].tolist()) for code, name in outcomes],
        ),
        "compared": compared(lines, nets),
        "failures": payment_table.frame(failures),
    }
