"""The answer to a dispute: texts that keep themselves, files, gauges, and the one submission."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.actions.disputes import disputes, evidence_validation
from core.actions.disputes.evidence_validation import Attached, Draft
from core.gateway.dispute_reasons import REASONS
from core.gateway.evidence_fields import APPEAL_REASON, FILES, TEXTS
from core.reads.disputes.answers import Saved
from core.reads.disputes.detail import DisputeDetail
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.disputes import draft as dispute_draft
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.screens.disputes import submission, texts
from dashboard.screens.disputes.draft import Visit
from dashboard.ui import widgets


def draw(detail: DisputeDetail, visit: Visit, saved: Mapping[str, Saved]) -> None:
    """The whole answer, for who may give it."""
    dispute_id, draft = detail.dispute.stripe_id, visit.draft
    widgets.card_title(_("Appeal") if draft.appeal else _("Answer"))
    st.caption(_("What you type is kept at Stripe by itself. The bank sees it once you submit."))
    if draft.appeal:
        st.caption(_("It is lost. An appeal takes a reason and files; without one it stays lost."))
        fields, offered = [APPEAL_REASON], {}
        takes = list(evidence_validation.file_fields(draft))
    else:
        product = widgets.url_choice(
            _("Kind of product"), "product", dispute_labels.PRODUCTS, default="physical"
        )
        asked = REASONS.form(detail.dispute.reason, product)
        known = texts.known(detail.payment)
        fields = [name for name in TEXTS if name in asked or name in draft.texts]
        offered = {name: known[name] for name in fields if name in known}
        takes = [name for name in FILES if name in asked or name in draft.files]
    texts.draw(dispute_id, fields, visit, saved, offered)
    _files(dispute_id, takes, draft)
    _gauges(draft)
    submission.draw(visit, texts.not_kept(dispute_id, visit, fields))


def file_said(file: Attached) -> str:
    """A file with its name, kind, size and pages; safe where markdown is drawn."""
    pages = "?" if file.pages is None else i18n.number(file.pages)
    said = _("{field}: {kind}, {size}, pages: {pages}").format(
        field=dispute_labels.field(file.field),
        kind=file.kind.upper(),
        size=dispute_labels.megabytes(file.size),
        pages=pages,
    )
    return widgets.safe_text(f"{said} · {file.name}" if file.name else said)


def _files(dispute_id: str, fields: list[str], draft: Draft) -> None:
    st.subheader(_("Files"), anchor=False)
    for file in draft.files.values():
        st.caption(f":material/description: {file_said(file)}")
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
        before = draft.files[field].file_id if field in draft.files else ""
        if dispute_draft.perform(
            dispute_draft.FILE_FLASH,
            told,
            disputes.attach,
            dispute_id,
            field,
            chosen.getvalue(),
            name=chosen.name,
            before=before,
        ):
            st.session_state[f"uploads_{dispute_id}"] = count + 1
        st.rerun(scope="fragment")
    dispute_draft.FILE_FLASH.show()


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
