"""The frame that every screen shares: title and mode, cards, empty states, errors, freshness."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core import clock
from core.errors import InvalidInput, NotPermitted, TillwatchError
from core.money import Money, show, show_short
from dashboard import i18n
from dashboard.i18n import _, language

#: Older than this, what is shown is called stale.
STALE_AFTER = 600
_MARKS = re.compile(r"([!-/:-@\[-`{-~])")
_LINKS = re.compile(r"(://|@|www)", re.IGNORECASE)


def session_language() -> str | None:
    """The viewer's choice, else the browser's; None outside a running session."""
    if not st.runtime.scriptrunner.get_script_run_ctx(suppress_warning=True):
        return None
    return st.session_state.get("language") or i18n.match(st.context.locale)


i18n.ask(session_language)


def language_picker() -> None:
    """The choice of language, for the sidebar."""
    if "language" not in st.session_state:
        st.session_state["language"] = i18n.match(st.context.locale)
    st.selectbox(
        _("Language"),
        list(i18n.LANGUAGES),
        key="language",
        format_func=i18n.LANGUAGES.__getitem__,
        label_visibility="collapsed",
    )


def safe_text(text: str | None) -> str:
    """Foreign text for a place that renders markdown: shown as written, loads and links nothing."""
    flat = " ".join((text or "").split())
    # A word joiner keeps addresses from becoming links: those are found after escapes are undone.
    return _MARKS.sub(r"\\\1", _LINKS.sub("\\1\N{WORD JOINER}", flat))


def header(title: str, *, livemode: bool) -> Any:
    """The title with the mode beside it; returns the place for the page's actions."""
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    with row.container(horizontal=True, vertical_alignment="center", width="content"):
        st.title(title, anchor=False, width="content")
        mode_badge(livemode)
    return row.container(
        horizontal=True,
        horizontal_alignment="right",
        vertical_alignment="center",
        width="content",
    )


def mode_badge(livemode: bool) -> None:
    """Test or live, always in sight."""
    if livemode:
        st.badge(_("LIVE"), icon=":material/bolt:", color="green")
    else:
        st.badge(_("TEST MODE"), icon=":material/science:", color="orange")


@dataclass(frozen=True, slots=True)
class Card:
    """A figure: `value` as shown, `exact` on hover; `change` is a share (0.1 is 10 % more)."""

    label: str
    value: str
    exact: str = ""
    change: float | None = None
    versus: str = ""
    up_is: str = "normal"
    trend: Sequence[float] | None = None


def cards(figures: Sequence[Card], *, columns: int, narrow: int = 150) -> None:
    """Figures side by side, two across on a phone."""
    with st.grid(columns, min_column_width=narrow):
        for card in figures:
            st.metric(
                card.label,
                card.value,
                delta=delta(card.change),
                delta_color=card.up_is,
                delta_description=card.versus if card.change is not None else None,
                help=card.exact or None,
                border=True,
                chart_data=card.trend,
                height="stretch",
            )


def delta(change: float | None) -> str | int | None:
    """A change for `st.metric`: an ASCII minus, and the number 0 where nothing changed (a text of
    zero would be drawn as a rise)."""
    if change is None:
        return None
    return 0 if abs(change) < 0.0005 else f"{change * 100:+.1f}%"


def change(now: int, before: int) -> float | None:
    """By what share a figure moved; None when there was nothing to compare with."""
    return (now - before) / abs(before) if before else None


def money_card(label: str, amount: Money, **more: Any) -> Card:
    """An amount as a figure: short on the tile, exact with its code on hover."""
    exact = f"{show(amount, language())} {amount.currency.upper()}".replace("$", r"\$")
    return Card(label, show_short(amount, language()), exact, **more)


def freshness(last_event: datetime | None, zone: ZoneInfo) -> None:
    """How old the picture is; orange once nothing came for ten minutes."""
    if last_event is None:
        st.badge(_("No events yet"), icon=":material/sensors_off:", color="gray")
        return
    age = int((clock.now() - last_event).total_seconds())
    said = _("Last event {ago}").format(ago=i18n.ago(age))
    stale = age > STALE_AFTER
    st.badge(
        said,
        icon=":material/schedule:" if stale else ":material/sensors:",
        color="orange" if stale else "green",
        help=f"{i18n.moment(last_event, zone)} {zone}",
    )


def empty(what: str, then: str, *, icon: str = ":material/inbox:") -> Any:
    """What is missing and what to do about it; returns the place for a button."""
    box = st.container(border=True, horizontal_alignment="center", gap="xsmall")
    box.badge(what, icon=icon, color="gray")
    box.caption(then, text_alignment="center")
    return box


def refused(error: TillwatchError) -> None:
    """An error as a person needs it: what happened, what was kept, what to do."""
    if isinstance(error, NotPermitted):
        st.warning(_("Your roles do not show this. Ask an administrator if you need it."))
        return
    st.error(
        _("This could not be read: {reason} Nothing was changed. Reload to try again.").format(
            reason=safe_text(error.message)
        )
    )


def unreadable(error: InvalidInput) -> None:
    """A search line that cannot be read: what is wrong with which term, and that nothing ran."""
    said = _("Nothing was searched. {term}: {rule}")
    st.warning(
        said.format(term=safe_text(error.field), rule=safe_text(_(error.rule))),
        icon=":material/search_off:",
    )


def cursor() -> tuple[str | None, bool]:
    """Where the page in the URL begins, and whether it goes back in time from there."""
    newer = st.query_params.get("after")
    return (newer, False) if newer else (st.query_params.get("before"), True)


def pager(*, newer: str | None, older: str | None) -> None:
    """Newer and Older by keyset: their cursors go into the URL; None where nothing lies beyond."""
    row = st.container(horizontal=True, horizontal_alignment="right")
    row.button(
        _("Newer"),
        key="newer",
        icon=":material/chevron_left:",
        disabled=newer is None,
        help=_("These are the newest.") if newer is None else None,
        on_click=_turn,
        args=("after", newer),
    )
    row.button(
        _("Older"),
        key="older",
        icon=":material/chevron_right:",
        icon_position="right",
        disabled=older is None,
        help=_("There are no older ones.") if older is None else None,
        on_click=_turn,
        args=("before", older),
    )


def first_page() -> None:
    """Take the cursor out of the URL: a new search begins with its newest rows."""
    st.query_params.pop("before", None)
    st.query_params.pop("after", None)


def _turn(key: str, position: str) -> None:
    first_page()
    st.query_params[key] = position
