"""All checks under their ids, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.checks import database, habits, keys, machine, process, public_urls, webhooks
from core.checks.result import Finding, Result, failed
from core.checks.subject import Subject

#: Under this id stands a setting that cannot be read at all, where no check is about it.
SETTINGS = "settings"

CHECKS: Final[Mapping[str, Callable[[Subject], Result]]] = {
    "keys_mode": keys.keys_mode,
    "keys_rights": keys.keys_rights,
    "webhook_secret": webhooks.webhook_secret,
    "webhook_endpoint": webhooks.webhook_endpoint,
    "debug": process.debug,
    "secret_key": process.secret_key,
    "encryption_key": process.encryption_key,
    "https": public_urls.https,
    "proxy_headers": public_urls.proxy_headers,
    "database_reachable": database.database_reachable,
    "database_charset": database.database_charset,
    "database_mode": database.database_mode,
    "database_cluster": database.database_cluster,
    "migrations": database.migrations,
    "clock": machine.clock,
    "disk": machine.disk,
    "streamlit": process.streamlit,
    "file_modes": machine.file_modes,
    "redis": machine.redis,
    "backup_age": habits.backup_age,
    "demo_users": habits.demo_users,
    "ledger_fresh": habits.ledger_fresh,
}
#: The check that a setting belongs to whose value cannot even be read.
_OF_SETTING = {"debug": "debug", "force_https": "https", "trusted_proxies": "proxy_headers"}


def run(subject: Subject) -> list[Finding]:
    """What each check found."""
    return [Finding(name, check(subject)) for name, check in CHECKS.items()]


def unreadable(setting: str, why: str) -> Finding:
    """A setting of the environment whose value cannot be read: nothing else can be looked at."""
    result = failed(
        "{name}: {why}", "Correct it in the environment.", name=setting.upper(), why=why
    )
    return Finding(_OF_SETTING.get(setting, SETTINGS), result)


def may_go_live(findings: list[Finding]) -> bool:
    """Whether none failed."""
    return all(one.result.status != "fail" for one in findings)
