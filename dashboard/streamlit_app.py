"""The entrypoint of every run: who is there, what they may open, and the frame around the page."""

import sys
from pathlib import Path

# Streamlit puts this script's folder on the path; the packages are one above it.
_ROOT = str(Path(__file__).parent.parent)
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

import streamlit as st  # noqa: E402

from dashboard import i18n  # noqa: E402
from dashboard.ui import (  # noqa: E402
    account,
    address,
    closed_pages,
    freshness,
    go_to_anything,
    navigation,
    viewer,
    widgets,
)
from dashboard.ui.kit import theme  # noqa: E402
from dashboard.web import selftest  # noqa: E402

selftest.answer()

ASSETS = Path(__file__).parent / "assets"

# A local icon: with `:material/…:` icons on pages, browsers fetch one from elsewhere without it.
st.set_page_config(
    page_title="Tillwatch",
    page_icon=str(ASSETS / "icon.png"),
    layout="wide",
    initial_sidebar_state=228,
)
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "icon.png"))

person = viewer.signed_in()
account.choose_language(person)


def frame() -> None:
    """The sidebar, and the page in it."""
    pages = navigation.open_to(person)
    if pages:
        # Hidden ones stand in any section.
        next(iter(pages.values())).extend(closed_pages.pages(person))
    page = st.navigation(pages, expanded=True) if pages else None
    address.catch_up()
    with st.sidebar:
        if viewer.both_modes():
            widgets.mode_switch()
        if page is not None:
            go_to_anything.box(person)
        widgets.language_picker()
        theme.switch([screen.name for screen in navigation.screens()])
        account.box(person)
    account.keep_language(person)
    if page is not None:
        go_to_anything.open_chosen(person)
        freshness.banner(person)
        page.run()
    else:
        account.no_roles()


# One language for the whole run: a screen has hundreds of words, and each asked the session.
with i18n.speaking(i18n.language()):
    frame()
