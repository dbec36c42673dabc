"""The go-live check as administrators ask for it on a screen."""

from __future__ import annotations

from core.access.principals import Caller
from core.access.rights import ADMINISTER
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.checks.result import Finding
from core.checks.run import run
from core.checks.subject import opened
from core.settings import Settings

KIND = "settings.check"


def check(
    context: ActionContext, caller: Caller, *, environment: Settings, streamlit: tuple[str, ...]
) -> list[Finding]:
    """What each check finds now; `streamlit` names options that are not as shipped.

    It asks Stripe about fifteen questions for each key.
    """
    authorize(context, caller, (ADMINISTER,), KIND, "")
    with opened(environment, streamlit) as subject:
        return run(subject)
