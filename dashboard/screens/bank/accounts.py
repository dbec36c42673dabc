"""The accounts at banks: up to when there are statements, and what is known of how they write."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.actions.bank import accounts as actions
from core.actions.bank.accounts import NewAccount
from core.reads.bank.statements import BankAccountRow
from dashboard.i18n import N_, _
from dashboard.screens.bank import labels
from dashboard.screens.bank.messages import FLASH
from dashboard.ui import address, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, Empty, currency, number, opener, text
from dashboard.ui.kit import links

#: The parameter of the URL that names the account whose form is open.
OPENS = "edit"
COLUMNS: dict[str, Column[BankAccountRow]] = {
    "number": opener(
        N_("No."), lambda one: str(one.account_id), shown=lambda one: f"#{one.account_id}"
    ),
    "name": text(N_("Name"), lambda one: one.name, cut=19),
    "account": text(N_("Account"), lambda one: one.account, cut=22),
    "currency": currency(lambda one: one.currency),
    "until": text(N_("Statements until"), lambda one: labels.day(one.covered_until)),
    "statements": number(N_("Statements"), lambda one: one.statements),
    "lines": number(N_("Lines"), lambda one: one.lines),
    "payers": text(
        N_("Stripe's name at this bank"), lambda one: ", ".join(one.payer_names), cut=20
    ),
    "csv": text(N_("CSV"), lambda one: _("Column profile") if one.has_csv_profile else ""),
}
TABLE = DataTable(
    "bank_accounts",
    N_("Accounts"),
    COLUMNS,
    placeholder="–",
    empty=Empty(
        N_("No account yet"),
        N_("A file that names its account writes it down by itself; CSV needs it first."),
        ":material/account_balance:",
    ),
)


def draw(known: Sequence[BankAccountRow]) -> None:
    """The accounts, and the form of the one that was clicked, else of a new one."""
    asked = address.get(OPENS)
    TABLE.draw(TABLE.frame(known), _open, target=links.here(OPENS), chosen=asked)
    one = next((one for one in known if str(one.account_id) == asked), None)
    with st.container(border=True):
        widgets.card_title(labels.account(one) if one else _("Add an account"))
        _form(one)


def _open(name: str) -> None:
    address.put(OPENS, name)


def _form(one: BankAccountRow | None) -> None:
    key = f"account_{one.account_id if one else 'new'}"
    with st.form(key, border=False):
        left, right = st.columns([3, 1])
        left.text_input(
            _("IBAN or the bank's own number"),
            value=one.account if one else "",
            disabled=one is not None,
            key=f"{key}_number",
        )
        right.text_input(
            _("Currency"),
            value=one.currency.upper() if one else "",
            disabled=one is not None,
            key=f"{key}_currency",
        )
        st.text_input(_("Name"), value=one.name if one else "", key=f"{key}_name")
        st.text_area(
            _("What this bank calls Stripe, besides Stripe; one a line"),
            value="\n".join(one.payer_names) if one else "",
            key=f"{key}_payers",
        )
        st.text_area(
            _("How its CSV is read, as JSON; left empty it stays as it is"),
            key=f"{key}_profile",
            help=_("The page on the bank has the fields: docs/bank.md."),
        )
        st.form_submit_button(_("Save"), icon=":material/save:", on_click=_save, args=(one, key))


def _save(one: BankAccountRow | None, key: str) -> None:
    state = st.session_state
    new = NewAccount(
        one.account if one else state[f"{key}_number"],
        one.currency if one else state[f"{key}_currency"],
        state[f"{key}_name"],
        [name for name in state[f"{key}_payers"].splitlines() if name.strip()],
        state[f"{key}_profile"].strip() or None,
    )
    livemode = viewer.livemode()
    FLASH.perform(_("The account is written down."), actions.save, new, livemode=livemode)
