"""Alerts that are over, and the messages that were sent."""

from __future__ import annotations

import streamlit as st

from core.reads.alerts import alerts as reads
from core.reads.alerts.alerts import Alert, Delivery
from dashboard.i18n import N_, _
from dashboard.screens.alerts import labels
from dashboard.ui import status_badges, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, Empty, chips, moment, number, text

ALERTS: dict[str, Column[Alert]] = {
    "kind": text(N_("What"), lambda one: labels.kind(one.kind), cut=20),
    "found": text(N_("Found"), labels.found, cut=34),
    "since": moment(N_("Since"), lambda one: one.first_seen_at, seconds=False),
    "until": moment(N_("Until"), lambda one: one.closed_at, seconds=False),
    "by": text(N_("Acknowledged by"), lambda one: one.acknowledged_by or "", cut=17),
}
DELIVERIES: dict[str, Column[Delivery]] = {
    "when": moment(N_("When"), lambda one: one.tried_at or one.created_at),
    "channel": text(N_("Channel"), lambda one: one.channel),
    "kind": text(
        N_("What"),
        lambda one: labels.kind(one.kind) if one.kind else _("Test message"),
        cut=20,
    ),
    "state": chips(N_("State"), lambda one: status_badges.cell(one.state), labels.DELIVERIES),
    "attempts": number(N_("Tries"), lambda one: one.attempts),
    "why": text(N_("Why"), lambda one: labels.error(one.error), cut=30),
}
ALERT_TABLE = DataTable(
    "alerts_over",
    N_("Alerts that are over, newest first"),
    ALERTS,
    empty=Empty(N_("No alert is over"), N_("What is wrong now stands under Now.")),
)
DELIVERY_TABLE = DataTable(
    "alert_messages",
    N_("Messages, newest first"),
    DELIVERIES,
    placeholder="",
    empty=Empty(N_("No message was sent"), N_("Add a channel, and send a test.")),
)


def draw(livemode: bool) -> None:
    """Both lists; messages for administrators."""
    found = viewer.read(reads.closed_alerts, livemode=livemode)
    ALERT_TABLE.draw(ALERT_TABLE.frame(found))
    if viewer.signed_in().may("administer"):
        with st.container(border=True):
            widgets.card_title(_("Messages"))
            DELIVERY_TABLE.draw(DELIVERY_TABLE.frame(viewer.read(reads.deliveries)))
