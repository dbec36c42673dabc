"""What a difference asks back: why it is there, or who looks into it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.actions.proof import breaks as actions
from core.reads.proof import breaks as reads
from core.reads.proof.breaks import BreakRow
from dashboard.i18n import _
from dashboard.screens.proof import labels
from dashboard.screens.proof.differences import OPENS
from dashboard.screens.proof.messages import FLASH
from dashboard.ui import address, viewer
from dashboard.ui.dialog import Dialog

DIALOG = Dialog("difference_dialog")


def ask(what: str, row: BreakRow) -> None:
    """Open a dialog in the next run, in the drawer's place."""
    DIALOG.ask(
        what=what,
        number=row.number,
        title=f"#{row.number} · {labels.kind(row.kind)}",
        owner=row.owner,
    )
    address.drop(OPENS)
    st.rerun()


def open_asked_dialog() -> None:
    """The dialog that is open, if one is."""
    about = DIALOG.about()
    if about is not None:
        DIALOG.draw(about["title"], _explain if about["what"] == "explain" else _assign)


def _explain(about: dict[str, Any]) -> None:
    """A difference is not explained without a reason."""
    reason = st.text_area(
        _("Why is it there?"),
        key="difference_reason",
        max_chars=actions.LONGEST_REASON,
        help=_("It stays found, and counts as explained until a run sees that it is gone."),
    )
    if st.button(_("Explain"), key="explain_now", type="primary"):
        if not (reason or "").strip():
            left_out = _("Say why it is there.")
            st.markdown(f":small[:red[{left_out}]]")
            return
        said = " ".join((reason or "").split())
        FLASH.perform(_("The difference is explained."), actions.explain, about["number"], said)
        _end(about)


def _assign(about: dict[str, Any]) -> None:
    """Anybody who reconciles, or nobody."""
    names = dict(viewer.read(reads.workers))
    options = [None, *names]
    chosen = st.selectbox(
        _("Who looks into it?"),
        options,
        index=options.index(about["owner"]) if about["owner"] in names else 0,
        format_func=lambda one: names[one] if one else _("Nobody"),
        key="difference_owner",
    )
    if st.button(_("Give"), key="assign_now", type="primary"):
        FLASH.perform(_("It is theirs now."), actions.assign, about["number"], chosen)
        _end(about)


def _end(about: dict[str, Any]) -> None:
    DIALOG.close()
    address.put(OPENS, str(about["number"]))
    st.rerun()
