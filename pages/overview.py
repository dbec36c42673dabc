"""Overview: today so far, what waits for a person, what fails."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.reads import overview as reads
from dashboard import (
    charts,
    console,
    figures,
    freshness,
    i18n,
    live,
    navigation,
    overview_cards,
    payment_table,
    payments_view,
    widgets,
)
from dashboard.i18n import _

#: Figures of a whole day need not follow each payment.
ASK_EVERY = 5000


def main() -> None:
    """Draw the screen."""
    actions = widgets.header(_("Overview"), livemode=console.livemode())
    with actions:
        age()
    everything()


@st.fragment(run_every=freshness.LOOK_EVERY)
def age() -> None:
    """How old the picture is; by the clock, for silence changes no version."""
    fresh = console.read(reads.freshness, livemode=console.livemode())
    with_ledger = console.viewer().may("see_revenue")
    freshness.badge(fresh.last_event_at, with_ledger=with_ledger)


@st.fragment
def everything() -> None:
    """The screen under its title: drawn again, alone, when something changed."""
    if opened := st.session_state.pop("opened", None):
        console.go("payment", id=opened)
    console.require("see_payments")
    here = console.view()
    version = live.version("payments")
    may_see_net = here.person.may("see_revenue")
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    shown = overview_cards.shaped(version, minute, here.livemode, may_see_net, i18n.language())
    if not shown["cards"] and not shown["failures"].size:
        payments_view.none_yet()
    else:
        draw(shown, here, version)
    live.ping("payments", version, every=ASK_EVERY)


def draw(shown: dict, here: console.View, version: int) -> None:
    """Cards, chart and needs, comparison, failures."""
    st.header(_("Today so far, against yesterday"), anchor=False)
    figures.cards(shown["cards"], columns=4)
    left, right = st.columns([2, 1])
    with left.container(border=True, height="stretch"):
        widgets.card_title(_("Payments per hour, last 48 hours"))
        charts.draw(
            shown["hours"], alt=_("Payments per hour in the last 48 hours by outcome"), key="hours"
        )
    with right.container(border=True, height="stretch"):
        widgets.card_title(_("Needs you"))
        overview_cards.needing(version)
    with st.container(border=True):
        widgets.card_title(_("Same hours compared"))
        widgets.plain_table(
            shown["compared"],
            overview_cards.layout(with_net="net" in shown["compared"]),
            key="compared",
            alt=_("Today by currency against yesterday and the same day last week"),
        )
    with st.container(border=True):
        widgets.card_title(_("Latest failures"))
        payment_table.show(
            shown["failures"],
            here.zone,
            key="failures",
            alt=_("Latest failed payments"),
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


main()
