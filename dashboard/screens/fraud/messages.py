"""What came of a click on Fraud, said on top of the screen: the words for errors."""

from __future__ import annotations

from core.errors import (
    AlreadyDecided,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    RequestRepeated,
    StripeError,
)
from dashboard.i18n import N_
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.ui.flash import ErrorTable, ErrorText, Flash

ERRORS = ErrorTable(
    (
        ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),
        ErrorText((AlreadyDecided, NotFound), N_("Nothing was changed. {reason}")),
        ErrorText(
            (OutcomeUnknown, RequestRepeated),
            N_("Stripe's answer did not come. It is being looked for."),
            "warning",
        ),
        ErrorText(StripeError, N_("Stripe refused it, and nothing was changed: {reason}")),
    ),
    rule=fraud_labels.rule_broken,
)
FLASH = Flash("fraud_flash", ERRORS)
