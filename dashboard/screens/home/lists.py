"""What each role looks at first, as short lists beside the cards: the rows to begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from core import clock
from core.money import show
from core.reads.developer import api_log, events
from core.reads.disputes import list as disputes
from core.reads.fraud import cases
from core.reads.ledger import rows as ledger
from core.reads.ledger.rows import Filters
from core.reads.overview import overview, streams
from core.reads.payouts import list as payouts
from core.reads.refunds import requests
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.screens.home.cards import FAILED_CALLS
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import (
    columns,
    error_explanations,
    ledger_rows,
    status_badges,
    stream_labels,
    stripe_labels,
    viewer,
)
from dashboard.ui.kit.cells import Cell, Chip, chip
from dashboard.ui.kit.table import Column, Row

SHOWN = 5


@dataclass(frozen=True, slots=True)
class ShortList:
    """A list under its translated title; each row leads to the page of what it is about."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def finance(livemode: bool) -> list[ShortList]:
    """Yesterday by currency, and the payouts on their way."""
    found = viewer.read(payouts.page, livemode=livemode, view="on_the_way", limit=SHOWN)
    zone = viewer.zone()
    moving = [
        _row(
            _address("payout", id=one.stripe_id),
            Cell(columns.money(one.amount.minor, one.amount.currency)),
            Cell(one.amount.currency.upper()),
            Cell(chips=(chip(status_badges.PAYOUT, one.status),)),
            Cell(i18n.day(one.arrival_at.astimezone(zone).date()) if one.arrival_at else ""),
        )
        for one in found.rows
    ]
    layout = (
        Column("amount", _("Amount"), is_figure=True, place="a"),
        Column("currency", _("Cur."), place="e"),
        Column("state", _("Status"), place="b"),
        Column("arrives", _("Arrives"), place="c"),
    )
    return [
        _yesterday(livemode),
        ShortList("payouts", _("Payouts on their way"), layout, tuple(moving)),
    ]


def _yesterday(livemode: bool) -> ShortList:
    """All currencies of the last whole day; a row leads to what its net is made of."""
    zone = viewer.zone()
    today = clock.business_day(clock.now(), zone)
    day = Filters(today - timedelta(days=1), today, figure="net")
    sums = viewer.read(ledger.sums, livemode=livemode, zone=zone, filters=day)
    rows = [
        _row(
            ledger_rows.address(replace(day, currency=one.currency)),
            Cell(one.currency.upper()),
            Cell(columns.money(one.gross_minor, one.currency)),
            Cell(columns.money(-one.fee_minor, one.currency)),
            Cell(columns.money(one.figure_minor, one.currency)),
            Cell(i18n.number(one.count)),
        )
        for one in sorted(sums, key=lambda line: -line.count)
    ]
    layout = (
        Column("currency", _("Cur."), place="a"),
        Column("gross", _("Gross"), is_figure=True, place="c"),
        Column("fees", _("Fees"), is_figure=True, place="d"),
        Column("net", _("Net"), is_figure=True, place="b"),
        Column("rows", _("Ledger rows"), is_figure=True),
    )
    return ShortList("yesterday", _("Yesterday's books"), layout, tuple(rows))


def risk(livemode: bool) -> list[ShortList]:
    """The cases with most at risk in the currency that has most of them; disputes by their time."""
    counts = viewer.read(cases.totals, livemode=livemode).sums
    lists = []
    if counts:
        code = counts[0].amount.currency
        found = viewer.read(cases.queue, livemode=livemode, currency=code, by_money=True)
        layout = (
            Column("amount", _("At risk"), is_figure=True, place="a"),
            Column("currency", _("Cur."), place="e"),
            Column("kind", _("Kind"), place="b"),
            Column("customer", _("E-mail"), cut=40, place="c"),
            Column("age", _("Opened"), place="d"),
        )
        rows = [
            _row(
                _address("fraud", tab="cases", currency=code, case=one.case_id),
                Cell(columns.money(one.amount.minor, code)),
                Cell(code.upper()),
                Cell(chips=(chip(fraud_labels.CASE, one.kind),)),
                Cell(one.email or ""),
                Cell(_ago(one.opened_at)),
            )
            for one in found.rows[:SHOWN]
        ]
        title = _("Most at risk, {currency}").format(currency=code.upper())
        lists.append(ShortList("cases", title, layout, tuple(rows)))
    return [*lists, _disputes(livemode)]


def _disputes(livemode: bool) -> ShortList:
    """Those to answer, the first that is due at the top."""
    page = viewer.read(disputes.page, livemode=livemode, view="open", limit=SHOWN)
    zone = viewer.zone()
    layout = (
        Column("amount", _("Amount"), is_figure=True, place="a"),
        Column("currency", _("Cur."), place="e"),
        Column("reason", _("Reason"), place="c"),
        Column("customer", _("Customer"), cut=34, place="d"),
        Column("due", _("Answer by"), place="b"),
    )
    rows = [
        _row(
            _address("dispute", id=one.stripe_id),
            Cell(show(one.amount)),
            Cell(one.amount.currency.upper()),
            Cell(stripe_labels.words(one.reason)),
            Cell(one.customer or one.email or ""),
            Cell(i18n.minute(one.due_by, zone) if one.due_by else ""),
        )
        for one in page.rows
    ]
    return ShortList("disputes", _("Disputes to answer"), layout, tuple(rows))


