"""What an administrator's click does, and how it is told: once, where it was clicked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from core.errors import InvalidInput, Misconfigured, NotFound, OwnAdministration, TillwatchError
from dashboard.i18n import N_, _
from dashboard.ui import viewer, widgets

_SAID = "user_said"
_FIELDS = {"email": N_("E-mail"), "password": N_("Password"), "roles": N_("Roles")}


class Said(NamedTuple):
    """What came of an act; a password that was made up is told here and nowhere else."""

    good: bool
    text: str
    password: str | None = None


def perform(told: str, act: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Carry out an act for the viewer and keep what to say about it; None where it was refused."""
    try:
        found = viewer.act(act, *given, **named)
    except InvalidInput as error:
        rule = _(error.template).format(**error.values)
        field = _(_FIELDS.get(error.field, error.field))
        said = _("Nothing was changed. {field}: {rule}").format(field=field, rule=rule)
        _keep(Said(False, said))
        return None
    except (OwnAdministration, Misconfigured, NotFound) as error:
        _keep(Said(False, _said(error)))
        return None
    _keep(Said(True, told, getattr(found, "password", None)))
    return found


def _said(error: TillwatchError) -> str:
    return _("Nothing was changed. {reason}").format(reason=_(error.message))


def _keep(said: Said) -> None:
    st.session_state[_SAID] = said


def refuse(text: str) -> None:
    """Say why nothing was even asked for."""
    _keep(Said(False, text))


def show_flash() -> None:
    """Say it, once."""
    said: Said | None = st.session_state.pop(_SAID, None)
    if said is None:
        return
    text = widgets.safe_text(said.text)
    if not said.good:
        st.error(text, icon=":material/block:")
        return
    st.success(text, icon=":material/check_circle:")
    if said.password:
        st.code(said.password, language=None)
        st.caption(
            _(
                "This password is shown this once, and kept nowhere. Hand it over in a safe way: "
                "with it, they choose their own at their next sign-in, and open nothing before."
            )
        )
