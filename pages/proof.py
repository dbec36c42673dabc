"""Proof: whether the ledger, Stripe, the bank and the books agree, and what differs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import streamlit as st

from core.reads.proof import runs as reads
from core.reads.proof import witnesses as witness_reads
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.proof import (
    bridge,
    closings,
    dialogs,
    differences,
    identities,
    labels,
    report_upload,
    witnesses,
)
from dashboard.screens.proof import drawer as difference_drawer
from dashboard.screens.proof import run as proof_run
from dashboard.screens.proof.messages import FLASH
from dashboard.ui import drawer, live, navigation, settlement_currencies, viewer, widgets


def main() -> None:
    """Draw the screen."""
    livemode, zone = viewer.livemode(), viewer.zone()
    today = datetime.now(UTC).astimezone(zone).date()
    with viewer.picture():
        person = viewer.require("see_revenue")
        at = live.moment("revenue")
        counts = live.read(at, reads.counts, livemode=livemode)
        months = live.read(at, reads.months, livemode=livemode, today=today)
        asked = viewer.read(reads.asked, livemode=livemode)
        known = settlement_currencies.known(livemode)
    actions = widgets.header(_("Proof"), livemode=livemode, beside=lambda: badge(counts))
    FLASH.show()
    with st.container(horizontal=True, vertical_alignment="center"):
        since, until = picked(months)
        shown = {code: code.upper() for code in known}
        currency = None
        if shown:
            first = next(iter(shown))
            currency = widgets.url_choice(_("Currency"), "currency", shown, default=first)
    with actions:
        if person.may("reconcile"):
            report_upload.button()
            proof_run.button(since, until - timedelta(days=1), asked)
    balances(since, until, currency)
    if number := drawer.asked(differences.OPENS):
        drawer.draw(differences.OPENS, _("Difference"), lambda: difference_drawer.body(number))
    elif dialogs.DIALOG.about() is not None:
        dialogs.open_asked_dialog()
    else:
        report_upload.open_asked_dialog()


def badge(counts: dict[str, dict[str, int]]) -> None:
    """How many differences are open, of all days."""
    open_ = sum(states.get("open", 0) for states in counts.values())
    if open_:
        st.badge(labels.counted(open_), icon=":material/error:", color="red")


def picked(months: tuple[date, ...]) -> tuple[date, date]:
    """The first day of the month that is chosen, and the first after it."""
    known = {f"{month:%Y-%m}": month for month in months}
    code = widgets.url_select(
        _("Month"),
        "month",
        list(known),
        lambda one: i18n.month(known[one]) if one in known else one,
        default=next(iter(known)),
    )
    since = known.get(code, months[0])
    return since, (since + timedelta(days=31)).replace(day=1)


@st.fragment
def balances(since: date, until: date, currency: str | None) -> None:
    """Witnesses, bridge, rules and differences: drawn again while a reconciliation is under way."""
    with viewer.picture():
        navigation.follow_click(viewer.require("see_revenue"))
        drawer.follow_selection(differences.OPENS)
        at = live.moment("revenue")
        asked = viewer.read(reads.asked, livemode=viewer.livemode())
        running = proof_run.is_under_way(asked)
        if st.session_state.pop("proof_running", False) and not running:
            # It has ended: the button and the badge stand on the page, and so does that it began.
            FLASH.drop()
            st.rerun()
        st.session_state["proof_running"] = running
        if asked is not None:
            proof_run.progress(asked)
        if currency is None:
            witnesses.empty()
        else:
            proved(since, until, currency, at)
        differences.queue(datetime.now(UTC), at)
    if running:
        live.ping("revenue", at[0])


def proved(since: date, until: date, currency: str, at: live.Moment) -> None:
    """One currency: what each witness says of it, the bridge, and the rules, if they were held."""
    livemode = viewer.livemode()
    days: dict[str, Any] = {
        "livemode": livemode,
        "since": since,
        "until": until,
        "zone": viewer.zone(),
    }
    run = viewer.read(reads.last, livemode=livemode, since=since, until=until)
    st.caption(proof_run.caption(run))
    number = run.number if run else None
    mine = closings.of_currency(currency, since, until, version=at[0], run=number)
    if run is None:
        left = st.container()
    else:
        left, right = st.columns([2, 1])
        with right:
            identities.card(run, live.read(at, reads.counts, livemode=livemode))
    with left:
        for closing in mine:
            said = live.read(at, witness_reads.witnesses, closing=closing, **days)
            witnesses.card(closing, said, closing_day(until))
            bridge.card(closing, since, until, titled=len(mine) > 1)


def closing_day(until: date) -> str:
    """Of when the closing is."""
    now = datetime.now(UTC)
    last = until - timedelta(days=1)
    if now.astimezone(viewer.zone()).date() <= last:
        return _("Balance so far, {time}").format(time=i18n.minute(now, viewer.zone()))
    return _("Closing balance, {day}").format(day=i18n.day(last))


main()
