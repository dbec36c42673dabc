"""What was sent to the bank: by whom and when, each text, each file with its name and size."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.reads.disputes import answers as reads
from core.reads.disputes.answers import Answer
from core.reads.disputes.detail import DisputeDetail
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.disputes import draft as dispute_draft
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.screens.disputes import response_form
from dashboard.ui import stripe_links, viewer, widgets


def draw(detail: DisputeDetail) -> None:
    """What became of the answer; where it is to be given in a status that is new at Stripe."""
    dispute = detail.dispute
    widgets.card_title(_("Answer"))
    dispute_draft.FLASH.show()
    if dispute_labels.waits(dispute.status):
        st.text(_("It waits for an answer of a kind that is new at Stripe: give it there."))
        link = stripe_links.address(
            viewer.current_console().settings, dispute.stripe_id, livemode=viewer.livemode()
        )
        if link:
            st.link_button(_("In Stripe"), link, icon=":material/open_in_new:")
        return
    _given(detail.answers, dispute.submission_count)
    if not dispute.submission_count:
        st.text(_("No evidence was submitted."))
    elif viewer.signed_in().may("manage_disputes"):
        _evidence(dispute.stripe_id, dispute.submission_count)
    else:
        st.caption(_("Who has the risk role sees what was sent."))


def _given(answers: Sequence[Answer], submissions: int) -> None:
    """Who answered, when, and when Stripe had it."""
    for one in answers:
        said = _("{who} accepted the loss {when}.")
        if one.kind == reads.SUBMIT:
            said = _("{who} submitted evidence {when}.")
        line = said.format(who=one.by, when=i18n.moment(one.asked_at, viewer.zone()))
        st.text(line)
        if one.confirmed_at is None:
            st.caption(_("Stripe's answer has not arrived: it is being resolved."))
        else:
            at = i18n.moment(one.confirmed_at, viewer.zone())
            st.caption(_("Confirmed by Stripe {when}").format(when=at))
    elsewhere = submissions - sum(one.kind == reads.SUBMIT for one in answers)
    if elsewhere > 0:
        st.text(_("Evidence was submitted elsewhere: in Stripe's dashboard, or by a program."))


def _evidence(dispute_id: str, submissions: int) -> None:
    found = dispute_draft.sent(dispute_id, submissions)
    if found is None:
        return
    for name, text in found.texts.items():
        st.caption(widgets.safe_text(dispute_labels.field(name)))
        st.text(text)
    if found.files:
        st.subheader(_("Files"), anchor=False)
    for file in found.files.values():
        st.markdown(f":material/description: {response_form.file_said(file)}")
    st.caption(_("As Stripe has it now."))
