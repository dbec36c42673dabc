"""The currencies that Stripe settles in, for the tabs and choices of what shows one at a time."""

from __future__ import annotations

import streamlit as st

from core.reads.revenue import revenue as reads
from dashboard.ui import live, viewer


def known(livemode: bool) -> tuple[str, ...]:
    """Those of the mode's ledger, the busiest first; for pages that asked for `see_revenue`.

    Counted again when the ledger changed, for all who look: it adds up the sums of every day.
    """
    return _counted(live.version("revenue"), livemode)


@st.cache_resource(max_entries=4, ttl=300, show_spinner=False)
def _counted(version: int, livemode: bool) -> tuple[str, ...]:
    return viewer.read(reads.currencies, livemode=livemode)
