"""The draft of the rules that the viewer writes: in the session, and kept for them in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.actions.fraud import backtests, rule_drafts
from core.actions.fraud.backtests import Preview
from core.reads.fraud import rules as reads
from core.risk import drafts
from core.risk.drafts import Checked, Draft, DraftRule
from core.risk.rules import RuleSet
from dashboard.i18n import _, ngettext
from dashboard.screens.fraud.messages import ERRORS
from dashboard.ui import address, flash, viewer

_DRAFT, _TRIED = "rules_draft", "rules_tried"
#: What the Backtest tab tries beside the rules in force: the draft as JSON.
EDITED = "rules_edited"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of exactly this set (JSON text) in this mode; no `found`: there is no past."""

    body: str
    livemode: bool
    found: Preview | None


def current(found: RuleSet) -> Draft:
    """The viewer's draft; where they have none, the rules in force as one."""
    state = st.session_state
    if _DRAFT not in state:
        kept = viewer.read(reads.draft, user_id=viewer.signed_in().user_id)
        state[_DRAFT] = drafts.from_text(kept) if kept else None
    begun: Draft | None = state[_DRAFT]
    return begun or drafts.draft_of(found)


def fill(key: str, value: object) -> None:
    """Have a field hold what the draft holds. One that does is left alone: somebody may be typing
    in it while another field's change is drawn, and would lose that."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def is_begun() -> bool:
    """Whether something is written that is not in force."""
    return st.session_state.get(_DRAFT) is not None


def change(base: Draft, edit: Callable[[Draft], Draft]) -> None:
    """Edit the draft, which is kept at once; `base` is it where none was begun.

    Two fields may be told of in one run: each edits what the one before made of it.
    """
    draft = edit(st.session_state.get(_DRAFT) or base)
    st.session_state[_DRAFT] = draft
    viewer.act(rule_drafts.keep_draft, drafts.as_text(draft))


def change_rule(base: Draft, number: int, edit: Callable[[DraftRule], DraftRule]) -> None:
    """Edit one rule of the draft."""

    def whole(draft: Draft) -> Draft:
        rule = draft.rule(number)
        return draft if rule is None else draft.with_rule(edit(rule))

    change(base, whole)


def discard() -> None:
    """Begin again with the rules in force."""
    for name in (_TRIED, EDITED):
        st.session_state.pop(name, None)
    st.session_state[_DRAFT] = None
    address.drop("rule")
    viewer.act(rule_drafts.discard_draft)


def body_of(checked: Checked) -> str | None:
    """The draft as JSON text; None while something in it is wrong."""
    if checked.rules is None:
        return None
    body = json.dumps(checked.rules.as_json(), ensure_ascii=False)
    st.session_state[EDITED] = body
    return body


def tried(body: str | None, livemode: bool) -> Tried | None:
    """What came of the last try, if it was of exactly this set."""
    last: Tried | None = st.session_state.get(_TRIED)
    return last if last is not None and (last.body, last.livemode) == (body, livemode) else None


def was_tried() -> bool:
    """Whether an earlier draft was."""
    return _TRIED in st.session_state


def try_out(body: str, livemode: bool) -> None:
    """Try a set on the past, here and now."""
    bar = st.progress(0.0, _("Trying"))

    def progress(done: int, total: int) -> None:
        said = ngettext("{done} of {n} part", "{done} of {n} parts", total)
        bar.progress(done / total, said.format(done=done, n=total))

    outcome = flash.perform(ERRORS, backtests.preview, body, livemode, progress)
    bar.empty()
    if outcome.done:
        st.session_state[_TRIED] = Tried(body, livemode, outcome.value)
    else:
        outcome.show_error()
