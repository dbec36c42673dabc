"""What a click on Fraud does, and how it is told: once, on top of the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import (
    AlreadyDecided,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    RequestRepeated,
    StripeError,
)
from dashboard.i18n import _
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.ui import viewer, widgets

_SAID = "fraud_said"


def perform(told: str, act: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Carry out an act for the viewer and keep what to say of it; None where nothing came of it."""
    try:
        found = viewer.act(act, *given, **named)
    except InvalidInput as error:
        rule = fraud_labels.rule_broken(error)
        said = _("Nothing was changed. {field}: {rule}")
        _keep("error", said.format(field=error.field, rule=rule))
    except (AlreadyDecided, NotFound) as error:
        _keep("error", _("Nothing was changed. {reason}").format(reason=_(error.message)))
    except (OutcomeUnknown, RequestRepeated):
        _keep("warning", _("Stripe's answer did not come. It is being looked for."))
    except StripeError as error:
        said = _("Stripe refused it, and nothing was changed: {reason}")
        _keep("error", said.format(reason=error.message))
    else:
        _keep("success", told)
        return found if found is not None else True
    return None


def set_flash(text: str, *, good: bool = True) -> None:
    """Keep a sentence for the top of the screen."""
    _keep("success" if good else "warning", text)


def _keep(kind: str, text: str) -> None:
    st.session_state[_SAID] = (kind, text)


def show_flash() -> None:
    """Say it, once."""
    kind, text = st.session_state.pop(_SAID, (None, ""))
    draw = {"success": st.success, "warning": st.warning, "error": st.error}.get(kind)
    if draw is not None:
        draw(widgets.safe_text(text))


def forget() -> None:
    """Say nothing of an act whose outcome is on the screen anyway."""
    st.session_state.pop(_SAID, None)
