"""One call to Stripe: what was asked, how it was answered, and what stands behind its key."""

from __future__ import annotations

import re

import streamlit as st

from core.errors import NotFound
from core.reads.developer import api_log as reads
from core.reads.developer.api_log import CallDetail, CallRow, OperationPart
from dashboard import i18n
from dashboard.i18n import N_, _, pgettext
from dashboard.screens.api_log import list as api_log_list
from dashboard.ui import drawer, navigation, status_badges, stripe_links, viewer

OPERATION = {
    "sending": (N_("Being sent"), "blue"),
    "unknown": (N_("Unknown, being resolved"), "orange"),
    "succeeded": (N_("Succeeded"), "green"),
    "refused": (N_("Refused by Stripe"), "red"),
    "not_sent": (N_("Not sent"), "gray"),
    "failed": (N_("Not done"), "red"),
}
_OBJECT = re.compile(r"/((?:pi|ch|py|re|dp|du|po|cus|evt)_\w+)")


def body(seq: str) -> None:
    """What the drawer shows of a call."""
    try:
        number = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 19 else 0
        found = viewer.read(reads.detail, seq=number, livemode=viewer.livemode())
    except NotFound:
        drawer.gone(_("There is no such call here"))
        return
    call = found.call
    status = api_log_list.status(call)
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        status_badges.badge(api_log_list.kinds([status]), status)
    row.code(f"{call.method} {call.path}", language=None, wrap_lines=True)
    _facts(call)
    _links(call)
    _tries(found)
    if found.operation is not None:
        _operation(found.operation)
    elif call.idempotency_key:
        st.caption(_("No operation of ours has this key."))
    st.caption(_("Bodies are not kept: they can hold personal data."))


def _facts(call: CallRow) -> None:
    drawer.facts(
        {
            _("Time"): f"{i18n.moment(call.started_at, viewer.zone())} {viewer.zone()}",
            _("Duration"): api_log_list.duration(call.duration_us),
            _("Try"): str(call.attempt),
            _("Error"): call.error,
        }
    )
    for label, value in (
        (_("Request id"), call.request_id),
        (_("Idempotency key"), call.idempotency_key),
    ):
        if value:
            st.caption(label)
            st.code(value, language=None)


def _links(call: CallRow) -> None:
    """To the object in Stripe's Dashboard and to our own page of a payment."""
    settings = viewer.current_console().settings
    found = _OBJECT.search(call.path)
    row = st.container(horizontal=True)
    if found and found[1].startswith("pi_"):
        row.page_link(
            navigation.named("payment"),
            label=_("Payment"),
            icon=":material/receipt_long:",
            query_params={"id": found[1]},
        )
    for label, stripe_id in (
        (_("Object in Stripe"), found[1] if found else None),
        (_("Request in Stripe"), call.request_id),
    ):
        address = stripe_links.address(settings, stripe_id, livemode=call.livemode)
        if address:
            row.link_button(label, address, type="tertiary", icon=":material/open_in_new:")


def _tries(found: CallDetail) -> None:
    if len(found.tries) < 2:
        return
    st.header(_("All calls under this key"), anchor=False)
    for one in found.tries:
        said = [
            i18n.moment(one.started_at, viewer.zone()),
            f"{one.method} {one.path}",
            str(one.status or one.error or "–"),
            api_log_list.duration(one.duration_us),
        ]
        st.text("  ".join(said))


def _operation(one: OperationPart) -> None:
    zone = viewer.zone()
    row = st.container(horizontal=True, vertical_alignment="center")
    row.header(_("Operation"), anchor=False, width="content")
    with row:
        status_badges.badge(OPERATION, one.state)
    drawer.facts(
        {
            _("Kind"): one.kind,
            pgettext("operation", "Asked by"): one.actor_email or one.actor,
            pgettext("operation", "Asked at"): i18n.moment(one.created_at, zone),
            _("Last change"): i18n.moment(one.updated_at, zone),
            _("Attempts"): str(one.attempts),
            _("Object"): one.stripe_id,
        }
    )
    if one.outcome:
        with st.expander(_("Outcome"), icon=":material/data_object:"):
            st.json(one.outcome, expanded=2)
