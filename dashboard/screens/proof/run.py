"""Having the proof made anew: the button, and how far the worker is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import streamlit as st

from core.actions.proof import runs as actions
from core.reads.proof.runs import Asked, Run
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.proof.messages import FLASH
from dashboard.ui import viewer

#: A worker that lives begins within seconds.
_SOON = timedelta(seconds=30)


def button(first: date, last: date, asked: Asked | None) -> None:
    """For who may reconcile; not while a reconciliation is under way."""
    busy = is_under_way(asked)
    if st.button(
        _("Reconcile now"),
        key="reconcile",
        icon=":material/refresh:",
        type="primary",
        disabled=busy,
        help=_("It is being reconciled.") if busy else None,
    ):
        begun = FLASH.perform(
            _("Being reconciled: what differs appears below."),
            actions.run,
            livemode=viewer.livemode(),
            first=first,
            last=last,
            zone=viewer.zone(),
        )
        if begun.value is False:
            FLASH.set(_("It is being reconciled already."), "info")
        st.rerun()


def is_under_way(asked: Asked | None) -> bool:
    """Whether one that was asked for has not ended."""
    return asked is not None and not asked.ended


def progress(asked: Asked) -> None:
    """How far it is, or why it ended without a result."""
    if asked.ended:
        if asked.error:
            said = _("The last reconciliation could not be made. It can be tried again.")
            st.warning(said, icon=":material/warning:")
        return
    if not asked.began:
        waits = datetime.now(UTC) - asked.asked_at > _SOON
        said = _("Waiting for the worker; is it running?") if waits else _("Waiting for the worker")
        st.progress(0.0, said)
    elif not asked.whole:
        st.progress(0.0, _("Comparing"))
    else:
        said = _("Comparing with Stripe's list: {done} of {all}").format(
            done=i18n.number(asked.done), all=i18n.number(asked.whole)
        )
        st.progress(min(1.0, asked.done / asked.whole), said)


def caption(run: Run | None) -> str:
    """When these days were proved last, which days with them, by whom, and how long it took."""
    if run is None:
        return _("These days were not reconciled yet.")
    said = _("Reconciled {time}, from {first} to {last} · took {seconds} s")
    return said.format(
        time=i18n.moment(run.ended_at, viewer.zone()),
        first=i18n.day(run.first),
        last=i18n.day(run.last),
        seconds=i18n.number(max(1, round(run.lasted.total_seconds()))),
    )
