"""Alerts whose condition holds, each with what can be done about it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core import clock
from core.actions.alerts import acknowledgements, rules
from core.alerts.kinds import KINDS
from core.reads.alerts import alerts as reads
from core.reads.alerts.alerts import Alert
from core.states import AlertState
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.alerts import labels
from dashboard.screens.alerts.messages import FLASH
from dashboard.ui import navigation, status_badges, viewer, widgets

#: More stand in a list of their own kind anyway.
MOST = 30
#: Hours, and what they are called.
MUTES = {1: N_("1 hour"), 8: N_("8 hours"), 24: N_("1 day"), 168: N_("1 week")}


def draw(livemode: bool) -> None:
    """The newest of this person's matters, and how long a click on Mute lasts."""
    found = viewer.read(reads.open_alerts, livemode=livemode, limit=MOST + 1)
    if not found:
        widgets.empty(
            _("Nothing is wrong"),
            _("Rules are looked at each minute."),
            icon=":material/notifications_off:",
        )
        return
    row = st.container(horizontal=True, horizontal_alignment="distribute")
    shown = found[:MOST]
    said = ngettext("{n} alert", "{n} alerts", len(shown)).format(n=i18n.number(len(shown)))
    row.caption(said if len(found) <= MOST else _("{shown}, the newest").format(shown=said))
    row.selectbox(
        _("Mute for"),
        list(MUTES),
        key="alert_mute_hours",
        format_func=lambda hours: _(MUTES[hours]),
        width=160,
    )
    for one in shown:
        _card(one)


def _card(one: Alert) -> None:
    zone = viewer.zone()
    with st.container(border=True, key=f"alert_{one.alert_id}"):
        head = st.container(horizontal=True, vertical_alignment="center")
        head.markdown(f"**{labels.kind(one.kind)}**", width="content")
        with head:
            status_badges.badge(labels.STATES, one.state)
            if _is_muted(one):
                status_badges.badge(labels.RULES, "muted")
        st.text(labels.found(one))
        said = [_("since {time}").format(time=i18n.minute(one.first_seen_at, zone))]
        if one.acknowledged_by:
            said.append(_("acknowledged by {name}").format(name=one.acknowledged_by))
        if one.muted_until is not None and _is_muted(one):
            said.append(_("muted until {time}").format(time=i18n.minute(one.muted_until, zone)))
        st.caption(widgets.safe_text(" · ".join(said)))
        _buttons(one)


def _buttons(one: Alert) -> None:
    row = st.container(horizontal=True)
    if one.state == AlertState.OPEN:
        row.button(
            _("Acknowledge"),
            key=f"acknowledge_{one.alert_id}",
            icon=":material/check:",
            help=_("Nobody is reminded of it any more."),
            on_click=_acknowledge,
            args=(one.alert_id,),
        )
    if _is_muted(one):
        row.button(
            _("Tell again"),
            key=f"unmute_{one.alert_id}",
            icon=":material/notifications_active:",
            on_click=_mute,
            args=(one.rule_id, False),
        )
    else:
        row.button(
            _("Mute"),
            key=f"mute_{one.alert_id}",
            icon=":material/notifications_paused:",
            help=_("Nobody is told of what this rule finds for as long as is chosen above."),
            on_click=_mute,
            args=(one.rule_id, True),
        )
    room, query = _place(one)
    if navigation.may_open(viewer.signed_in(), room):
        row.page_link(
            navigation.named(room),
            label=_("Look at it"),
            icon=":material/arrow_forward:",
            query_params=query,
        )


def _place(one: Alert) -> tuple[str, dict[str, str] | None]:
    """The screen where the matter is worked on, and what its address says."""
    if one.kind in ("large_refund", "doubled_operation") and one.facts.get("payment_id"):
        return "payment", {"id": str(one.facts["payment_id"])}
    queries = {"dead_event": {"q": "state:dead"}, "failure_rate": {"q": "status:failed"}}
    return KINDS[one.kind].screen, queries.get(one.kind)


def _is_muted(one: Alert) -> bool:
    return one.muted_until is not None and one.muted_until > clock.now()


def _acknowledge(alert_id: int) -> None:
    FLASH.perform(_("You have taken it on."), acknowledgements.acknowledge, alert_id)


def _mute(rule_id: int, is_on: bool) -> None:
    hours = st.session_state["alert_mute_hours"]
    # A length that was never offered is no time at all, and refused.
    length = timedelta(hours=hours) if hours in MUTES else timedelta()
    until = clock.now() + length if is_on else None
    told = _("The rule is muted.") if is_on else _("Its alerts are told of again.")
    FLASH.perform(told, rules.mute, rule_id, until=until)
