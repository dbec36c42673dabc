"""What the checks look at: the settings, the database as it answers, Stripe behind each key."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from tenacity import wait_none

from core.configuration import store
from core.db.engine import open_read_only, reading
from core.db.migrate import head, revision
from core.db.server import ServerFacts, server_facts
from core.errors import Misconfigured, OutcomeUnknown, StripeUnreachable
from core.gateway.client import Gateway
from core.settings import Settings

#: Stripe is given so long for an answer: somebody waits for the checks.
_SECONDS = 5.0


class Reader(Protocol):
    """What checks need of a gateway."""

    def get(self, path: str, **params: Any) -> dict[str, Any]: ...

    def update_nothing(self, path: str) -> dict[str, Any]: ...

    def answered_at(self) -> datetime | None: ...


class PatientOnce:
    """Stripe in one mode, given up for all further questions once it has not answered one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._silent = False

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """The JSON of a GET; `StripeUnreachable` at once after the first."""
        return self._asked(partial(self._gateway.get, path, **params))

    def update_nothing(self, path: str) -> dict[str, Any]:
        """The JSON of an update without a field, which changes nothing; errors as of `get`."""
        return self._asked(partial(self._gateway.post, path, idempotency_key=str(uuid.uuid4())))

    def answered_at(self) -> datetime | None:
        """Stripe's time when it answered last."""
        return self._gateway.answered_at()

    def _asked(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if self._silent:
            raise StripeUnreachable
        try:
            return call()
        except OutcomeUnknown as error:
            self._silent = True
            raise StripeUnreachable(http_status=error.http_status) from None


@dataclass(frozen=True)
class Database:
    """The database as it answers. `engine` is None where it does not, for `why`; `revision` is the
    migration that it stands at, `newest` this program's; `server` is None on SQLite."""

    engine: Engine | None
    why: str = ""
    revision: str | None = None
    newest: str = field(default_factory=head)
    server: ServerFacts | None = None


@dataclass(frozen=True)
class Subject:
    """`streamlit` names the options of Streamlit that differ from those that safety rests on;
    `unreadable` says why settings that are kept in the database cannot be read, where they cannot.
    """

    settings: Settings
    database: Database
    stripe: Mapping[bool, Reader]
    streamlit: tuple[str, ...] = ()
    unreadable: str = ""

    @property
    def production(self) -> bool:
        """Where real money may be."""
        return self.settings.app_env == "production"


@contextmanager
def opened(settings: Settings, streamlit: tuple[str, ...] = ()) -> Iterator[Subject]:
    """Open what there is to look at; nothing of it is changed, and no migration is run."""
    database = look(settings.database)
    try:
        found, unreadable = _with_kept(settings, database)
        yield Subject(found, database, _readers(found), streamlit, unreadable)
    finally:
        if database.engine is not None:
            database.engine.dispose()


def look(url: str) -> Database:
    """The database at an address, whatever is wrong with it. The reason names no password."""
    try:
        engine = open_read_only(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError):
        return Database(None, "DATABASE_URL cannot be read")
    try:
        with reading(engine) as connection:
            facts = server_facts(connection, schema=True)
            return Database(engine, "", revision(connection), server=facts)
    except (DBAPIError, OSError) as error:
        engine.dispose()
        original = getattr(error, "orig", None)
        number = (
            original.args[0] if original is not None and original.args else type(error).__name__
        )
        return Database(None, number if isinstance(number, str) else f"error {number}")


def _with_kept(settings: Settings, database: Database) -> tuple[Settings, str]:
    """The settings with those that the database keeps, or why these cannot be read."""
    if database.engine is None or database.revision is None:
        return settings, ""
    try:
        with reading(database.engine) as connection:
            return store.in_force(settings, store.rows(connection)), ""
    except (DBAPIError, Misconfigured) as error:
        return settings, error.message if isinstance(error, Misconfigured) else "no such table"


def _readers(settings: Settings) -> dict[bool, Reader]:
    try:
        keys = settings.secret_keys
    except Misconfigured:
        return {}
    return {
        livemode: PatientOnce(
            Gateway(
                key,
                livemode=livemode,
                api_base=settings.api_base,
                wait=wait_none(),
                read_seconds=_SECONDS,
            )
        )
        for livemode, key in keys.items()
    }
