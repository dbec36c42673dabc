"""The rules: their draft beside what it would have done, what waits, every version there was."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.fraud import rule_sets as actions
from core.errors import InvalidInput
from core.reads.fraud import rules as reads
from core.reads.fraud.rules import RuleVersion
from core.risk import drafts
from core.risk import rules as risk_rules
from core.risk.drafts import Checked, Draft, DraftRule
from core.risk.rules import DEFAULT, RuleSet
from core.risk.values import SIGNALS
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.screens.fraud import (
    row_links,
    rule_drafts,
    rule_editor,
    rule_hits,
    rule_preview,
    rule_words,
)
from dashboard.screens.fraud.messages import FLASH
from dashboard.ui import address, columns, status_badges, viewer, widgets
from dashboard.ui.kit import links, table
from dashboard.ui.kit.cells import Cell, chip

TEXT, _REFUSED = "rules_text", "rules_text_refused"
_STATE: status_badges.Kind = {
    "off": (N_("Off"), "gray"),
    "new": (N_("New"), "green"),
    "changed": (N_("Changed"), "blue"),
    "wrong": (N_("To correct"), "red"),
}


def draw() -> None:
    """The draft, and beside it what it would have done; what waits, and the history."""
    versions = viewer.read(reads.history)
    found = risk_rules.read_text(versions[0].body if versions else json.dumps(DEFAULT))
    _head(versions, found)
    _waiting(found)
    draft = rule_drafts.current(found)
    checked = drafts.check(draft)
    body = rule_drafts.body_of(checked)
    left, right = st.columns([9, 5])
    with left:
        currencies = viewer.read(reads.currencies, livemode=viewer.livemode())
        chosen = _chosen(draft)
        if chosen is not None:
            rule_editor.draw(draft, chosen, checked, currencies)
        _table(draft, checked, found, chosen, currencies)
        with st.container(border=True):
            widgets.card_title(_("From points to levels"))
            rule_editor.level_fields(draft, checked)
    with right:
        changed = checked.rules is None or checked.rules != found
        rule_preview.draw(draft, body, changed=changed and rule_drafts.is_begun())
    _expert(draft, checked)
    _history(versions)


def _head(versions: tuple[RuleVersion, ...], found: RuleSet) -> None:
    number = versions[0].version if versions else 0
    with st.container(horizontal=True):
        if found.shadow:
            st.badge(_("Shadow: scores are kept, nothing is refused"), color="blue")
        else:
            st.badge(_("High scores are refused before Stripe hears of them"), color="green")
        if rule_drafts.is_begun():
            st.badge(_("Draft of yours, not in force"), icon=":material/edit:", color="blue")
    said = ngettext(
        "Version {number}: medium from {n} point, high from {high}",
        "Version {number}: medium from {n} points, high from {high}",
        found.medium_at,
    )
    st.caption(said.format(number=number, n=found.medium_at, high=found.high_at))


def _waiting(found: RuleSet) -> None:
    """Rules that wait for a second person, with the buttons that decide about them."""
    proposed = viewer.read(reads.proposed)
    if proposed is None:
        return
    own = proposed.user_id == viewer.user_id()
    with st.container(border=True):
        widgets.card_title(_("Rules that wait for a second person"))
        said = _("{name} proposed them, {time}: {reason}").format(
            name=proposed.author,
            time=i18n.minute(proposed.proposed_at, viewer.zone()),
            reason=proposed.reason,
        )
        st.caption(widgets.safe_text(said))
        for line in _differences(risk_rules.read_text(proposed.body), found):
            st.text(line)
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


def _differences(new: RuleSet, old: RuleSet) -> list[str]:
    """What one set changes in another one, in words."""
    lines = [
        _("Now: {rule}").format(rule=_whole(rule, new))
        for rule in new.rules
        if not drafts.same_rule(rule, new, old)
    ]
    lines += [
        _("No more: {rule}").format(rule=_whole(rule, old))
        for rule in old.rules
        if not drafts.same_rule(rule, old, new)
    ]
    if (new.medium_at, new.high_at) != (old.medium_at, old.high_at):
        said = _("Levels: medium from {medium}, high from {high}")
        lines.append(said.format(medium=new.medium_at, high=new.high_at))
    if new.shadow != old.shadow:
        lines.append(
            _("High scores are not refused any more")
            if new.shadow
            else _("High scores are refused from now on")
        )
    return lines


def _whole(rule: risk_rules.Rule, found: RuleSet) -> str:
    said = rule_words.rule_words(rule, found.thresholds)
    return said if rule.on else _("{rule} (off)").format(rule=said)


def _chosen(draft: Draft) -> DraftRule | None:
    asked = address.get("rule", "")
    return draft.rule(int(asked)) if asked.isdecimal() and len(asked) < 6 else None


def _table(
    draft: Draft,
    checked: Checked,
    found: RuleSet,
    chosen: DraftRule | None,
    currencies: Sequence[str],
) -> None:
    """The rules of the draft in words; a click opens one as a sentence."""
    with st.container(border=True):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        row.header(_("Rules"), anchor=False, width="content")
        row.button(
            _("New rule"),
            key="rule_new",
            icon=":material/add:",
            on_click=_begin,
            args=(draft, currencies),
        )
        st.caption(rule_hits.caption())
        held = rule_hits.lately([draft.name_of(rule) for rule in draft.rules])
        layout = (
            table.Column("rule", _("Rule"), cut=60, place="a"),
            table.Column("points", _("Points"), is_figure=True, place="b"),
            *held.columns(),
            table.Column("state", _("State"), place="c"),
        )
        here = links.here("rule")
        rows = []
        for rule in draft.rules:
            states = (chip(_STATE, code) for code in _states(rule, draft, checked, found))
            cells = (
                _rule_cell(rule, draft),
                Cell(_points(rule.points)),
                *held.cells(draft.name_of(rule)),
                Cell(chips=tuple(states)),
            )
            rows.append(table.Row(cells, str(rule.number), here.address(str(rule.number))))
        opened = str(chosen.number) if chosen else None
        table.draw("rules", layout, rows, alt=_("Rules"), chosen=opened, on_open=_open)


def _rule_cell(rule: DraftRule, draft: Draft) -> Cell:
    words, title = rule_words.draft_words(rule, draft.thresholds), rule_words.title(rule.name)
    return Cell(title, note=words) if title else Cell(words)


def _points(typed: str) -> str:
    return f"+{typed}" if typed.isdecimal() else typed


def _states(rule: DraftRule, draft: Draft, checked: Checked, found: RuleSet) -> list[str]:
    """How a rule of the draft stands beside the set in force."""
    states = [] if rule.on else ["off"]
    if any(number == rule.number for number, _place in checked.problems):
        return ["wrong", *states]
    name = draft.name_of(rule)
    before = next((one for one in found.rules if one.name == name), None)
    if before is None and not rule.source:
        return ["new", *states]
    if checked.rules is None:
        return states
    now = next((one for one in checked.rules.rules if one.name == name), None)
    is_same = now is not None and drafts.same_rule(now, checked.rules, found)
    return states if is_same else ["changed", *states]


def _begin(draft: Draft, currencies: Sequence[str]) -> None:
    made: list[int] = []

    def with_new(latest: Draft) -> Draft:
        longer, number = latest.with_new_rule(
            rule_editor.asked_first(rule_editor.FIRST, currencies)
        )
        made.append(number)
        return longer

    rule_drafts.change(draft, with_new)
    _open(str(made[0]))


def _open(clicked: str) -> None:
    """A rule by its number, or the rows behind its hits."""
    if clicked.isdecimal():
        address.put("rule", clicked)
    else:
        row_links.open_clicked(clicked)


def _expert(draft: Draft, checked: Checked) -> None:
    """The draft as JSON, to be copied and pasted: what no sentence says is written there."""
    with st.expander(_("Expert view: the draft as JSON"), icon=":material/data_object:"):
        if checked.rules is not None:
            st.code(
                json.dumps(checked.rules.as_json(), indent=2, ensure_ascii=False),
                language="json",
                height=260,
            )
        st.text_area(_("A rule set as JSON"), key=TEXT, height=160)
        if refused := st.session_state.get(_REFUSED):
            st.markdown(f":small[:red[{widgets.safe_text(refused)}]]")
        st.button(
            _("Take it into the draft"),
            key="rules_take",
            icon=":material/input:",
            on_click=_take,
            args=(draft,),
        )
        widgets.card_title(_("What rules may ask about"))
        widgets.plain_table(
            (
                {
                    "name": [signal.name for signal in SIGNALS],
                    "kind": [_(signal.kind.value) for signal in SIGNALS],
                    "meaning": [_(signal.meaning) for signal in SIGNALS],
                }
            ),
            {
                "name": columns.text_column(_("Name"), width=200),
                "kind": columns.text_column(_("Kind"), width=90),
                "meaning": columns.text_column(_("Meaning")),
            },
            key="signals",
            alt=_("What rules may ask about"),
        )


def _take(base: Draft) -> None:
    """Make the draft of a pasted set; what cannot be read stays where it was typed."""
    state = st.session_state
    try:
        pasted = drafts.draft_of(actions.checked(state[TEXT]))
    except InvalidInput as error:
        rule = fraud_labels.rule_broken(error)
        state[_REFUSED] = _("{field} {rule}").format(field=error.field, rule=rule)
        return
    state.pop(_REFUSED, None)
    address.drop("rule")
    rule_drafts.change(base, lambda latest: replace(pasted, reason=latest.reason))


def _history(versions: tuple[RuleVersion, ...]) -> None:
    with st.container(border=True):
        widgets.card_title(_("Versions"))
        if not versions:
            st.caption(_("The rules that came with Tillwatch hold; nobody has changed them."))
            return
        rows: columns.Table = {
            "version": [str(one.version) for one in versions],
            "created": [one.created_at for one in versions],
            "author": [one.author for one in versions],
            "reason": [one.reason for one in versions],
        }
        layout = {
            "version": columns.money_column(_("Version"), width=74),
            "created": columns.time_column(_("Since"), viewer.zone(), seconds=False),
            "author": columns.text_column(_("By"), width=200),
            "reason": columns.text_column(_("Reason")),
        }
        widgets.plain_table(rows, layout, key="rules_history", alt=_("Versions of the rules"))
