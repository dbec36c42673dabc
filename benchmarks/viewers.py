"""Fifty people who look at live pages while something changes each second.

Each is a socket that does what a browser's tab does: it asks for the topic's number, has the
fragment run again when that is another one, and redraws what goes by the clock. A change raises the
numbers that a payment with its ledger row raises; pages read and draw anew all the same.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from sqlalchemy import Engine
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.dataset import prepare
from benchmarks.report import row
from benchmarks.served import Served, empty_app, screens_of
from core.db.engine import reading, writing
from core.domain import versions
from core.reads.versions import version

SIZED = False
VIEWERS = 50
#: In turns. What these show is another one with each change but for disputes; Overview asks every
#: five seconds, for figures of a whole day need not follow each payment.
PAGES = ("payments", "overview", "payouts", "refunds", "disputes")
#: Whose change is to be on the screen within a second.
FOLLOWED = ("payments", "payouts", "refunds")
TOPICS = {"payments", "revenue"}
SECONDS = 25
SETTLE_SECONDS = 6
ACCOUNT_ASKS_EVERY = 5.0
_LIVE = "tillwatch_live"


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """The processor's share, the age of what is seen, and memory beside an empty app's."""
    filled = prepare(engine, size)
    with screens_of(filled) as served:
        found = asyncio.run(_looked_at(served, filled))
    filled.dispose()
    with empty_app() as empty:
        plain = asyncio.run(_memory_of(empty))
    what = f"{VIEWERS} viewers of live pages, a change a second"
    ages = [age for page in FOLLOWED for age in found.ages[page]]
    return [
        row(f"{what}: share of a core, %", found.share * 100, at_most=25),
        row(f"{what}: p95 until it is on the screen, ms", _p95(ages), at_most=1000),
        row(
            f"{what}: memory of the ui, MiB (baseline: an empty app's)",
            found.mib,
            plain,
            at_least=0.5,
        ),
    ]


@dataclass
class Found:
    """What the viewers saw. `ages`: milliseconds from a change's commit until a page showed it."""

    share: float = 0.0
    mib: float = 0.0
    ages: dict[str, list[float]] = field(default_factory=lambda: {page: [] for page in PAGES})


@dataclass
class Changes:
    """When the numbers of a topic became what they are: `times` of the changes, in their order."""

    began: dict[str, int]
    times: list[float] = field(default_factory=list)

    def make(self, engine: Engine) -> None:
        """Commit one."""
        with writing(engine) as connection:
            versions.bump(connection, TOPICS, slot=0)
        self.times.append(time.perf_counter())


