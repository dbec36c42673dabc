"""uvicorn's HTTP connections, with bounds that it does not set: on heads, silence, idleness."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

#: Request line and headers together; Stripe sends about 1 KiB.
MOST_HEAD_BYTES = 32 << 10
#: A connection must have sent the whole head of its first request by then, and that of a later one
#: so long after its first byte.
FIRST_SECONDS = 15
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
#: By server: its connections without a request under way, the longest idle one first.
_IDLE: WeakKeyDictionary[ServerState, dict[BoundedHttp, None]] = WeakKeyDictionary()


class BoundedHttp(HttpToolsProtocol):
    """A connection whose client can neither fill the memory with headers nor stay silent.

    Where a server has a limit of connections, those that ask for nothing make room for new ones,
    the longest idle first: nobody is turned away because others only hold a connection.
    """

    _head_bytes = 0
    _in_head = True
    _head_ends: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override] # uvicorn serves streams alone
        self, transport: asyncio.Transport
    ) -> None:
        """asyncio's: begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()
        self._make_room()
        self._idle[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: nothing is waited for any more."""
        self._head_is_there()
        self._idle.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """asyncio's: count what comes until a head is complete."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """httptools': a request begins."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        """httptools': its head is complete."""
        self._in_head = False
        self._head_is_there()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """httptools': so is its body; until then its client only holds a connection."""
        self._idle.pop(self, None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """uvicorn's: another protocol has the connection from here on."""
        self._idle.pop(self, None)
        super().handle_websocket_upgrade()

    def on_response_complete(self) -> None:
        """uvicorn's: it is idle again, unless more was asked for already."""
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            self._idle[self] = None

    @property
    def _idle(self) -> dict[BoundedHttp, None]:
        return _IDLE.setdefault(self.server_state, {})

    def _make_room(self) -> None:
        """With three quarters of the connections taken, the longest idle one has to go."""
        most = self.limit_concurrency
        if most is not None and len(self.connections) > most * 3 // 4:
            longest = next(iter(self._idle), None)
            if longest is not None:
                del self._idle[longest]
                longest.transport.abort()

    def _wait_for_head(self) -> None:
        if self._head_ends is None:
            self._head_ends = self.loop.call_later(FIRST_SECONDS, self.transport.close)

    def _head_is_there(self) -> None:
        if self._head_ends is not None:
            self._head_ends.cancel()
            self._head_ends = None
