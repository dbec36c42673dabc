"""Rules of the journal: what is booked where, and the form by which that is changed."""

from __future__ import annotations

import streamlit as st

from core.actions.books import journal_rules as actions
from core.books.rules import RuleInForce
from core.errors import InvalidInput
from dashboard.i18n import N_, _
from dashboard.ui import address, status_badges, stripe_labels, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, Empty, chips, opener, text
from dashboard.ui.flash import ErrorTable, ErrorText, Flash
from dashboard.ui.kit import links
from dashboard.ui.status_badges import Kind

#: What a rule is about, by the word of `core.books.accounts`.
SUBJECTS = {
    "category": N_("Categories"),
    "fee_part": N_("Parts of fees"),
    "balance_type": N_("Balances at Stripe"),
    "role": N_("Special accounts"),
    "datev": "DATEV",
    "xero": "Xero",
    "qbo": "QuickBooks",
}
PROGRAMS = ("datev", "xero", "qbo")
ORIGIN: Kind = {"own": (N_("Set here"), "violet"), "usual": (N_("Usual"), "gray")}
FIELDS = {
    "account": N_("Account in the books"),
    "currency": N_("Currency"),
    "name": N_("What"),
    "subject": N_("Kind"),
}
FLASH = Flash(
    "books_flash",
    ErrorTable(
        (ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),),
        field=lambda name: _(FIELDS[name]) if name in FIELDS else name,
    ),
)
#: The parameter of the URL that names the rule whose form is open.
OPENS = "rule"


def _name(one: RuleInForce) -> str:
    return " ".join(filter(None, (one.name, one.currency.upper())))


COLUMNS: dict[str, Column[RuleInForce]] = {
    "rule": opener(N_("Rule"), _name),
    "words": text(N_("What"), lambda one: stripe_labels.words(one.name), cut=20),
    "account": text(N_("Account in the books"), lambda one: one.account, cut=28),
    "origin": chips(
        N_("State"),
        lambda one: status_badges.cell("own" if one.is_own else "usual"),
        ORIGIN,
    ),
    "usual": text(N_("Usually"), lambda one: one.usual if one.is_own else "", cut=24),
}
TABLE = DataTable(
    "journal_rules",
    N_("Rules of the journal"),
    COLUMNS,
    placeholder="–",
    empty=Empty(N_("No rule of this kind"), N_("The form below makes one.")),
)


def draw() -> None:
    """The rules of one kind, and a form for the one that was clicked, else for a new one."""
    kind = widgets.url_choice(_("Kind"), "kind", SUBJECTS, default="category")
    found = [one for one in viewer.act(actions.listed) if one.subject == kind]
    hidden = ("words",) if kind in PROGRAMS else ()
    TABLE.draw(TABLE.frame(found), _open, target=links.here(OPENS), hidden=hidden)
    asked = address.get(OPENS)
    one = next((one for one in found if _name(one) == asked), None)
    with st.container(border=True):
        widgets.card_title(_name(one) if one else _("Add a rule"))
        _form(kind, one)


def _open(name: str) -> None:
    address.put(OPENS, name)


def _form(kind: str, one: RuleInForce | None) -> None:
    key = f"rule_{kind}_{_name(one) if one else 'new'}"
    st.caption(
        _(
            "It holds for what is exported from now on. What was exported of a closed month stays"
            " as it is; its next export has the difference as a correction."
        )
    )
    is_fixed = one is not None and (one.currency or "{" not in one.name)
    with st.form(key, border=False):
        left, middle, right = st.columns([3, 1, 3])
        left.text_input(
            _("Account in the books") if kind in PROGRAMS else _("Stripe's word"),
            value=one.name if one else "",
            disabled=bool(is_fixed),
            key=f"{key}_name",
        )
        middle.text_input(
            _("Currency"),
            value=one.currency.upper() if one else "",
            placeholder=_("All"),
            disabled=bool(one and one.currency),
            key=f"{key}_currency",
        )
        right.text_input(
            _("Its number or name there") if kind in PROGRAMS else _("Account in the books"),
            value=one.account if one and "{" not in one.account else "",
            placeholder=one.account if one else "",
            key=f"{key}_account",
        )
        row = st.container(horizontal=True)
        row.form_submit_button(
            _("Save"), icon=":material/save:", type="primary", on_click=_save, args=(kind, key)
        )
        if one and one.is_own:
            row.form_submit_button(
                _("As usual again"), icon=":material/undo:", on_click=_drop, args=(one,)
            )


def _save(kind: str, key: str) -> None:
    state = st.session_state
    account = state[f"{key}_account"].strip()
    if not account:
        FLASH.set(_("Nothing was changed. Name an account."), "error")
        return
    FLASH.perform(
        _("It is booked there from now on."),
        actions.change,
        subject=kind,
        name=state[f"{key}_name"],
        currency=state[f"{key}_currency"],
        account=account,
    )


def _drop(one: RuleInForce) -> None:
    outcome = FLASH.perform(
        _("It is booked as usual again."),
        actions.change,
        subject=one.subject,
        name=one.name,
        currency=one.currency,
        account=None,
    )
    if outcome.done:
        address.drop(OPENS)
