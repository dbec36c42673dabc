"""One person in a drawer: roles, sign-in, open sessions, tokens."""

from __future__ import annotations

import streamlit as st

from core import clock
from core.actions.admin import users as actions
from core.errors import NotFound
from core.reads.admin import users as reads
from core.reads.admin.users import OpenSession, Person, Token
from core.reads.search.query import Term
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.screens.users import list as user_list
from dashboard.screens.users import messages as user_messages
from dashboard.ui import account, drawer, navigation, status_badges, viewer, widgets

#: What stands in a browser's own name, the telling ones first: each calls itself Safari too.
_BROWSERS = {"Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}


def body(user_id: str) -> None:
    """What the drawer shows of a person."""
    try:
        found = viewer.read(reads.by_id, user_id=user_id, now=clock.now())
    except NotFound:
        widgets.empty(_("There is no such user"), _("Close this, and look at the list."))
        return
    person = found.person
    own = person.user_id == viewer.user_id()
    user_messages.show()
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        for code in user_list.states(person):
            status_badges.badge(user_list.STATES, code)
        if own:
            st.badge(_("You"), color="blue")
    st.code(person.email, language=None)
    seen = person.last_sign_in_at
    drawer.facts(
        {
            _("Full name"): person.name,
            _("Created"): i18n.moment(person.created_at, viewer.zone()),
            _("Last sign-in"): i18n.moment(seen, viewer.zone()) if seen else _("Never"),
        }
    )
    st.page_link(
        navigation.named("audit"),
        label=_("What this person did"),
        icon=":material/policy:",
        query_params={"q": str(Term("actor", person.email))},
    )
    _roles(person, own)
    _sign_in(person, own)
    _sessions(person, found.sessions)
    _tokens(found.tokens)


def _roles(person: Person, own: bool) -> None:
    st.header(_("Roles"), anchor=False)
    words, key = account.role_words(), f"roles_{person.user_id}"
    held = [role for role in actions.ROLES if role in person.roles]
    chosen = st.pills(
        _("Roles"),
        actions.ROLES,
        default=held,
        selection_mode="multi",
        key=key,
        format_func=words.__getitem__,
        label_visibility="collapsed",
    )
    if own:
        st.caption(_("Your own administration can be taken by another administrator only."))
    st.button(
        _("Save roles"),
        key="save_roles",
        disabled=set(chosen) == set(held),
        help=_("Nothing was changed yet.") if set(chosen) == set(held) else None,
        on_click=_save_roles,
        args=(person.user_id, key),
    )


def _save_roles(user_id: str, key: str) -> None:
    chosen = list(st.session_state[key])
    user_messages.FLASH.perform(_("The roles are in force."), actions.set_roles, user_id, chosen)


def _sign_in(person: Person, own: bool) -> None:
    st.header(_("Sign-in"), anchor=False)
    if person.disabled:
        st.button(
            _("Enable"),
            key="enable",
            icon=":material/lock_open:",
            on_click=_set_disabled,
            args=(person.user_id, False),
        )
    else:
        st.button(
            _("Disable"),
            key="disable",
            icon=":material/block:",
            disabled=own,
            help=_("You cannot disable yourself.") if own else _("Ends their sessions at once."),
            on_click=_set_disabled,
            args=(person.user_id, True),
        )
    with st.form("password", border=False):
        typed = st.text_input(
            _("New password"),
            type="password",
            key="new_password",
            placeholder=_("Type one for yourself") if own else _("Empty: one is made up"),
            autocomplete="new-password",
            help=ngettext(
                "Their sessions end. {n} character at least.",
                "Their sessions end. {n} characters at least.",
                actions.SHORTEST,
            ).format(n=actions.SHORTEST),
        )
        st.form_submit_button(
            _("Set password"),
            icon=":material/key:",
            on_click=_set_password,
            args=(person.user_id, own),
        )
    if own and typed:
        st.caption(_("You will have to sign in again."))
    st.button(
        _("Make a one-time link"),
        key="reset_link",
        icon=":material/link:",
        disabled=person.disabled,
        help=_("They choose a password with it, once, within four hours. Nothing ends before."),
        on_click=_make_link,
        args=(person.user_id,),
    )
    _second_factor(person)


def _second_factor(person: Person) -> None:
    if not person.second_factor:
        st.caption(_("No second factor."))
        return
    st.button(
        _("Reset the second factor"),
        key="reset_factor",
        icon=":material/phonelink_erase:",
        help=_("For who lost the app and the codes. Their sessions end."),
        on_click=_reset_factor,
        args=(person.user_id,),
    )


def _set_disabled(user_id: str, disabled: bool) -> None:
    told = _("Disabled. Open pages close within seconds.") if disabled else _("Enabled.")
    user_messages.FLASH.perform(told, actions.set_disabled, user_id, disabled)


def _set_password(user_id: str, own: bool) -> None:
    typed = st.session_state["new_password"]
    # A made-up one would be gone with this very session before anybody read it.
    if own and not typed:
        said = _("Type the new password: your session ends with the old one.")
        user_messages.FLASH.set(said, "error")
        return
    told = _("The password is set; their sessions have ended.")
    outcome = user_messages.FLASH.perform(told, actions.reset_password, user_id, typed or None)
    user_messages.remember_password(outcome.value)


def _reset_factor(user_id: str) -> None:
    told = _("No second factor is asked for until they set up another.")
    user_messages.FLASH.perform(told, actions.reset_second_factor, user_id)


def _make_link(user_id: str) -> None:
    told = _("The link is made. Those made before open nothing any more.")
    outcome = user_messages.FLASH.perform(told, actions.reset_link, user_id)
    if outcome.value is not None:
        base = viewer.current_console().settings.screens_base
        user_messages.remember_link(base + outcome.value)


def _sessions(person: Person, opened: tuple[OpenSession, ...]) -> None:
    st.header(_("Open sessions"), anchor=False)
    if not opened:
        st.caption(_("None."))
        return
    for one in opened:
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        with row.container(gap=None, width="content"):
            st.text(f"{browser(one.user_agent)} · {one.ip or '?'}")
            st.caption(
                _("since {since}, last seen {seen}").format(
                    since=i18n.minute(one.created_at, viewer.zone()),
                    seen=i18n.minute(one.last_seen_at, viewer.zone()),
                )
            )
        row.button(
            _("End"),
            key=f"end_{one.key[:16]}",
            on_click=_end_session,
            args=(person.user_id, one.key),
        )
    if len(opened) > 1:
        st.button(
            _("End all"),
            key="end_all",
            icon=":material/logout:",
            on_click=_end_sessions,
            args=(person.user_id,),
        )


def browser(agent: str | None) -> str:
    """The kind of program that a session was opened with."""
    told = agent or "?"
    return next((name for mark, name in _BROWSERS.items() if mark in told), told[:30])


def _end_session(user_id: str, key: str) -> None:
    told = _("The session has ended; its pages close within seconds.")
    user_messages.FLASH.perform(told, actions.end_session, user_id, key)


def _end_sessions(user_id: str) -> None:
    told = _("All sessions have ended; their pages close within seconds.")
    user_messages.FLASH.perform(told, actions.end_sessions, user_id)


def _tokens(tokens: tuple[Token, ...]) -> None:
    st.header(_("API tokens"), anchor=False)
    if not tokens:
        st.caption(_("None. They are made with `python -m dashboard token create`."))
    for one in tokens:
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        with row.container(gap=None, width="content"):
            st.text(one.name or one.token_id[:8])
            st.caption(widgets.safe_text(_token_facts(one)))
        if one.in_force(clock.now()):
            row.button(
                _("Revoke"),
                key=f"revoke_{one.token_id}",
                on_click=_revoke,
                args=(one.token_id,),
            )
        else:
            row.badge(_("Ended"), color="gray")


def _token_facts(token: Token) -> str:
    words, zone = account.role_words() | {"service": _("Service")}, viewer.zone()
    used, ends = token.last_used_at, token.expires_at
    return " · ".join(
        [
            _(", ").join(words.get(role, role) for role in token.roles),
            _("used {time}").format(time=i18n.minute(used, zone)) if used else _("never used"),
            _("ends {time}").format(time=i18n.minute(ends, zone)) if ends else _("no end"),
        ]
    )


def _revoke(token_id: str) -> None:
    user_messages.FLASH.perform(_("The token is revoked."), actions.revoke_token, token_id)
