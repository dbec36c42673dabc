"""Overview: today so far, what waits for a person, what fails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from core.reads.overview import overview as reads
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.overview import cards as overview_cards
from dashboard.screens.payments import list as payment_list
from dashboard.screens.payments import table as payment_table
from dashboard.ui import (
    charts,
    customer_links,
    freshness,
    live,
    metric_cards,
    navigation,
    viewer,
    widgets,
)

#: Figures of a whole day need not follow each payment.
ASK_EVERY = 5000


def main() -> None:
    """Draw the screen."""
    actions = widgets.header(_("Overview"), livemode=viewer.livemode())
    with actions:
        age()
    everything()


@st.fragment(run_every=freshness.LOOK_EVERY)
def age() -> None:
    """How old the picture is; by the clock, for silence changes no version."""
    fresh = viewer.read(reads.freshness, livemode=viewer.livemode())
    with_ledger = viewer.signed_in().may("see_revenue")
    freshness.badge(fresh.last_event_at, with_ledger=with_ledger)


@st.fragment
def everything() -> None:
    """The screen under its title: drawn again, alone, when something changed."""
    if opened := st.session_state.pop("opened", None):
        customer_links.open_clicked(opened, "payment")
    viewer.require("see_payments")
    here = viewer.view()
    navigation.follow_click(here.person)
    version = live.version("payments")
    may_see_net = here.person.may("see_revenue")
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    shown = overview_cards.shaped(version, minute, here.livemode, may_see_net, i18n.language())
    if not shown["cards"] and not shown["failures"].names:
        payment_list.none_yet()
    else:
        draw(shown, here, version)
    live.ping("payments", version, every=ASK_EVERY)


def draw(shown: dict[str, Any], here: viewer.View, version: int) -> None:
    """Cards, chart and needs, comparison, failures."""
    st.header(_("Today so far, against yesterday"), anchor=False)
    metric_cards.linked("today", shown["cards"])
    left, right = st.columns([2, 1])
    with left.container(border=True, height="stretch"):
        widgets.card_title(_("Payments per hour, last 48 hours"))
        charts.draw(
            shown["hours"],
            alt=_("Payments per hour in the last 48 hours by outcome"),
            key="hours",
            on_pick=picked_hour,
        )
    with right.container(border=True, height="stretch"):
        widgets.card_title(_("Needs you"))
        overview_cards.needing(version)
    with st.container(border=True):
        widgets.card_title(_("Same hours compared, by the currency that customers pay in"))
        overview_cards.show_compared(shown["compared"], shown["today"])
    if shown["nets"]:
        with st.container(border=True):
            widgets.card_title(_("Net of today so far, by settlement currency"))
            st.caption(
                _("What the ledger has of today. Payments settle in the account's currencies.")
            )
            overview_cards.nets(shown["nets"], shown["today"])
    with st.container(border=True):
        widgets.card_title(_("Latest failures"))
        payment_table.show(
            shown["failures"],
            key="failures",
            alt=N_("Latest failed payments"),
            on_open=lambda payment_id: st.session_state.update(opened=payment_id),
            without=["risk", "state", "method", "reason"],
            also=["meaning"],
        )
        # Under the table: on a touch screen its toolbar takes the clicks of what stands above.
        st.page_link(
            navigation.named("payments"),
            label=_("All failed payments"),
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params={"q": "status:failed"},
        )


def picked_hour(picked: str) -> None:
    """A click on an hour's bar: the next run opens its payments."""
    if address := overview_cards.payments_of_bar(picked):
        navigation.remember(address)


main()
