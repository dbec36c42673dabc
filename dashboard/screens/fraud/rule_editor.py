"""One rule of the draft as a sentence: when, what, how much, and for how many points.

What is typed goes into the draft with each change, right or wrong; what is wrong with it stands
under the field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.risk import drafts
from core.risk.ast import Kind
from core.risk.drafts import SIGNS, Checked, Condition, Draft, DraftRule
from core.risk.rules import LONGEST_NAME, OTHERS
from core.risk.values import KINDS
from dashboard.i18n import _, pgettext
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.screens.fraud import rule_drafts, rule_words
from dashboard.ui import address, widgets

#: Takes what a condition becomes.
Changed = Callable[[Callable[[Condition], Condition]], None]
#: What a new condition asks until something is chosen.
FIRST = "amount"
_WORDS = {
    "radar_level": ("normal", "elevated", "highest", "not_assessed"),
    "method": ("card", "link", "alipay", "wechat_pay", "paypal", "sepa_debit"),
}


def draw(draft: Draft, rule: DraftRule, checked: Checked, currencies: Sequence[str]) -> None:
    """The sentence of a rule, with its mistakes at their fields."""
    with st.container(border=True, key="rule_card"):
        widgets.card_title(rule_words.title_or_number(draft.name_of(rule)))
        if rule.conditions is None:
            st.text(rule_words.draft_words(rule, draft.thresholds))
            st.caption(_("No sentence says this condition: it is changed in the expert view."))
        else:
            for at, condition in enumerate(rule.conditions):
                _line(draft, rule, at, condition, currencies)
                _mistakes(checked, rule, at, condition)
            mistake(checked, rule.number, "when")
            st.button(
                _("Add a condition"),
                key="rule_add",
                icon=":material/add:",
                type="tertiary",
                disabled=len(rule.conditions) >= drafts.MOST_CONDITIONS,
                on_click=_add,
                args=(draft, rule.number, currencies),
            )
        _points(draft, rule)
        for place in ("points", "name"):
            mistake(checked, rule.number, place)
        _in_words(draft, rule)
        with st.container(horizontal=True, vertical_alignment="center"):
            _field(
                st.toggle,
                _("Switched on"),
                f"rule_on_{rule.number}",
                rule.on,
                lambda on: rule_drafts.change_rule(
                    draft, rule.number, lambda latest: replace(latest, on=on)
                ),
            )
            st.button(
                _("Remove this rule"),
                key="rule_remove",
                icon=":material/delete:",
                type="tertiary",
                on_click=_remove,
                args=(draft, rule.number),
            )


def mistake(checked: Checked, number: int, place: str) -> None:
    """What is wrong at a field, under it."""
    error = checked.problems.get((number, place))
    if error is not None:
        _say(_("This field {rule}").format(rule=fraud_labels.rule_broken(error)))


def _say(mistake: str) -> None:
    st.markdown(f":small[:red[{widgets.safe_text(mistake)}]]")


def _line(
    draft: Draft, rule: DraftRule, at: int, one: Condition, currencies: Sequence[str]
) -> None:
    """`When [signal] [comparison] [value]`, or `and ...`."""
    key = f"rule_{rule.number}_{at}_{len(rule.conditions or ())}"

    def changed(edit: Callable[[Condition], Condition]) -> None:
        _edit(draft, rule.number, at, edit)

    with st.container(
        horizontal=True, gap="xsmall", vertical_alignment="center", key=f"{key}_line"
    ):
        joint = pgettext("rule", "and") if at else pgettext("rule", "When")
        st.markdown(f"**{joint}**", width="content")
        _field(
            st.selectbox,
            _("Signal"),
            f"{key}_signal",
            one.signal,
            lambda signal: changed(lambda _latest: asked_first(signal, currencies)),
            options=list(KINDS),
            format_func=rule_words.signal_name,
            width=280,
        )
        known = SIGNS[KINDS[one.signal]]
        offered = [sign for sign in known if not _is_odd(one, sign)]
        _field(
            st.selectbox,
            _("Comparison"),
            f"{key}_sign_{one.signal}",
            one.sign,
            lambda sign: changed(lambda latest: replace(latest, sign=sign)),
            options=offered,
            format_func=lambda sign: _(rule_words.ASKED[sign]),
            width=130,
        )
        _value(one, key, changed, currencies)
        if at:
            st.button(
                _("Remove this condition"),
                key=f"{key}_remove",
                icon=":material/close:",
                type="tertiary",
                on_click=_drop,
                args=(draft, rule.number, at),
            )


def _is_odd(one: Condition, sign: str) -> bool:
    """Texts are asked by lists; what a set written by hand asks otherwise stays as it is."""
    return KINDS[one.signal] is Kind.TEXT and sign in ("==", "!=") and sign != one.sign


def asked_first(signal: str, currencies: Sequence[str]) -> Condition:
    """A condition about a signal that nothing was typed in yet."""
    kind = KINDS[signal]
    sign = "in" if kind is Kind.TEXT else SIGNS[kind][0]
    amounts = {next(iter(currencies), "usd"): ""} if kind is Kind.MONEY else {}
    return Condition(signal, sign, amounts=amounts)


def _value(one: Condition, key: str, changed: Changed, currencies: Sequence[str]) -> None:
    kind = KINDS[one.signal]
    key = f"{key}_{one.signal}"
    if kind is Kind.MONEY:
        _money(one, key, changed, currencies)
    elif kind is Kind.NUMBER:
        _text(_("Value"), f"{key}_value", one.value, _value_typed(changed), width=90)
        if one.signal.startswith("percent_"):
            st.markdown("%", width="content")
    elif kind is Kind.TEXT:
        _words(one, key, changed, currencies)


def _value_typed(changed: Changed) -> Callable[[str], None]:
    return lambda typed: changed(lambda latest: replace(latest, value=typed))


def _words(one: Condition, key: str, changed: Changed, currencies: Sequence[str]) -> None:
    """Words to choose where they are few, to type where they are many."""
    known = currencies if one.signal == "currency" else _WORDS.get(one.signal)
    if known is None:
        _text(
            _("Value"),
            f"{key}_value",
            one.value,
            _value_typed(changed),
            width=170,
            placeholder="US, CA",
        )
        return
    chosen = [word.strip() for word in one.value.split(",") if word.strip()]
    _field(
        st.multiselect,
        _("Value"),
        f"{key}_words",
        chosen,
        lambda words: _value_typed(changed)(", ".join(words)),
        options=list(dict.fromkeys([*known, *chosen])),
        format_func=lambda word: rule_words.word_shown(one.signal, word),
        placeholder=_("Choose"),
        width=280,
    )


def _money(one: Condition, key: str, changed: Changed, currencies: Sequence[str]) -> None:
    """An amount in the first currency, those in others behind a button."""

    def typed(code: str) -> Callable[[str], None]:
        return lambda amount: changed(
            lambda latest: replace(latest, amounts=dict(latest.amounts) | {code: amount})
        )

    codes = list(dict.fromkeys([*one.amounts, *currencies, OTHERS]))
    first, *others = codes
    _text(
        _amount_label(first),
        f"{key}_{first}",
        one.amounts.get(first, ""),
        typed(first),
        width=104,
        placeholder="500.00",
    )
    more = sum(bool(one.amounts.get(code, "").strip()) for code in others)
    any_one = _("in any other currency") if more else _("in any currency")
    st.markdown(any_one if first == OTHERS else first.upper(), width="content")
    label = _("and in {count} more").format(count=more) if more else _("Other currencies")
    with st.popover(label, key=f"{key}_more", type="tertiary"):
        st.caption(_("Left empty, payments in a currency are not asked about."))
        for code in others:
            _text(
                _amount_label(code),
                f"{key}_{code}",
                one.amounts.get(code, ""),
                typed(code),
                label_visibility="visible",
            )


def _amount_label(code: str) -> str:
    if code == OTHERS:
        return _("Amount in any other currency")
    return _("Amount in {currency}").format(currency=code.upper())


def _mistakes(checked: Checked, rule: DraftRule, at: int, one: Condition) -> None:
    for code in one.amounts:
        error = checked.problems.get((rule.number, f"{at}.{code}"))
        if error is not None:
            rule_broken = fraud_labels.rule_broken(error)
            _say(_("{field} {rule}").format(field=_amount_label(code), rule=rule_broken))
    for field in ("signal", "value", "amounts"):
        mistake(checked, rule.number, f"{at}.{field}")


def _points(draft: Draft, rule: DraftRule) -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        verb = pgettext("rule", "give")
        st.markdown(f"**{verb}**", width="content")
        _text(
            _("Points"),
            f"rule_points_{rule.number}",
            rule.points,
            lambda points: rule_drafts.change_rule(
                draft, rule.number, lambda latest: replace(latest, points=points)
            ),
            width=80,
        )
        st.markdown(_("points, and call it"), width="content")
        _text(
            _("Name"),
            f"rule_name_{rule.number}",
            rule_words.title(rule.name),
            lambda name: _rename(draft, rule, name),
            width=250,
            max_chars=LONGEST_NAME,
            placeholder=_("by its sentence"),
        )


def _rename(draft: Draft, rule: DraftRule, name: str) -> None:
    """A name that is only a translation of the rule's own is no new one."""
    if name != rule_words.title(rule.name):
        rule_drafts.change_rule(draft, rule.number, lambda latest: replace(latest, name=name))


