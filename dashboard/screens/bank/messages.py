"""What came of a click on Bank: the words for errors, and where the screen says them."""

from __future__ import annotations

from core.errors import AlreadyDecided, InvalidInput, NotFound, StatementRefused
from dashboard.i18n import N_, _
from dashboard.ui.flash import ErrorTable, ErrorText, Flash

FIELDS = {
    "account": N_("Account"),
    "amount": N_("Amount"),
    "closing balance": N_("Closing balance"),
    "closing date": N_("Closing date"),
    "csv_profile": N_("Column profile"),
    "currency": N_("Currency"),
    "file": N_("File"),
    "format": N_("Format"),
    "lines": N_("Lines"),
    "name": N_("Name"),
    "opening balance": N_("Opening balance"),
    "payer": N_("Stripe's name at this bank"),
    "payouts": N_("Payouts"),
    "reason": N_("Reason"),
}
ERRORS = ErrorTable(
    (
        ErrorText(StatementRefused, N_("Nothing of the file was taken in. {field}: {rule}")),
        ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),
        ErrorText((AlreadyDecided, NotFound), N_("Nothing was changed. {reason}")),
    ),
    field=lambda name: _(FIELDS[name]) if name in FIELDS else name,
)
FLASH = Flash("bank_flash", ERRORS)
