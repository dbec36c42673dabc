"""What came of a click on Settings: said above, and a wrong value at its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import streamlit as st

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.errors import InvalidInput, Misconfigured, NotFound, StripeError
from dashboard.i18n import N_
from dashboard.screens.settings import labels
from dashboard.ui import widgets
from dashboard.ui.flash import ErrorTable, ErrorText, Flash, Outcome

P = ParamSpec("P")
T = TypeVar("T")

_WRONG = "settings_wrong"

FLASH = Flash(
    "settings_flash",
    ErrorTable(
        (
            ErrorText(InvalidInput, N_("Nothing was changed. {field}: {rule}")),
            ErrorText((NotFound, Misconfigured), N_("Nothing was changed. {reason}")),
            ErrorText(StripeError, N_("Stripe did not do it. {reason}")),
        ),
        field=labels.field,
    ),
)


def perform(
    done: str,
    action: Callable[Concatenate[ActionContext, Caller, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Outcome[T]:
    """Carry out an action; the next run says what came of it, and `at_field` which value is wrong.

    What was typed stays in its fields.
    """
    outcome = FLASH.perform(done, action, *args, **kwargs)
    error = outcome.error
    wrong = {error.field: error} if isinstance(error, InvalidInput) else {}
    st.session_state[_WRONG] = wrong
    return outcome


def at_field(field: str) -> None:
    """Under a field: the rule that its value broke, if it did."""
    error = st.session_state.get(_WRONG, {}).get(field)
    if error is not None:
        st.markdown(f":small[:red[{widgets.safe_text(widgets.rule(error))}]]")
