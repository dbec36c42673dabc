"""What each role looks at first, as cards that lead to their rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from core.money import Money
from core.reads.admin import users
from core.reads.developer import api_log, events
from core.reads.fraud import cases
from core.reads.overview import streams
from core.reads.payments import list as payment_list
from core.reads.payouts import list as payouts
from core.reads.proof import breaks
from core.reads.refunds import requests
from core.reads.refunds.requests import Request
from core.states import RefundState
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, viewer
from dashboard.ui.kit.cards import Card

#: Cards of money that are shown for one matter: the currencies with most of it.
CURRENCIES = 3
_FAILED = "status:failed created:today"


@dataclass(frozen=True, slots=True)
class Section:
    """Cards for who has `right`, under an English title."""

    title: str
    right: str
    cards: Callable[[bool], list[Card]]


def support(livemode: bool) -> list[Card]:
    """Refunds that go on, those that need a look, payments that failed today."""
    asked = viewer.read(requests.under_way, livemode=livemode)
    waiting = [one for one in asked if one.state == RefundState.AWAITING_APPROVAL]
    return [
        _card(_("Refunds under way"), i18n.number(len(asked)), "refunds", note=_sums(asked)),
        _card(_("Waiting for approval"), i18n.number(len(waiting)), "refunds", note=_sums(waiting)),
        _failed_today(livemode),
    ]


def risk(livemode: bool) -> list[Card]:
    """The case with most at risk in each of the busiest currencies, and how many are open."""
    every = viewer.read(cases.queue, livemode=livemode)
    found = []
    for code, count in list(every.open_by_currency.items())[:CURRENCIES]:
        first = viewer.read(cases.queue, livemode=livemode, currency=code, by_money=True).rows[0]
        said = ngettext("Most of {n} open case", "Most of {n} open cases", count)
        found.append(
            _card(
                _("Most at risk, {currency}").format(currency=code.upper()),
                columns.money(first.amount.minor, first.amount.currency),
                "fraud",
                note=said.format(n=i18n.number(count)),
                tab="cases",
                case=first.case_id,
            )
        )
    total = sum(every.open_by_currency.values())
    return [*found, _card(_("Cases open"), i18n.number(total), "fraud", tab="cases")]


def finance(livemode: bool) -> list[Card]:
    """What is on its way to the bank by currency, and what does not agree."""
    found = []
    moving = [one for one in viewer.read(payouts.unpaid, livemode=livemode) if one.count]
    for one in moving[:CURRENCIES]:
        said = ngettext("{n} payout", "{n} payouts", one.count).format(n=i18n.number(one.count))
        if one.next_arrival is not None:
            day = i18n.day(one.next_arrival.astimezone(viewer.zone()).date())
            said = _("{payouts}, the next {when}").format(payouts=said, when=day)
        amount = one.on_the_way
        found.append(
            _card(
                _("On the way, {currency}").format(currency=amount.currency.upper()),
                columns.money(amount.minor, amount.currency),
                "payouts",
                note=said,
                view="on_the_way",
            )
        )
    page = viewer.read(breaks.page, livemode=livemode)
    count = i18n.number(len(page.rows)) + ("+" if page.older else "")
    return [*found, _card(_("Differences open"), count, "proof")]


def developers(livemode: bool) -> list[Card]:
    """Calls of the last hour that failed, events that wait, and those that were given up."""
    calls = viewer.read(api_log.figures, livemode=livemode, now=datetime.now(UTC))
    waiting = viewer.read(events.waiting, livemode=livemode)
    said = ngettext("of {n} call", "of {n} calls", calls.calls).format(n=i18n.number(calls.calls))
    return [
        _card(_("Failed calls, last hour"), i18n.number(calls.failed), "api_log", note=said),
        _card(_("Events waiting"), i18n.number(waiting["pending"]), "events", q="state:pending"),
        _card(_("Events given up"), i18n.number(waiting["dead"]), "events", q="state:dead"),
    ]


def administration(livemode: bool) -> list[Card]:
    """Streams that do not go on, people inside, and accounts without a second factor."""
    now = datetime.now(UTC)
    states = viewer.read(streams.stream_states, livemode=livemode, now=now)
    wrong = sum(one.is_wrong for one in states)
    people = [one for one in viewer.read(users.people, now=now) if not one.disabled]
    inside = sum(one.sessions > 0 for one in people)
    single = sum(not one.second_factor for one in people)
    said = ngettext("of {n} stream", "of {n} streams", len(states))
    return [
        _card(
            _("Streams that need a look"),
            i18n.number(wrong),
            "alerts",
            note=said.format(n=i18n.number(len(states))),
        ),
        _card(_("People signed in"), i18n.number(inside), "users"),
        _card(_("Without a second factor"), i18n.number(single), "users"),
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


def _failed_today(livemode: bool) -> Card:
    query = payment_list.parse(_FAILED)
    zone = viewer.zone()
    page = viewer.read(payment_list.page, query=query, livemode=livemode, zone=zone, limit=1)
    count = page.count
    return _card(_("Failed today"), count.label if count else "–", "payments", q=_FAILED)


def _sums(asked: list[Request] | tuple[Request, ...]) -> str:
    found: dict[str, int] = {}
    for one in asked:
        found[one.amount.currency] = found.get(one.amount.currency, 0) + one.amount.minor
    return " · ".join(str(Money(minor, code)) for code, minor in sorted(found.items()))


def _card(label: str, value: str, screen: str, *, note: str = "", **query: str) -> Card:
    name = f"{screen}?{urlencode(query)}" if query else screen
    return Card(label, value, note=note, name=name, address=f"/{name}")
