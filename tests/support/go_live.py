"""A set-up that may go live, piece by piece, so that tests can make each piece wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Engine

from core import clock
from core.checks.subject import Database, Reader, Subject
from core.db.server import ServerFacts
from core.errors import StripeError, StripeNotFound
from core.gateway.event_types import WANTED
from core.settings import Settings
from tests.support import stream_rows

PUBLIC = "https://pay.example.com"
HOOK = f"{PUBLIC}/api/v1/webhooks/stripe"
RIGHT: dict[str, Any] = {
    "app_env": "production",
    "stripe_secret_key": "rk_live_dummy",
    "stripe_publishable_key": "pk_live_dummy",
    "stripe_webhook_secret": "whsec_of_an_endpoint_at_stripe",
    "secret_key": "0123456789abcdefghijklmnopqrstuv",
    "encryption_key": Fernet.generate_key().decode(),
    "force_https": True,
    "ui_origin": "https://console.example.com",
    "public_url": PUBLIC,
    "trusted_proxies": "10.0.0.0/24",
    "database_url": "mysql+pymysql://me@db/tillwatch",
}


class FakeStripe:
    """Answers each path the same: an empty list, an endpoint of ours, or the error it is given."""

    def __init__(
        self,
        errors: Mapping[str, StripeError] | None = None,
        ahead: timedelta = timedelta(0),
        **endpoint: Any,
    ) -> None:
        self.errors, self.ahead = dict(errors or {}), ahead
        whole = {"url": HOOK, "status": "enabled", "enabled_events": list(WANTED)}
        self.endpoints = [whole | endpoint]
        self.date: datetime | None = None

    def get(self, path: str, **_params: Any) -> dict[str, Any]:
        self._answer(self.errors.get(path) or self.errors.get("*"))
        return {"data": self.endpoints if path == "/v1/webhook_endpoints" else []}

    def update_nothing(self, path: str) -> dict[str, Any]:
        home = path.rpartition("/")[0]
        error = self.errors.get(f"POST {home}") or self.errors.get("*")
        self._answer(error or StripeNotFound(http_status=404))
        raise AssertionError("there is an object of that id")

    def _answer(self, error: StripeError | None) -> None:
        if error is None or error.http_status is not None:
            self.date = (clock.now() + self.ahead).replace(microsecond=0)
        if error is not None:
            raise error

    def answered_at(self) -> datetime | None:
        return self.date


def subject(
    engine: Engine,
    folder: Path,
    *,
    stripe: Reader | None = None,
    streamlit: tuple[str, ...] = (),
    change: Callable[[Database], Database] = lambda database: database,
    **settings: Any,
) -> Subject:
    """The right one over an engine with the newest tables, but for what is given."""
    var_dir = folder / "var"
    if not var_dir.exists():
        (var_dir / "backups").mkdir(parents=True, mode=0o700)
        (var_dir / "backups" / "tonight.sql").touch(mode=0o600)
        var_dir.chmod(0o700)
        stream_rows.write(engine, livemode=True)
    values = RIGHT | {"var_dir": var_dir} | settings
    database = Database(engine, revision=None, server=ServerFacts("11.8.1-MariaDB"))
    database = change(Database(engine, "", database.newest, server=database.server))
    found = Settings(_env_file=None, **values)
    return Subject(found, database, {True: stripe or FakeStripe()}, streamlit)
