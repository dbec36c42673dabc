"""The frame that every screen shares: title and mode, cards, empty states, errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from core.errors import InvalidInput, NotPermitted, TillwatchError
from core.reads.search.fields import Fields
from core.reads.search.payments.fields import FIELDS
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import address, columns

#: The height of a table's row in pixels.
ROW = 36
_MARKS = re.compile(r"([!-/:-@\[-`{-~])")
_LINKS = re.compile(r"(://|@|www)", re.IGNORECASE)
_CODE = re.compile(r"\\`(.+?)\\`")


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


def mode_switch() -> None:
    """The choice between live and test data, for the sidebar; it holds on every screen."""
    st.toggle(
        _("Test data"),
        key="test_data",
        help=_("Shows what the test key sees. Live data stays as it is."),
    )


def safe_text(text: str | None) -> str:
    """Foreign text for a place that renders markdown: shown as written, loads and links nothing."""
    flat = " ".join((text or "").split())
    # A word joiner keeps addresses from becoming links: those are found after escapes are undone.
    return _MARKS.sub(r"\\\1", _LINKS.sub("\\1\N{WORD JOINER}", flat))


def text_with_code(text: str) -> str:
    """Like `safe_text`, with what stands between two `backticks` drawn as code."""
    return _CODE.sub(lambda found: f"`{_unescaped(found[1])}`", safe_text(text))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text).replace("\N{WORD JOINER}", "")


def header(title: str, *, livemode: bool, beside: Callable[[], None] | None = None) -> Any:
    """The title with the mode, and `beside`, next to it; returns the place for actions."""
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    with row.container(horizontal=True, vertical_alignment="center", width="content"):
        st.title(title, anchor=False, width="content")
        if beside is not None:
            beside()
        mode_badge(livemode)
    return row.container(horizontal=True, vertical_alignment="center", width="content")


def mode_badge(livemode: bool) -> None:
    """Test or live, always in sight."""
    if livemode:
        st.badge(_("LIVE"), icon=":material/bolt:", color="green")
    else:
        st.badge(_("TEST MODE"), icon=":material/science:", color="orange")


def empty(what: str, then: str, *, icon: str = ":material/inbox:") -> Any:
    """What is missing and what to do about it; returns the place for a button."""
    box = st.container(border=True, horizontal_alignment="center", gap="xsmall")
    box.badge(what, icon=icon, color="gray")
    box.caption(then, text_alignment="center")
    return box


def card_title(title: str) -> None:
    """A card's heading; inside a row it stands closer to the card's edge."""
    st.container(horizontal=True).header(title, anchor=False, width="content")


def url_choice(label: str, key: str, options: Mapping[str, str], *, default: str) -> str:
    """Segments whose code stands in the URL: a bound widget would put its translated label there,
    and links would break across languages."""
    asked = address.get(key, default)
    st.session_state[f"choice_{key}"] = asked if asked in options else default
    st.segmented_control(
        label,
        list(options),
        key=f"choice_{key}",
        required=True,
        format_func=lambda code: _(options[code]),
        label_visibility="collapsed",
        on_change=_choose,
        args=(key, default),
    )
    return str(st.session_state[f"choice_{key}"])


def url_select(
    label: str,
    key: str,
    known: Sequence[str],
    shown: Callable[[str], str],
    *,
    default: str = "",
    width: int = 190,
) -> str:
    """A list to choose from whose code stands in the URL; `default` is not written there.

    `known` are codes, beside which '' stands for any, as `label` says it, where it is the default.
    """
    asked = address.get(key, default)
    offered = [*([""] if default == "" else []), *known, asked]
    st.session_state[f"choice_{key}"] = asked
    st.selectbox(
        label,
        list(dict.fromkeys(offered)),
        key=f"choice_{key}",
        format_func=lambda code: (shown(code) or label) if code else label,
        label_visibility="collapsed",
        on_change=_choose,
        args=(key, default),
        width=width,
    )
    return asked


def _choose(key: str, default: str) -> None:
    chosen = st.session_state[f"choice_{key}"]
    # A list that is narrowed begins with its newest rows.
    first_page()
    if chosen == default:
        address.drop(key)
    else:
        address.put(key, chosen)


def height(rows: int, most: int = 15) -> int | Literal["content"]:
    """A table's height: more rows than `most` scroll in it, and half a row shows that they do."""
    return "content" if rows <= most else (most + 1) * ROW + ROW // 2


