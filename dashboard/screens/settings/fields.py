"""One field for each setting that is kept: its value, where it is set, and what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.actions.admin import settings as actions
from core.reads.admin import settings as reads
from core.reads.admin.settings import KeptValue
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.settings import labels, messages
from dashboard.ui import viewer, widgets

_DONE = "settings_done"


def kept() -> dict[str, KeptValue]:
    """What the database keeps, by name."""
    return {one.name: one for one in viewer.read(reads.kept)}


def form(
    key: str,
    names: Sequence[str],
    values: Mapping[str, KeptValue],
    beside: Callable[[], None] = lambda: None,
) -> None:
    """A form for these settings, with a reason; what the environment sets cannot be typed here.

    `beside` draws other buttons of the form next to the one that saves.
    """
    outside = actions.set_outside(viewer.current_console().set_outside)
    _clear(key, names)
    with st.form(key, border=False):
        for name in names:
            _field(name, values.get(name), outside=name in outside)
            messages.at_field(name)
        st.text_input(_("Why"), key=f"{key}_why", placeholder=_("Stands in the audit log"))
        messages.at_field("reason")
        with st.container(horizontal=True):
            st.form_submit_button(
                _("Save"),
                type="primary",
                disabled=outside.issuperset(names),
                on_click=_save,
                args=(key, tuple(name for name in names if name not in outside)),
            )
            beside()


def widget_key(name: str) -> str:
    """The key of a setting's field."""
    return f"setting_{name}"


def value(name: str) -> str:
    """What is in force of a setting that is no secret."""
    return actions.text(viewer.current_console().settings, name)


def _field(name: str, one: KeptValue | None, *, outside: bool) -> None:
    key, label = widget_key(name), _(labels.NAMES[name])
    common: dict[str, Any] = {"key": key, "disabled": outside}
    if name in labels.HELP:
        common["help"] = _(labels.HELP[name])
    choices = actions.choices(name)
    if choices:
        st.radio(
            label,
            choices,
            index=choices.index(value(name)),
            format_func=lambda code: _(labels.CHOICES[code]),
            **common,
        )
    elif actions.is_secret(name):
        shown = one.shown if one is not None else ""
        st.text_input(
            label, type="password", autocomplete="new-password", placeholder=shown, **common
        )
    else:
        st.text_input(label, value=value(name), autocomplete="off", **common)
    _origin(one, outside=outside)


def _origin(one: KeptValue | None, *, outside: bool) -> None:
    """Where a value is set, in small."""
    if outside:
        st.caption(_("Set in the environment, which wins."))
    elif one is not None:
        said = _("{shown}, set by {name}, {time}") if one.secret else _("Set by {name}, {time}")
        at = i18n.minute(one.updated_at, viewer.zone())
        said = said.format(shown=one.shown, name=one.updated_by, time=at)
        st.caption(widgets.safe_text(said))


def _save(key: str, names: Sequence[str]) -> None:
    state = st.session_state
    typed = {name: state[widget_key(name)] for name in names}
    # A secret that was left empty stays; so does what nobody changed.
    changed = {
        name: text or None
        for name, text in typed.items()
        if (text if actions.is_secret(name) else text != value(name))
    }
    if not changed:
        messages.FLASH.set(_("Nothing was changed yet."), "info")
        return
    outcome = messages.perform(
        _("Saved. It is in force within seconds."),
        actions.change,
        changed,
        environment=viewer.current_console().set_outside,
        reason=state[f"{key}_why"],
    )
    if outcome.done:
        viewer.reread()
        state[_DONE] = key


def _clear(key: str, names: Sequence[str]) -> None:
    """After what was typed is kept: secrets and the reason are not left on the screen."""
    if st.session_state.pop(_DONE, None) == key:
        for name in names:
            if actions.is_secret(name):
                st.session_state[widget_key(name)] = ""
        st.session_state[f"{key}_why"] = ""
