"""A receiver over HTTP, an emulator behind it, and tokens of every role."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core.access import tokens
from core.bootstrap import Console
from core.db.engine import reading, writing
from core.db.tables import api_tokens
from core.emulator.server import RunningEmulator, start_emulator
from core.settings import Settings
from tests.support.account_mirror import KEY
from tests.support.fixtures_access import email_of, make_console, person
from tests.support.receivers import serving, settings_for

PREFIX = "/api/v1/payments"
CREATE = {"amount": "12.34", "currency": "usd", "order_id": 42}
DECLINED = "pm_card_chargeDeclinedInsufficientFunds"


@dataclass
class Api:
    """The REST API as a client sees it; `token` makes somebody who may call it."""

    client: httpx.Client
    console: Console
    emulator: RunningEmulator
    settings: Settings

    def token(self, *roles: str) -> str:
        """A token with these roles, of a user who has them (all but `service`)."""
        owner = person(self.console, *(role for role in roles if role != "service"))
        with writing(self.console.engine) as connection:
            email = email_of(self.console, owner)
            return tokens.create(connection, email=email, roles=roles, actor="test")[1]

    def post(self, route: str, body: Any, token: str | None = None, **headers: str) -> Any:
        """POST a JSON body; header names with `_` for `-`."""
        return self.client.post(f"{PREFIX}/{route}", json=body, headers=_headers(token, headers))

    def get(self, route: str, token: str | None = None, **headers: str) -> Any:
        """GET a route of payments."""
        return self.client.get(f"{PREFIX}/{route}", headers=_headers(token, headers))

    def created(self, token: str, **changes: Any) -> str:
        """The id of a new payment, of a customer who is new too: many of one look like fraud."""
        body = CREATE | {"user_id": uuid.uuid4().hex} | changes
        answer = self.post("create-payment-intent", body, token)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["payment_intent_id"])

    def confirmed(self, token: str, method: str = "pm_card_visa", **changes: Any) -> Any:
        """The answer to confirming a new payment."""
        body = {"payment_intent_id": self.created(token, **changes), "payment_method": method}
        return self.post("confirm-payment", body, token)

    def rows(self, table: Any) -> list[Any]:
        """What a table holds."""
        with reading(self.console.engine) as connection:
            return list(connection.execute(select(table)))

    def at_stripe(self, kind: str = "payment_intents") -> list[dict[str, Any]]:
        """The newest hundred objects of a kind at the emulator."""
        answer = httpx.get(
            f"{self.emulator.base_url}/v1/{kind}?limit=100",
            headers={"Authorization": f"Bearer {KEY}"},
        )
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def last_used(self) -> list[Any]:
        """When each token was used last."""
        with reading(self.console.engine) as connection:
            return list(connection.scalars(select(api_tokens.c.last_used_at)))


def _headers(token: str | None, more: dict[str, str]) -> dict[str, str]:
    found = {name.replace("_", "-"): value for name, value in more.items()}
    return found | ({"Authorization": f"Bearer {token}"} if token else {})


@contextmanager
def running_api(
    folder: Path, url: str, *, grace: int | None = None, **settings: Any
) -> Iterator[Api]:
    """An emulator and a receiver over a database of their own."""
    with start_emulator(state_path=folder / "emulator.db", seed=7) as emulator:
        given = {"stripe_test_secret_key": KEY, "stripe_api_base": emulator.base_url}
        made = settings_for(folder, url, **(given | settings))
        console = make_console(url)
        try:
            with serving(made, grace=grace) as client:
                yield Api(client, console, emulator, made)
        finally:
            console.engine.dispose()


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One for a module's tests that neither order faults nor count rows."""
    folder = tmp_path_factory.mktemp("rest")
    with running_api(folder, f"sqlite:///{folder / 'tillwatch.db'}") as api:
        yield api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """One for a single test."""
    with running_api(tmp_path, f"sqlite:///{tmp_path / 'tillwatch.db'}") as api:
        yield api
