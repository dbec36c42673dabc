"""One dispute: why, by when, what it moved, and the answer to it."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.errors import NotFound
from core.reads.disputes import answers as answer_reads
from core.reads.disputes import detail as reads
from core.reads.disputes import win_rates
from core.reads.disputes.detail import DisputeDetail
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.disputes import cards as dispute_cards
from dashboard.screens.disputes import draft as dispute_draft
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.screens.disputes import path as dispute_path
from dashboard.screens.disputes import response_form, sent, submission
from dashboard.ui import address, customer_links, live, navigation, status_badges, viewer, widgets


def main(asked: str, view: str) -> None:
    """Draw the screen."""
    livemode = viewer.livemode()
    st.page_link(
        navigation.named("disputes"),
        label=_("Disputes"),
        icon=":material/arrow_back:",
        query_params={"view": view} if view else None,
    )
    try:
        detail = viewer.read(reads.by_id, dispute_id=asked, livemode=livemode)
    except NotFound:
        widgets.header(_("Dispute"), livemode=livemode)
        widgets.empty(
            _("There is no such dispute here"),
            _("Check the id and the mode. A new dispute arrives within seconds."),
        )
        st.stop()
    head(detail, livemode)
    left, right = st.columns([3, 2])
    with left:
        answer(detail)
        with st.container(border=True):
            dispute_cards.history(detail.history, viewer.zone())
    with right:
        with st.container(border=True):
            dispute_cards.reason(detail)
        odds = viewer.read(win_rates.odds, dispute_id=asked, livemode=livemode)
        status = detail.dispute.status
        # What the answers to disputes were worth says nothing of an appeal.
        if odds and dispute_labels.taken_here(status) and not dispute_labels.appealed(status):
            with st.container(border=True):
                dispute_cards.counter_or_accept(odds)
        with st.container(border=True):
            dispute_cards.effect(detail)
        with st.container(border=True):
            dispute_path.draw(detail, datetime.now(UTC), viewer.zone())
    confirmation(detail)
    as_of = i18n.moment(detail.dispute.as_of, viewer.zone())
    st.caption(_("As read from Stripe at {time}").format(time=as_of))


def head(detail: DisputeDetail, livemode: bool) -> None:
    """The amount, its state and its clock; the ids, and the payment."""
    dispute, now = detail.dispute, datetime.now(UTC)
    waits = dispute_labels.waits(dispute.status)

    def beside() -> None:
        status_badges.badge(status_badges.DISPUTE, dispute.status)
        if dispute_path.is_late(dispute, now):
            st.badge(_("Deadline passed"), icon=":material/event_busy:", color="red")
        elif waits and dispute.due_by:
            code = dispute_labels.clock(dispute.due_by, now)
            st.badge(
                dispute_labels.left(dispute.due_by, now),
                icon=":material/schedule:",
                color=status_badges.tone(dispute_labels.CLOCK, code),
                help=i18n.minute(dispute.due_by, viewer.zone()),
            )

    place = widgets.header(dispute_cards.coded(dispute.amount), livemode=livemode, beside=beside)
    if dispute.payment_id:
        place.page_link(
            navigation.named("payment"),
            label=_("The payment"),
            icon=":material/receipt_long:",
            query_params={"id": dispute.payment_id},
        )
    if (paid := detail.payment) is not None:
        name = paid.customer_name or paid.email or paid.customer_id
        customer_links.link(name, paid.customer_id, paid.email, place=place)
    if said := dispute_path.standing_text(detail, now, viewer.zone()):
        st.text(said)
    st.code(dispute.stripe_id, language=None, width="content")


@st.fragment
def answer(detail: DisputeDetail) -> None:
    """The form for who may answer, or what became of the answer; drawn again, alone, when a field
    is kept or the dispute changed."""
    dispute = detail.dispute
    version = live.version("disputes")
    viewer.require("see_disputes")
    with st.container(border=True):
        if not dispute_labels.taken_here(dispute.status):
            sent.draw(detail)
        elif not viewer.signed_in().may("manage_disputes"):
            widgets.card_title(_("Answer"))
            st.text(_("Somebody with the risk role answers it."))
            if dispute.has_evidence:
                st.caption(_("A draft is kept at Stripe."))
        else:
            form(detail)
    live.ping("disputes", version)


def form(detail: DisputeDetail) -> None:
    """The answer as it stands at Stripe; the whole page anew where it has become another one."""
    dispute_id, livemode = detail.dispute.stripe_id, viewer.livemode()
    given = viewer.read(answer_reads.answers, dispute_id=dispute_id, livemode=livemode)
    if given != detail.answers:
        # Somebody answered it meanwhile.
        st.rerun()
    saved = dispute_draft.saves(dispute_id)
    visit = dispute_draft.visit(dispute_id, saved)
    if visit is None:
        dispute_draft.FLASH.show()
    elif visit.draft.dispute.status != detail.dispute.status and not dispute_labels.taken_here(
        visit.draft.dispute.status
    ):
        widgets.card_title(_("Answer"))
        st.text(_("Stripe takes no answer any more. Reload to see what became of it."))
    else:
        response_form.draw(detail, visit, saved)


def confirmation(detail: DisputeDetail) -> None:
    """What is asked before an answer goes out: it stands on the page, outside of its fragment."""
    may = viewer.signed_in().may("manage_disputes")
    if may and dispute_labels.taken_here(detail.dispute.status):
        visit = dispute_draft.kept(detail.dispute.stripe_id)
        if visit is not None:
            submission.confirmation(detail.dispute.amount, visit.draft)


main(address.get("id", ""), address.get("view", ""))
