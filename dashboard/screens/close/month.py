"""One month: what keeps it open, its certificate, and what people may do about it."""

from __future__ import annotations

import streamlit as st

from core.access.principals import Principal
from core.actions.periods import closing
from core.errors import AlreadyDecided, InvalidInput, NotFound
from core.money import Money, plain
from core.reads.periods.months import OPEN, Month
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.close import labels
from dashboard.ui import viewer, widgets
from dashboard.ui.flash import ErrorTable, ErrorText, Flash

FLASH = Flash(
    "close_flash",
    ErrorTable(
        (
            ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),
            ErrorText((AlreadyDecided, NotFound), N_("Nothing was changed. {reason}")),
        ),
    ),
)


def card(month: Month, person: Principal) -> None:
    """The month as it stands, and the buttons for who may close it."""
    with st.container(border=True):
        widgets.card_title(i18n.month(month.first_day))
        if not person.may("reconcile"):
            st.caption(_("You may see closed months, and close none."))
        elif month.state == OPEN:
            open_month(month)
        elif month.state == "asked":
            second = viewer.current_console().settings.close_approval == "second_person"
            asked(month, own=second and month.asked_by_id == person.user_id)
        if month.state == "closed":
            closed(month, may=person.may("reconcile"))


def open_month(month: Month) -> None:
    """The checklist, and the button that asks for a second person."""
    zone, livemode = viewer.zone(), viewer.livemode()
    found = viewer.act(closing.checklist, month.month, livemode=livemode, zone=zone)
    blockers = {one.id: one.count for one in found}
    for name in labels.CHECKS:
        icon, text = labels.check(name, blockers)
        st.markdown(f"{icon} {text}")
    not_due(month)
    wanted = st.button(
        _("Ask to close"),
        icon=":material/lock:",
        type="primary",
        disabled=bool(blockers),
        key=f"close_ask_{month.month}",
    )
    if wanted:
        said = _("Another person of finance confirms it now.")
        FLASH.perform(said, closing.ask, month.month, livemode=livemode, zone=zone)
        st.rerun()


def not_due(month: Month) -> None:
    """What still differs and may go by itself: it keeps no month open, and is not to be unseen."""
    zone = viewer.zone()
    found = viewer.act(closing.expected, month.month, livemode=viewer.livemode(), zone=zone)
    if not found:
        return
    n = len(found)
    said = ngettext(
        "{n} difference is not due yet: it may go by itself, and stands in the certificate.",
        "{n} differences are not due yet: they may go by themselves, and stand in the certificate.",
        n,
    ).format(n=i18n.number(n))
    st.markdown(f":material/schedule: {said}")
    for one in found[:50]:
        at = i18n.minute(one.due_at, zone)
        ours, theirs = (
            labels.side(minor, one.currency) for minor in (one.ours_minor, one.theirs_minor)
        )
        line = _("{id}: {ours} here, {theirs} there, due {time}")
        text = line.format(id=one.object_id, ours=ours, theirs=theirs, time=at)
        st.markdown(f"- {widgets.safe_text(text)}")


def asked(month: Month, *, own: bool) -> None:
    """Who asked, and the button of the second person."""
    at = i18n.minute(month.asked_at, viewer.zone()) if month.asked_at else ""
    said = _("{name} asked to close it, {time}.").format(name=month.asked_by, time=at)
    st.markdown(widgets.safe_text(said))
    not_due(month)
    if own:
        st.caption(_("Another person than you confirms it."))
    elif st.button(
        _("Close the month"), icon=":material/lock:", type="primary", key=f"close_{month.month}"
    ):
        said = _("The month is closed.")
        FLASH.perform(said, closing.confirm, month.month, livemode=viewer.livemode())
        st.rerun()
    reopening(month, _("Take it back"))


def closed(month: Month, *, may: bool) -> None:
    """Its certificate, the proof that it still holds, and what came late."""
    zone = viewer.zone()
    at = i18n.minute(month.closed_at, zone) if month.closed_at else ""
    said = _("{asker} asked, {name} closed it, {time}.")
    st.markdown(widgets.safe_text(said.format(asker=month.asked_by, name=month.closed_by, time=at)))
    st.caption(_("Digest of the certificate (SHA-256)"))
    st.code(month.digest, language=None)
    with st.container(horizontal=True):
        st.download_button(
            _("Certificate"),
            data=month.certificate or "",
            file_name=f"tillwatch-{month.month}-{month.number}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        proving = may and st.button(
            _("Prove it now"), icon=":material/verified:", key=f"close_verify_{month.month}"
        )
    if proving:
        proof(month)
    if may:
        reopening(month, _("Open again"))


def proof(month: Month) -> None:
    """Whether the month is what it was closed as, and what counts elsewhere since."""
    found = viewer.act(closing.verify, month.month, livemode=viewer.livemode())
    if found.holds:
        st.success(_("It is what it was closed as."), icon=":material/verified:")
    for fault in found.faults:
        st.error(_(fault), icon=":material/error:")
    for one in found.changed:
        said = _("{category}: closed {before}, now {after}")
        before, after = (
            f"{plain(Money(minor, one.currency))} {one.currency.upper()}"
            for minor in (one.closed_minor, one.now_minor)
        )
        st.markdown(
            widgets.safe_text(said.format(category=one.category, before=before, after=after))
        )
    if found.adjustments:
        n = len(found.adjustments)
        st.caption(
            ngettext(
                "{n} row came late, and counts on the first open day:",
                "{n} rows came late, and count on the first open day:",
                n,
            ).format(n=i18n.number(n))
        )
        for late in found.adjustments[:50]:
            net = f"{plain(Money(late.net_minor, late.currency))} {late.currency.upper()}"
            said = _("{id}: {amount} of {day}, booked {booked}")
            st.markdown(
                widgets.safe_text(
                    said.format(
                        id=late.stripe_id,
                        amount=net,
                        day=i18n.day(late.business_day),
                        booked=i18n.day(late.booked_day),
                    )
                )
            )


def reopening(month: Month, label: str) -> None:
    """A reason, and the button that opens the month."""
    with st.popover(label, icon=":material/lock_open:"):
        viewer.confirm_first("/close")
        reason = st.text_input(
            _("Reason"), max_chars=500, key=f"close_reason_{month.month}_{month.number}"
        )
        if st.button(label, key=f"close_reopen_{month.month}_{month.number}", type="primary"):
            said = _("The month is open.")
            livemode = viewer.livemode()
            FLASH.perform(said, closing.reopen, month.month, reason, livemode=livemode)
            st.rerun()
