"""Puts the parts together: the one place that chooses them."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from core.access import audit_notes, demo, principals, users
from core.access.principals import Principal
from core.actions.context import ActionContext, Approvals, PaymentRules
from core.alerts.channel_urls import ChannelSecrets
from core.cache import open_cache
from core.configuration import store
from core.db.engine import CACHE_MIB, open_engine, reading, retrying, writing
from core.db.server import check_server
from core.db.start import prepare
from core.errors import Misconfigured, NotPermitted
from core.ledger.booking import SLOTS, Scope
from core.mirror.apply import BookingContext
from core.settings import Settings
from core.stripe_calls.request_log import RequestLog

if TYPE_CHECKING:
    from core.gateway.client import Gateway

_log = logging.getLogger(__name__)

#: A setting that was changed is in force everywhere after so long, and the step under way then.
REREAD_SECONDS = 2.0

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Console:
    """What pages and processes work with."""

    settings: Settings
    engine: Engine
    #: What the environment alone says; the same as `settings` where nothing is kept here.
    environment: Settings | None = field(default=None, compare=False)
    #: What was kept of settings when `settings` was made of it.
    kept: store.Rows = field(default_factory=dict, compare=False, repr=False)

    @property
    def set_outside(self) -> Settings:
        """The environment's settings: what they say wins over what is kept."""
        return self.environment or self.settings

    @property
    def production(self) -> bool:
        """Where demo users cannot exist."""
        return self.settings.app_env == "production"

    def read(
        self,
        user_id: str | None,
        fn: Callable[Concatenate[Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a read for a person, who is asked for the read's right in the database first.

        What is marked with `audited` goes into the audit log before it is given. `NotSignedIn`,
        `NotPermitted` (which goes into the audit log), or `Misconfigured` for a function without
        a right.
        """
        right = _right_of(fn)
        try:
            with reading(self.engine) as connection:
                person = principals.require(connection, user_id, right)
                if getattr(fn, "takes_rights", False):
                    kwargs["rights"] = person.rights
                found = fn(connection, *args, **kwargs)
                view = _view(connection, str(user_id), fn, kwargs)
        except NotPermitted:
            what = f"{fn.__module__}.{fn.__name__}"
            audit_notes.note_refusal(self.engine, str(user_id), "read", right, what)
            raise
        if view is not None:
            audit_notes.note_view(self.engine, *view)
        return found

    @contextmanager
    def picture(self, user_id: str | None) -> Iterator[Picture]:
        """Several reads of a person in one transaction: they are asked for once, and on SQLite all
        that is read is of one moment. `NotSignedIn` as for one read."""
        with reading(self.engine) as connection:
            yield Picture(self, connection, principals.principal(connection, user_id))

    def require(self, user_id: str | None, right: str, what: str) -> Principal:
        """The person, if they have the right now; a refusal goes into the audit log as `what`."""
        try:
            with reading(self.engine) as connection:
                return principals.require(connection, user_id, right)
        except NotPermitted:
            audit_notes.note_refusal(self.engine, str(user_id), "read", right, what)
            raise

    def principal(self, user_id: str | None) -> Principal:
        """The person as they are now; `NotSignedIn` when unknown or disabled."""
        with reading(self.engine) as connection:
            return principals.principal(connection, user_id)

    def set_language(self, user_id: str, language: str) -> None:
        """Keep the language that a person chose for themselves."""

        def work() -> None:
            with writing(self.engine) as connection:
                users.set_language(connection, user_id, language)

        retrying(work)


@dataclass(frozen=True)
class Picture:
    """What a person reads in one transaction, and who they were when it began."""

    console: Console
    connection: Connection
    person: Principal
    #: What was read in it, by the read and what it was asked: two roles may look at the same.
    found: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def read(
        self, fn: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a read as `Console.read` does; what was asked before is not read again."""
        right = _right_of(fn)
        self.require(right, f"{fn.__module__}.{fn.__name__}")
        if getattr(fn, "takes_rights", False):
            kwargs["rights"] = self.person.rights
        asked = (fn, args, tuple(sorted(kwargs.items())))
        if not _is_hashable(asked):
            return self._run(fn, args, kwargs)
        if asked not in self.found:
            self.found[asked] = self._run(fn, args, kwargs)
        known: T = self.found[asked]
        return known

    def _run(self, fn: Callable[..., T], args: Any, kwargs: Mapping[str, Any]) -> T:
        found = fn(self.connection, *args, **kwargs)
        view = _view(self.connection, self.person.user_id, fn, kwargs)
        if view is not None:
            audit_notes.note_view(self.console.engine, *view)
        return found

    def require(self, right: str, what: str) -> Principal:
        """The person, if they had the right; a refusal goes into the audit log as `what`."""
        if not self.person.may(right):
            engine, actor = self.console.engine, self.person.user_id
            audit_notes.note_refusal(engine, actor, "read", right, what)
            raise NotPermitted(right)
        return self.person


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _right_of(fn: Callable[..., object]) -> str:
    right = getattr(fn, "right", None)
    if right is None:
        raise Misconfigured(f"{fn.__module__}.{fn.__name__} does not say which right it needs")
    return str(right)


def _view(
    connection: Connection, actor: str, fn: Callable[..., object], named: Mapping[str, object]
) -> tuple[str, str, str] | None:
    """What is to be noted of a read: actor, action and target; None if nothing, or noted lately."""
    if not hasattr(fn, "audited_view"):
        return None
    action, of = fn.audited_view
    view = actor, action, str(named[of])
    return view if audit_notes.is_new_view(connection, *view) else None


def build(settings: Settings, *, cache_mib: int = CACHE_MIB) -> Console:
    """Open the database, bring it up to date and check it; `Misconfigured` when it is unsafe.

    `cache_mib` bounds SQLite's page cache, per connection.
    """
    prepare(settings.database)
    engine = open_engine(settings.database, cache_mib=cache_mib)
    with reading(engine) as connection:
        check_server(connection)
        kept = store.rows(connection)
    console = Console(store.in_force(settings, kept), engine, settings, kept)
    if console.production:
        demo.shut_out(engine)
    return console


def reread(console: Console) -> Console:
    """The console with the settings that are kept now: itself where none has changed."""
    with reading(console.engine) as connection:
        kept = store.rows(connection)
    if kept == console.kept:
        return console
    environment = console.set_outside
    return replace(
        console, settings=store.in_force(environment, kept), environment=environment, kept=kept
    )


def with_kept(settings: Settings, engine: Engine) -> Console:
    """A console over a database that is open: with what is kept of settings, where it answers."""
    console = Console(settings, engine, settings)
    try:
        return reread(console)
    except SQLAlchemyError:
        return console


class CurrentConsole:
    """A console whose settings follow what is kept, some seconds behind; safe for several threads.

    While the database does not answer, or a secret cannot be read, the last ones stay in force.
    """

    def __init__(self, console: Console, tick: Callable[[], float] = time.monotonic) -> None:
        self._console, self._tick = console, tick
        self._read_at = tick()
        self._reading = threading.Lock()

    def get(self) -> Console:
        """The console as it is now."""
        due = self._tick() - self._read_at >= REREAD_SECONDS
        if due and self._reading.acquire(blocking=False):
            try:
                self._console = self._reread()
                self._read_at = self._tick()
            finally:
                self._reading.release()
        return self._console

    @property
    def latest(self) -> Console:
        """The console as it was read last, without a look at the database."""
        return self._console

    def reread_now(self) -> None:
        """Have the next `get` read what is kept, however short ago it did."""
        self._read_at = -math.inf

    def _reread(self) -> Console:
        try:
            return reread(self._console)
        except SQLAlchemyError as error:
            _log.warning("settings could not be read again: %s", type(error).__name__)
        except Misconfigured as error:
            _log.error("settings that were changed cannot be used: %s", error.message)
        return self._console


@dataclass(frozen=True)
class StripeServices:
    """What the worker and the tools that speak with Stripe have besides the console."""

    gateways: dict[bool, Gateway]
    books: BookingContext
    log: RequestLog


def open_workshop(console: Console, *, slot: int | None = None) -> StripeServices:
    """A gateway for each mode that has a key, and the books that their readings go into."""
    settings = console.settings
    log = RequestLog(console.engine)
    scope = Scope(settings.zone) if slot is None else Scope(settings.zone, slot % SLOTS)
    return StripeServices(_gateways(settings, log), BookingContext(scope), log)


def open_actions(console: Console) -> tuple[ActionContext, RequestLog]:
    """What actions work with, and the log of their calls, which its owner flushes."""
    services = open_workshop(console)
    return action_context(console, services), services.log


def action_context(console: Console, services: StripeServices) -> ActionContext:
    """What actions work with, over the gateways and books of a services."""
    settings = console.settings
    return ActionContext(
        engine=console.engine,
        gateways=services.gateways,
        books=services.books,
        rules=PaymentRules(frozenset(settings.currencies), settings.payment_largest),
        cache=open_cache(settings.redis_url.get_secret_value()),
        return_url=f"{settings.public_base}/api/v1/payments/return",
        production=console.production,
        channel_secrets=ChannelSecrets(settings.encryption_key.get_secret_value()),
        step_up=timedelta(minutes=settings.step_up_minutes),
        approvals=Approvals(
            every_refund=settings.refund_approval == "always",
            closes=settings.close_approval == "second_person",
            rules=settings.rules_approval == "second_person",
        ),
    )


def _gateways(settings: Settings, log: RequestLog) -> dict[bool, Gateway]:
    # Stripe's library is loaded by who calls Stripe: what only shows rows does without.
    from core.gateway.client import Gateway

    return {
        livemode: Gateway(key, livemode=livemode, api_base=settings.api_base, log=log)
        for livemode, key in settings.secret_keys.items()
    }
