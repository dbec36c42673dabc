"""What else the payer of a payment paid, and whether it looks charged twice."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.money import Money, show
from core.reads.payments import same_payer as reads
from core.reads.payments.parts import Payment
from core.reads.payments.same_payer import PayerPayment, Twin
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext, pgettext
from dashboard.ui import columns, navigation, status_badges, viewer, widgets
from dashboard.ui.data_table import (
    Column,
    DataTable,
    chips,
    currency,
    moment,
    money,
    opener,
    text,
)
from dashboard.ui.kit import facts, links
from dashboard.ui.kit.cells import Cell
from dashboard.ui.kit.facts import Fact

#: By what two payments are the same payer's (`core.domain.repeated_charges.PAYER`).
_SHARED = {
    "customer_id": N_("same customer"),
    "email": N_("same e-mail"),
    "card_fingerprint": N_("same card"),
}


def strip(payment: Payment) -> None:
    """That it looks charged twice, and beside which payments; nothing where it does not."""
    found = viewer.read(reads.twins, payment_id=payment.stripe_id, livemode=payment.livemode)
    if not found:
        return
    with st.container(border=True):
        for number, twin in enumerate(found):
            row = st.container(
                horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
            )
            title, said = _("Looks charged twice"), widgets.safe_text(_sentence(payment, twin))
            row.markdown(
                f":orange[:material/content_copy:] **{title}** {said}",
                width="content",
            )
            with row.popover(_("Compare the two"), key=f"compare_{number}"):
                _compared(payment, twin.payment, number)


def _sentence(payment: Payment, twin: Twin) -> str:
    other = twin.payment
    seconds = int((payment.created_at - other.created_at).total_seconds())
    shared = [_(_SHARED[name]) for name in twin.shared]
    if other.order_id and other.order_id == payment.order_id:
        shared.append(_("same order"))
    said = [_(", ").join(shared), _apart(seconds)]
    said.append(f"{show(other.amount)} {other.amount.currency.upper()}")
    said += [other.order_id or "", other.payment_id]
    return " · ".join(filter(None, said))


def _apart(seconds: int) -> str:
    """How long before or after the other one was."""
    size = abs(seconds)
    if not size:
        return _("in the same second")
    if size < 120:
        last = ngettext("{n} second", "{n} seconds", size).format(n=size)
    elif size < 7200:
        last = ngettext("{n} minute", "{n} minutes", size // 60).format(n=size // 60)
    else:
        last = ngettext("{n} hour", "{n} hours", size // 3600).format(n=size // 3600)
    said = _("{duration} earlier") if seconds >= 0 else _("{duration} later")
    return said.format(duration=last)


def _compared(payment: Payment, other: PayerPayment, number: int) -> None:
    """Both, side by side."""
    mine = PayerPayment(
        payment.stripe_id,
        payment.created_at,
        Money(payment.amount_minor, payment.currency),
        payment.amount_captured_minor,
        payment.amount_refunded_minor,
        payment.state,
        payment.dispute_outcome,
        payment.order_id,
        payment.method_type,
        payment.card_brand,
        payment.card_last4,
    )
    both = sorted((mine, other), key=lambda one: one.created_at)
    for place, (column, one) in enumerate(zip(st.columns(2), both, strict=True)):
        with column:
            title = _("This payment") if one is mine else _("The other one")
            st.markdown(f"**{title}**")
            facts.draw(f"compared_{number}_{place}", _lines(one))
            if one is other:
                st.page_link(
                    navigation.named("payment"),
                    label=pgettext("button", "Open"),
                    icon=":material/receipt_long:",
                    query_params={"id": other.payment_id},
                )


def _lines(one: PayerPayment) -> list[Fact]:
    code = one.amount.currency
    state = status_badges.word(status_badges.PAYMENT, one.state)
    return [
        Fact(_("Amount"), Cell(f"{show(one.amount)} {code.upper()}")),
        Fact(_("Captured"), Cell(columns.money(one.captured_minor, code))),
        Fact(_("Refunded"), Cell(columns.money(one.refunded_minor, code))),
        Fact(_("Status"), Cell(state)),
        Fact(_("Order"), Cell(one.order_id or "–")),
        Fact(_("Method"), Cell(columns.method(one.method_type, one.card_brand, one.card_last4))),
        Fact(_("Created"), Cell(i18n.moment(one.created_at, viewer.zone()))),
        Fact(_("Payment"), Cell(one.payment_id, is_code=True)),
    ]


_COLUMNS: dict[str, Column[PayerPayment]] = {
    "amount": money(N_("Amount"), lambda one: show(one.amount)),
    "currency": currency(lambda one: one.amount.currency),
    "state": chips(
        N_("Status"),
        lambda one: status_badges.payment_badges(one.state, one.dispute_outcome),
        status_badges.STANDING,
    ),
    "order": text(N_("Order"), lambda one: one.order_id, cut=20, optional=True),
    "method": text(
        N_("Method"), lambda one: columns.method(one.method_type, one.card_brand, one.card_last4)
    ),
    "created": moment(N_("Created"), lambda one: one.created_at, seconds=False),
    "payment": opener(N_("Payment"), lambda one: one.payment_id),
}
_TABLE = DataTable("others", N_("The customer's other payments"), _COLUMNS)


def others(payment: Payment) -> None:
    """The customer's other payments, newest first, and the way to all of them."""
    if opened := st.session_state.pop("other_payment", None):
        navigation.go("payment", id=opened)
    found = viewer.read(reads.others, payment_id=payment.stripe_id, livemode=payment.livemode)
    if found.payer is None:
        return
    with st.container(border=True):
        head = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        head.header(_("The customer's other payments"), anchor=False, width="content")
        head.page_link(
            navigation.named("customer"),
            label=_("All about this customer"),
            icon=":material/arrow_forward:",
            query_params={"id": found.payer},
        )
        _rows(found.payments)
        if found.more:
            st.caption(_("These are the newest."))


def _rows(found: Sequence[PayerPayment]) -> None:
    if not found:
        st.caption(_("None."))
        return
    _TABLE.draw(
        _TABLE.frame(found),
        lambda payment_id: st.session_state.update(other_payment=payment_id),
        target=links.screen("payment"),
    )
