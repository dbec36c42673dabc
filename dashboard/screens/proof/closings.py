"""The bridges of one currency, whose rows are summed again only once some came."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from core.domain.closings import Key
from core.reads.proof import witnesses as reads
from core.reads.proof.witnesses import Closing, Step
from dashboard.ui import viewer


def of_currency(
    currency: str, since: date, until: date, *, version: int, run: int | None
) -> tuple[Closing, ...]:
    """The bridges from `since` until before `until`, as the rows are now. `version`: that of the
    revenue. `run`: the number of the last reconciliation; each has the rows summed again, for it
    may have found the sums wrong."""
    asked: dict[str, Any] = {"livemode": viewer.livemode(), "currency": currency}
    # The sums first: rows that come between the reads have others, and are then summed again.
    of = f"{asked} {run} {viewer.zone()} {since}"
    kept = _kept(f"{of} {until} {version}", since, until, asked)
    nets = _nets(f"{of} {kept.before}", since, asked)
    moved = _moved(f"{of} {until} {kept.within}", since, until, asked)
    return viewer.read(reads.bridges_of, nets=nets, moved=moved, **asked)


# All that the rows depend on stands in the key, as text: hashing its parts one by one took longer
# than what else is read.


@st.cache_resource(max_entries=200, ttl=300, show_spinner=False)
def _kept(key: str, _since: date, _until: date, _asked: dict[str, Any]) -> reads.KeptSums:
    return viewer.read(reads.kept_sums, since=_since, until=_until, **_asked)


@st.cache_resource(max_entries=200, ttl=300, show_spinner=False)
def _nets(key: str, _since: date, _asked: dict[str, Any]) -> dict[Key, int]:
    return viewer.read(reads.before, since=_since, zone=viewer.zone(), **_asked)


@st.cache_resource(max_entries=200, ttl=300, show_spinner=False)
def _moved(
    key: str, _since: date, _until: date, _asked: dict[str, Any]
) -> dict[Key, tuple[Step, ...]]:
    return viewer.read(reads.steps, since=_since, until=_until, zone=viewer.zone(), **_asked)
