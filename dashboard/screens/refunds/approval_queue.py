"""What waits for a second person, as cards: the nearest end first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import clock
from core.money import Money
from core.reads.refunds.bulk import Bulk
from core.reads.refunds.figures import Waiting
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.screens.refunds import approval_dialog as refund_approval_dialog
from dashboard.screens.refunds import bulk_approval_dialog
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import customer_links, navigation, stripe_labels, viewer, widgets

#: The others follow as these are decided.
MOST = 10


def draw(bulks: Sequence[Bulk], singles: Sequence[Waiting]) -> None:
    """Bulks, then single requests; a sentence where there is nothing."""
    if not bulks and not singles:
        widgets.empty(
            _("Nothing waits for approval"),
            _("What is over somebody's limit comes here, for a second person to decide."),
            icon=":material/done_all:",
        )
        return
    me = viewer.signed_in().user_id
    for bulk in bulks[:MOST]:
        _bulk(bulk, own=bulk.asked_user_id == me)
    for one in singles[:MOST]:
        _single(one, own=one.asked_user_id == me)
    if left := len(bulks[MOST:]) + len(singles[MOST:]):
        said = ngettext(
            "{n} more follows as these are decided.", "{n} more follow as these are decided.", left
        )
        st.caption(said.format(n=left))


def _single(one: Waiting, *, own: bool) -> None:
    with st.container(border=True, gap="small"):
        head = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        _headline(head, refund_labels.exact(one.amount), one.over, disputed=one.disputed)
        _review(head, one.request_id, own=own, start=refund_approval_dialog.start)
        _who(one.asked_by, one.by_token, one.reason, one.created_at, one.expires_at)
        _said_to_be(own)
        if one.note:
            st.text(one.note)
        row = st.container(horizontal=True, vertical_alignment="center")
        row.page_link(
            navigation.named("payment"),
            label=one.payment_id,
            icon=":material/receipt_long:",
            query_params={"id": one.payment_id},
        )
        paid = _("of {amount} paid").format(amount=refund_labels.exact(one.payment_amount))
        row.caption(widgets.safe_text(paid))
        customer_links.link(None, None, one.email, place=row)


def _bulk(bulk: Bulk, *, own: bool) -> None:
    with st.container(border=True, gap="small"):
        head = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        said = ngettext("{n} payment: {sums}", "{n} payments: {sums}", bulk.total)
        said = said.format(n=bulk.total, sums=sums(bulk.sums))
        _headline(head, said, bulk.over)
        _review(head, bulk.bulk_id, own=own, start=bulk_approval_dialog.start)
        _who(bulk.asked_by, bulk.by_token, bulk.reason, bulk.created_at, bulk.expires_at)
        _said_to_be(own)
        if bulk.note:
            st.text(bulk.note)
        st.page_link(
            navigation.named("bulk_refund"),
            label=_("All its rows"),
            icon=":material/list:",
            query_params={"id": bulk.bulk_id},
        )


def sums(found: Mapping[str, Money]) -> str:
    """Sums side by side, each with its code."""
    return _(", ").join(refund_labels.exact(amount) for amount in found.values())


def _headline(
    place: DeltaGenerator, said: str, over: str | None, *, disputed: bool = False
) -> None:
    row = place.container(horizontal=True, vertical_alignment="center", width="content")
    row.header(widgets.safe_text(said), anchor=False, width="content")
    row.badge(refund_labels.over(over), color="orange")
    if disputed:
        row.badge(_("Disputed"), color="red", icon=":material/gavel:")


def _who(
    name: str, by_token: bool, reason: str, asked_at: datetime, expires_at: datetime | None
) -> None:
    now, zone = clock.now(), viewer.zone()
    parts = [
        refund_labels.who(name, by_token=by_token),
        stripe_labels.words(reason),
        i18n.ago(int((now - asked_at).total_seconds())),
    ]
    if expires_at is not None:
        parts.append(_("expires {time}").format(time=i18n.minute(expires_at, zone)))
    st.caption(widgets.safe_text(" · ".join(parts)))


def _said_to_be(own: bool) -> None:
    if own:
        said = _("Somebody else decides about what you asked for yourself.")
        st.caption(f":material/block: {said}")


def _review(place: DeltaGenerator, key: str, *, own: bool, start: Callable[[str], None]) -> None:
    """The way to decide; what somebody asked for themselves is shown, and somebody else's."""
    if own:
        place.button(_("Yours"), key=f"review_{key}", disabled=True)
    elif place.button(_("Review"), key=f"review_{key}", type="primary"):
        start(key)
        # The dialog stands on the page, not in this fragment, which live changes draw again.
        st.rerun()
