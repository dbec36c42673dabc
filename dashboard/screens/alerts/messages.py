"""What came of a click on the screen of alerts."""

from __future__ import annotations

from core.errors import AlreadyDecided, InvalidInput, Misconfigured, NotFound
from dashboard.i18n import N_
from dashboard.screens.alerts import labels
from dashboard.ui.flash import ErrorTable, ErrorText, Flash

FLASH = Flash(
    "alert_flash",
    ErrorTable(
        (
            ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),
            ErrorText(AlreadyDecided, N_("Somebody was faster, or it is over."), "info"),
            ErrorText((NotFound, Misconfigured), N_("Nothing was changed. {reason}")),
        ),
        field=labels.any_parameter,
    ),
)
