"""Settings: limits, keys, the go-live check, approvals, the rest, tokens; what was changed last."""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import N_, _
from dashboard.screens.settings import checks, fields, groups, history, keys, limits, tokens
from dashboard.screens.settings.messages import FLASH
from dashboard.ui import navigation, viewer, widgets
from dashboard.web import streamlit_settings

TABS = {
    "limits": N_("Limits"),
    "keys": N_("Keys and endpoints"),
    "check": N_("Go-live check"),
    "approvals": N_("Approvals"),
    "general": N_("General"),
    "sign_in": N_("Sign-in"),
    "tokens": N_("API tokens"),
}
APPROVALS = ("refund_approval", "rules_approval", "close_approval")
SIGN_IN = (
    "second_factor_roles",
    "step_up_minutes",
    "oidc_issuer",
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_domains",
)
GENERAL = (
    "reporting_timezone",
    "payment_currencies",
    "payment_largest",
    "rate_limit",
    "public_url",
    "personal_data_days",
    "export_history_days",
    "alert_history_days",
)
FORMS = {"approvals": APPROVALS, "general": GENERAL, "sign_in": SIGN_IN}


def main() -> None:
    """Draw the screen: one of its tabs at a time, by what the URL says."""
    viewer.require("administer")
    widgets.header(_("Settings"), livemode=viewer.livemode())
    chosen = widgets.url_choice(_("Part"), "tab", TABS, default="limits")
    FLASH.show()
    viewer.confirm_first(f"/settings?tab={chosen}")
    if chosen == "check":
        checks.draw(streamlit_settings.differences())
        return
    if chosen == "keys":
        keys.draw()
    elif chosen == "tokens":
        tokens.draw()
    elif chosen == "limits":
        limits.draw()
    else:
        _card(chosen)
    if chosen == "sign_in":
        groups.draw()
    history.draw()


def _card(chosen: str) -> None:
    left, right = st.columns(2, gap="medium")
    with left.container(border=True):
        widgets.card_title(_(TABS[chosen]))
        fields.form(chosen, FORMS[chosen], fields.kept())
    with right.container(border=True):
        widgets.card_title(_("Elsewhere"))
        st.page_link(navigation.named("alerts"), label=_("Alerts"), icon=":material/notifications:")
        st.page_link(navigation.named("users"), label=_("Users"), icon=":material/group:")
        st.page_link(navigation.named("audit"), label=_("Audit"), icon=":material/policy:")


main()
