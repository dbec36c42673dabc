"""What came of a click on Proof, said on top of the screen: the words for errors."""

from __future__ import annotations

from core.errors import AlreadyDecided, InvalidInput, NotFound, ReportRefused
from dashboard.i18n import N_, _
from dashboard.ui.flash import ErrorTable, ErrorText, Flash

FIELDS = {
    "reason": N_("Reason"),
    "owner": N_("Owner"),
    "from": N_("Month"),
    "to": N_("Month"),
    "file": N_("File"),
}

ERRORS = ErrorTable(
    (
        ErrorText(ReportRefused, N_("The report was not taken in. {field}: {rule}")),
        ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),
        ErrorText((AlreadyDecided, NotFound), N_("Nothing was changed. {reason}")),
    ),
    field=lambda name: _(FIELDS[name]) if name in FIELDS else name,
)
FLASH = Flash("proof_flash", ERRORS)
