"""The bridges of one currency, whose rows are summed again only once some came."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from core.domain.closings import Key
from core.reads.proof import witnesses as reads
from core.reads.proof.witnesses import Closing, Step
from dashboard.ui import viewer


def of_currency(currency: str, since: date, until: date, *, run: int | None) -> tuple[Closing, ...]:
    """The bridges from `since` until before `until`, as the rows are now. `run`: the number of the
    last reconciliation; each has the rows summed again, for it may have found the sums wrong."""
    asked: dict[str, Any] = {"livemode": viewer.livemode(), "currency": currency}
    # The sums first: rows that come between the reads have others, and are then summed again.
    kept = viewer.read(reads.kept_sums, since=since, until=until, **asked)
    zone = viewer.zone().key
    nets = _nets(kept.before, run, since, zone, **asked)
    moved = _moved(kept.within, run, since, until, zone, **asked)
    return viewer.read(reads.bridges_of, nets=nets, moved=moved, **asked)


@st.cache_data(max_entries=200, ttl=300, show_spinner=False)
def _nets(
    kept: tuple[int, ...],
    run: int | None,
    since: date,
    zone: str,
    *,
    livemode: bool,
    currency: str,
) -> dict[Key, int]:
    return viewer.read(
        reads.before, since=since, zone=viewer.zone(), livemode=livemode, currency=currency
    )


@st.cache_data(max_entries=200, ttl=300, show_spinner=False)
def _moved(
    kept: tuple[int, ...],
    run: int | None,
    since: date,
    until: date,
    zone: str,
    *,
    livemode: bool,
    currency: str,
) -> dict[Key, tuple[Step, ...]]:
    return viewer.read(
        reads.steps,
        since=since,
        until=until,
        zone=viewer.zone(),
        livemode=livemode,
        currency=currency,
    )
