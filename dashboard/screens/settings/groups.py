"""Roles by the groups of the company's provider: the table, and the form that changes it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.actions.admin import group_roles as actions
from core.reads.admin import settings as reads
from core.reads.admin.settings import GroupRoles
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.settings import messages
from dashboard.ui import account, viewer, widgets

_CHOSEN, _NAME, _WHY = "group_chosen", "group_name", "group_why"
#: What the field of groups has for one that is not in the table yet.
_NEW = ""


def draw() -> None:
    """The table on the left, on the right the form for a group of it or for a new one."""
    found = viewer.read(reads.roles_by_group)
    outside = actions.outside(viewer.current_console().set_outside)
    left, right = st.columns([3, 2], gap="medium")
    with left.container(border=True):
        widgets.card_title(_("Roles by groups"))
        if outside:
            st.caption(_("Set in the environment, which wins."))
            for group, roles in sorted(outside.items()):
                st.text(f"{group}: {_named(sorted(roles, key=actions.CHOICES.index))}")
            return
        st.caption(
            _(
                "At each sign-in with your provider people get the roles of all their groups, and "
                "no others; who is in none stays outside. Without a group here, roles are given "
                "under Users."
            )
        )
        for one in found:
            _row(one)
    with right.container(border=True):
        widgets.card_title(_("Give a group roles"))
        _form({one.group: one.roles for one in found})


def _row(one: GroupRoles) -> None:
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    with row.container(gap=None, width="content"):
        st.text(f"{one.group}: {_named(one.roles)}")
        said = _("Set by {name}, {time}").format(
            name=one.updated_by, time=i18n.minute(one.updated_at, viewer.zone())
        )
        st.caption(widgets.safe_text(said))
    row.button(_("Remove"), key=f"group_remove_{one.group}", on_click=_remove, args=(one.group,))


def _form(known: dict[str, tuple[str, ...]]) -> None:
    if st.session_state.get(_CHOSEN) not in known:
        st.session_state[_CHOSEN] = _NEW
    chosen = st.selectbox(
        _("Group"),
        [_NEW, *known],
        key=_CHOSEN,
        format_func=lambda group: group or _("A group that is not in the table"),
    )
    words = account.role_words()
    with st.form("group", border=False):
        if chosen == _NEW:
            st.text_input(
                _("Its name, as your provider sends it in the claim groups"),
                key=_NAME,
                max_chars=actions.LONGEST_GROUP,
                autocomplete="off",
            )
        messages.at_field("group")
        st.pills(
            _("Roles"),
            actions.CHOICES,
            selection_mode="multi",
            default=known.get(chosen, ()),
            key=_roles_key(chosen),
            format_func=words.__getitem__,
        )
        messages.at_field("roles")
        st.text_input(_("Why"), key=_WHY, placeholder=_("Stands in the audit log"))
        messages.at_field("reason")
        st.form_submit_button(_("Save"), type="primary", on_click=_save, args=(chosen,))


def _save(chosen: str) -> None:
    state = st.session_state
    outcome = messages.perform(
        _("Saved. It is in force from the next sign-in on."),
        actions.give,
        chosen or state[_NAME],
        list(state[_roles_key(chosen)]),
        environment=viewer.current_console().set_outside,
        new=chosen == _NEW,
        reason=state[_WHY],
    )
    if outcome.done:
        state[_WHY] = ""
        if chosen == _NEW:
            state[_NAME], state[_roles_key(_NEW)] = "", []


def _remove(group: str) -> None:
    messages.perform(
        _("The group gives no roles any more."),
        actions.remove,
        group,
        environment=viewer.current_console().set_outside,
        reason=st.session_state[_WHY],
    )


def _named(roles: Sequence[str]) -> str:
    words = account.role_words()
    return _(", ").join(words[role] for role in roles)


def _roles_key(group: str) -> str:
    return f"group_roles_{group}"
