"""uvicorn's HTTP connections, with bounds that it does not set: on headers, and on silence."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Request line and headers together; Stripe sends about 1 KiB.
MOST_HEAD_BYTES = 32 << 10
#: A connection must have sent the whole head of its first request by then.
FIRST_SECONDS = 15
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHttp(HttpToolsProtocol):
    """A connection whose client can neither fill the memory with headers nor stay silent."""

    _head_bytes = 0
    _in_head = True

    def connection_made(  # type: ignore[override] # uvicorn serves streams alone
        self, transport: asyncio.Transport
    ) -> None:
        """asyncio's: begin to wait for the first request."""
        super().connection_made(transport)
        self._first = self.loop.call_later(FIRST_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: nothing is waited for any more."""
        self._first.cancel()
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

    def on_headers_complete(self) -> None:
        """httptools': its head is complete."""
        self._in_head = False
        self._first.cancel()
        super().on_headers_complete()
