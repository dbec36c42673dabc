"""A provider of OpenID Connect on loopback, and a person who signs in at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import flask
import httpx
import oidc_provider_mock
from oidc_provider_mock import User
from werkzeug.serving import make_server


@dataclass
class RunningProvider:
    """`issuer` is its address; `asked` are the forms that its token endpoint was sent."""

    issuer: str
    asked: list[dict[str, str]] = field(default_factory=list)

    def sign_in(self, address: str, subject: str, **change: str) -> str:
        """What a person's browser does there: the path on which it comes back to us.

        `change` are parameters of the address that somebody meddled with.
        """
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | change
        answer = httpx.post(
            urlunsplit(parts._replace(query=urlencode(query))), data={"sub": subject}
        )
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"


@contextmanager
def running_provider(people: Mapping[str, Mapping[str, Any]]) -> Iterator[RunningProvider]:
    """The provider with these people: claims by subject."""
    users = [User(sub=subject, claims=dict(claims)) for subject, claims in people.items()]
    app = oidc_provider_mock.app(user_claims=users)
    server = make_server("localhost", 0, app, threaded=True)
    found = RunningProvider(f"http://localhost:{server.server_port}")

    @app.before_request
    def note() -> None:
        if flask.request.path == "/oauth2/token":
            found.asked.append(dict(flask.request.form))

    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
