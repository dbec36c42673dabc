"""What risk said of a payment: score, level and the rules that held, for all who may see it."""

from __future__ import annotations

import streamlit as st

from core.reads.payments import assessments as reads
from core.reads.payments.assessments import Assessment
from core.reads.payments.parts import Payment
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.ui import status_badges, viewer, widgets

_KINDS = {"create": N_("Before it was sent"), "arrival": N_("As it arrived")}


def draw(payment: Payment) -> None:
    """A card with each scoring; nothing for a payment that was not scored yet."""
    found = viewer.read(reads.of_payment, payment_id=payment.stripe_id, livemode=payment.livemode)
    if not found and payment.risk_score is None:
        return
    with st.container(border=True):
        widgets.card_title(_("Risk"))
        if payment.risk_score is not None:
            _of_stripe(payment, payment.risk_score)
        if found:
            st.subheader(_("Our rules"), anchor=False)
        for one in found:
            _one(one, payment.currency)


def _of_stripe(payment: Payment, score: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_("Stripe's score"), anchor=False, width="content")
        st.text(f"{score} / 99", width="content")
        status_badges.badge(status_badges.RISK, payment.risk_level)


def _one(one: Assessment, currency: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        status_badges.badge(fraud_labels.LEVEL, one.level)
        points = ngettext("{n} point", "{n} points", one.score).format(n=one.score)
        st.text(points, width="content")
        said = _("{kind} · rules version {version} · {time}").format(
            kind=_(_KINDS[one.kind]),
            version=one.rule_version,
            time=i18n.minute(one.scored_at, viewer.zone()),
        )
        st.caption(widgets.safe_text(said), width="content")
    if one.factors:
        fraud_labels.factors(one.factors, currency, key=f"risk_{one.kind}")
    else:
        st.caption(_("No rule of ours held for this payment."))
