"""How the chain of the operators' log stands, and a walk over it that freezes nobody's screen."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from core.actions.admin import audit_verification as actions
from core.reads.admin import audit as reads
from core.reads.admin.audit import Chain
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.ui import viewer, widgets

#: A walk goes on for so many seconds at a time, so often: a million rows take about a minute, and
#: others have the rest of the processor.
PART, EVERY = 0.25, 0.35
_WALK = "audit_walk"


def card() -> None:
    """The card above the log; while a walk is under way it alone is drawn again."""
    walking = _WALK in st.session_state
    st.fragment(_draw, run_every=EVERY if walking else None)()


def _draw() -> None:
    chain = viewer.read(reads.chain)
    with st.container(border=True):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        with row.container(horizontal=True, vertical_alignment="center", width="content"):
            _badge(chain)
            st.caption(_chain_text(chain), width="content")
        if _WALK not in st.session_state:
            if row.button(_("Verify now"), key="walk", icon=":material/verified:"):
                _run_page_with(actions.Walk())
        elif row.button(_("Stop"), key="walk_stop", icon=":material/stop:"):
            _run_page_with(None)
        else:
            _go_on(chain)
        _broken(chain)
        _anchor(chain)


def _badge(chain: Chain) -> None:
    last = chain.verified
    if last is None:
        st.badge(_("Not verified yet"), icon=":material/help:", color="gray")
    elif last.broken_seq is not None:
        st.badge(_("The chain is broken"), icon=":material/link_off:", color="red")
    else:
        st.badge(_("The chain holds"), icon=":material/link:", color="green")


def _chain_text(chain: Chain) -> str:
    now = ngettext("{n} row now", "{n} rows now", chain.rows).format(n=i18n.number(chain.rows))
    if chain.verified is None:
        return now
    said = ngettext(
        "verified {time} by {who}, {n} row",
        "verified {time} by {who}, {n} rows",
        chain.verified.rows,
    ).format(
        time=i18n.moment(chain.verified.at, viewer.zone()),
        who=widgets.safe_text(chain.verified.by),
        n=i18n.number(chain.verified.rows),
    )
    return f"{said} · {now}"


def _broken(chain: Chain) -> None:
    last = chain.verified
    if last is None or last.broken_seq is None:
        return
    what = _("Row {number} {why}.").format(number=last.broken_seq, why=_(last.why or ""))
    st.error(
        f"{what} "
        + _(
            "Somebody changed the log in the database itself. Keep a copy of the database as it "
            "is now, and compare with a backup and with the heads that were printed."
        ),
        icon=":material/link_off:",
    )


def _anchor(chain: Chain) -> None:
    if chain.rows:
        st.caption(_("Head of the log. Keep it elsewhere: it shows if the log was written anew."))
        st.code(f"{chain.rows} {chain.hash}", language=None, wrap_lines=True)


def _go_on(chain: Chain) -> None:
    walk = viewer.act(actions.verify, st.session_state[_WALK], seconds=PART)
    if walk.done:
        _run_page_with(None)
    st.session_state[_WALK] = walk
    share = min(walk.seq / max(chain.rows, 1), 1.0)
    said = ngettext("{done} of {n} row", "{done} of {n} rows", chain.rows)
    st.progress(share, said.format(done=i18n.number(walk.seq), n=i18n.number(chain.rows)))


def _run_page_with(walk: actions.Walk | None) -> NoReturn:
    """The whole page again: a fragment cannot start or stop its own timer."""
    if walk is None:
        del st.session_state[_WALK]
    else:
        st.session_state[_WALK] = walk
    st.rerun()
