"""The cards of one customer: figures per currency, refunds and disputes, ways to pay, risk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import TypeVar

import streamlit as st

from core import clock
from core.domain.payment_states import ANSWERABLE
from core.money import show
from core.reads.customers.detail import CustomerDetail, Disputed, Returned, WayToPay
from core.reads.customers.sums import Totals
from core.reads.payments import list as payment_reads
from core.reads.payments.list import PaymentPage, Query
from core.reads.search.query import Term
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.customers.list import coded
from dashboard.screens.customers.list import counted as payments_counted
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.ui import columns, navigation, status_badges, stripe_labels, viewer, widgets
from dashboard.ui.data_table import (
    Column,
    DataTable,
    chips,
    currency,
    moment,
    money,
    number,
    opener,
    text,
)
from dashboard.ui.kit import cards, facts, links
from dashboard.ui.kit.cards import Card
from dashboard.ui.kit.cells import Cell, Chip
from dashboard.ui.kit.facts import Fact
from dashboard.ui.status_badges import Tone

R = TypeVar("R")

#: Rows of the customer's payments on a page.
PAGE = 15
STATES = {
    "all": N_("All"),
    "paid": N_("Succeeded"),
    "failed": N_("Failed"),
    "refunded": N_("Refunded"),
}
#: Cards of so many currencies; the others stand in a line.
_MOST_CURRENCIES = 2
_PAYMENTS = links.screen("payments", "q")


def now() -> datetime:
    """The time by which entries of lists are in force."""
    return clock.now()


def query_of(customer: str, state: str = "all", **terms: str) -> Query:
    """The search of Payments for a customer's payments, in a state of `STATES`."""
    found = [str(Term("customer", customer, literal=True))]
    found += [str(Term(field, value)) for field, value in terms.items()]
    if state != "all":
        found.append(str(Term("status", state)))
    return payment_reads.parse(" ".join(found))


def badges(found: CustomerDetail) -> None:
    """What is to be known of a customer at first sight."""
    if found.customer_id is None:
        st.badge(_("E-mail address"), icon=":material/mail:", color="gray")
    if found.deleted:
        st.badge(_("Deleted at Stripe"), icon=":material/person_off:", color="gray")
    waiting = sum(one.status in ANSWERABLE for one in found.disputes)
    if waiting:
        said = ngettext("{n} dispute to answer", "{n} disputes to answer", waiting)
        st.badge(said.format(n=waiting), icon=":material/gavel:", color="orange")
    if found.risk.blocked:
        st.badge(_("Blocked"), icon=":material/block:", color="red")


def figures(found: CustomerDetail) -> None:
    """Each currency by itself; a card leads to the payments that it sums."""
    shown: list[Card] = []
    for total in found.sums.totals[:_MOST_CURRENCIES]:
        shown += _figures(found.customer, total)
    failed = _("Payments: {count}").format(count=payments_counted(found.sums))
    query = str(query_of(found.customer, "failed"))
    shown.append(
        Card(
            _("Failed"),
            i18n.number(found.sums.failed),
            note=failed,
            name=query,
            address=_PAYMENTS.address(query),
        )
    )
    cards.draw(
        "customer_figures",
        shown,
        on_open=lambda query: st.session_state.update(customer_payments=query),
    )
    _below(found)


def _figures(customer: str, total: Totals) -> list[Card]:
    code = total.currency
    every = str(query_of(customer, currency=code))
    count = ngettext("{n} payment", "{n} payments", total.payments).format(n=total.payments)
    label = _("Paid, {currency}").format(currency=code.upper())
    shown = [Card(label, show(total.paid), "", count, name=every, address=_PAYMENTS.address(every))]
    if total.given_back.minor:
        query = str(query_of(customer, "refunded", currency=code))
        label = _("Given back, {currency}").format(currency=code.upper())
        share = ""
        if total.paid.minor:
            said = _("{share} of what was paid")
            share = said.format(
                share=i18n.percent(Fraction(total.given_back.minor, total.paid.minor))
            )
        address = _PAYMENTS.address(query)
        shown.append(Card(label, show(total.given_back), "", share, name=query, address=address))
    if total.disputed.minor:
        query = str(query_of(customer, currency=code, dispute="open,lost"))
        label = _("Disputed, {currency}").format(currency=code.upper())
        address = _PAYMENTS.address(query)
        shown.append(Card(label, show(total.disputed), "", name=query, address=address))
    return shown


