"""What is watched: rules with their thresholds, each changed in a drawer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core import clock
from core.actions.alerts import rules as actions
from core.alerts.kinds import KINDS
from core.alerts.parameters import Choice, Currency, Field, Number
from core.reads.alerts import settings as reads
from core.reads.alerts.settings import Rule
from dashboard.i18n import N_, _
from dashboard.screens.alerts import labels
from dashboard.screens.alerts.messages import FLASH
from dashboard.ui import address, drawer, status_badges, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, Empty, chips, moment, opener, text
from dashboard.ui.kit import links


def _state(one: Rule) -> str:
    if not one.enabled:
        return "rests"
    muted = one.muted_until is not None and one.muted_until > clock.now()
    return "muted" if muted else "watched"


def _name(one: Rule) -> str:
    return f"{labels.kind(one.kind)} #{one.rule_id}"


COLUMNS: dict[str, Column[Rule]] = {
    "rule": opener(N_("Rule"), lambda one: str(one.rule_id), shown=_name),
    "state": chips(N_("State"), lambda one: status_badges.cell(_state(one)), labels.RULES),
    "muted": moment(N_("Muted until"), lambda one: one.muted_until, seconds=False),
    "parameters": text(
        N_("Looked at"), lambda one: labels.parameters(one.kind, one.parameters), cut=53
    ),
}
TABLE = DataTable(
    "alert_rules",
    N_("Rules of alerts"),
    COLUMNS,
    placeholder="",
    empty=Empty(N_("Nothing is watched"), N_("The worker makes a rule of each kind at its start.")),
)


def draw() -> None:
    """The rules, and the way to a new one."""
    found = [one for one in viewer.read(reads.rules) if one.kind in KINDS]
    _table(found)
    with st.container(border=True):
        widgets.card_title(_("Add a rule"))
        row = st.container(horizontal=True, vertical_alignment="bottom")
        row.selectbox(_("Kind"), list(KINDS), key="rule_kind", format_func=labels.kind)
        row.button(_("Add"), key="rule_add", icon=":material/add:", on_click=_add)
    asked = drawer.asked("rule")
    one = next((one for one in found if str(one.rule_id) == asked), None)
    if one is not None:
        drawer.draw("rule", labels.kind(one.kind), lambda: _body(one))


def _table(found: Sequence[Rule]) -> None:
    def opened(rule_id: str) -> None:
        address.put("rule", rule_id)

    TABLE.draw(TABLE.frame(found), opened, target=links.here("rule"))


def _body(one: Rule) -> None:
    FLASH.show()
    with st.form("rule", border=False):
        for field in KINDS[one.kind].fields:
            _widget(one, field)
        st.toggle(_("Watched"), value=one.enabled, key=_key(one, "enabled"))
        st.form_submit_button(
            _("Save"), icon=":material/save:", type="primary", on_click=_save, args=(one,)
        )
    st.button(
        _("Take away"),
        key="rule_delete",
        icon=":material/delete:",
        help=_("Its open alerts are closed."),
        on_click=_delete,
        args=(one.rule_id,),
    )


def _key(one: Rule, name: str) -> str:
    return f"rule_{one.rule_id}_{name}"


def _widget(one: Rule, field: Field) -> None:
    label, key = labels.parameter(one.kind, field.name), _key(one, field.name)
    value: Any = one.parameters.get(field.name, field.default)
    if isinstance(field, Number):
        st.number_input(label, field.least, field.most, int(value), key=key)
    elif isinstance(field, Choice):
        st.selectbox(
            label,
            field.among,
            index=field.among.index(str(value)),
            key=key,
            format_func=lambda code: _(labels.CHOICES[code]),
        )
    else:
        shown = str(value).upper() if isinstance(field, Currency) else str(value)
        st.text_input(label, shown, key=key)


def _save(one: Rule) -> None:
    given = {
        field.name: st.session_state[_key(one, field.name)] for field in KINDS[one.kind].fields
    }
    enabled = st.session_state[_key(one, "enabled")]
    told = _("The rule is in force within a minute.") if enabled else _("The rule rests.")
    FLASH.perform(told, actions.change, one.rule_id, parameters=given, enabled=enabled)


def _add() -> None:
    outcome = FLASH.perform(
        _("The rule is there, with the usual thresholds."),
        actions.create,
        st.session_state["rule_kind"],
        {},
    )
    if outcome.value is not None:
        address.put("rule", str(outcome.value))


def _delete(rule_id: int) -> None:
    if FLASH.perform(_("The rule is gone."), actions.delete, rule_id).done:
        drawer.close("rule")
