"""One difference: both sides, what may be behind it, who looks into it, and what can be done."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.access.rights import RECONCILE
from core.actions.proof import breaks as actions
from core.errors import NotFound
from core.reads.proof import breaks as reads
from core.reads.proof.breaks import BreakRow, Detail
from core.states import BreakState
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.proof import dialogs, labels
from dashboard.screens.proof.messages import FLASH
from dashboard.ui import drawer, navigation, status_badges, stripe_links, viewer, widgets


def body(asked: str) -> None:
    """What the drawer shows."""
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
    livemode = viewer.livemode()
    try:
        found = viewer.read(reads.by_number, number=number, livemode=livemode)
    except NotFound:
        drawer.gone(_("There is no such difference here"))
        return
    row = found.row
    head = st.container(horizontal=True, vertical_alignment="center")
    head.markdown(f"**{labels.kind(row.kind)}**", width="content")
    with head:
        status_badges.badge(status_badges.DIFFERENCE, row.state)
    st.markdown(labels.cause(row.cause))
    drawer.facts(_sides(row) | _story(row))
    st.code(labels.thing(row.identity, row.object_id), language=None, wrap_lines=True)
    _links(found)
    if row.reason:
        with st.container(border=True):
            said = _("Explained by {who}") if row.state != BreakState.OPEN else _("{who} had said")
            st.caption(widgets.safe_text(said.format(who=row.explained_by or "")))
            st.text(row.reason)
    if row.state != BreakState.CLOSED and viewer.signed_in().may(RECONCILE):
        _acts(row)


def _sides(row: BreakRow) -> dict[str, str | None]:
    off = labels.amount(row.difference_minor, row.currency)
    return {
        _("Rule"): _(labels.IDENTITIES[row.identity]) if row.identity in labels.IDENTITIES else "",
        _("Ours"): labels.amount(row.ours_minor, row.currency),
        _("Theirs"): labels.amount(row.theirs_minor, row.currency),
        _("Difference"): None if row.difference_minor is None else f"{off} {row.currency.upper()}",
    }


def _story(row: BreakRow) -> dict[str, str | None]:
    now, zone = datetime.now(UTC), viewer.zone()
    found = f"{i18n.minute(row.found_at, zone)} · {labels.age(row.found_at, now)}"
    due = None
    if row.due_at is not None:
        due = f"{i18n.minute(row.due_at, zone)} · {labels.due(row.due_at, now)}"
    return {
        _("Business day"): i18n.day(row.day),
        _("Found"): found,
        _("Due"): due,
        _("Gone"): i18n.minute(row.closed_at, zone) if row.closed_at else None,
        _("Owner"): row.owner_name or _("Nobody yet"),
    }


def _links(found: Detail) -> None:
    row = st.container(horizontal=True)
    with row:
        if found.payment_id:
            st.page_link(
                navigation.named("payment"),
                label=_("Payment"),
                icon=":material/receipt_long:",
                query_params={"id": found.payment_id},
            )
        if found.payout_id:
            st.page_link(
                navigation.named("payout"),
                label=_("Payout"),
                icon=":material/account_balance:",
                query_params={"id": found.payout_id},
            )
    settings = viewer.current_console().settings
    address = stripe_links.address(settings, found.row.object_id, livemode=viewer.livemode())
    if address:
        row.link_button(_("Open in Stripe"), address, icon=":material/open_in_new:")


def _acts(row: BreakRow) -> None:
    buttons = st.container(horizontal=True)
    explained = row.state == BreakState.EXPLAINED
    if buttons.button(_("Explain…"), key="explain", type="secondary" if explained else "primary"):
        dialogs.ask("explain", row)
    if buttons.button(_("Give to…"), key="assign"):
        dialogs.ask("assign", row)
    if explained and buttons.button(_("Open again"), key="reopen"):
        FLASH.perform(_("The difference is open again."), actions.reopen, row.number)
        st.rerun()
