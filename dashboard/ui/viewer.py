"""What a page needs of the console: who looks, in which mode, and reads under their rights."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from core import bootstrap, clock, settings
from core.access import step_up as proofs
from core.access.principals import Caller, Principal
from core.actions.context import ActionContext
from core.bootstrap import Console, CurrentConsole, Picture
from core.db.engine import answering, reading, writes_begun
from core.errors import (
    DatabaseDown,
    NotPermitted,
    NotSignedIn,
    ProofNeeded,
    TablesDiffer,
    TillwatchError,
)
from core.stripe_calls.request_log import RequestLog
from dashboard.i18n import _
from dashboard.ui import navigation, step_up, widgets

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

#: When somebody acted in this process last, in nanoseconds of a clock that is not put back.
_last_act = 0
#: What this run reads in just now, between the beginning and the end of `picture`.
_picture: ContextVar[Picture | None] = ContextVar("picture", default=None)
#: The last act that is seen in that picture for sure: the one before it began.
_act_seen: ContextVar[int | None] = ContextVar("act_seen", default=None)

go = navigation.go


@dataclass(frozen=True, slots=True)
class View:
    """What a screen is drawn for: the person, the mode, and the zone whose days count."""

    person: Principal
    livemode: bool
    zone: ZoneInfo


def current_console() -> Console:
    """The console of this process, its settings as they are kept now. The server builds it before
    the first session starts, and routes share it, which `st.cache_resource` does not offer outside
    of scripts."""
    return _opened().get()


def reread() -> None:
    """Have a setting that was just changed here in force in the next run, not in seconds."""
    if _opened.cache_info().currsize:
        _opened().reread_now()


@cache
def _opened() -> CurrentConsole:
    return CurrentConsole(bootstrap.build(settings.load()))


def user_id() -> str | None:
    """Whom the auth middleware let in; None where nobody was."""
    found = st.user.get("id")
    return str(found) if found else None


def _session() -> str | None:
    """The key of the session that this run belongs to: the auth middleware said it."""
    found = st.user.get("session")
    return str(found) if found else None


@contextmanager
def picture() -> Iterator[None]:
    """Within, all reads are made in one transaction, for which the person is asked for once. For
    what is only shown: what an action changes meanwhile is not seen in it."""
    acted = _act_seen.set(_last_act)
    try:
        with answering(), current_console().picture(user_id()) as opened:
            token = _picture.set(opened)
            try:
                yield
            finally:
                _picture.reset(token)
    except (NotPermitted, NotSignedIn, DatabaseDown) as error:
        _stop(error)
    finally:
        _act_seen.reset(acted)


def is_in_picture() -> bool:
    """Whether what is read now is of the moment at which a picture began."""
    return _picture.get() is not None


def signed_in() -> Principal:
    """The person behind this run as the database knows them now; others get no further."""
    if (opened := _picture.get()) is not None:
        return opened.person
    try:
        with answering():
            return current_console().principal(user_id())
    except (NotSignedIn, DatabaseDown) as error:
        _stop(error)


def require(right: str) -> Principal:
    """The viewer, who has the right now: for what comes from a cache instead of through `read`."""
    try:
        with answering():
            if (opened := _picture.get()) is not None:
                return opened.require(right, "screen")
            return current_console().require(user_id(), right, "screen")
    except (NotPermitted, NotSignedIn, DatabaseDown) as error:
        _stop(error)


def view() -> View:
    """The person, mode and zone for this run."""
    return View(signed_in(), livemode(), current_console().settings.zone)


def livemode() -> bool:
    """Live or test data: what was chosen in the sidebar, live where there is only that."""
    live = True in current_console().settings.secret_keys
    return live and not (both_modes() and st.session_state.get("test_data", False))


def both_modes() -> bool:
    """Whether there is a key for test mode beside a live one: then people choose."""
    return len(current_console().settings.secret_keys) > 1


def zone() -> ZoneInfo:
    """The zone whose days count and whose times are shown."""
    return current_console().settings.zone


def read(fn: Callable[Concatenate[Any, P], T], *a: P.args, **k: P.kwargs) -> T:
    """Run a read for the viewer; without the right the screen says so and the run ends there."""
    try:
        with answering():
            if (opened := _picture.get()) is not None:
                return opened.read(fn, *a, **k)
            return current_console().read(user_id(), fn, *a, **k)
    except (NotPermitted, NotSignedIn, DatabaseDown) as error:
        _stop(error)


def act(fn: Callable[Concatenate[ActionContext, Caller, P], T], *a: P.args, **k: P.kwargs) -> T:
    """Run an action for the viewer, who is asked for its right in the database by the action.

    Without the right, or the database, the screen says so and the run ends there; without a recent
    proof of who they are, where the action asks for one, they are taken to the page for it and
    back. Every other error of `core.errors` is the page's to show: `OutcomeUnknown` is being
    resolved, and was not refused.
    """
    global _last_act
    context, log = _context(current_console())
    begun = writes_begun()
    try:
        with answering():
            return fn(context, Caller(user_id(), session=_session()), *a, **k)
    except (NotPermitted, NotSignedIn) as error:
        _stop(error)
    except DatabaseDown as error:
        _stop(error, acted=True)
    finally:
        # Some only ask, what no read can: what is kept stays true.
        if writes_begun() != begun:
            _last_act = time.monotonic_ns()
        # At once, so that the screen can show the calls that were made for it. What cannot be
        # written is written with the next ones: what was done is done.
        with suppress(DatabaseDown), answering():
            log.flush()


def last_act() -> int:
    """Another number once somebody acted in this process: for what is kept of rows whose changes
    no version tells of."""
    seen = _act_seen.get()
    return _last_act if seen is None else seen


def confirm_first(onward: str, *, is_kept: bool = False) -> None:
    """Say before somebody types, with a link that opens beside it, that they will be sent to
    confirm who they are: what was typed is lost on that way, unless it `is_kept`. `onward`: where
    they are now."""
    within = timedelta(minutes=current_console().settings.step_up_minutes)
    caller = Caller(user_id(), session=_session())
    # Half of it is for typing.
    if not proofs.is_fresh(unguarded(proofs.proved_at, caller), within / 2, clock.now()):
        step_up.say_before(onward, is_kept=is_kept)


def action_context() -> ActionContext:
    """What actions work with: for routes, whose errors are answers of theirs."""
    return _context(current_console())[0]


@lru_cache(maxsize=1)
def _context(opened: Console) -> tuple[ActionContext, RequestLog]:
    """The one context of this process: its cache and its budget of calls are shared by all."""
    return bootstrap.open_actions(opened)


def unguarded(fn: Callable[Concatenate[Any, P], T], *a: P.args, **k: P.kwargs) -> T:
    """A read that every viewer of this process shares: only for numbers that tell nothing by
    themselves, such as the version of a table."""
    try:
        with answering():
            if (opened := _picture.get()) is not None:
                return fn(opened.connection, *a, **k)
            with reading(current_console().engine) as connection:
                return fn(connection, *a, **k)
    except DatabaseDown as error:
        _stop(error)


def _away(error: DatabaseDown, acted: bool) -> str:
    if isinstance(error, TablesDiffer):
        return _("The tables are those of another version: who runs this starts it anew.")
    if acted:
        return _("The database does not answer. Look whether it was done before you try again.")
    return _("The database does not answer. Nothing was changed. Reload to try again.")


def _stop(error: TillwatchError, *, acted: bool = False) -> NoReturn:
    if isinstance(error, ProofNeeded):
        step_up.send()
    elif isinstance(error, NotSignedIn):
        st.warning(_("You are signed out, or your account was shut. Reload to sign in again."))
    elif isinstance(error, DatabaseDown):
        _log.error("a screen could not be read: %s", type(error.__cause__).__name__)
        st.error(_away(error, acted), icon=":material/database_off:")
    else:
        widgets.refused(error)
    st.stop()
