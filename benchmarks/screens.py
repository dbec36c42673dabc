"""Each page from the click in the sidebar to the end of its script, beside one of a sentence.

One process of Streamlit serves them all; the tab is a socket, so that no browser's time is in it.
The baseline stands behind the same guard, in the same frame: the page at an address that no screen
has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from sqlalchemy import Engine
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets.sync.client import ClientConnection, connect

from benchmarks.dataset import prepare
from benchmarks.report import row
from benchmarks.served import Served, screens_of
from dashboard.ui import navigation

#: Times that each page is opened; the first of them is left out.
TIMES = 9
#: Pages that may take three times the plain one; the others two.
LARGE = {"overview", "revenue", "fraud"}
#: So much more a page may take, beside the plain one, of ten times the payments.
GROWTH = 1.3

#: What pages took beside the plain one, by the size that it was measured at in this run.
_shares: dict[int, dict[str, float]] = {}


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """Milliseconds of every page of the sidebar, and of home; and by how much each grew from the
    size that was measured before."""
    filled = prepare(engine, size)
    names = [one.name for one in navigation.screens() if not one.hidden]
    with screens_of(filled) as served, _tab(served) as line:
        taken = _in_turns(line, [navigation.UNKNOWN, *names])
    filled.dispose()
    plain = taken.pop(navigation.UNKNOWN)
    found = [
        row(
            f"screen {name} at {_label(size)}, ms (baseline: a page of one sentence)",
            took,
            plain,
            at_least=1 / (3 if name in LARGE else 2),
        )
        for name, took in taken.items()
    ]
    return found + _growth(size, {name: took / plain for name, took in taken.items()})


def _growth(size: int, shares: dict[str, float]) -> list[dict[str, Any]]:
    smaller = max((one for one in _shares if one < size), default=None)
    _shares[size] = shares
    if smaller is None:
        return []
    return [
        row(
            f"screen {name}, times as long at {_label(size)} as at {_label(smaller)}",
            share / _shares[smaller][name],
            at_most=GROWTH,
        )
        for name, share in shares.items()
    ]


def _label(size: int) -> str:
    return f"{size // 1000}k" if size < 1_000_000 else f"{size // 1_000_000}M"


def _in_turns(line: ClientConnection, names: list[str]) -> dict[str, float]:
    """The median of each: all are opened one after the other, several times."""
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(TIMES):
        for name in names:
            taken[name].append(_open(line, name))
    return {name: median(times[1:]) for name, times in taken.items()}


def _open(line: ClientConnection, name: str) -> float:
    """Milliseconds until the script of a page has ended."""
    message = BackMsg()
    message.rerun_script.page_name = name
    start = time.perf_counter()
    line.send(message.SerializeToString())
    while True:
        said = ForwardMsg.FromString(line.recv(timeout=120))  # type: ignore[arg-type]
        kind = said.WhichOneof("type")
        if kind == "navigation" and said.navigation.page_script_hash != calc_hash(name):
            raise ValueError(f"another page than {name} was drawn")
        # Another run may follow at once: the page is there once that has ended.
        if kind == "script_finished" and said.script_finished != (
            ForwardMsg.FINISHED_EARLY_FOR_RERUN
        ):
            return (time.perf_counter() - start) * 1000


@contextmanager
def _tab(served: Served) -> Iterator[ClientConnection]:
    protocols: Any = ["streamlit"]
    with connect(
        f"ws://localhost:{served.port}/_stcore/stream",
        origin=f"http://localhost:{served.port}",  # type: ignore[arg-type]
        subprotocols=protocols,
        additional_headers=list(served.cookie.items()),
        max_size=None,
        open_timeout=60,
    ) as line:
        yield line
