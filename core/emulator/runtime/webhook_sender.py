"""Sends a signed event to an endpoint."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from core.clock import micros_now
from core.emulator.runtime.webhook_signature import signature


class WebhookSender:
    """Posts to any endpoint and keeps the connections; one for each thread.

    Requests go straight to the adapters of `requests`: what is sent depends on the endpoint alone,
    without a proxy or password file that the environment names, cookies, redirects, or headers
    of the library's own. `timeout`: seconds until the connection stands, and again until each part
    of the answer.
    """

    def __init__(self, timeout: float = 10) -> None:
        self._timeout = timeout
        self._adapters = {"http": HTTPAdapter()}
        #: Places that have answered, so that a connection to them may still be open.
        self._answered: set[tuple[str, str]] = set()

    def close(self) -> None:
        for adapter in self._adapters.values():
            adapter.close()

    def post(self, url: str, body: bytes, secret: str) -> str:
        """Send once; the status code as text, or the name of the error where there is none."""
        parts = urlsplit(url)
        place = (parts.scheme, parts.netloc)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(body, secret, micros_now() // 1_000_000),
        }
        try:
            # `auth`: no header of a name and password in the address.
            request = requests.Request(
                "POST", url, headers=headers, data=body, auth=_unchanged
            ).prepare()
            try:
                return self._send(request, place)
            except (requests.RequestException, HTTPError):
                if place not in self._answered:
                    raise
            # The other side may have closed a connection that was kept: once more, on a fresh one.
            self._answered.discard(place)
            self._adapter(parts.scheme).close()
            return self._send(request, place)
        except (requests.RequestException, HTTPError) as reason:
            return type(reason).__name__

    def _adapter(self, scheme: str) -> HTTPAdapter:
        # To read the certificates that the machine trusts takes 25 ms; most need none.
        if scheme == "https" and scheme not in self._adapters:
            self._adapters[scheme] = _MachineTrust()
        return self._adapters[scheme]

    def _send(self, request: requests.PreparedRequest, place: tuple[str, str]) -> str:
        adapter = self._adapter(place[0])
        with adapter.send(request, stream=True, timeout=self._timeout) as answer:
            # Read to its end, as it came, so that the connection can be used again.
            answer.raw.read(decode_content=False)
            self._answered.add(place)
            return str(answer.status_code)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` that adds nothing."""
    return request


class _MachineTrust(HTTPAdapter):
    """Trusts the certificates that the machine trusts, beside those that `requests` brings."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **options)
