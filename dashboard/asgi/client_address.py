"""Whose address a request has: the connection's, or what a proxy that is named says of it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from core.settings import Networks

_FORWARDED_FOR = b"x-forwarded-for"
#: More hops than any way to us has; what stands further to the left was not written by our proxies.
_MOST_HOPS = 20
#: An address with its zone or port; the rest of a longer word is not looked at.
_LONGEST = 64


class ClientAddress:
    """ASGI middleware: takes `X-Forwarded-For` from the proxies in TRUSTED_PROXIES alone.

    The client is the last address in it that is none of the proxies'. Behind this,
    `scope["client"]` holds an IP address or "", and no application sees the header.
    """

    def __init__(self, app: ASGIApp, proxies: Networks) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host, port = scope.get("client") or ("", 0)
        address = self._client(host, scope["headers"])
        headers = [pair for pair in scope["headers"] if pair[0].lower() != _FORWARDED_FOR]
        await self._app({**scope, "client": (address, port), "headers": headers}, receive, send)

    def _client(self, host: str, headers: list[tuple[bytes, bytes]]) -> str:
        peer = parse_address(host)
        if peer is None:
            return ""
        if not self._is_proxy(peer):
            return str(peer)
        lines = [value for name, value in headers if name.lower() == _FORWARDED_FOR]
        hops = b",".join(lines).decode("latin-1").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]
        client = peer
        for hop in reversed(hops):
            found = parse_address(hop)
            # What no address is was written by a stranger, and so is all before it.
            if found is None:
                break
            client = found
            if not self._is_proxy(found):
                break
        return str(client)

    def _is_proxy(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._proxies)


def parse_address(written: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: with a port, in brackets, with a zone, or plain.

    An IPv4 address inside of IPv6 is that IPv4 address. None for what is no address.
    """
    text = written.strip()[:_LONGEST].strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # A zone may hold any text of any length, and means nothing on another machine.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