def _in_words(draft: Draft, rule: DraftRule) -> None:
    said = rule_words.draft_words(rule, draft.thresholds)
    st.caption(widgets.safe_text(_("In words: {sentence}").format(sentence=said)))


def _edit(draft: Draft, number: int, at: int, edit: Callable[[Condition], Condition]) -> None:
    """Edit one condition of a rule."""

    def edited(rule: DraftRule) -> DraftRule:
        known = enumerate(rule.conditions or ())
        return replace(
            rule, conditions=tuple(edit(one) if place == at else one for place, one in known)
        )

    rule_drafts.change_rule(draft, number, edited)


def _add(draft: Draft, number: int, currencies: Sequence[str]) -> None:
    def more(rule: DraftRule) -> DraftRule:
        asked = {one.signal for one in rule.conditions or ()}
        signal = next(name for name in (FIRST, *KINDS) if name not in asked)
        return replace(rule, conditions=(*(rule.conditions or ()), asked_first(signal, currencies)))

    rule_drafts.change_rule(draft, number, more)


def _drop(draft: Draft, number: int, at: int) -> None:
    def fewer(rule: DraftRule) -> DraftRule:
        known = enumerate(rule.conditions or ())
        return replace(rule, conditions=tuple(one for place, one in known if place != at))

    rule_drafts.change_rule(draft, number, fewer)


