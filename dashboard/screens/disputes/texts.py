"""The texts of an answer: each field is kept by itself, and says when, or why it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.actions.disputes import evidence_validation
from core.reads.disputes.answers import Saved
from core.reads.payments.parts import Payment
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.disputes import draft as dispute_draft
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.screens.disputes.draft import Visit
from dashboard.ui import viewer, widgets
from dashboard.ui.kit import typing_pause

#: The container of the fields: `typing_pause` watches what is typed in it.
_PLACE = "evidence_texts"


def draw(
    dispute_id: str,
    fields: Sequence[str],
    visit: Visit,
    saved: Mapping[str, Saved],
    offered: Mapping[str, str],
) -> None:
    """The fields. `offered`: what the payment tells of them; it stands in those that are empty, and
    is kept with the first text that is."""
    with st.container(key=_PLACE):
        for name in fields:
            with st.container(gap="xxsmall"):
                _field(dispute_id, name, visit, offered)
                _below(dispute_id, name, visit, saved.get(name), name in offered)
    if waiting := not_kept(dispute_id, visit, offered):
        st.button(
            _("Keep what the payment tells"),
            key="keep_offered",
            icon=":material/save:",
            on_click=dispute_draft.save_texts,
            args=(dispute_id, {name: dispute_draft.typed(dispute_id, name) for name in waiting}),
        )
    typing_pause.watch(
        _PLACE,
        {
            # What the payment tells is there again at the next visit.
            dispute_draft.widget_key(dispute_id, name): (
                visit.draft.texts.get(name, ""),
                offered.get(name, ""),
            )
            for name in fields
        },
    )


def not_kept(dispute_id: str, visit: Visit, fields: Mapping[str, str] | Sequence[str]) -> list[str]:
    """The fields whose text Stripe has not got."""
    drawn = [one for one in fields if dispute_draft.widget_key(dispute_id, one) in st.session_state]
    kept = visit.draft.texts
    return [one for one in drawn if dispute_draft.typed(dispute_id, one) != kept.get(one, "")]


def known(payment: Payment | None) -> dict[str, str]:
    """What the payment itself tells: offered in the form, and not kept until it is saved.

    The bank reads it: what stands between the facts is English in every language of the screen.
    """
    if payment is None:
        return {}
    order = f"Order {payment.order_id}" if payment.order_id else None
    sold = " · ".join(filter(None, [payment.description, order]))
    found = {
        "product_description": sold,
        "customer_name": payment.customer_name,
        "customer_email_address": payment.email,
        "customer_purchase_ip": payment.ip,
    }
    return {name: value for name, value in found.items() if value}


def _field(dispute_id: str, name: str, visit: Visit, offered: Mapping[str, str]) -> None:
    key = dispute_draft.widget_key(dispute_id, name)
    if key not in st.session_state:
        st.session_state[key] = visit.draft.texts.get(name, offered.get(name, ""))
    draw_one = st.text_area if name in dispute_labels.LONG else st.text_input
    draw_one(
        dispute_labels.field(name),
        key=key,
        max_chars=evidence_validation.MOST_IN_FIELD,
        on_change=_typed,
        args=(dispute_id, name, tuple(offered)),
    )


def _typed(dispute_id: str, name: str, offered: Sequence[str]) -> None:
    """A field was left, or nobody typed for a while: it is kept, and what the payment told."""
    visit = dispute_draft.kept(dispute_id)
    also = not_kept(dispute_id, visit, offered) if visit is not None else []
    fields = dict.fromkeys([name, *also])
    dispute_draft.save_texts(
        dispute_id, {one: dispute_draft.typed(dispute_id, one) for one in fields}
    )


def _below(
    dispute_id: str, name: str, visit: Visit, saved: Saved | None, was_offered: bool
) -> None:
    """What became of a field's text: kept when and by whom, not kept and why."""
    kept, written = visit.draft.texts.get(name, ""), dispute_draft.typed(dispute_id, name)
    if kept != visit.seen.get(name, "") and kept != written:
        _conflict(dispute_id, name, kept, saved)
    elif name in visit.problems and kept != written:
        message = widgets.safe_text(visit.problems[name].text)
        st.markdown(f":small[:red[:material/error: {message}]]")
    elif kept and kept == written and saved is not None:
        said = _("Kept at Stripe {when} by {who}").format(
            when=i18n.minute(saved.at, viewer.zone()), who=widgets.safe_text(saved.by)
        )
        st.caption(said)
    elif kept and kept == written:
        st.caption(_("Kept at Stripe"))
    elif was_offered and written and not kept:
        st.caption(_("From the payment; not kept yet"))


def _conflict(dispute_id: str, name: str, theirs: str, saved: Saved | None) -> None:
    """Somebody else wrote here meanwhile: both texts are shown, and one is chosen."""
    with st.container(border=True):
        said = _("Somebody else wrote here meanwhile, in Stripe or elsewhere:")
        if saved is not None:
            said = _("{who} wrote here meanwhile, kept {when}:").format(
                who=saved.by, when=i18n.minute(saved.at, viewer.zone())
            )
        st.markdown(f":orange[:material/group: {widgets.safe_text(said)}]")
        st.text(theirs)
        row = st.container(horizontal=True)
        for label, action, key in (
            (_("Take this text"), dispute_draft.accept_theirs, "theirs"),
            (_("Keep mine instead"), dispute_draft.keep_mine, "mine"),
        ):
            row.button(label, key=f"{key}_{name}", on_click=action, args=(dispute_id, name))
