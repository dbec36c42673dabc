"""What came of an administrator's click: the words for errors, and a password that was made up."""

from __future__ import annotations

import streamlit as st

from core.actions.admin.users import Account
from core.errors import InvalidInput, Misconfigured, NotFound, OwnAdministration
from dashboard.i18n import N_, _
from dashboard.ui.flash import ErrorTable, ErrorText, Flash
from dashboard.ui.said_once import SaidOnce

_FIELDS = {"email": N_("E-mail"), "password": N_("Password"), "roles": N_("Roles")}
_MADE_UP: SaidOnce[str] = SaidOnce("user_made_up")
_LINK: SaidOnce[str] = SaidOnce("user_reset_link")


def _field(name: str) -> str:
    return _(_FIELDS.get(name, name))


FLASH = Flash(
    "user_flash",
    ErrorTable(
        (
            ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),
            ErrorText(
                (OwnAdministration, Misconfigured, NotFound), N_("Nothing was changed. {reason}")
            ),
        ),
        field=_field,
    ),
)


def remember_password(account: Account | None) -> None:
    """Have `show` tell the password that was made up for an account, if one was."""
    if account is not None and account.password is not None:
        _MADE_UP.put(account.password)


def remember_link(address: str) -> None:
    """Have `show` tell the address where somebody chooses a password."""
    _LINK.put(address)


def show() -> None:
    """Say what came of the last click, once; a made-up password or a link is told nowhere else."""
    FLASH.show()
    link = _LINK.take()
    if link is not None:
        st.code(link, language=None, wrap_lines=True)
        st.caption(_("This link is shown this once. Hand it over in a safe way."))
    password = _MADE_UP.take()
    if password is None:
        return
    st.code(password, language=None)
    st.caption(
        _(
            "This password is shown this once, and kept nowhere. Hand it over in a safe way: "
            "with it, they choose their own at their next sign-in, and open nothing before."
        )
    )