def _remove(draft: Draft, number: int) -> None:
    address.drop("rule")
    rule_drafts.change(draft, lambda latest: latest.without(number))


def _text(
    label: str,
    key: str,
    value: str,
    keep: Callable[[str], None],
    *,
    width: Any = "stretch",
    label_visibility: str = "collapsed",
    **more: Any,
) -> None:
    """A field that holds what the draft holds."""
    _field(
        st.text_input,
        label,
        key,
        value,
        keep,
        width=width,
        label_visibility=label_visibility,
        **more,
    )


def _field(
    draw: Callable[..., Any],
    label: str,
    key: str,
    value: Any,
    keep: Callable[[Any], None],
    **more: Any,
) -> None:
    """A widget that holds what the draft holds; a change of it is one of the draft."""
    rule_drafts.fill(key, value)
    hidden = {} if draw is st.toggle else {"label_visibility": "collapsed"}
    draw(label, key=key, on_change=lambda: keep(st.session_state[key]), **(hidden | more))


def level_fields(draft: Draft, checked: Checked) -> None:
    """Where the levels of a score begin, and whether high ones are refused."""

    def keep(name: str) -> Callable[[Any], None]:
        return lambda typed: rule_drafts.change(
            draft, lambda latest: replace(latest, **{name: typed})
        )

    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        for name, before, value in (
            ("medium_at", _("Medium from"), draft.medium_at),
            ("high_at", _("high from"), draft.high_at),
        ):
            st.markdown(before, width="content")
            _text(before, f"rules_{name}", value, keep(name), width=80)
        st.markdown(pgettext("after a field", "points"), width="content")
    for name in ("medium_at", "high_at", "rules"):
        mistake(checked, 0, name)
    _field(
        st.toggle,
        _("Refuse high scores before Stripe hears of them"),
        "rules_refuse",
        not draft.shadow,
        lambda refuse: keep("shadow")(not refuse),
    )
    st.caption(
        _("The points of all rules that hold are added: the order of rules does not matter.")
    )
