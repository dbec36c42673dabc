"""What each role looks at first, as cards that lead to their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from core import clock
from core.money import Money, show
from core.reads.admin import audit, settings, users
from core.reads.developer import api_log, events
from core.reads.disputes import list as disputes
from core.reads.fraud import cases
from core.reads.ledger import rows as ledger
from core.reads.ledger.rows import Filters
from core.reads.overview import streams
from core.reads.payments import list as payment_list
from core.reads.payouts import list as payouts
from core.reads.proof import breaks
from core.reads.refunds import requests
from core.reads.refunds.requests import Request
from core.reads.search import totals
from core.states import RefundState
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, ledger_rows, user_filters, viewer
from dashboard.ui.kit.cards import Card

#: Cards of money that are shown for one matter: the currencies with most of it.
CURRENCIES = 3
_FAILED = "status:failed created:today"
#: Of the last hour; a decline is no failure of a call.
FAILED_CALLS = "status:failed -status:402 time:1h"
REFUSED_SIGN_INS = "action:sign_in* outcome:refused,throttled at:24h"
#: A token that ends before is to be replaced now.
SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Section:
    """Cards for who has `right`, under an English title."""

    title: str
    right: str
    cards: Callable[[bool], list[Card]]


def support(livemode: bool) -> list[Card]:
    """Refunds that go on, those that wait, payments in question, and those that failed today."""
    asked = viewer.read(requests.under_way, livemode=livemode)
    waiting = [one for one in asked if one.state == RefundState.AWAITING_APPROVAL]
    state = RefundState.AWAITING_APPROVAL.value
    return [
        _card(_("Refunds under way"), i18n.number(len(asked)), "refunds", note=_sums(asked)),
        _card(
            _("Waiting for approval"),
            i18n.number(len(waiting)),
            "refunds",
            note=_sums(waiting),
            tab="asked",
            state=state,
        ),
        *_disputed(livemode),
        _failed_today(livemode),
    ]


def risk(livemode: bool) -> list[Card]:
    """Open cases by the money at risk in the busiest currencies, and disputes to answer."""
    found = viewer.read(cases.totals, livemode=livemode)
    cards = []
    for one in found.sums[:CURRENCIES]:
        code = one.amount.currency
        said = ngettext("{n} open case", "{n} open cases", one.n).format(n=i18n.number(one.n))
        label = _("At risk, {currency}").format(currency=code.upper())
        cards.append(_money(label, one.amount, "fraud", note=said, tab="cases", currency=code))
    count = i18n.number(found.n) if found.exact else f"{i18n.number(found.n)}+"
    return [*cards, _card(_("Cases open"), count, "fraud", tab="cases"), *_disputed(livemode)]


def finance(livemode: bool) -> list[Card]:
    """Yesterday's net, what is on its way to the bank or failed, and what does not agree."""
    found = _yesterday(livemode)
    moving = [one for one in viewer.read(payouts.unpaid, livemode=livemode) if one.count]
    for one in moving[:CURRENCIES]:
        said = ngettext("{n} payout", "{n} payouts", one.count).format(n=i18n.number(one.count))
        if one.next_arrival is not None:
            day = i18n.day(one.next_arrival.astimezone(viewer.zone()).date())
            said = _("{payouts}, the next {when}").format(payouts=said, when=day)
        code = one.on_the_way.currency
        label = _("On the way, {currency}").format(currency=code.upper())
        found.append(
            _money(label, one.on_the_way, "payouts", note=said, view="on_the_way", currency=code)
        )
    failed = viewer.read(payouts.totals, livemode=livemode, view="failed")
    found.append(
        _card(
            _("Payouts that failed"),
            i18n.number(failed.n),
            "payouts",
            note=_amounts(failed),
            view="failed",
        )
    )
    page = viewer.read(breaks.page, livemode=livemode)
    return [*found, _card(_("Differences open"), _count(page.rows, page.older), "proof")]


def _yesterday(livemode: bool) -> list[Card]:
    """Net of the last whole day in the currencies with most rows, as the ledger's list has it."""
    zone = viewer.zone()
    today = clock.business_day(clock.now(), zone)
    day = Filters(today - timedelta(days=1), today, figure="net")
    sums = viewer.read(ledger.sums, livemode=livemode, zone=zone, filters=day)
    found = []
    for one in sorted(sums, key=lambda line: -line.count)[:CURRENCIES]:
        said = ngettext("{n} row", "{n} rows", one.count).format(n=i18n.number(one.count))
        name = ledger_rows.address(replace(day, currency=one.currency)).removeprefix("/")
        amount = columns.money(one.figure_minor, one.currency)
        label = _("Net yesterday, {currency}").format(currency=one.currency.upper())
        found.append(Card(label, amount, note=said, name=name, address=f"/{name}"))
    return found


