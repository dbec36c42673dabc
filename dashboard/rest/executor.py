"""Where the REST API does its blocking work: threads of its own, beside the webhook's."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property, partial
from typing import ParamSpec, TypeVar

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.bootstrap import Console, open_actions
from core.db.engine import answering, open_engine
from core.errors import DatabaseDown, ServerBusy
from core.loop import run
from core.settings import Settings
from dashboard.rest.authentication import Callers

_log = logging.getLogger(__name__)

#: Calls to Stripe that may be under way at once, and how many may be in all, waiting included:
#: what is over that is told to come again, so that a slow Stripe leaves room for webhooks.
THREADS = 24
MOST = 96
#: Its statements are few and small; SQLite's page cache is per connection.
_CACHE_MIB = 1
_LOG_EVERY = 2.0

P = ParamSpec("P")
T = TypeVar("T")


class BlockingExecutor:
    """Opens the context when it is first needed, runs work for requests, keeps the log of calls."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._threads = ThreadPoolExecutor(THREADS, "rest")
        self._under_way = 0
        self._opening = threading.Lock()
        self._context: ActionContext | None = None
        self._close: Callable[[], None] | None = None

    def use(self, settings: Settings) -> None:
        """Work with these settings from the next request on; what is under way ends as it began."""
        with self._opening:
            close, self._close, self._context = self._close, None, None
            self.settings = settings
            self.__dict__.pop("callers", None)
        if close is not None:
            close()

    @property
    def livemode(self) -> bool:
        """The mode of the API: live when there is a live key."""
        return True in self.settings.secret_keys

    @property
    def context(self) -> ActionContext:
        """What actions work with; its database connections are not the webhook's."""
        with self._opening:
            if self._context is None:
                self._context, self._close = self._open()
            return self._context

    @cached_property
    def callers(self) -> Callers:
        """Who may call."""
        return Callers(self.context, self.settings.rate_limit)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work in a thread. `ServerBusy`, or `DatabaseDown` when that is why."""
        if self._under_way >= MOST:
            raise ServerBusy

        def guarded() -> T:
            with answering():
                return work(*args, **kwargs)

        self._under_way += 1
        # The thread's lines in the log name the request too.
        begun = partial(copy_context().run, guarded)
        done = asyncio.get_running_loop().run_in_executor(self._threads, begun)
        # Counted until the thread is free, which it is not when only the client has gone.
        done.add_done_callback(self._left)
        return await asyncio.shield(done)

    def let_in(
        self, authorization: str | None, address: str, rights: tuple[str, ...], kind: str
    ) -> Caller:
        """Who calls, if they may do this at all: asked before a word is said about the request."""
        caller = self.callers.caller(authorization, address)
        authorize(self.context, caller, rights, kind, "")
        return caller

    def stop(self) -> None:
        """Take no more work, and keep the account of what was done.

        A call that still waits for Stripe is found out by the worker.
        """
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._close is not None:
            self._close()

    def _left(self, _done: object) -> None:
        self._under_way -= 1

    def _open(self) -> tuple[ActionContext, Callable[[], None]]:
        engine = open_engine(self.settings.database, cache_mib=_CACHE_MIB)
        context, log = open_actions(Console(self.settings, engine))
        stop = threading.Event()

        def flush() -> bool:
            with answering():
                return log.flush() > 1000

        keeping = threading.Thread(
            target=run, args=("request log", flush, stop), kwargs={"idle": _LOG_EVERY}, daemon=True
        )
        keeping.start()

        def close() -> None:
            stop.set()
            keeping.join()
            try:
                flush()
            except DatabaseDown:
                _log.warning("the last calls to Stripe are not in the log: no database")
            engine.dispose()

        return context, close
