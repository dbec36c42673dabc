"""Under which addresses the console is asked for: the rule on Origin and Host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import Misconfigured
from core.settings import Settings

Headers = Iterable[tuple[bytes, bytes]]
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Addresses:
    """The scheme people use, and the exact Host values that belong to us."""

    scheme: str
    hosts: frozenset[str]

    def has_our_host(self, headers: Headers) -> bool:
        """Whether there is exactly one Host, and it is ours: refuses rebound DNS names."""
        return _only(headers, b"host") in self.hosts

    def has_our_origin(self, headers: Headers) -> bool:
        """Whether there is exactly one Origin, and it is the very address of the Host asked for.

        A missing one is refused too: browsers always send it with a WebSocket.
        """
        pairs = list(headers)
        host, origin = _only(pairs, b"host"), _only(pairs, b"origin")
        return host in self.hosts and origin == f"{self.scheme}://{host}"

    @property
    def names(self) -> list[str]:
        """The host names without ports, as Streamlit's `server.allowedHosts` wants them."""
        return sorted({urlsplit(f"//{host}").hostname or "" for host in self.hosts})


def addresses(settings: Settings, port: int) -> Addresses:
    """From UI_ORIGIN where it is set, else this machine's own names at `port`.

    `Misconfigured` when UI_ORIGIN is not `scheme://host[:port]`.
    """
    if not settings.ui_origin:
        scheme = "https" if settings.force_https else "http"
        own = ("localhost", "127.0.0.1", "[::1]")
        return Addresses(scheme, frozenset(_as_sent(scheme, name, port) for name in own))
    parts = urlsplit(settings.ui_origin.lower().rstrip("/"))
    try:
        named_port = parts.port
    except ValueError:
        named_port = -1
    bare = not (parts.path or parts.query or parts.fragment or parts.username)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or named_port == -1 or not bare:
        raise Misconfigured("UI_ORIGIN has the form https://console.example.com")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Addresses(parts.scheme, frozenset({_as_sent(parts.scheme, name, named_port)}))


def _as_sent(scheme: str, name: str, port: int | None) -> str:
    """Host as browsers send it: without the scheme's own port."""
    return name if port in (None, _DEFAULT_PORTS[scheme]) else f"{name}:{port}"


def _only(headers: Headers, name: bytes) -> str | None:
    found = [value for key, value in headers if key.lower() == name]
    return found[0].decode("latin-1").lower() if len(found) == 1 else None
