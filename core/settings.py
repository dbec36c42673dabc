"""Settings from the environment; each `NAME` may also come from the file that `NAME_FILE` names."""

from __future__ import annotations

import os
from decimal import Decimal
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import Misconfigured, UnknownCurrency
from core.known_hosts import name_of
from core.money import known_currency

#: Where the receiver takes Stripe's events.
WEBHOOK_PATH = "/api/v1/webhooks/stripe"
#: What the emulator takes as a key when no Stripe key is set. It opens nothing anywhere else.
EMULATOR_KEY = "sk_test_emulator"
EMULATOR_PUBLISHABLE_KEY = "pk_test_emulator"

#: Personal data is kept for at least so long: refunds, disputes and matches are worked with it.
SHORTEST_DAYS = 30
Networks = tuple[IPv4Network | IPv6Network, ...]


class FileSource(PydanticBaseSettingsSource):
    """Reads `NAME_FILE`: how Docker and Kubernetes hand over secrets."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise Misconfigured(
                f"{field_name.upper()}_FILE cannot be read: {error.strerror}"
            ) from None

    def __call__(self) -> dict[str, Any]:
        names = self.settings_cls.model_fields
        found = {name: self.get_field_value(field, name)[0] for name, field in names.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Every setting from the environment. Secrets never show in a repr."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", hide_input_in_errors=True, frozen=True
    )

    var_dir: Path = Path("var")
    database_url: SecretStr = SecretStr("")
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_publishable_key: str = ""
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_test_secret_key: SecretStr = SecretStr("")
    stripe_test_publishable_key: str = ""
    stripe_test_webhook_secret: SecretStr = SecretStr("")
    stripe_api_base: str = ""
    app_env: Literal["development", "test", "production"] = "development"
    # Accepted and used by nothing yet: what is signed will ask for it.
    secret_key: SecretStr = SecretStr("")
    encryption_key: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    cors_origins: str = ""
    public_url: str = ""
    payment_currencies: str = "cny,usd,eur,gbp"
    payment_largest: Decimal = Field(Decimal("999999.99"), gt=0, le=Decimal("999999999.99"))
    rate_limit: int = Field(600, ge=1)
    #: Who gives money back alone: up to their limit, or nobody.
    refund_approval: Literal["above_limit", "always"] = "above_limit"
    #: Whether who asks for a month to be closed may close it.
    close_approval: Literal["second_person", "one_person"] = "second_person"
    #: Whether who changes the rules of risk puts them in force.
    rules_approval: Literal["one_person", "second_person"] = "one_person"
    #: Roles whose people need a second factor to sign in.
    second_factor_roles: str = ""
    #: How long what was typed at the sign-in is enough for what matters most.
    step_up_minutes: int = Field(10, ge=1, le=480)
    #: The company's own provider of sign-in: its issuer, our client there, whose addresses count.
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_domains: str = ""
    #: `GROUP=role,role; GROUP=role`: roles by the provider's groups. Empty: the database's table.
    oidc_group_roles: str = ""
    force_https: bool = False
    debug: bool = False
    reporting_timezone: str = "UTC"
    personal_data_days: int = Field(0, ge=0, le=36_500)
    export_history_days: int = Field(90, ge=0, le=36_500)
    alert_history_days: int = Field(365, ge=0, le=36_500)
    ui_port: int = Field(8501, ge=1, le=65535)
    receiver_port: int = Field(8502, ge=1, le=65535)
    emulator_port: int = Field(12111, ge=1, le=65535)
    ui_origin: str = ""
    trusted_proxies: str = ""
    allowed_hosts: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, FileSource(settings_cls), dotenv_settings

    @field_validator("reporting_timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is not a time zone of the IANA database") from None
        return value

    @field_validator("payment_currencies")
    @classmethod
    def _currencies_exist(cls, value: str) -> str:
        for currency in _listed(value):
            try:
                known_currency(currency.lower())
            except UnknownCurrency as error:
                raise ValueError(f"{currency} {error.rule}") from None
        return value

    @field_validator("second_factor_roles")
    @classmethod
    def _roles_are_words(cls, value: str) -> str:
        if not all(role.isidentifier() for role in _listed(value)):
            raise ValueError("is a list of roles with commas between, such as admin,finance")
        return value

    @field_validator("personal_data_days")
    @classmethod
    def _not_too_soon(cls, value: int) -> int:
        if 0 < value < SHORTEST_DAYS:
            raise ValueError(f"is 0 or at least {SHORTEST_DAYS}")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, value: str) -> str:
        for name in _listed(value):
            try:
                network = ip_network(name)
            except ValueError:
                raise ValueError(
                    f"{name} is not an IP address or network such as 10.0.0.0/24"
                ) from None
            if network.prefixlen == 0:
                raise ValueError(f"{name} is everybody: name the proxies")
        return value

    @cached_property
    def proxies(self) -> Networks:
        """Whose word on a client's address is taken."""
        return tuple(ip_network(name) for name in _listed(self.trusted_proxies))

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """The currencies that payments may be created in, lower case, as they were listed."""
        return tuple(currency.lower() for currency in _listed(self.payment_currencies))

    @property
    def factor_roles(self) -> frozenset[str]:
        """The roles whose people need a second factor."""
        return frozenset(_listed(self.second_factor_roles))

    @property
    def origins(self) -> tuple[str, ...]:
        """Which sites' scripts may call the REST API from a browser."""
        return tuple(origin.rstrip("/") for origin in _listed(self.cors_origins))

    @property
    def host_names(self) -> frozenset[str]:
        """The names by which the receiver may be asked for, beside IP addresses and localhost."""
        given = (*_listed(self.allowed_hosts), self.public_url, self.ui_origin)
        return frozenset(name_of(one.lower()) for one in given) - {""}

    @property
    def public_base(self) -> str:
        """Where customers reach the receiver, without a slash at the end."""
        return (self.public_url or f"http://127.0.0.1:{self.receiver_port}").rstrip("/")

    @property
    def webhook_url(self) -> str:
        """Where Stripe sends events, from outside."""
        return self.public_base + WEBHOOK_PATH

    @property
    def screens_base(self) -> str:
        """Where people reach the screens, without a slash at the end."""
        return (self.ui_origin or f"http://localhost:{self.ui_port}").rstrip("/")

    @property
    def publishable_keys(self) -> dict[bool, str]:
        """The key for browsers by livemode, where one is set."""
        found = {
            is_live(key): key
            for key in (self.stripe_test_publishable_key, self.stripe_publishable_key)
            if key
        }
        return found or ({False: EMULATOR_PUBLISHABLE_KEY} if self.uses_emulator else {})

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone whose days the books are kept in."""
        return ZoneInfo(self.reporting_timezone)

    @property
    def database(self) -> str:
        """The database's URL; SQLite under VAR_DIR when none is set."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.var_dir}/tillwatch.db"

    @property
    def uses_emulator(self) -> bool:
        """True when no Stripe key is set, so that the local emulator takes Stripe's place."""
        return not (
            self.stripe_secret_key.get_secret_value()
            or self.stripe_test_secret_key.get_secret_value()
        )

    @property
    def api_base(self) -> str | None:
        """Where Stripe's API is; None for Stripe's own address."""
        if self.stripe_api_base:
            return self.stripe_api_base.rstrip("/")
        return f"http://127.0.0.1:{self.emulator_port}" if self.uses_emulator else None

    @property
    def secret_keys(self) -> dict[bool, str]:
        """The API key by livemode; `Misconfigured` where two keys claim one mode."""
        test = self.stripe_test_secret_key.get_secret_value()
        if test and is_live(test):
            raise Misconfigured("STRIPE_TEST_SECRET_KEY is a live key")
        main = self.stripe_secret_key.get_secret_value()
        if main and test and not is_live(main):
            raise Misconfigured("STRIPE_SECRET_KEY and STRIPE_TEST_SECRET_KEY are both test keys")
        found = {is_live(key): key for key in (test, main) if key}
        return found or {False: EMULATOR_KEY}

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The endpoint's secrets; during a rotation both, separated by a comma."""
        both = (self.stripe_webhook_secret, self.stripe_test_webhook_secret)
        found = [part.strip() for s in both for part in s.get_secret_value().split(",")]
        kept = self.var_dir / "webhook_secret"
        if not any(found) and self.uses_emulator and kept.exists():
            found = [kept.read_text(encoding="utf-8").strip()]
        return tuple(secret for secret in found if secret)


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def is_live(key: str) -> bool:
    """Whether a Stripe key (sk_, rk_, pk_) belongs to live mode; raises `Misconfigured` if none."""
    kind, _, rest = key.partition("_")
    if kind in ("sk", "rk", "pk") and rest.startswith("live_"):
        return True
    if kind in ("sk", "rk", "pk") and rest.startswith("test_"):
        return False
    raise Misconfigured("a Stripe key starts with sk_test_, sk_live_, rk_test_ or rk_live_")


def load() -> Settings:
    """Read the environment now."""
    return Settings()
