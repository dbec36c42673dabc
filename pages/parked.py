"""Objects that cannot be read from Stripe: why, since when, and trying them again."""

from __future__ import annotations

import streamlit as st

from core.actions.developer import parked_objects as actions
from core.errors import NotFound
from core.reads.developer import parked_objects as reads
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.screens.events import parked_objects as event_parked_objects
from dashboard.ui import live, navigation, viewer, widgets


def main() -> None:
    """Draw the screen."""
    viewer.require("see_events")
    widgets.header(_("Objects that cannot be read"), livemode=viewer.livemode())
    st.page_link(navigation.named("events"), label=_("Events"), icon=":material/arrow_back:")
    listed()


@st.fragment
def listed() -> None:
    """The rows: drawn again, alone, when one was read or parked."""
    person, livemode = viewer.require("see_events"), viewer.livemode()
    if chosen := st.session_state.pop("parked_again", None):
        again(chosen)
    if st.session_state.pop("parked_every", False):
        count = viewer.act(actions.retry_all, livemode=livemode)
        st.toast(_put_back(count), icon=":material/replay:")
    version = live.version("inbox")
    found = viewer.read(reads.page, livemode=livemode)
    if not found.rows:
        widgets.empty(
            _("Every object is read"),
            _("One that Stripe refuses, or that cannot be understood, would stand here."),
            icon=":material/task_alt:",
        )
    else:
        said = _("{count} of {total} shown").format(
            count=i18n.number(len(found.rows)), total=i18n.number(found.total)
        )
        st.caption(said)
        may = person.may("replay_events")
        event_parked_objects.table(found.rows, may_retry=may)
        if may:
            st.button(
                _("Try all again"), icon=":material/replay:", key="parked_all", on_click=every
            )
    live.ping("inbox", version)


def every() -> None:
    """A click on the button: the fragment acts when it runs."""
    st.session_state["parked_every"] = True


def again(stripe_id: str) -> None:
    """Ask for one of them anew; another may have done so a moment before."""
    try:
        viewer.act(actions.retry, stripe_id, livemode=viewer.livemode())
    except NotFound:
        st.toast(_("It is not parked any more"), icon=":material/task_alt:")
    else:
        st.toast(_put_back(1), icon=":material/replay:")


def _put_back(n: int) -> str:
    return ngettext("{n} put back", "{n} put back", n).format(n=i18n.number(n))


main()
