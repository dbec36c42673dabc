"""One dispute: why, by when, what it moved, and the answer to it."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.errors import NotFound
from core.reads.disputes import detail as reads
from core.reads.disputes import win_rates
from core.reads.disputes.detail import Dispute, DisputeDetail
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.disputes import cards as dispute_cards
from dashboard.screens.disputes import draft as dispute_draft
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.screens.disputes import response_form
from dashboard.ui import navigation, status_badges, stripe_links, viewer, widgets


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
            dispute_cards.path(detail, viewer.zone())
    as_of = i18n.moment(detail.dispute.as_of, viewer.zone())
    st.caption(_("As read from Stripe at {time}").format(time=as_of))


def head(detail: DisputeDetail, livemode: bool) -> None:
    """The amount, its state and its clock; the ids, and the payment."""
    dispute, now = detail.dispute, datetime.now(UTC)
    waits = dispute_labels.waits(dispute.status)

    def beside() -> None:
        status_badges.badge(status_badges.DISPUTE, dispute.status)
        if waits and dispute.due_by:
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
    st.code(dispute.stripe_id, language=None, width="content")


def answer(detail: DisputeDetail) -> None:
    """The form for who may answer, or what became of the answer."""
    dispute = detail.dispute
    with st.container(border=True):
        if not dispute_labels.taken_here(dispute.status):
            widgets.card_title(_("Answer"))
            dispute_draft.FLASH.show()
            _answered(dispute)
        elif not viewer.signed_in().may("manage_disputes"):
            widgets.card_title(_("Answer"))
            st.text(_("Somebody with the risk role answers it."))
            if dispute.has_evidence:
                st.caption(_("A draft is kept at Stripe."))
        elif (draft := dispute_draft.read(dispute.stripe_id)) is not None:
            response_form.draw(detail, draft)


def _answered(dispute: Dispute) -> None:
    """What became of the answer; where it is to be given in a status that is new at Stripe."""
    if dispute_labels.waits(dispute.status):
        st.text(_("It waits for an answer of a kind that is new at Stripe: give it there."))
        link = stripe_links.address(
            viewer.current_console().settings, dispute.stripe_id, livemode=viewer.livemode()
        )
        if link:
            st.link_button(_("In Stripe"), link, icon=":material/open_in_new:")
    elif dispute.submission_count:
        st.text(_("Evidence was submitted."))
    else:
        st.text(_("No evidence was submitted."))


main(st.query_params.get("id", ""), st.query_params.get("view", ""))