async def _looked_at(served: Served, engine: Engine) -> Found:
    found = Found()
    with reading(engine) as connection:
        began = {
            topic: version(connection, topic=topic, livemode=True)
            for topic in ("payments", "revenue", "refunds", "disputes")
        }
    changes = Changes(began)
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", headers=served.cookie)
        )
        viewers = []
        for number in range(VIEWERS):
            page = PAGES[number % len(PAGES)]
            line = await stack.enter_async_context(_tab(served))
            viewers.append(Viewer(line, web, page, changes, found))
            await viewers[-1].open()
        at_work = [asyncio.create_task(task) for one in viewers for task in one.tasks()]
        await asyncio.sleep(SETTLE_SECONDS)
        started, used = time.perf_counter(), served.processor_seconds
        while (now := time.perf_counter()) < started + SECONDS:
            await asyncio.to_thread(changes.make, engine)
            await asyncio.sleep(max(0.0, now + 1 - time.perf_counter()))
        found.share = (served.processor_seconds - used) / (time.perf_counter() - started)
        found.mib = served.resident_mib
        for task in at_work:
            task.cancel()
        for ended in await asyncio.gather(*at_work, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
    return found


async def _memory_of(served: Served) -> float:
    """What an app holds with as many viewers, each of whom ran its script."""
    async with AsyncExitStack() as stack:
        for _ in range(VIEWERS):
            line = await stack.enter_async_context(_tab(served))
            await _send(line, BackMsg())
            while not _is_end(await _message(line)):
                pass
        await asyncio.sleep(SETTLE_SECONDS)
        return served.resident_mib


class Viewer:
    """One tab: what was drawn in it, and what a browser would do of itself."""

    def __init__(
        self, line: ClientConnection, web: httpx.AsyncClient, page: str, changes: Changes, to: Found
    ) -> None:
        self._line, self._web, self._page = line, web, page
        self._changes, self._to = changes, to
        self._seen: dict[str, int] = {}
        self._drawn: dict[str, Live] = {}
        self._timers: dict[str, float] = {}

    async def open(self) -> None:
        """Go to the page."""
        message = BackMsg()
        message.rerun_script.page_name = self._page
        await _send(self._line, message)
        while not self._take(await _message(self._line)):
            pass

    def tasks(self) -> list[Any]:
        """What goes on while the tab is open."""
        return [self._listen(), self._ask(), self._redraw(), self._ask_for_session()]

    def _take(self, said: ForwardMsg) -> bool:
        """Keep what was drawn; whether the run has ended."""
        kind = said.WhichOneof("type")
        if kind == "delta" and said.delta.new_element.WhichOneof("type") == "bidi_component":
            part = said.delta.new_element.bidi_component
            if part.component_name == _LIVE:
                data = json.loads(part.json)
                self._drawn[data["topic"]] = Live(
                    part.id,
                    said.delta.fragment_id,
                    int(data["version"]),
                    data["every"] / 1000,
                    data["waits"],
                )
        if kind == "auto_rerun":
            self._timers[said.auto_rerun.fragment_id] = said.auto_rerun.interval
        if _is_end(said):
            self._note()
            return True
        return False

    def _note(self) -> None:
        """How old the changes are that are on the screen from now on."""
        now = time.perf_counter()
        for topic, live in self._drawn.items():
            began = self._changes.began[topic]
            shown = live.version - began
            for at in self._changes.times[self._seen.get(topic, 0) : shown]:
                self._to.ages[self._page].append((now - at) * 1000)
            self._seen[topic] = shown

    async def _listen(self) -> None:
        while True:
            self._take(await _message(self._line))

    async def _ask(self) -> None:
        await asyncio.sleep(random.random())  # tabs are not opened at one moment
        told: dict[str, int] = {}
        while True:
            started = time.perf_counter()
            for topic, live in list(self._drawn.items()):
                seen = max(live.version, told.get(topic, 0))
                asked = {"topic": topic} | ({"seen": str(seen)} if live.waits else {})
                answer = await self._web.get("/ui/live", params=asked)
                number = int(answer.raise_for_status().text)
                if number != seen:
                    told[topic] = number
                    await _send(self._line, live.changed(number))
            every = max((one.every for one in self._drawn.values()), default=1.0)
            # A tick that comes while an answer is awaited is passed over.
            lasted = time.perf_counter() - started
            await asyncio.sleep(every - lasted % every)

    async def _redraw(self) -> None:
        """Fragments that run by the clock."""
        waits = {one: random.random() * every for one, every in self._timers.items()}
        while True:
            await asyncio.sleep(1)
            for fragment, every in self._timers.items():
                waits[fragment] = waits.get(fragment, every) - 1
                if waits[fragment] <= 0:
                    waits[fragment] += every
                    message = BackMsg()
                    message.rerun_script.fragment_id = fragment
                    message.rerun_script.is_auto_rerun = True
                    await _send(self._line, message)

    async def _ask_for_session(self) -> None:
        await asyncio.sleep(random.random() * ACCOUNT_ASKS_EVERY)
        while True:
            (await self._web.get("/ui/session")).raise_for_status()
            await asyncio.sleep(ACCOUNT_ASKS_EVERY)


@dataclass(frozen=True, slots=True)
class Live:
    """What follows a topic on a page: its widget, its fragment, and what was drawn last."""

    widget: str
    fragment: str
    version: int
    every: float
    waits: bool

    def changed(self, number: int) -> BackMsg:
        """What a browser sends when the topic has another number."""
        message = BackMsg()
        message.rerun_script.fragment_id = self.fragment
        told = json.dumps([{"event": "changed", "value": str(number)}])
        message.rerun_script.widget_states.widgets.add(
            id=_make_trigger_id(self.widget, "events"), json_trigger_value=told
        )
        return message


@asynccontextmanager
async def _tab(served: Served) -> AsyncIterator[ClientConnection]:
    protocols: Any = ["streamlit"]
    async with connect(
        f"ws://localhost:{served.port}/_stcore/stream",
        origin=f"http://localhost:{served.port}",  # type: ignore[arg-type]
        subprotocols=protocols,
        additional_headers=list(served.cookie.items()) if served.token else [],
        max_size=None,
        open_timeout=60,
    ) as line:
        yield line


async def _send(line: ClientConnection, message: BackMsg) -> None:
    if message.WhichOneof("type") is None:
        message.rerun_script.query_string = ""
    await line.send(message.SerializeToString())


async def _message(line: ClientConnection) -> ForwardMsg:
    return ForwardMsg.FromString(await line.recv())  # type: ignore[arg-type]


def _is_end(said: ForwardMsg) -> bool:
    return said.WhichOneof("type") == "script_finished" and said.script_finished != (
        ForwardMsg.FINISHED_EARLY_FOR_RERUN
    )


def _p95(values: list[float]) -> float:
    return float(np.percentile(values, 95))
