"""Addresses from outside: HTTPS everywhere, and whose word on a client's address is taken."""

from __future__ import annotations

from core.checks.result import Result, failed, passed, unsafe
from core.checks.subject import Subject


def https(subject: Subject) -> Result:
    """Whether people, customers and Stripe come by HTTPS alone."""
    settings = subject.settings
    plain = [
        name
        for name, url in (
            ("UI_ORIGIN", settings.ui_origin),
            ("PUBLIC_URL", settings.public_url),
            *(("CORS_ORIGINS", origin) for origin in settings.origins),
        )
        if url and not url.lower().startswith("https://")
    ]
    if plain:
        return unsafe(
            subject.production,
            "{names} is not an address with https.",
            "Put a proxy with TLS in front, and set the address with https.",
            names=", ".join(dict.fromkeys(plain)),
        )
    if not settings.force_https:
        return unsafe(
            subject.production,
            "FORCE_HTTPS is off: cookies go over plain connections.",
            "Put a proxy with TLS in front, and set FORCE_HTTPS=true.",
        )
    if not settings.ui_origin:
        return failed(
            "FORCE_HTTPS is on, and UI_ORIGIN is not set: nobody can reach the screens by HTTPS.",
            "Set UI_ORIGIN to the address that people use.",
        )
    return passed("All come by HTTPS.")


def proxy_headers(subject: Subject) -> Result:
    """Whether the proxies are named whose word on a client's address is taken."""
    settings = subject.settings
    if settings.proxies:
        return passed("The proxies are named: {names}.", names=settings.trusted_proxies)
    if settings.ui_origin or settings.force_https:
        return unsafe(
            subject.production,
            "A proxy stands in front and none is named: all people count as one address.",
            "Set TRUSTED_PROXIES to the proxy's address or network.",
        )
    return passed("No proxy stands in front, and none is believed.")