def plain_table(
    table: columns.Table,
    layout: dict[str, Any],
    *,
    key: str,
    alt: str,
    most: int = 200,
    order: Sequence[str] | None = None,
    placeholder: str | None = None,
) -> None:
    """A table in full height up to `most` rows; foreign text is safe in its cells.

    `order`: the columns that are shown, all of them unless told. `placeholder`: in a cell without
    a value.
    """
    rows = len(next(iter(table.values()), ()))
    st.dataframe(
        columns.as_arrow(table),
        # Else Streamlit loads pandas to see whether it is a frame.
        lazy=False,
        hide_index=True,
        row_height=ROW,
        height=height(rows, most),
        column_order=order,
        column_config=columns.fitted(layout, table),
        key=key,
        placeholder=placeholder,
        alt=alt,
    )


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


def unreadable(error: InvalidInput, fields: Fields = FIELDS) -> None:
    """A search line that cannot be read: what is wrong with which term, and that nothing ran.

    `fields` are those that the line knows, a search of payments' unless told.
    """
    if error.field in (*fields.readers, "search"):
        broken = rule(error)
    else:
        broken = _("is not a search term; known are {known}").format(
            known=", ".join(fields.readers)
        )
    said = _("Nothing was searched. {term}: {rule}")
    st.warning(
        said.format(term=safe_text(error.field), rule=safe_text(broken)),
        icon=":material/search_off:",
    )


def rule(error: InvalidInput) -> str:
    """The rule that an input breaks, in the viewer's language; not safe for markdown."""
    return _(error.template).format(**error.values) if error.values else _(error.rule)


def live_switch(place: Any, *, standing: bool) -> bool:
    """The switch that stops a list from moving; whether it may move. Older pages stand still."""
    running = place.toggle(
        _("Auto-refresh"),
        value=True,
        key="live",
        persist_state="session",
        disabled=standing,
        help=_("Older pages stand still.") if standing else None,
    )
    return bool(running) and not standing


def cursor() -> tuple[str | None, bool]:
    """Where the page in the URL begins, and whether it goes back in time from there."""
    newer = address.get("after")
    return (newer, False) if newer else (address.get("before"), True)


def pager(*, newer: str | None, older: str | None) -> None:
    """Newer and Older by keyset: their cursors go into the URL; None where nothing lies beyond."""
    _turners(
        (_("Newer"), newer, _("These are the newest.")),
        (_("Older"), older, _("There are no older ones.")),
    )


def sorted_pager(*, back: str | None, on: str | None) -> None:
    """The same for a list in another order than that of time."""
    _turners(
        (_("Previous"), back, _("These are the first.")),
        (_("Next"), on, _("There are no further ones.")),
    )


def _turners(back: tuple[str, str | None, str], on: tuple[str, str | None, str]) -> None:
    row = st.container(horizontal=True, horizontal_alignment="right")
    row.button(
        back[0],
        key="newer",
        icon=":material/chevron_left:",
        disabled=back[1] is None,
        help=back[2] if back[1] is None else None,
        on_click=_turn,
        args=("after", back[1]),
    )
    row.button(
        on[0],
        key="older",
        icon=":material/chevron_right:",
        icon_position="right",
        disabled=on[1] is None,
        help=on[2] if on[1] is None else None,
        on_click=_turn,
        args=("before", on[1]),
    )


def first_page() -> None:
    """Take the cursor out of the URL: a new search begins with its newest rows."""
    address.drop("before", "after")


def next_page(key: str, cursor: str | None) -> None:
    """Put the cursor of the next page into the URL, if there is one."""
    if cursor:
        address.put(key, cursor)


def _turn(key: str, position: str) -> None:
    first_page()
    address.put(key, position)