def _below(found: CustomerDetail) -> None:
    rest = found.sums.totals[_MOST_CURRENCIES:]
    if rest:
        said = _("Also paid: {amounts}")
        amounts = " · ".join(coded(total.paid) for total in rest)
        st.caption(widgets.safe_text(said.format(amounts=amounts)))
    if not found.sums.whole:
        said = ngettext(
            "Figures are of the newest {n} payment.",
            "Figures are of the newest {n} payments.",
            found.sums.payments,
        )
        st.caption(said.format(n=i18n.number(found.sums.payments)))


def counted(page: PaymentPage) -> str:
    """How many payments there are, newest first."""
    shown = len(page.rows)
    said = ngettext("{n} shown, newest first", "{n} shown, newest first", shown).format(n=shown)
    if page.count is None:
        return said
    return " · ".join([_("Payments: {count}").format(count=page.count.label), said])


_RETURNED: dict[str, Column[Returned]] = {
    "amount": money(N_("Amount"), lambda one: show(one.amount)),
    "currency": currency(lambda one: one.amount.currency),
    "state": chips(N_("Status"), lambda one: [one.status], status_badges.RESULT),
    "reason": text(N_("Reason"), lambda one: stripe_labels.words(one.reason), cut=30),
    "created": moment(N_("Created"), lambda one: one.created_at, seconds=False),
    "payment": opener(N_("Payment"), lambda one: one.payment_id),
}
_DISPUTED: dict[str, Column[Disputed]] = {
    "amount": money(N_("Amount"), lambda one: show(one.amount)),
    "currency": currency(lambda one: one.amount.currency),
    "state": chips(N_("Status"), lambda one: [one.status], status_badges.DISPUTE),
    "reason": text(N_("Reason"), lambda one: stripe_labels.words(one.reason), cut=30),
    "due": moment(
        N_("Answer by"),
        lambda one: one.due_by if one.status in ANSWERABLE else None,
        seconds=False,
    ),
    "created": moment(N_("Created"), lambda one: one.created_at, seconds=False),
    "payment": opener(N_("Payment"), lambda one: one.payment_id),
}


def _country(way: WayToPay) -> str:
    return columns.country(way.country)


_WAYS: dict[str, Column[WayToPay]] = {
    "method": text(N_("Method"), lambda way: columns.method(way.method_type, way.brand, way.last4)),
    "country": text(N_("Card country"), _country, cut=30, optional=True),
    "payments": number(N_("Tried for"), lambda way: way.payments),
    "paid": number(N_("Succeeded"), lambda way: way.paid),
    "last": moment(N_("Last"), lambda way: way.last_at, seconds=False),
}
_RETURNED_TABLE = DataTable("customer_refunds", N_("Refunds, newest first"), _RETURNED)
_DISPUTED_TABLE = DataTable("customer_disputes", N_("Disputes, newest first"), _DISPUTED)
_WAYS_TABLE = DataTable("customer_ways", N_("Ways to pay, the last first"), _WAYS)


@st.fragment
def returned(found: CustomerDetail) -> None:
    """Refunds and disputes; a row opens its payment."""
    if opened := st.session_state.pop("customer_returned", None):
        viewer.go("payment", id=opened)
    if found.refunds:
        _card(_("Refunds"), _RETURNED_TABLE, found.refunds)
    if found.disputes:
        _card(_("Disputes"), _DISPUTED_TABLE, found.disputes)


