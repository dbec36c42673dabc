"""Notes on a customer: what colleagues wrote, and a line to write another one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.access.rights import ASK_REFUND
from core.actions.customers import notes as actions
from core.errors import InvalidInput, NotFound
from core.reads.customers.notes import Note
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import viewer, widgets
from dashboard.ui.flash import ErrorTable, ErrorText, Flash
from dashboard.ui.kit import timeline
from dashboard.ui.kit.timeline import Entry

_ERRORS = ErrorTable(
    (
        ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),
        ErrorText(NotFound, N_("Nothing was changed. {reason}")),
    ),
    field=lambda _field: _("Note"),
)
FLASH = Flash("customer_flash", _ERRORS)


def draw(customer: str, found: Sequence[Note]) -> None:
    """The card; the line for those who may ask for refunds."""
    with st.container(border=True):
        widgets.card_title(_("Notes"))
        if viewer.signed_in().may(ASK_REFUND):
            _form(customer)
        if not found:
            st.caption(_("Nothing was written yet."))
            return
        zone = viewer.zone()
        entries = [
            Entry(note.author, i18n.minute(note.created_at, zone), "sticky_note_2", quote=note.text)
            for note in found
        ]
        timeline.draw("customer_notes", entries, alt=_("Notes, newest first"))


def _form(customer: str) -> None:
    with st.form("customer_note_form", border=False, clear_on_submit=True):
        written = st.text_input(
            _("Note"),
            max_chars=actions.LONGEST_NOTE,
            key="customer_note",
            placeholder=_("What the customer said, for the next colleague"),
        )
        if st.form_submit_button(_("Add note"), icon=":material/edit:") and written:
            said = _("The note is kept. Card numbers in it are covered.")
            FLASH.perform(said, actions.add, customer, written, livemode=viewer.livemode())
            st.rerun()
