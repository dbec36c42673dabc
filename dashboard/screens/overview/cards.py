"""The cards of the first screen: today by currency, what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, cast

import streamlit as st

from core import clock
from core.access.principals import Principal
from core.domain.payment_states import STATES
from core.money import Money
from core.reads.ledger.rows import Filters
from core.reads.overview import attention
from core.reads.overview import overview as reads
from core.reads.overview.attention import Need
from core.reads.overview.overview import CompleteDay, Hour, Net, Today
from core.reads.search.payments.fields import STATE_GROUPS
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.payments import table as payment_table
from dashboard.ui import (
    charts,
    columns,
    freshness,
    ledger_rows,
    metric_cards,
    navigation,
    permission_labels,
    stream_labels,
    viewer,
)
from dashboard.ui.kit import table
from dashboard.ui.kit.cards import Trend
from dashboard.ui.kit.cells import Cell
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
#: What the chart's outcomes are in the search of payments.
_STATUSES = {
    "succeeded": "paid",
    "failed": "failed",
    "other": ",".join(one for one in STATES if one not in (*STATE_GROUPS["paid"], "failed")),
}


def today_cards(
    lines: Sequence[Today], days: Sequence[CompleteDay], today: date
) -> list[metric_cards.Card]:
    """Volume of the busiest currencies against the same hours yesterday, over the last complete
    days; `compared` has them all. Each opens the payments that were paid today."""
    found = []
    for line in lines[:BUSIEST]:
        amount = Money(line.today.volume_minor, line.currency)
        found.append(
            metric_cards.money_card(
                _("Volume, {currency}").format(currency=line.currency.upper()),
                amount,
                delta=metric_cards.moved(
                    metric_cards.change(line.today.volume_minor, line.yesterday.volume_minor)
                ),
                versus=_("vs. yest."),
                trend=_trend([one for one in days if one.currency == line.currency], line),
                address=volume_address(line, today),
            )
        )
    return found


def volume_address(line: Today, today: date) -> str:
    """The payments of today that a volume was captured of."""
    states = ",".join(("paid", *line.today.also_of))
    return _payments_of(line.currency, today, f"status:{states}")


def net_rows(currency: str, today: date) -> Filters:
    """The ledger rows that net of today comes from."""
    return Filters(today, today + timedelta(days=1), currency, figure="net")


def _trend(days: Sequence[CompleteDay], line: Today) -> Trend | None:
    """The last complete days, in the colour of the change that is told beside them."""
    volumes = [one.volume_minor for one in days]
    if not any(volumes):
        return None
    before, after = line.yesterday.volume_minor, line.today.volume_minor
    is_good = None if before in (0, after) else after > before
    first, last = days[0].day, days[-1].day
    return Trend(tuple(volumes), i18n.short_day(first), i18n.short_day(last), is_good)


def compared(lines: Sequence[Today]) -> list[dict[str, str]]:
    """A row per currency that customers pay in: each figure today, and its change against
    yesterday and last week."""
    rows = []
    for line in lines:
        stretches = (line.today, line.yesterday, line.last_week)
        volumes, tries = [s.volume_minor for s in stretches], [s.attempts for s in stretches]
        row = {"currency": line.currency.upper()}
        row |= _measure("volume", volumes, columns.money(volumes[0], line.currency))
        row |= _measure("attempts", tries, i18n.number(tries[0]))
        rows.append(row | _rates([s.success_rate for s in stretches]))
    return rows


def nets(found: Sequence[Net], today: date) -> None:
    """Net of today in each settlement currency, which opens its rows. It is no share of a volume:
    what customers pay in another currency is settled in this one."""
    rows = []
    for net in found:
        minors = [net.today_minor, net.yesterday_minor, net.last_week_minor]
        said = _measure("net", minors, columns.money(minors[0], net.currency))
        address = ledger_rows.address(net_rows(net.currency, today))
        cells = (Cell(net.currency.upper()), *(Cell(text) for text in said.values()))
        rows.append(table.Row(cells, address, address))
    layout = (
        table.Column("currency", _("Settled in"), place="a"),
        table.Column("net", _("Net"), is_figure=True, place="b"),
        table.Column("net_day", _("vs. yest."), is_figure=True, place="c"),
        table.Column("net_week", _("vs. week"), is_figure=True, place="d"),
    )
    alt = _("Net of today by settlement currency")
    table.draw("nets", layout, rows, alt=alt, leaves=True, on_open=navigation.remember)


def payments_of_bar(picked: str) -> str | None:
    """The address of an hour's payments, as the chart tells of a click: `failed 2026-11-01T…`."""
    outcome, _space, start = picked.partition(" ")
    try:
        hour = datetime.fromisoformat(start).astimezone(UTC)
    except ValueError:
        return None
    if outcome not in _STATUSES:
        return None
    last = hour + timedelta(hours=1, microseconds=-1)
    created = "..".join(f"{one:%Y-%m-%dT%H:%M:%S.%f}Z" for one in (hour, last))
    return navigation.address("payments", q=f"created:{created} status:{_STATUSES[outcome]}")


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


