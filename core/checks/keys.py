"""The keys of Stripe: of which mode they are, what they may read, and what they may write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.checks.result import Result, failed, passed, unsafe, warned
from core.checks.subject import Reader, Subject
from core.errors import (
    Misconfigured,
    StripeError,
    StripeKeyRefused,
    StripeRefused,
    StripeUnreachable,
)

#: What the worker and the screens read in any account. Radar is not for all.
_READ = (
    *("/v1/payment_intents", "/v1/charges", "/v1/refunds", "/v1/disputes", "/v1/payouts"),
    *("/v1/customers", "/v1/balance_transactions", "/v1/events"),
)
#: What people change from here, by an update without a field of an object that is not there. Stripe
#: looks at the key's rights first, so that 403 means no and 404 yes; nothing is written either way.
_WRITE: Final[Mapping[str, str]] = {
    "/v1/payment_intents": "pi_000000000000000000000000",
    "/v1/refunds": "re_000000000000000000000000",
    "/v1/disputes": "du_000000000000000000000000",
}


def keys_mode(subject: Subject) -> Result:
    """Whether the keys are of the modes that they are set for."""
    settings = subject.settings
    try:
        modes = set(settings.secret_keys)
        publishable = set(settings.publishable_keys)
    except Misconfigured as error:
        return failed(
            "The Stripe keys cannot be used: {why}.",
            "Set each key under its name.",
            why=error.message,
        )
    if settings.uses_emulator:
        return unsafe(
            subject.production,
            "No Stripe key is set: the emulator plays Stripe.",
            "Set STRIPE_SECRET_KEY, or enter it under Settings.",
        )
    if publishable - modes:
        return failed(
            "A publishable key is of a mode that has no secret key.",
            "Take both keys from the same page of Stripe's dashboard.",
        )
    if True not in modes:
        return unsafe(
            subject.production,
            "Only a test key is set.",
            "Set STRIPE_SECRET_KEY to a live key once payments are real.",
        )
    if settings.stripe_api_base:
        return failed(
            "A live key is set, and STRIPE_API_BASE sends it to another address than Stripe's.",
            "Take STRIPE_API_BASE away.",
        )
    if not subject.production:
        return warned(
            "A live key is set, and APP_ENV is {env}.",
            "Set APP_ENV=production.",
            env=settings.app_env,
        )
    return passed("A live key is set.")


def keys_rights(subject: Subject) -> Result:
    """Whether each key may read what is shown, and write what people change from here."""
    if not subject.stripe:
        return failed("There is no key to try.", "See keys_mode.")
    unread: list[str] = []
    unwritten: list[str] = []
    for livemode, stripe in subject.stripe.items():
        try:
            unread += [f"{path} ({_mode(livemode)})" for path in _unread(stripe)]
            unwritten += [f"{path} ({_mode(livemode)})" for path in _unwritten(stripe)]
        except StripeUnreachable:
            return _unanswered()
        except StripeError as error:
            return failed(
                "Stripe refuses the {mode} key: {why}",
                "Make a new key in Stripe's dashboard.",
                mode=_mode(livemode),
                why=error.code,
            )
    if unread:
        return failed(
            "A key may not read {what}.",
            "Give the restricted key read access to these.",
            what=", ".join(unread),
        )
    if unwritten:
        return warned(
            "A key may not write {what}: who tries from here is refused.",
            "Give the restricted key write access to these, unless nobody is to change them here.",
            what=", ".join(unwritten),
        )
    if subject.settings.stripe_secret_key.get_secret_value().startswith("sk_live_"):
        return warned(
            "The live key may do everything.",
            "Make a restricted key: read all that is shown, write payments, refunds and disputes.",
        )
    return passed("The keys read all that is shown, and write what is changed here.")


def _unread(stripe: Reader) -> list[str]:
    """The paths that a key may not read. A key that opens nothing at all raises."""
    stripe.get("/v1/balance")
    found = []
    for path in _READ:
        try:
            stripe.get(path, limit=1)
        except StripeKeyRefused as error:
            if not error.permissions and error.http_status == 401:
                raise
            found.append(path)
    return found


def _unwritten(stripe: Reader) -> list[str]:
    """The paths under which a key may not write."""
    found = []
    for path, nobody in _WRITE.items():
        try:
            stripe.update_nothing(f"{path}/{nobody}")
        except StripeRefused:
            continue
        except StripeKeyRefused:
            found.append(path)
    return found


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"


def _unanswered() -> Result:
    return warned(
        "Stripe did not answer: the keys could not be tried.",
        "Let this machine reach Stripe's API.",
    )
