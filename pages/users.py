"""Users: who may sign in and do what; roles, passwords, open sessions, tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from core.reads.admin import users as reads
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.users import drawer as user_drawer
from dashboard.screens.users import form as user_form
from dashboard.screens.users import list as user_list
from dashboard.ui import drawer, user_filters, viewer, widgets
from dashboard.ui.user_filters import COUNTED


def main() -> None:
    """Draw the screen."""
    viewer.require("administer")
    place = widgets.header(_("Users"), livemode=viewer.livemode())
    place.button(
        _("New user"), key="new_user_open", icon=":material/person_add:", on_click=user_form.opened
    )
    people = viewer.read(reads.people, now=datetime.now(UTC))
    inside = sum(one.sessions > 0 for one in people)
    shut = sum(one.disabled for one in people)
    said = ngettext(
        "{n} person, {inside} signed in, {shut} disabled",
        "{n} people, {inside} signed in, {shut} disabled",
        len(people),
    )
    st.caption(said.format(n=len(people), inside=inside, shut=shut))
    viewer.confirm_first("/users")
    titles = {user_filters.EVERY: N_("All"), **{who: said for who, said, _test in COUNTED}}
    chosen = widgets.url_choice(_("Who"), "who", titles, default=user_filters.EVERY)
    tests = {who: test for who, _said, test in COUNTED}
    user_list.table([one for one in people if chosen not in tests or tests[chosen](one)])
    asked = drawer.asked("user")
    if asked == user_form.NEW:
        drawer.draw("user", _("New user"), user_form.body)
    elif asked:
        drawer.draw("user", _("User"), partial(user_drawer.body, asked))


main()
