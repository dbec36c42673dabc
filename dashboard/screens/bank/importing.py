"""A bank's file taken in: the dialog, and what is said of what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.actions.bank import matches, statement_import
from core.actions.bank.statement_import import Imported
from core.reads.bank.statements import BankAccountRow
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.screens.bank import labels
from dashboard.screens.bank.messages import ERRORS, FLASH
from dashboard.ui import viewer
from dashboard.ui.dialog import Dialog
from dashboard.ui.flash import perform

DIALOG = Dialog("bank_import_dialog")


def button(place: Any, *, primary: bool) -> None:
    """What opens the dialog."""
    place.button(
        _("Import a statement…"),
        key="bank_import",
        icon=":material/upload_file:",
        type="primary" if primary else "secondary",
        on_click=DIALOG.ask,
    )


def open_asked_dialog(known: Sequence[BankAccountRow]) -> None:
    """The dialog, if it is open."""
    DIALOG.draw(_("Import a statement"), lambda _about: _body(known))


def _body(known: Sequence[BankAccountRow]) -> None:
    st.caption(
        _(
            "CAMT.053, MT940, OFX, BAI2, or CSV for an account with a column profile."
            " All of a file is taken in or nothing; the same file twice writes nothing."
        )
    )
    names = {one.account_id: labels.account(one) for one in known}
    account_id = st.selectbox(
        _("Account"),
        [None, *names],
        format_func=lambda one: names.get(one) or _("As the file says"),
        key="bank_import_account",
        help=_("CSV needs it: the file does not say whose it is."),
    )
    given = st.file_uploader(_("File of the bank"), key="bank_file")
    wanted = st.button(_("Import"), key="bank_import_now", type="primary", disabled=given is None)
    if not wanted or given is None:
        return
    outcome = perform(
        ERRORS,
        statement_import.import_file,
        given.getvalue(),
        livemode=viewer.livemode(),
        file_name=given.name,
        account_id=account_id,
    )
    outcome.show_error()
    if outcome.value is not None:
        _finish(outcome.value)


def _finish(made: Imported) -> None:
    """Match what can be matched, and say what became of the file."""
    if made.is_known:
        FLASH.set(_("This file was taken in before. Nothing was written."), "info")
    else:
        found = perform(ERRORS, matches.match, livemode=viewer.livemode()).value or ()
        FLASH.set(_said(made, len(found)), "success")
    DIALOG.close()
    st.rerun()


def _said(made: Imported, matched: int) -> str:
    statements = len(made.statements)
    parts = [
        ngettext("{n} statement was read", "{n} statements were read", statements).format(
            n=i18n.number(statements)
        ),
        ngettext("{n} line is new", "{n} lines are new", made.new_lines).format(
            n=i18n.number(made.new_lines)
        ),
        ngettext(
            "{n} was matched with its payout", "{n} were matched with payouts", matched
        ).format(n=i18n.number(matched)),
    ]
    unproved = sum(not one.is_proved for one in made.statements)
    if unproved:
        said = ngettext(
            "{n} statement has no balances that prove its sum",
            "{n} statements have no balances that prove their sum",
            unproved,
        )
        parts.append(said.format(n=i18n.number(unproved)))
    return " · ".join(parts)
