"""The way to the page that asks who somebody is, and back: for what a stale session may not do."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from dashboard.i18n import _

#: Where the page is (dashboard/web/confirm_page.py).
PATH = "/confirm"

_JS = """\
export default function () {
  const here = location.pathname + location.search;
  location.assign("%s?next=" + encodeURIComponent(here));
}
"""
_element = st.components.v2.component("tillwatch_step_up", html="<i></i>", js=_JS % PATH)


def say_before(onward: str, *, is_kept: bool = False) -> None:
    """That it will be asked, and a link that does it in another tab: nothing is lost there."""
    said = (
        _("You will be asked who you are. [Confirm now, in another tab]({address})")
        if is_kept
        else _(
            "You will be asked who you are, and lose what you typed here. "
            "[Confirm now, in another tab]({address})"
        )
    )
    address = f"{PATH}?next={quote(onward, safe='')}"
    st.info(said.format(address=address), icon=":material/lock_person:")


def send() -> None:
    """Take the browser there; it comes back to the address where it is now."""
    st.info(
        _("Nothing was done yet: confirm that it is you, then do it again."),
        icon=":material/lock_person:",
    )
    _element(key="step_up")
