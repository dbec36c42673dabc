"""Live screens without polling Streamlit: the browser asks for a number, and a fragment runs only
when that number changed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core import clock
from core.access.rights import (
    ASK_REFUND,
    SEE_DISPUTES,
    SEE_EVENTS,
    SEE_PAYMENTS,
    USE_DEVELOPER_TOOLS,
)
from core.reads import versions as reads
from dashboard.ui import viewer

#: A process reads a version at most this often, in seconds, however many screens are open.
SHARED_FOR = 0.2
#: How often an open, visible screen asks, in milliseconds.
ASK_EVERY = 1000
#: Who asks so often is answered as soon as the number is another one than theirs, in seconds at
#: the latest: before they would ask again. So often each that is held is looked at: all at once
#: would have their screens drawn at once, and each wait for all.
HOLD, LOOK_EVERY = 0.9, 0.4
#: What no version tells of, such as sign-ins and calls, is read again after so many seconds.
READ_EVERY = 5
#: What may be asked for, and the right that it takes.
TOPICS = {
    "payments": SEE_PAYMENTS,
    "revenue": SEE_PAYMENTS,
    "refunds": ASK_REFUND,
    "disputes": SEE_DISPUTES,
    "inbox": SEE_EVENTS,
    "api_log": USE_DEVELOPER_TOOLS,
    "any": SEE_EVENTS,
}

T = TypeVar("T")

_JS = """\
const screens = new WeakMap();   // this function runs again on every change of data
export default function (component) {
  let s = screens.get(component.parentElement);
  if (!s) {
    s = {}; screens.set(component.parentElement, s);
    s.timer = setInterval(async () => {
      if (document.hidden || s.busy) return;
      s.busy = true;
      try {
        const seen = s.waits ? "&seen=" + encodeURIComponent(s.seen) : "";
        const r = await fetch("/ui/live?topic=" + s.topic + seen, {cache: "no-store"});
        if (r.status === 401) return location.reload();
        if (r.ok) {
          const v = await r.text();
          if (v !== s.seen) { s.seen = v; s.fire("changed", v); }
        }
      } catch (e) { /* the server restarts: ask again */ } finally { s.busy = false; }
    }, component.data.every);
  }
  s.seen = String(component.data.version); s.topic = component.data.topic;
  s.waits = component.data.waits;
  s.fire = component.setTriggerValue;
  return () => { clearInterval(s.timer); screens.delete(component.parentElement); };
}
"""

_element = st.components.v2.component("tillwatch_live", js=_JS)


class Shared:
    """The last answers of a read, shared by all sessions of a process; one thread reads at a
    time, and an answer is at most `fresh_for` seconds old."""

    def __init__(self, read: Callable[[str], int], fresh_for: float = SHARED_FOR) -> None:
        self._read, self._fresh_for = read, fresh_for
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, int]] = {}

    def fresh(self, topic: str) -> int | None:
        """The topic's version where nothing is to be read for it."""
        until, version = self._known.get(topic, (0.0, 0))
        return version if time.monotonic() < until else None

    def get(self, topic: str) -> int:
        """The topic's version."""
        if (known := self.fresh(topic)) is not None:
            return known
        with self._lock:
            until, version = self._known.get(topic, (0.0, 0))
            if time.monotonic() >= until:
                version = self._read(topic)
                self._known[topic] = time.monotonic() + self._fresh_for, version
            return version


def _read(topic: str) -> int:
    return viewer.unguarded(reads.version, topic=topic, livemode=False)


_shared = Shared(_read)


def version(topic: str) -> int:
    """The topic's number, for a screen to key what it shows by; read it before the rows.

    In a picture it is that of the picture's moment: a newer one would be kept with older rows.
    """
    return _read(topic) if viewer.is_in_picture() else _shared.get(topic)


#: The version of a topic, the last act of somebody here, and the time in steps of `READ_EVERY`.
Moment = tuple[int, int, int]


def moment(topic: str) -> Moment:
    """What a read of a topic may be kept by: another one once its version is, once somebody acted
    in this process, and after `READ_EVERY` seconds."""
    return version(topic), viewer.last_act(), int(clock.now().timestamp()) // READ_EVERY


def read(at: Moment, fn: Callable[..., T], /, **asked: Any) -> T:
    """`viewer.read`, made once for all who look at a `moment`: for reads that give everybody the
    same. What it gives is shared, and not to be changed."""
    viewer.require(fn.right)  # type: ignore[attr-defined]
    found: T = _kept(viewer.current_console().engine, at, fn, tuple(sorted(asked.items())))
    return found


# Not Streamlit's cache: to hash what is asked takes it longer than most reads do.
@lru_cache(maxsize=100)
def _kept(_database: object, _at: Moment, fn: Callable[..., Any], asked: Any) -> Any:
    return viewer.read(fn, **dict(asked))


def ping(topic: str, version: int, *, every: int = ASK_EVERY) -> None:
    """Run the fragment that this stands in again once the topic has left `version`.

    Put it under the table: the element itself is invisible, but leaves a gap.
    """
    data = {"topic": topic, "version": version, "every": every, "waits": every <= ASK_EVERY}
    _element(key=f"live_{topic}", data=data, on_changed_change=lambda: None)


async def _known(topic: str) -> int:
    known = _shared.fresh(topic)
    return await run_in_threadpool(version, topic) if known is None else known


async def _version_response(request: Request) -> Response:
    topic = request.query_params.get("topic", "")
    if topic not in TOPICS:
        return PlainTextResponse("no such topic", 404)
    if not request.state.principal.may(TOPICS[topic]):
        return PlainTextResponse("not permitted", 403)
    number = await _known(topic)
    if (seen := request.query_params.get("seen")) is not None:
        deadline = time.monotonic() + HOLD
        while str(number) == seen and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_EVERY)
            number = await _known(topic)
    return PlainTextResponse(str(number), headers={"Cache-Control": "no-store"})


routes = [Route("/ui/live", _version_response, methods=["GET"])]
