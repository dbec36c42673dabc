"""The rules that the proof holds, each with how it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import streamlit as st

from core.reads.proof.runs import Run
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.proof import labels
from dashboard.ui import viewer, widgets

NOT_ASKED = N_("Stripe could not be asked")
_ICONS = {
    "agrees": ":green[:material/check_circle:]",
    "differs": ":red[:material/error:]",
    "unknown": ":gray[:material/help:]",
}


@dataclass(frozen=True, slots=True)
class IdentityState:
    """How an identity stands: agrees, differs or unknown, and its differences by their state."""

    name: str
    state: str
    open: int
    expected: int
    explained: int


def identity_states(run: Run, counts: Mapping[str, Mapping[str, int]]) -> Iterator[IdentityState]:
    """Each identity, in the order in which they are held."""
    for name in labels.IDENTITIES:
        states = counts.get(name, {})
        open_ = states.get("open", 0)
        state = "differs" if open_ else "unknown" if name in run.unknown else "agrees"
        yield IdentityState(
            name, state, open_, states.get("expected", 0), states.get("explained", 0)
        )


def card(run: Run, counts: Mapping[str, Mapping[str, int]]) -> None:
    """One line an identity."""
    with st.container(border=True):
        widgets.card_title(_("What must hold"))
        st.caption(i18n.time_of(run.ended_at, viewer.zone()))
        for one in identity_states(run, counts):
            st.markdown(f"{_ICONS[one.state]} {_(labels.IDENTITIES[one.name])}{_counted(one)}")


def _counted(one: IdentityState) -> str:
    """What does not hold, on a line of its own."""
    parts = []
    if one.open:
        said = ngettext("{n} open", "{n} open", one.open)
        parts.append(said.format(n=i18n.number(one.open)))
    if one.expected:
        said = ngettext("{n} expected", "{n} expected", one.expected)
        parts.append(said.format(n=i18n.number(one.expected)))
    if one.explained:
        said = ngettext("{n} explained", "{n} explained", one.explained)
        parts.append(said.format(n=i18n.number(one.explained)))
    if one.state == "unknown":
        parts.append(_(labels.NOT_IMPORTED.get(one.name, NOT_ASKED)))
    return f"  \n:small[{' · '.join(parts)}]" if parts else ""