def show_compared(found: Sequence[Mapping[str, str]], today: date) -> None:
    """The rows of `compared`, each of which opens the payments of today in its currency."""
    layout = [table.Column("currency", _("Cur."), place="a")]
    measures = {"volume": _("Volume"), "attempts": _("Attempts"), "success": _("Success")}
    for name, label in measures.items():
        layout.append(
            table.Column(name, label, is_figure=True, place="b" if name == "volume" else "")
        )
        for suffix, versus in (("_day", _("vs. yest.")), ("_week", _("vs. week"))):
            layout.append(table.Column(f"{name}{suffix}", versus, is_figure=True))
    rows = []
    for row in found:
        address = _payments_of(row["currency"].lower(), today)
        cells = tuple(Cell(row[column.name]) for column in layout)
        rows.append(table.Row(cells, address, address))
    alt = _("Today by currency against yesterday and the same day last week")
    table.draw("compared", layout, rows, alt=alt, leaves=True, on_open=navigation.remember)


def _payments_of(currency: str, today: date, *more: str) -> str:
    asked = " ".join([f"currency:{currency}", *more, f"created:{today.isoformat()}"])
    return navigation.address("payments", q=asked)


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


@st.cache_resource(max_entries=4, ttl=120, show_spinner=False)
def waiting(version: int, tick: int, livemode: bool) -> tuple[Need, ...]:
    """What waits for anybody; computed once for all who look."""
    return viewer.read(attention.needs_you, livemode=livemode, now=datetime.now(UTC))


@st.cache_resource(max_entries=50, ttl=120, show_spinner=False)
def shaped(
    version: int, minute: datetime, livemode: bool, may_see_net: bool, spoken: str
) -> dict[str, Any]:
    """What the screen shows, shaped; computed once for all who may see the same."""
    asked: dict[str, Any] = {"livemode": livemode, "zone": viewer.zone(), "now": datetime.now(UTC)}
    lines = viewer.read(reads.today, **asked)
    hours: tuple[Hour, ...] = viewer.read(reads.per_hour, **asked)
    outcomes = (("succeeded", _("Succeeded")), ("failed", _("Failed")), ("other", _("Other")))
    failures = viewer.read(reads.latest_failures, livemode=livemode)
    today = clock.business_day(asked["now"], asked["zone"])
    return {
        "today": today,
        "cards": today_cards(lines, viewer.read(reads.complete_days, **asked), today),
        "hours": charts.counts(
            [one.hour for one in hours],
            viewer.zone(),
            [(code, name, [getattr(one, code) for one in hours]) for code, name in outcomes],
        ),
        "compared": compared(lines),
        "nets": viewer.read(reads.net_today, **asked) if may_see_net else (),
        "failures": payment_table.frame(failures),
    }
