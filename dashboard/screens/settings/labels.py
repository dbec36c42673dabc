"""The words of Settings: what each setting is called, means, and may be."""

from __future__ import annotations

from core.money import Money, plain
from core.reads.admin.settings import SettingChange
from dashboard.i18n import N_, _
from dashboard.ui import account, status_badges

NAMES = {
    "stripe_secret_key": N_("Secret key"),
    "stripe_publishable_key": N_("Publishable key"),
    "stripe_webhook_secret": N_("Webhook secret"),
    "stripe_test_secret_key": N_("Secret key, test mode"),
    "stripe_test_publishable_key": N_("Publishable key, test mode"),
    "stripe_test_webhook_secret": N_("Webhook secret, test mode"),
    "reporting_timezone": N_("Time zone of the books"),
    "payment_currencies": N_("Currencies of payments"),
    "payment_largest": N_("Largest payment"),
    "rate_limit": N_("Requests a minute for each token"),
    "public_url": N_("Address of the receiver"),
    "personal_data_days": N_("Days until personal data goes"),
    "export_history_days": N_("Days until the list of files forgets one"),
    "alert_history_days": N_("Days until an alert that is over goes"),
    "refund_approval": N_("Refunds"),
    "close_approval": N_("Closing a month"),
    "rules_approval": N_("Fraud rules"),
    "oidc_issuer": N_("Issuer of your provider"),
    "oidc_client_id": N_("Client id there"),
    "oidc_client_secret": N_("Client secret"),
    "oidc_domains": N_("Domains of e-mail addresses"),
    "step_up_minutes": N_("Minutes until people confirm that it is them"),
    "second_factor_roles": N_("Roles that need a second factor"),
}
HELP = {
    "oidc_domains": N_("With commas between. Nobody else's address is let in."),
    "step_up_minutes": N_(
        "Before a refund is approved, fraud rules change, a month is closed, somebody is let in "
        "or a setting changes."
    ),
    "second_factor_roles": N_(
        "Names with commas between, such as admin, finance. Who has none sets it up at once."
    ),
    "reporting_timezone": N_(
        "It cannot change while a month is closed. Run `rollups rebuild` after a change."
    ),
    "payment_currencies": N_("Codes with commas between, such as usd, eur."),
    "payment_largest": N_("In major units of whatever currency it is in."),
    "rate_limit": N_("What is over that is told to come again."),
    "personal_data_days": N_("0 keeps it for ever. What was purged does not come back."),
    "public_url": N_("Where Stripe and customers reach it from outside."),
}
CHOICES = {
    "above_limit": N_("A second person approves what is above a limit"),
    "always": N_("A second person approves each refund"),
    "second_person": N_("A second person decides"),
    "one_person": N_("One person is enough"),
}
STATUSES: status_badges.Kind = {
    "pass": (N_("Passes"), "green"),
    "warn": (N_("Warning"), "orange"),
    "fail": (N_("Failed"), "red"),
}
CHECKS = {
    "settings": N_("Settings of the environment"),
    "keys_mode": N_("Keys and their mode"),
    "keys_rights": N_("Rights of the keys"),
    "webhook_secret": N_("Webhook secret"),
    "webhook_endpoint": N_("Webhook endpoint at Stripe"),
    "debug": N_("Debug logs"),
    "secret_key": N_("Secret for signing"),
    "encryption_key": N_("Encryption of secrets"),
    "https": N_("HTTPS"),
    "proxy_headers": N_("Named proxies"),
    "database_reachable": N_("Database answers"),
    "database_charset": N_("Characters of the database"),
    "database_mode": N_("Mode of the database"),
    "database_cluster": N_("Database cluster"),
    "migrations": N_("Tables of the database"),
    "clock": N_("System clock"),
    "disk": N_("Disk"),
    "streamlit": N_("Settings of Streamlit"),
    "file_modes": N_("Rights of files"),
    "redis": N_("Redis"),
    "backup_age": N_("Backup"),
    "demo_users": N_("Demo users"),
    "ledger_fresh": N_("Freshness of the ledger"),
}
_FIELDS = {
    "email": N_("E-mail"),
    "roles": N_("Roles"),
    "group": N_("Group"),
    "name": N_("Name"),
    "reason": N_("Why"),
    "expires": N_("Days until it ends"),
}


def field(name: str) -> str:
    """What a field is called; a limit's is `CURRENCY.per_refund` or `CURRENCY.per_day`."""
    currency, found, kind = name.partition(".")
    if found:
        return limit(currency, kind)
    return _((NAMES | _FIELDS).get(name, name))


def limit(currency: str, kind: str) -> str:
    """The name of a limit's field."""
    said = _("{currency}, each") if kind == "per_refund" else _("{currency}, a day")
    return said.format(currency=currency.upper())


def change(one: SettingChange) -> str:
    """What was changed, and from what to what; it may hold foreign text."""
    if one.action == "secrets.rotate":
        return _("All secrets were encrypted anew")
    if one.action == "refund.limits":
        role, _slash, currency = one.target.partition("/")
        name = f"{account.role_words().get(role, role)}, {currency.upper()}"
        return f"{name}: {_limits(one.before, currency)} → {_limits(one.after, currency)}"
    if one.action.startswith("group_roles."):
        said = _("Roles of the group {group}").format(group=one.target)
        return f"{said}: {_roles(one.before)} → {_roles(one.after)}"
    name = _(NAMES.get(one.target.lower(), one.target))
    return f"{name}: {_value(one.before)} → {_value(one.after)}"


def _limits(pair: object, currency: str) -> str:
    if not isinstance(pair, list) or not all(isinstance(minor, int) for minor in pair):
        return "–"
    return " / ".join(plain(Money(minor, currency)) for minor in pair)


def _roles(kept: object) -> str:
    words = account.role_words()
    listed = kept.split(",") if isinstance(kept, str) else []
    return _(", ").join(words.get(role, role) for role in listed) or "–"


def _value(value: object) -> str:
    if value is None:
        return _("default")
    return _(CHOICES[value]) if value in CHOICES else str(value)
