"""One case: why it is one, the payment, who else this customer was, and what can be done."""

from __future__ import annotations

import streamlit as st

from core.actions.fraud import cases as actions
from core.errors import NotFound
from core.reads.fraud import case_detail as reads
from core.reads.fraud import cases as queue
from core.reads.fraud.case_detail import CaseDetail, OtherPayment
from core.states import CaseState
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.fraud import case_dialogs, case_timeline
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.screens.fraud.messages import FLASH
from dashboard.ui import (
    columns,
    customer_links,
    navigation,
    status_badges,
    stripe_labels,
    viewer,
    widgets,
)
from dashboard.ui.data_table import Column, DataTable, chips, currency, moment, money, opener, text
from dashboard.ui.kit import links


def draw(case_id: str, livemode: bool) -> None:
    """The case as a card, or that there is none."""
    try:
        found = viewer.read(reads.by_id, case_id=case_id, livemode=livemode)
    except NotFound:
        widgets.empty(_("There is no such case here"), _("Check the id and the mode."))
        return
    with st.container(border=True):
        _head(found)
        _why(found)
        _waits(found)
        if found.row.state == CaseState.OPEN:
            _acts(found)
            case_dialogs.open_asked_dialog(found)
        _note(found)
    with st.container(border=True):
        widgets.card_title(_("What was done"))
        case_timeline.draw(found.events)
    with st.container(border=True):
        widgets.card_title(_("Other payments of this customer"))
        _others(found)


def _head(found: CaseDetail) -> None:
    row, payment = found.row, found.payment
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(
            widgets.safe_text(fraud_labels.exact(found.at_risk)), anchor=False, width="content"
        )
        status_badges.badge(fraud_labels.CASE, row.kind)
        status_badges.badge(fraud_labels.states(), row.state)
        status_badges.badge(status_badges.PAYMENT, payment["state"])
    st.page_link(
        navigation.named("payment"),
        label=row.payment_id,
        icon=":material/receipt_long:",
        query_params={"id": row.payment_id},
    )
    customer_links.link(payment["customer_name"], payment["customer_id"], payment["email"])
    known = [
        payment["email"],
        payment["user_id"] and _("user {id}").format(id=payment["user_id"]),
        columns.method(payment["method_type"], payment["card_brand"], payment["card_last4"]),
        columns.country(payment["card_country"]),
        payment["ip"],
    ]
    st.text(" · ".join(str(one) for one in known if one))


def _why(found: CaseDetail) -> None:
    if found.fraud_type:
        said = _("The card's issuer reports fraud: {type}").format(
            type=stripe_labels.words(found.fraud_type)
        )
        st.warning(widgets.safe_text(said), icon=":material/flag:")
    if found.actionable:
        _saved(found)
    if found.row.kind == "review":
        said = _("Radar asks for a review: {reason}")
        st.info(widgets.safe_text(said.format(reason=stripe_labels.words(found.review_reason))))
    if found.factors:
        fraud_labels.factors(found.factors, found.row.amount.currency, key="case_factors")
    else:
        st.caption(_("No rule of ours held for this payment."))


def _saved(found: CaseDetail) -> None:
    """What refunding saves beside the amount, which goes back either way."""
    if found.fee_saved is None:
        said = _(
            "Refunding {amount} now avoids the dispute, its fee (see your contract with Stripe) "
            "and its count with the card networks. The issuer's report itself stays."
        )
    else:
        said = _(
            "Refunding {amount} now avoids the dispute, its fee of {fee} and its count with the "
            "card networks. The issuer's report itself stays."
        )
    fee = fraud_labels.exact(found.fee_saved) if found.fee_saved else ""
    st.caption(widgets.safe_text(said.format(amount=fraud_labels.exact(found.at_risk), fee=fee)))


def _acts(found: CaseDetail) -> None:
    case_id = found.row.case_id
    people = dict(viewer.read(queue.workers))
    me = viewer.signed_in().user_id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            _("Approve"),
            key="case_approve",
            icon=":material/check:",
            help=_("A good payment. Radar's review is closed, too."),
            # It asks no second time: one key alone could be a slip.
            shortcut="Shift+A",
            on_click=_approve,
            args=(case_id,),
        )
        for label, what, icon, letter in (
            (_("Refund as fraud"), "refund", "undo", "f"),
            (_("Dismiss"), "dismiss", "close", "d"),
        ):
            st.button(
                label,
                key=f"case_{what}",
                icon=f":material/{icon}:",
                shortcut=letter,
                on_click=case_dialogs.ask,
                args=(what,),
            )
        if found.row.assigned_to != people.get(me):
            st.button(
                _("Take it"),
                key="case_take",
                icon=":material/person_add:",
                shortcut="t",
                on_click=_assign,
                args=(case_id, me),
            )
        if found.row.assigned_to:
            st.button(
                _("Give back"),
                key="case_leave",
                shortcut="g",
                on_click=_assign,
                args=(case_id, None),
            )
            st.text(found.row.assigned_to, width="content")


def _approve(case_id: str) -> None:
    FLASH.perform(_("The case is closed as a good payment."), actions.approve, case_id)


def _assign(case_id: str, user_id: str | None) -> None:
    FLASH.perform(_("The case changed hands."), actions.assign, case_id, user_id)


def _waits(found: CaseDetail) -> None:
    """Refunds that wait for a second person, and where that is decided."""
    for one in found.waiting:
        said = _("A refund waits for a second person: {who} asked for it, {when}.").format(
            who=one.asked_by, when=i18n.minute(one.created_at, viewer.zone())
        )
        st.info(widgets.safe_text(said), icon=":material/approval:")
    if found.waiting and navigation.may_open(viewer.signed_in(), "refunds"):
        st.page_link(
            navigation.named("refunds"),
            label=_("Refunds that wait for approval"),
            icon=":material/arrow_forward:",
            query_params={"tab": "waiting"},
        )


def _note(found: CaseDetail) -> None:
    with st.form(f"note_{found.row.case_id}", border=False, clear_on_submit=True):
        written = st.text_input(_("Note"), max_chars=actions.LONGEST_NOTE, key="case_note")
        if st.form_submit_button(_("Add note")) and written:
            told = _("The note is kept. Card numbers in it are covered.")
            FLASH.perform(told, actions.add_note, found.row.case_id, written)
            st.rerun()


OTHERS: dict[str, Column[OtherPayment]] = {
    "amount": money(N_("Amount"), lambda one: columns.money(one.amount.minor, one.amount.currency)),
    "currency": currency(lambda one: one.amount.currency),
    "state": chips(N_("Status"), lambda one: (one.state,), status_badges.PAYMENT),
    "method": text(
        N_("Method"), lambda one: columns.method(one.method_type, one.card_brand, one.card_last4)
    ),
    "created": moment(N_("Created"), lambda one: one.created_at, seconds=False),
    "id": opener(
        N_("Payment"), lambda one: one.payment_id, shown=lambda one: f"…{one.payment_id[-8:]}"
    ),
}
OTHERS_TABLE = DataTable("case_others", N_("Other payments of this customer"), OTHERS)
_OPENED = "case_other_opened"


def _others(found: CaseDetail) -> None:
    if not found.others:
        st.caption(_("None by the same customer, user, card or e-mail address."))
        return
    OTHERS_TABLE.draw(
        OTHERS_TABLE.frame(found.others),
        lambda payment_id: st.session_state.update({_OPENED: payment_id}),
        target=links.screen("payment"),
    )
    if payment := st.session_state.pop(_OPENED, None):
        customer_links.open_clicked(payment, "payment")