def support(livemode: bool) -> list[ShortList]:
    """What was asked for and has not ended, and what failed lately, with why."""
    asked = viewer.read(requests.under_way, livemode=livemode)[:SHOWN]
    layout = (
        Column("amount", _("Amount"), is_figure=True, place="a"),
        Column("currency", _("Cur."), place="e"),
        Column("state", _("Status"), place="b"),
        Column("asked", _("Asked by"), cut=40, place="c"),
        Column("age", _("Asked at"), place="d"),
    )
    rows = [
        _row(
            _address("refunds", tab="asked", refund=one.request_id),
            Cell(show(one.amount)),
            Cell(one.amount.currency.upper()),
            Cell(chips=(chip(refund_labels.REQUEST, one.state),)),
            Cell(refund_labels.who(one.asked_by, by_token=one.by_token)),
            Cell(_ago(one.created_at)),
        )
        for one in asked
    ]
    return [
        ShortList("requests", _("Refunds under way"), layout, tuple(rows)),
        *everyone(livemode),
    ]


def everyone(livemode: bool) -> list[ShortList]:
    """The newest payments that failed, with what the failure means."""
    found = viewer.read(overview.latest_failures, livemode=livemode, limit=SHOWN)
    layout = (
        Column("amount", _("Amount"), is_figure=True, place="a"),
        Column("currency", _("Cur."), place="e"),
        Column("customer", _("Customer"), cut=28, place="c"),
        Column("reason", _("Reason"), cut=36),
        Column("age", _("Created"), place="b"),
    )
    rows = [
        _row(
            _address("payment", id=one.stripe_id),
            Cell(columns.money(one.amount_minor, one.currency)),
            Cell(one.currency.upper()),
            Cell(one.email or one.customer_name or ""),
            Cell(
                stripe_labels.words(one.decline_code or one.failure_code),
                note=error_explanations.meaning(one),
            ),
            Cell(_ago(one.created_at)),
        )
        for one in found
    ]
    return [ShortList("failures", _("Latest failures"), layout, tuple(rows))]


def developers(livemode: bool) -> list[ShortList]:
    """Calls of the last hour that failed, and events that were given up."""
    calls = viewer.read(
        api_log.page,
        query=api_log.read_line(FAILED_CALLS),
        livemode=livemode,
        limit=SHOWN,
        zone=viewer.zone(),
    )
    layout = (
        Column("status", _("Status"), place="b"),
        Column("path", _("Path"), cut=50, place="a"),
        Column("error", _("Error"), cut=24, place="c"),
        Column("age", _("Time"), place="d"),
    )
    failed = [
        _row(
            _address("api_log", q=FAILED_CALLS, call=str(one.seq)),
            Cell(chips=(Chip(str(one.status) if one.status else _("No answer"), "red"),)),
            Cell(f"{one.method} {one.path}", is_code=True),
            Cell(one.error or "", is_code=True),
            Cell(_ago(one.started_at)),
        )
        for one in calls.rows
    ]
    return [
        ShortList("calls", _("Failed calls, last hour"), layout, tuple(failed)),
        _newest_events(livemode),
    ]


def _newest_events(livemode: bool) -> ShortList:
    page = viewer.read(
        events.page,
        query=events.read_line(""),
        livemode=livemode,
        limit=SHOWN,
        zone=viewer.zone(),
    )
    layout = (
        Column("type", _("Type"), cut=50, place="a"),
        Column("object", _("Object"), cut=40, place="c"),
        Column("age", _("Time"), place="b"),
    )
    rows = [
        _row(
            _address("events", event=one.stripe_id),
            Cell(one.type, is_code=True),
            Cell(one.object_id or "", is_code=True),
            Cell(_ago(one.received_at)),
        )
        for one in page.rows
    ]
    return ShortList("events", _("Newest events"), layout, tuple(rows))


def administration(livemode: bool) -> list[ShortList]:
    """Each stream, with as of when all is here."""
    now = clock.now()
    found = viewer.read(streams.stream_states, livemode=livemode, now=now)
    layout = (
        Column("stream", _("Stream"), place="a"),
        Column("state", _("State"), place="b"),
        Column("fresh", _("All is here up to"), place="c"),
    )
    rows = [
        _row(
            _address("alerts"),
            Cell(stream_labels.name(one.name)),
            Cell(chips=(_stream_chip(one.state),)),
            Cell(i18n.minute(one.fresh_as_of, viewer.zone()) if one.fresh_as_of else "–"),
        )
        for one in found
    ]
    return [ShortList("streams", _("Streams"), layout, tuple(rows))]


def _stream_chip(state: str) -> Chip:
    if state in stream_labels.STATES:
        return Chip(_(stream_labels.STATES[state]), "red" if state == "stopped" else "orange")
    return Chip(_("Goes on"), "green")


#: By the right that a section of cards has.
OF_SECTION: Mapping[str, Callable[[bool], list[ShortList]]] = {
    "see_revenue": finance,
    "manage_fraud": risk,
    "ask_refund": support,
    "use_developer_tools": developers,
    "administer": administration,
    "see_payments": everyone,
}


def _row(address: str, *cells: Cell) -> Row:
    """A row is named by where it leads."""
    return Row(cells, address, address)


def _address(screen: str, **query: str) -> str:
    return f"/{screen}?{urlencode(query)}" if query else f"/{screen}"


def _ago(at: datetime) -> str:
    return i18n.ago(int((clock.now() - at).total_seconds()))
