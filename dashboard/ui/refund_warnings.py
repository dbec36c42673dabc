"""What is told before money goes back, in words: it forbids nothing. Without Streamlit, for the API
says it too."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.refund_warnings import OPEN_INQUIRY, UNKNOWN_DISPUTE
from dashboard.i18n import N_, _

_ONE = {
    OPEN_INQUIRY: N_(
        "This payment has an open inquiry. If it becomes a chargeback, the refund may stand beside"
        " it: the customer is then paid twice."
    ),
    UNKNOWN_DISPUTE: N_(
        "This payment has a dispute in a state that is not known here. If it becomes a chargeback,"
        " the refund may stand beside it: the customer is then paid twice."
    ),
}
_SOME = {
    OPEN_INQUIRY: N_(
        "Payments with an open inquiry: {count}. If one becomes a chargeback, its refund may stand"
        " beside it: the customer is then paid twice."
    ),
    UNKNOWN_DISPUTE: N_(
        "Payments with a dispute in a state that is not known here: {count}. If one becomes a"
        " chargeback, its refund may stand beside it: the customer is then paid twice."
    ),
}
#: In a cell of a table.
_SHORT = {OPEN_INQUIRY: N_("Open inquiry"), UNKNOWN_DISPUTE: N_("Unknown dispute")}


def warning_text(code: str) -> str:
    """A warning (of `core.domain.refund_warnings.CODES`) about one payment."""
    return _(_ONE[code])


def told_of_some(counts: Mapping[str, int]) -> list[str]:
    """Warnings about several payments, each with how many it is about."""
    return [_(_SOME[code]).format(count=count) for code, count in counts.items()]


def short(codes: tuple[str, ...]) -> str:
    """Warnings about one payment in a table's cell."""
    return _(", ").join(_(_SHORT[code]) for code in codes)