def _card(title: str, table: DataTable[R], rows: Sequence[R]) -> None:
    with st.container(border=True):
        widgets.card_title(title)
        table.draw(
            table.frame(rows),
            lambda payment_id: st.session_state.update(customer_returned=payment_id),
            target=links.screen("payment"),
        )


def ways(found: CustomerDetail) -> None:
    """Cards and other methods, with how often each was tried."""
    if found.ways:
        with st.container(border=True):
            widgets.card_title(_("Ways to pay"))
            _WAYS_TABLE.draw(_WAYS_TABLE.frame(found.ways))


def risk(found: CustomerDetail) -> None:
    """Stripe's score and ours under their own names, and what issuers and lists say."""
    said = found.risk
    blocked = _(", ").join(_(fraud_labels.FIELD[field]) for field in said.blocked)
    lines = [
        Fact(_("Stripe's score, highest"), _score(said.stripe_score)),
        Fact(_("Our rules, highest"), _points(said.our_score)),
        Fact(_("Early fraud warnings"), _bad(said.warnings)),
        Fact(_("Disputes lost"), _bad(said.disputes_lost)),
        Fact(_("On the block list"), Cell(blocked or _("no"), tone="red" if blocked else None)),
    ]
    may_open = navigation.may_open(viewer.signed_in(), "fraud")
    target = links.screen("fraud", "case", tab="cases")
    for case in said.cases:
        state = Cell(chips=(_case(case.state),), text=i18n.minute(case.opened_at, viewer.zone()))
        name = case.case_id if may_open else ""
        address = target.address(name) if name else ""
        lines.append(Fact(_("Case"), state, name=name, address=address))
    with st.container(border=True):
        widgets.card_title(_("Risk"))
        facts.draw(
            "customer_risk",
            lines,
            on_open=lambda case_id: st.session_state.update(customer_case=case_id),
        )
    if case_id := st.session_state.pop("customer_case", None):
        navigation.go("fraud", tab="cases", case=case_id)


def _case(state: str) -> Chip:
    kind = fraud_labels.states()
    return Chip(status_badges.word(kind, state), status_badges.tone(kind, state))


def _score(score: int | None) -> Cell:
    return Cell("–") if score is None else Cell(i18n.number(score), share=min(max(score, 0), 100))


def _points(points: int | None) -> Cell:
    if points is None:
        return Cell("–")
    return Cell(ngettext("{n} point", "{n} points", points).format(n=i18n.number(points)))


def _bad(count: int) -> Cell:
    tone: Tone | None = "red" if count else None
    return Cell(i18n.number(count), tone=tone)


def about(found: CustomerDetail) -> None:
    """Who it is at Stripe, since when, what Stripe took, and who else has the address."""
    lines = [
        Fact(_("E-mail"), Cell(found.email or ""), is_copied=True),
        Fact(_("Customer id"), Cell(found.customer_id or "", is_code=True), is_copied=True),
        Fact(_("Country"), Cell(columns.country(found.country))),
        Fact(_("At Stripe since"), _time(found.created_at)),
        Fact(_("First payment"), _time(found.first_at)),
        Fact(_("Last payment"), _time(found.sums.last_at)),
    ]
    for fee in found.fees:
        label = _("Stripe fees, {currency}").format(currency=fee.currency.upper())
        lines.append(Fact(label, Cell(show(fee))))
    if found.unsettled:
        lines.append(Fact(_("Not settled yet"), Cell(i18n.number(found.unsettled))))
    others = list(found.same_address)
    if found.customer_id and found.email and (found.guest or others):
        others.append(found.email)
    target = links.screen("customer")
    lines += [
        Fact(_("Same address"), Cell(one), name=one, address=target.address(one)) for one in others
    ]
    with st.container(border=True):
        widgets.card_title(_("About"))
        facts.draw(
            "customer_about",
            lines,
            on_open=lambda customer: st.session_state.update(customer_other=customer),
        )
    if other := st.session_state.pop("customer_other", None):
        navigation.go("customer", id=other)


def _time(when: datetime | None) -> Cell:
    return Cell(i18n.minute(when, viewer.zone()) if when else "")
