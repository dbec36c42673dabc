"""The answer to a dispute: texts, files, gauges, the pre-flight, and the one submission."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.actions.disputes import disputes, evidence_validation
from core.actions.disputes.evidence_validation import Draft
from core.gateway.dispute_reasons import REASONS
from core.gateway.evidence_fields import APPEAL_REASON, FILES, TEXTS
from core.reads.disputes.detail import DisputeDetail
from core.reads.payments.parts import Payment
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.screens.disputes import draft as dispute_draft
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.screens.disputes.cards import coded
from dashboard.ui import widgets

#: Which confirmation is open.
_ASKED = "dispute_asked"


def draw(detail: DisputeDetail, draft: Draft) -> None:
    """The whole answer, for who may give it."""
    dispute_id = detail.dispute.stripe_id
    widgets.card_title(_("Appeal") if draft.appeal else _("Answer"))
    dispute_draft.FLASH.show()
    if draft.appeal:
        st.caption(_("It is lost. An appeal takes a reason and files; without one it stays lost."))
        _texts(dispute_id, [APPEAL_REASON], draft, {})
        _files(dispute_id, list(evidence_validation.file_fields(draft)), draft)
    else:
        _evidence(detail, draft)
    _gauges(draft)
    _preflight(detail, draft)


def _evidence(detail: DisputeDetail, draft: Draft) -> None:
    """The fields that the reason and the kind of product ask for."""
    dispute_id = detail.dispute.stripe_id
    product = widgets.url_choice(
        _("Kind of product"), "product", dispute_labels.PRODUCTS, default="physical"
    )
    asked = REASONS.form(detail.dispute.reason, product)
    fields = [name for name in TEXTS if name in asked or name in draft.texts]
    _texts(dispute_id, fields, draft, known(detail.payment))
    _files(dispute_id, [name for name in FILES if name in asked or name in draft.files], draft)


def known(payment: Payment | None) -> dict[str, str]:
    """What the payment itself tells: offered in the form, and not kept until it is saved.

    The bank reads it: what stands between the facts is English in every language of the screen.
    """
    if payment is None:
        return {}
    order = f"Order {payment.order_id}" if payment.order_id else None
    sold = " · ".join(filter(None, [payment.description, order]))
    found = {
        "product_description": sold,
        "customer_name": payment.customer_name,
        "customer_email_address": payment.email,
        "customer_purchase_ip": payment.ip,
    }
    return {name: value for name, value in found.items() if value}


def _texts(dispute_id: str, fields: list[str], draft: Draft, offered: dict[str, str]) -> None:
    with st.form(f"texts_{dispute_id}", border=False):
        typed = {}
        for name in fields:
            draw_one = st.text_area if name in dispute_labels.LONG else st.text_input
            typed[name] = draw_one(
                dispute_labels.field(name),
                value=draft.texts.get(name, offered.get(name, "")),
                key=f"ev_{dispute_id}_{name}",
                max_chars=evidence_validation.MOST_IN_FIELD,
            )
        if any(name not in draft.texts for name in offered):
            st.caption(_("Filled in from the payment; kept at Stripe once you save."))
        if st.form_submit_button(_("Save draft"), icon=":material/save:", key="save_draft"):
            given = {name: text or "" for name, text in typed.items()}
            given = {name: text for name, text in given.items() if text or name in draft.texts}
            told = _("The draft is kept at Stripe. The bank has not seen it.")
            dispute_draft.perform(told, disputes.save_draft, dispute_id, given)
            st.rerun()


def _files(dispute_id: str, fields: list[str], draft: Draft) -> None:
    st.subheader(_("Files"), anchor=False)
    for name, file in draft.files.items():
        pages = "?" if file.pages is None else i18n.number(file.pages)
        said = _("{field}: {kind}, {size}, pages: {pages}")
        st.caption(
            widgets.safe_text(
                said.format(
                    field=dispute_labels.field(name),
                    kind=file.kind.upper(),
                    size=dispute_labels.megabytes(file.size),
                    pages=pages,
                )
            )
        )
    count = st.session_state.setdefault(f"uploads_{dispute_id}", 0)
    what, content = st.columns([1, 2], vertical_alignment="top")
    field = what.selectbox(
        _("What it is"), fields, format_func=dispute_labels.field, key=f"what_{dispute_id}"
    )
    chosen = content.file_uploader(
        _("PDF, JPEG or PNG; one file for each kind"),
        type=["pdf", "jpg", "jpeg", "png"],
        key=f"file_{dispute_id}_{count}",
    )
    label = _("Replace") if field in draft.files else _("Attach")
    wanted = st.button(label, icon=":material/attach_file:", key="attach", disabled=chosen is None)
    if wanted and chosen is not None:
        told = _("The file is attached. The bank has not seen it.")
        if dispute_draft.perform(told, disputes.attach, dispute_id, field, chosen.getvalue()):
            st.session_state[f"uploads_{dispute_id}"] = count + 1
        st.rerun()


def _gauges(draft: Draft) -> None:
    most = evidence_validation.MOST_BYTES
    said = _("Files: {used} of {most}")
    used, all_of = dispute_labels.megabytes(draft.size), dispute_labels.megabytes(most)
    _gauge(draft.size, most, said.format(used=used, most=all_of))
    if draft.dispute.card_brand == evidence_validation.COUNTS_PAGES:
        most = evidence_validation.MOST_PAGES
        _gauge(draft.pages, most, _("Pages: {used} of {most}").format(used=draft.pages, most=most))
    most, used = evidence_validation.MOST_CHARACTERS, i18n.number(draft.characters)
    said = _("Characters: {used} of {most}")
    _gauge(draft.characters, most, said.format(used=used, most=i18n.number(most)))


def _gauge(used: int, most: int, said: str) -> None:
    st.progress(min(100, used * 100 // most), text=widgets.safe_text(said))


def _preflight(detail: DisputeDetail, draft: Draft) -> None:
    st.subheader(_("Before it goes"), anchor=False)
    found = evidence_validation.checks(draft, datetime.now(UTC))
    for check in found:
        icon = ":material/check_circle:" if check.holds else ":material/cancel:"
        colour = "green" if check.holds else "red"
        st.markdown(f":{colour}[{icon}] {_(dispute_labels.CHECKS[check.name])}")
    ready = all(check.holds for check in found)
    row = st.container(horizontal=True)
    row.button(
        _("Submit …"),
        type="primary",
        icon=":material/send:",
        key="submit",
        disabled=not ready,
        help=None if ready else _("A check above does not hold."),
        on_click=_ask,
        args=("submit",),
    )
    if not draft.appeal:
        row.button(
            _("Accept the loss …"),
            key="accept",
            disabled=not found[0].holds,
            on_click=_ask,
            args=("accept",),
        )
    asked = st.session_state.get(_ASKED)
    if asked == "submit" and ready:
        _confirm_submit(detail, draft)
    elif asked == "accept" and found[0].holds and not draft.appeal:
        _confirm_accept(detail)


def _ask(what: str | None = None) -> None:
    """Open a confirmation, or close it: it stays until it is answered."""
    st.session_state[_ASKED] = what


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


def _confirm_submit(detail: DisputeDetail, draft: Draft) -> None:
    dispute_id = detail.dispute.stripe_id

    @st.dialog(_("Submit to the bank"), on_dismiss=_ask)
    def confirm() -> None:
        st.write(
            _("The bank gets this once. Afterwards nothing can be added, changed or taken back.")
        )
        st.caption(_contents(draft))
        st.caption(_("Only what was saved goes out."))
        if st.button(_("Submit for good"), type="primary", key="submit_now"):
            _ask()
            told = _("Submitted. The bank decides, usually within 60 to 75 days.")
            dispute_draft.perform(told, disputes.submit, dispute_id, seen=draft.seen)
            st.rerun()

    confirm()


def _confirm_accept(detail: DisputeDetail) -> None:
    dispute = detail.dispute

    @st.dialog(_("Accept the loss"), on_dismiss=_ask)
    def confirm() -> None:
        st.write(
            _("The customer keeps {amount}. That is final.").format(amount=coded(dispute.amount))
        )
        st.caption(_("Stripe keeps the fee for receiving the dispute either way."))
        if st.button(_("Accept for good"), type="primary", key="accept_now"):
            _ask()
            told = _("Accepted: the dispute is lost.")
            dispute_draft.perform(told, disputes.accept, dispute.stripe_id)
            st.rerun()

    confirm()
