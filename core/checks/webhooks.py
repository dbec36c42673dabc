"""Webhooks: the secret that they are signed with, and the endpoint at Stripe."""

from __future__ import annotations

from typing import Any

from core.checks.result import Result, failed, passed, unsafe, warned
from core.checks.subject import Subject
from core.errors import StripeError
from core.gateway.event_types import WANTED

#: Stripe's are longer; what is shorter was typed by somebody.
_SHORTEST = 20


def webhook_secret(subject: Subject) -> Result:
    """Whether events can be verified."""
    secrets = subject.settings.webhook_secrets
    if not secrets:
        return unsafe(
            subject.production,
            "No webhook secret is set: the endpoint is closed, and events come by polling alone.",
            "Set STRIPE_WEBHOOK_SECRET, or have the endpoint made under Settings.",
        )
    if any(not one.startswith("whsec_") or len(one) < _SHORTEST for one in secrets):
        return failed(
            "A webhook secret is not one of Stripe's: those begin with whsec_.",
            "Copy the signing secret of the endpoint from Stripe's dashboard.",
        )
    return passed("Events are verified with {count} secret(s).", count=len(secrets))


def webhook_endpoint(subject: Subject) -> Result:
    """Whether Stripe sends events here, to each mode's endpoint."""
    settings = subject.settings
    if settings.uses_emulator:
        return unsafe(
            subject.production,
            "The emulator sends the events.",
            "Set the keys of a Stripe account.",
        )
    if not settings.public_url:
        return unsafe(
            subject.production,
            "PUBLIC_URL is not set: Stripe cannot be told where to send events.",
            "Set PUBLIC_URL to the receiver's address as it is seen from outside.",
        )
    for livemode, stripe in subject.stripe.items():
        try:
            listed = stripe.get("/v1/webhook_endpoints", limit=100)["data"]
        except StripeError as error:
            return warned(
                "The endpoints at Stripe could not be read: {why}.",
                "Give the key read access to webhook endpoints, or look in Stripe's dashboard.",
                why=error.code,
            )
        ours = [one for one in listed if one["url"].rstrip("/") == settings.webhook_url]
        if (found := _fault(ours, livemode, subject.production)) is not None:
            return found
    return passed("Stripe sends events to {url}.", url=settings.webhook_url)


def _fault(ours: list[dict[str, Any]], livemode: bool, production: bool) -> Result | None:
    mode = "live" if livemode else "test"
    if not ours:
        return unsafe(
            production,
            "Stripe has no endpoint of ours in {mode} mode.",
            "Have it made under Settings.",
            mode=mode,
        )
    if all(one["status"] != "enabled" for one in ours):
        return unsafe(
            production,
            "Our endpoint in {mode} mode is disabled at Stripe.",
            "Enable it in Stripe's dashboard.",
            mode=mode,
        )
    listened = {name for one in ours for name in one["enabled_events"]}
    missing = [] if "*" in listened else sorted(set(WANTED) - listened)
    if missing:
        return warned(
            "Our endpoint in {mode} mode does not listen to {types}, and {count} in all.",
            "Add these types to the endpoint in Stripe's dashboard.",
            mode=mode,
            types=missing[0],
            count=len(missing),
        )
    return None
