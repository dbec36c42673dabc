"""Which names a server is asked for by: a page that gives its own name our address gets nothing.

Such a page (DNS rebinding) always comes under a name, never under an address.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

Headers = Iterable[tuple[bytes, bytes]]


def name_of(host: str) -> str:
    """The name in `Host` or in an address such as `https://pay.example.com:8443`, in lower case."""
    try:
        return urlsplit(host if "//" in host else f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_known(headers: Headers, names: Collection[str]) -> bool:
    """Whether there is exactly one Host, and it is an IP address, localhost, or one of `names`."""
    found = [value for key, value in headers if key.lower() == b"host"]
    if len(found) != 1:
        return False
    name = name_of(found[0].decode("latin-1"))
    return name == "localhost" or name in names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
