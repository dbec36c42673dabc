"""How much each role gives back alone, and the form that changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.actions.refunds import limits as actions
from core.actions.refunds.limits import Limit
from core.money import Money, plain, show
from core.reads.admin import settings as reads
from dashboard.i18n import _, ngettext
from dashboard.screens.settings import labels, messages
from dashboard.ui import account, columns, viewer, widgets

#: So many currencies have a column; the form has all of them.
_COLUMNS = 4


def draw() -> None:
    """The table on the left, the chosen role's form on the right."""
    known = {(one.role, one.currency): one for one in viewer.act(actions.shown)}
    currencies = viewer.current_console().settings.currencies
    people = viewer.read(reads.people_by_role)
    left, right = st.columns([3, 2], gap="medium")
    with left.container(border=True):
        widgets.card_title(_("Refunds without asking"))
        _table(known, currencies)
        st.caption(
            _("A refund / a day. Above it a second person approves; without one, each refund.")
        )
    with right.container(border=True):
        words = account.role_words()
        roles = {role: words[role] for role in actions.SHARES}
        role = widgets.url_choice(_("Role"), "role", roles, default=next(iter(roles)))
        count = people.get(role, 0)
        st.caption(ngettext("{n} person", "{n} people", count).format(n=count))
        _form(role, known, currencies)


def _table(known: Mapping[tuple[str, str], Limit], currencies: Sequence[str]) -> None:
    words = account.role_words()
    rows = [
        {_("Role"): words[role]}
        | {code.upper(): _both(known.get((role, code))) for code in currencies[:_COLUMNS]}
        for role in actions.SHARES
    ]
    layout = {name: columns.text_column(name) for name in rows[0]}
    widgets.plain_table(columns.of_rows(rows), layout, key="limits", alt=_("Refund limits by role"))


def _both(one: Limit | None) -> str:
    """One refund's limit and a day's, as the caption explains them."""
    if one is None:
        return _("none")
    amounts = (Money(minor, one.currency) for minor in (one.per_refund_minor, one.per_day_minor))
    return " / ".join(map(show, amounts))


def _amount(one: Limit | None, kind: str) -> str:
    if one is None:
        return _("none")
    minor = one.per_refund_minor if kind == "per_refund" else one.per_day_minor
    return plain(Money(minor, one.currency))


def _form(role: str, known: Mapping[tuple[str, str], Limit], currencies: Sequence[str]) -> None:
    with st.form(f"limits_{role}", border=False):
        for currency in currencies:
            one = known.get((role, currency))
            for column, kind in zip(st.columns(2), ("per_refund", "per_day"), strict=True):
                with column:
                    st.text_input(
                        labels.limit(currency, kind),
                        value=plain(Money(0, currency)) if one is None else _amount(one, kind),
                        key=_key(role, currency, kind),
                        autocomplete="off",
                    )
                    messages.at_field(f"{currency}.{kind}")
        st.text_input(_("Why"), key=f"limits_why_{role}", placeholder=_("Stands in the audit log"))
        messages.at_field("reason")
        st.form_submit_button(
            _("Save the limits"), type="primary", on_click=_save, args=(role, tuple(currencies))
        )


def _save(role: str, currencies: Sequence[str]) -> None:
    state = st.session_state
    amounts = {
        currency: (
            state[_key(role, currency, "per_refund")].strip(),
            state[_key(role, currency, "per_day")].strip(),
        )
        for currency in currencies
    }
    why = f"limits_why_{role}"
    told = _("The limits are in force.")
    outcome = messages.perform(
        told, actions.change_role, role=role, amounts=amounts, reason=state[why]
    )
    if outcome.done:
        state[why] = ""


def _key(role: str, currency: str, kind: str) -> str:
    return f"limit_{role}_{currency}_{kind}"
