"""The one submission: what holds it back beside its button, and the confirmations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core.actions.disputes import disputes, evidence_validation
from core.actions.disputes.evidence_validation import Check, Draft
from core.errors import InvalidInput
from core.money import Money
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.screens.disputes import draft as dispute_draft
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.screens.disputes.cards import coded
from dashboard.screens.disputes.draft import Visit
from dashboard.ui import widgets

#: Which confirmation is open, and of which dispute: it says nothing of another's page.
_ASKED = "dispute_asked"


def draw(visit: Visit, not_kept: Sequence[str]) -> None:
    """The buttons, and beside them what holds them back: field and rule. `not_kept`: the fields
    whose text Stripe has not got, which would not go out."""
    draft = visit.draft
    st.subheader(_("Before it goes"), anchor=False)
    found = evidence_validation.checks(draft, datetime.now(UTC))
    said = [_broken(check) for check in found if not check.holds]
    said += [
        _("{field}: what stands there is not kept yet").format(field=dispute_labels.field(name))
        for name in not_kept
    ]
    buttons, reasons = st.columns([2, 3], vertical_alignment="top")
    with buttons.container(horizontal=True):
        asked = draft.dispute.stripe_id
        _button(asked, _("Submit …"), "submit", is_shut=bool(said), primary=True)
        if not draft.appeal:
            _button(asked, _("Accept the loss …"), "accept", is_shut=not found[0].holds)
    with reasons:
        for one in said:
            st.markdown(f":red[:material/cancel: {widgets.safe_text(one)}]")
        if not said:
            counted = ngettext("{n} check holds.", "All {n} checks hold.", len(found))
            st.markdown(f":green[:material/check_circle: {counted.format(n=len(found))}]")
        with st.expander(_("What is checked")):
            for check in found:
                _listed(check)
    dispute_draft.FLASH.show()


def _broken(check: Check) -> str:
    error = InvalidInput(check.field, check.rule, **check.values)
    field = dispute_labels.field(check.field)
    return _("{field}: {rule}").format(field=field, rule=widgets.rule(error))


def _listed(check: Check) -> None:
    icon, colour = ("check_circle", "green") if check.holds else ("cancel", "red")
    st.markdown(f":{colour}[:material/{icon}:] {_(dispute_labels.CHECKS[check.name])}")


def _button(
    dispute_id: str, label: str, what: str, *, is_shut: bool, primary: bool = False
) -> None:
    """Asks for a confirmation, which stands on the page, outside of this fragment."""
    if st.button(
        label,
        key=what,
        type="primary" if primary else "secondary",
        icon=":material/send:" if primary else None,
        disabled=is_shut,
        help=_("What holds it back stands beside it.") if is_shut else None,
    ):
        _ask(what, dispute_id)
        st.rerun()


def confirmation(amount: Money, draft: Draft) -> None:
    """The confirmation that is open, if one is."""
    asked, dispute_id = st.session_state.get(_ASKED) or (None, "")
    if dispute_id != draft.dispute.stripe_id:
        return
    found = evidence_validation.checks(draft, _now())
    if asked == "submit" and all(check.holds for check in found):
        _confirm_submit(draft)
    elif asked == "accept" and found[0].holds and not draft.appeal:
        _confirm_accept(draft.dispute.stripe_id, amount)


def _now() -> datetime:
    return datetime.now(UTC)


def _ask(what: str | None = None, dispute_id: str = "") -> None:
    """Open a confirmation of a dispute, or close it: it stays until it is answered."""
    st.session_state[_ASKED] = (what, dispute_id)


def _contents(draft: Draft) -> str:
    texts, characters, files = len(draft.texts), draft.characters, len(draft.files)
    return _("{texts} with {characters}, {files} with {size}").format(
        texts=ngettext("{n} text", "{n} texts", texts).format(n=texts),
        characters=ngettext("{n} character", "{n} characters", characters).format(
            n=i18n.number(characters)
        ),
        files=ngettext("{n} file", "{n} files", files).format(n=files),
        size=dispute_labels.megabytes(draft.size),
    )


def _confirm_submit(draft: Draft) -> None:
    @st.dialog(_("Submit to the bank"), on_dismiss=_ask)
    def confirm() -> None:
        st.write(
            _("The bank gets this once. Afterwards nothing can be added, changed or taken back.")
        )
        st.caption(_contents(draft))
        named = [dispute_labels.field(name) for name in (*draft.texts, *draft.files)]
        st.caption(widgets.safe_text(" · ".join(named)))
        if st.button(_("Submit for good"), type="primary", key="submit_now"):
            _ask()
            told = _("Submitted. The bank decides, usually within 60 to 75 days.")
            dispute_draft.perform(
                dispute_draft.FLASH,
                told,
                disputes.submit,
                draft.dispute.stripe_id,
                seen=draft.seen,
            )
            st.rerun()

    confirm()


def _confirm_accept(dispute_id: str, amount: Money) -> None:
    @st.dialog(_("Accept the loss"), on_dismiss=_ask)
    def confirm() -> None:
        st.write(_("The customer keeps {amount}. That is final.").format(amount=coded(amount)))
        st.caption(_("Stripe keeps the fee for receiving the dispute either way."))
        if st.button(_("Accept for good"), type="primary", key="accept_now"):
            _ask()
            told = _("Accepted: the dispute is lost.")
            dispute_draft.perform(dispute_draft.FLASH, told, disputes.accept, dispute_id)
            st.rerun()

    confirm()
