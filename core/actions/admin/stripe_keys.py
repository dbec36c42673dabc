"""Keys of Stripe that an administrator enters: tried before they are kept; the webhook endpoint."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from core.access.principals import Caller
from core.access.rights import ADMINISTER
from core.actions.admin import settings as settings_changes
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.configuration.kept_settings import known
from core.encryption import Encrypter
from core.errors import InvalidInput, StripeKeyRefused
from core.gateway.client import API_VERSION, Gateway
from core.gateway.event_types import WANTED
from core.settings import Settings, is_live

TRY, MAKE = "setting.try_key", "setting.make_endpoint"
ENDPOINTS = "/v1/webhook_endpoints"
_SECRETS = {True: "stripe_webhook_secret", False: "stripe_test_webhook_secret"}


@dataclass(frozen=True, slots=True)
class KeyTried:
    """Which mode a key opens, and whose account: None where the key may not tell."""

    livemode: bool
    account: str | None


def try_key(
    context: ActionContext, caller: Caller, name: str, key: str, *, environment: Settings
) -> KeyTried:
    """Ask Stripe with a secret key for its balance and its account; nothing is kept.

    `InvalidInput` under the setting's name for a key that Stripe refuses, or of another mode than
    it says; other errors of `core.errors` where Stripe does not answer.
    """
    authorize(context, caller, (ADMINISTER,), TRY, "")
    setting = known(name)
    if not setting.secret or not setting.name.endswith("secret_key"):
        raise InvalidInput("name", "must be one of {allowed}", allowed="STRIPE_SECRET_KEY")
    text = setting.checked(key)
    livemode = is_live(text)
    gateway = Gateway(text, livemode=livemode, api_base=environment.stripe_api_base or None)
    try:
        balance = gateway.get("/v1/balance")
    except StripeKeyRefused as error:
        raise InvalidInput(setting.name, "is refused by Stripe ({code})", code=error.code) from None
    if balance["livemode"] is not livemode:
        raise InvalidInput(setting.name, "opens the other mode than it says")
    try:
        account = str(gateway.get("/v1/account")["id"])
    except StripeKeyRefused:
        account = None
    return KeyTried(livemode, account)


def make_endpoint(
    context: ActionContext,
    caller: Caller,
    *,
    livemode: bool,
    settings: Settings,
    environment: Settings,
) -> str:
    """Have Stripe send events to the receiver of `settings`, keep the secret; the endpoint's id.

    The secret before it is kept beside it, for what is still under way. `InvalidInput` where there
    is an endpoint for this address already, or where its secret could not be kept.
    """
    authorize(context, caller, (ADMINISTER,), MAKE, "")
    name = secret_name(settings, livemode)
    settings_changes.prepared({name: "whsec_" + "x" * 32}, environment)
    Encrypter(environment.encryption_key.get_secret_value()).check()
    if not settings.public_url:
        raise InvalidInput("public_url", "must be set first: events are sent there")
    gateway = context.gateway(livemode)
    for page in gateway.pages(ENDPOINTS):
        if any(one["url"].rstrip("/") == settings.webhook_url for one in page):
            raise InvalidInput("public_url", "has an endpoint at Stripe already: delete it there")
    made = gateway.post(ENDPOINTS, idempotency_key=str(uuid.uuid4()), **_wanted(settings))
    before = getattr(settings, name).get_secret_value().split(",")[0].strip()
    both = ",".join([made["secret"], *([before] if before else [])])
    settings_changes.change(context, caller, {name: both}, environment=environment)
    return str(made["id"])


def secret_name(settings: Settings, livemode: bool) -> str:
    """Which setting holds the secret of a mode's endpoint: with one key alone, the first."""
    return _SECRETS[livemode] if len(settings.secret_keys) > 1 else _SECRETS[True]


def _wanted(settings: Settings) -> dict[str, Any]:
    return {
        "url": settings.webhook_url,
        "enabled_events": list(WANTED),
        "api_version": API_VERSION,
        "description": "Tillwatch",
    }
