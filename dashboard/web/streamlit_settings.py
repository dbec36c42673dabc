"""The settings of Streamlit that safety and speed rest on, checked before anything is served."""

from __future__ import annotations

from streamlit import config

from core.errors import Misconfigured
from dashboard.web.allowed_hosts import Addresses

#: From `.streamlit/config.toml`. An option that Streamlit no longer knows counts as missing.
REQUIRED = {
    "server.address": "127.0.0.1",
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.enableXsrfProtection": True,
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 5,
    "server.maxMessageSize": 50,
    "server.trustedUserHeaders": {"x-console-user": "id", "x-console-session": "session"},
    "server.unsafeMetricsUserAttributes": [],
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "client.disableDataExport": True,
    "browser.gatherUsageStats": False,
    "runner.postScriptGC": False,
    "secrets.files": [],
    "global.developmentMode": False,
}


def differences() -> tuple[str, ...]:
    """Every option that is not as shipped, with what it is instead."""
    options = config.get_config_options()
    return tuple(
        f"{name} is {options[name].value!r} instead of {value!r}"
        if name in options
        else f"{name} is not known to this Streamlit"
        for name, value in REQUIRED.items()
        if name not in options or options[name].value != value
    )


def check() -> None:
    """`Misconfigured`, with every option that differs, unless all are as shipped."""
    if wrong := differences():
        raise Misconfigured(
            "Streamlit does not run with .streamlit/config.toml: " + "; ".join(wrong)
        )


def allow(addresses: Addresses) -> None:
    """Tell Streamlit the host names people use; it checks them again behind the auth middleware."""
    config.set_option("server.allowedHosts", addresses.names)
