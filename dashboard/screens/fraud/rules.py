"""The rules in force, their change as JSON text, and every version there was."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal

import pandas as pd
import streamlit as st

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.fraud import rule_sets as actions
from core.errors import InvalidInput
from core.reads.fraud import rules as reads
from core.reads.fraud.rules import RuleVersion
from core.risk import rules as risk_rules
from core.risk.rules import DEFAULT, OTHERS, RuleSet
from core.risk.values import SIGNALS
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext, pgettext
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.screens.fraud.messages import FLASH
from dashboard.ui import columns, status_badges, viewer, widgets

TEXT, REASON = "rules_text", "rules_reason"
#: What the backtest tries, when somebody came from here with an edited set.
EDITED = "rules_edited"
_ON: status_badges.Kind = {"on": (N_("On"), "green"), "off": (N_("Off"), "gray")}


def draw() -> None:
    """The set in force, its editor, its history."""
    versions = viewer.read(reads.history)
    body = versions[0].body if versions else json.dumps(DEFAULT)
    found = risk_rules.read_text(body)
    _head(versions, found)
    _waiting()
    _table(found)
    _editor(found)
    _history(versions)


def pretty(found: RuleSet) -> str:
    """A rule set as people edit it."""
    return json.dumps(found.as_json(), indent=2, ensure_ascii=False)


def _head(versions: tuple[RuleVersion, ...], found: RuleSet) -> None:
    number = versions[0].version if versions else 0
    if found.shadow:
        st.badge(_("Shadow: scores are kept, nothing is refused"), color="blue")
    else:
        st.badge(_("High scores are refused before Stripe hears of them"), color="green")
    said = ngettext(
        "Version {number}: medium from {n} point, high from {high}",
        "Version {number}: medium from {n} points, high from {high}",
        found.medium_at,
    )
    st.caption(said.format(number=number, n=found.medium_at, high=found.high_at))


def _waiting() -> None:
    """Rules that wait for a second person, with the buttons that decide about them."""
    found = viewer.read(reads.proposed)
    if found is None:
        return
    own = found.user_id == viewer.user_id()
    with st.container(border=True):
        widgets.card_title(_("Rules that wait for a second person"))
        said = _("{name} proposed them, {time}: {reason}").format(
            name=found.author,
            time=i18n.minute(found.proposed_at, viewer.zone()),
            reason=found.reason,
        )
        st.caption(widgets.safe_text(said))
        with st.expander(_("Rule set as JSON")):
            st.code(pretty(risk_rules.read_text(found.body)), language="json")
        row = st.container(horizontal=True)
        row.button(
            _("Put in force"),
            key="rules_confirm",
            type="primary",
            disabled=own,
            help=_("Another person than you does.") if own else None,
            on_click=_decide,
            args=(_("The rules are in force for every payment from now on."), actions.confirm),
        )
        row.button(
            _("Take them back"),
            key="rules_withdraw",
            on_click=_decide,
            args=(_("The rules do not wait any more."), actions.withdraw),
        )


def _decide(told: str, action: Callable[[ActionContext, Caller], object]) -> None:
    FLASH.perform(told, action)


def _table(found: RuleSet) -> None:
    table = pd.DataFrame(
        {
            "name": [rule.name for rule in found.rules],
            "on": [["on" if rule.on else "off"] for rule in found.rules],
            "points": [f"{rule.points:+d}" for rule in found.rules],
            "when": [rule.when for rule in found.rules],
        }
    )
    layout = {
        "name": columns.text_column(_("Rule"), width=180),
        "on": status_badges.chip_column(_("On"), _ON, width=70),
        "points": columns.money_column(_("Points"), width=70),
        "when": columns.text_column(_("Condition")),
    }
    widgets.plain_table(table, layout, key="rules", alt=_("Rules in force"))
    amounts = [
        f"{name}: " + ", ".join(_amount(code, amount, given) for code, amount in given.items())
        for name, given in found.thresholds.items()
    ]
    if amounts:
        st.caption(widgets.safe_text(_("Thresholds") + " · " + " · ".join(amounts)))


def _amount(code: str, amount: str, given: Mapping[str, str]) -> str:
    shown = f"{Decimal(amount):,f}"
    if code != OTHERS:
        return f"{shown} {code.upper()}"
    said = _("{amount} in other currencies") if len(given) > 1 else _("{amount} in any currency")
    return said.format(amount=shown)


def _editor(found: RuleSet) -> None:
    state = st.session_state
    # Streamlit forgets what was typed once another tab is open; what is tried is kept.
    state.setdefault(TEXT, state.get(EDITED) or pretty(found))
    with st.expander(_("Change the rules"), icon=":material/edit:"):
        viewer.confirm_first("/fraud?tab=rules")
        st.text_area(_("Rule set as JSON"), key=TEXT, height=420)
        st.text_input(_("Why this change?"), key=REASON, max_chars=actions.LONGEST_REASON)
        row = st.container(horizontal=True)
        checked = row.button(_("Check"), key="rules_check", icon=":material/rule:")
        row.button(
            _("Try on the past"),
            key="rules_try",
            icon=":material/history:",
            on_click=_try,
        )
        row.button(
            _("Put in force"),
            key="rules_save",
            type="primary",
            icon=":material/publish:",
            on_click=_save,
        )
        row.button(_("Start again"), key="rules_reset", type="tertiary", on_click=_reset)
        if checked:
            _check(st.session_state[TEXT])
        with st.expander(_("What rules may ask about")):
            widgets.plain_table(
                pd.DataFrame(
                    {
                        "name": [signal.name for signal in SIGNALS],
                        "kind": [_(signal.kind.value) for signal in SIGNALS],
                        "meaning": [_(signal.meaning) for signal in SIGNALS],
                    }
                ),
                {
                    "name": columns.text_column(pgettext("signal", "Name"), width=200),
                    "kind": columns.text_column(_("Kind"), width=90),
                    "meaning": columns.text_column(_("Meaning")),
                },
                key="signals",
                alt=_("What rules may ask about"),
            )


def _check(text: str) -> None:
    try:
        found = actions.checked(text)
    except InvalidInput as error:
        said = f"{error.field}: {fraud_labels.rule_broken(error)}"
        st.error(widgets.safe_text(said), icon=":material/error:")
        return
    said = ngettext(
        "This rule can be read: {n} rule, {on} on.",
        "These rules can be read: {n} of them, {on} on.",
        len(found.rules),
    )
    on = sum(rule.on for rule in found.rules)
    st.success(said.format(n=len(found.rules), on=on), icon=":material/check:")


def _save() -> None:
    state = st.session_state
    outcome = FLASH.perform(
        _("The rules are in force for every payment from now on."),
        actions.change,
        state[TEXT],
        state[REASON],
    )
    if outcome.done and outcome.value is None:
        FLASH.set(_("The rules wait: another person puts them in force."), "info")
    if outcome.done:
        state[REASON] = ""
        state.pop(EDITED, None)


def _try() -> None:
    st.session_state[EDITED] = st.session_state[TEXT]
    st.query_params["tab"] = "backtest"


def _reset() -> None:
    for name in (TEXT, EDITED):
        st.session_state.pop(name, None)


def _history(versions: tuple[RuleVersion, ...]) -> None:
    with st.container(border=True):
        widgets.card_title(_("Versions"))
        if not versions:
            st.caption(_("The rules that came with Tillwatch hold; nobody has changed them."))
            return
        table = pd.DataFrame(
            {
                "version": [str(one.version) for one in versions],
                "created": [one.created_at for one in versions],
                "author": [one.author for one in versions],
                "reason": [one.reason for one in versions],
            }
        )
        layout = {
            "version": columns.money_column(_("Version"), width=74),
            "created": columns.time_column(_("Since"), viewer.zone(), seconds=False),
            "author": columns.text_column(_("By"), width=200),
            "reason": columns.text_column(_("Reason")),
        }
        widgets.plain_table(table, layout, key="rules_history", alt=_("Versions of the rules"))