def developers(livemode: bool) -> list[Card]:
    """Calls of the last hour that failed, the endpoint, events that wait or were given up."""
    calls = viewer.read(api_log.figures, livemode=livemode, now=clock.now())
    waiting = viewer.read(events.waiting, livemode=livemode)
    said = ngettext("of {n} call", "of {n} calls", calls.calls).format(n=i18n.number(calls.calls))
    return [
        _card(
            _("Failed calls, last hour"),
            i18n.number(calls.failed),
            "api_log",
            note=said,
            q=FAILED_CALLS,
        ),
        _endpoint(livemode),
        _card(_("Events waiting"), i18n.number(waiting["pending"]), "events", q="state:pending"),
        _card(_("Events given up"), i18n.number(waiting["dead"]), "events", q="state:dead"),
    ]


def _endpoint(livemode: bool) -> Card:
    """When the newest event came, which is how one sees whether Stripe reaches the endpoint."""
    page = viewer.read(
        events.page, query=events.read_line(""), livemode=livemode, limit=1, zone=viewer.zone()
    )
    if not page.rows:
        return _card(_("Newest event"), "–", "events", note=_("No event has come yet"))
    at = i18n.minute(page.rows[0].received_at, viewer.zone())
    return _card(_("Newest event"), at, "events")


def administration(livemode: bool) -> list[Card]:
    """Streams that do not go on, who is inside and who was turned away, and keys."""
    now = clock.now()
    states = viewer.read(streams.stream_states, livemode=livemode, now=now)
    wrong = sum(one.is_wrong for one in states)
    people = viewer.read(users.people, now=now)
    refused = viewer.read(
        audit.page, query=audit.read_line(REFUSED_SIGN_INS), zone=viewer.zone(), now=now
    )
    keys = [one for one in viewer.read(settings.tokens) if one.in_force(now)]
    ending = sum(one.expires_at is not None and one.expires_at < now + SOON for one in keys)
    said = ngettext("of {n} stream", "of {n} streams", len(states))
    ends = ngettext("{n} ends within 14 days", "{n} end within 14 days", ending)
    return [
        _card(
            _("Streams that need a look"),
            i18n.number(wrong),
            "alerts",
            note=said.format(n=i18n.number(len(states))),
        ),
        *(
            _card(_(title), i18n.number(sum(map(test, people))), "users", who=who)
            for who, title, test in user_filters.COUNTED
        ),
        _card(
            _("Sign-ins refused, 24 hours"),
            _count(refused.rows, refused.older),
            "audit",
            q=REFUSED_SIGN_INS,
        ),
        _card(
            _("API tokens in force"),
            i18n.number(len(keys)),
            "settings",
            note=ends.format(n=i18n.number(ending)),
            tab="tokens",
        ),
    ]


def everyone(livemode: bool) -> list[Card]:
    """For who only looks: what failed today."""
    return [_failed_today(livemode)]


#: In the order of a page; the last is for who has none of the others.
SECTIONS = (
    Section(N_("Finance"), "see_revenue", finance),
    Section(N_("Risk"), "manage_fraud", risk),
    Section(N_("Support"), "ask_refund", support),
    Section(N_("Developers"), "use_developer_tools", developers),
    Section(N_("Admin"), "administer", administration),
)
FALLBACK = Section(N_("Payments"), "see_payments", everyone)
BY_RIGHT = {one.right: one for one in (*SECTIONS, FALLBACK)}


def _failed_today(livemode: bool) -> Card:
    query = payment_list.parse(_FAILED)
    zone = viewer.zone()
    page = viewer.read(payment_list.page, query=query, livemode=livemode, zone=zone, limit=1)
    count = page.count
    return _card(_("Failed today"), count.label if count else "–", "payments", q=_FAILED)


def _disputed(livemode: bool) -> list[Card]:
    """Payments in question: what is disputed and waits for an answer."""
    found = viewer.read(disputes.totals, livemode=livemode, view="open")
    label, count = _("Disputes to answer"), i18n.number(found.n)
    return [_card(label, count, "disputes", note=_amounts(found), view="open")]


def _count(rows: Sequence[object], more: object) -> str:
    """How many rows a list has, as its first page tells."""
    return f"{i18n.number(len(rows))}{'+' if more else ''}"


def _sums(asked: Sequence[Request]) -> str:
    return _amounts(totals.of_amounts([one.amount for one in asked]))


def _amounts(found: totals.Totals) -> str:
    return " · ".join(f"{show(one.amount)} {one.amount.currency.upper()}" for one in found.sums)


def _money(label: str, amount: Money, screen: str, *, note: str, **query: str) -> Card:
    return _card(label, columns.money(amount.minor, amount.currency), screen, note=note, **query)


def _card(label: str, value: str, screen: str, *, note: str = "", **query: str) -> Card:
    name = f"{screen}?{urlencode(query)}" if query else screen
    return Card(label, value, note=note, name=name, address=f"/{name}")
