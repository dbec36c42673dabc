"""Block and allow lists: addresses and networks, e-mails and domains, cards, users, countries."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, or_, select

from core.db.tables import list_entries
from core.errors import InvalidInput

KINDS = ("block", "allow")
FIELDS = ("ip", "email", "card", "user", "country")

#: IPv4 addresses stand behind so many bits of IPv6: ::ffff:192.0.2.7.
_MAPPED_BITS = 96
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,185}\.[^@\s.]{2,}")


def normal(field: str, value: str) -> str:
    """The one form of a value in which it is kept and looked for; `InvalidInput` if it has none."""
    if field not in FIELDS:
        raise InvalidInput("field", "must be one of {allowed}", allowed=", ".join(FIELDS))
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > 255 or not text.isprintable():
        raise InvalidInput("value", "must be a printable text of 1 to 255 characters")
    if field == "ip":
        return _network(text)
    if field == "email":
        return _mail(text.casefold())
    if field == "country":
        if not re.fullmatch(r"[A-Za-z]{2}", text, re.ASCII):
            raise InvalidInput("value", "must be a country's two letters, such as US")
        return text.upper()
    return text


def _network(text: str) -> str:
    try:
        found = ipaddress.ip_network(text, strict=False)
        mapped = getattr(found.network_address, "ipv4_mapped", None)
        # Payments are looked for under the IPv4 address that such a one stands for.
        if mapped is not None and found.prefixlen >= _MAPPED_BITS:
            return f"{mapped}/{found.prefixlen - _MAPPED_BITS}"
        return str(found)
    except ValueError:
        raise InvalidInput(
            "value", "must be an IP address or a network such as 192.0.2.0/24"
        ) from None


def _mail(text: str) -> str:
    domain = text.removeprefix("@")
    if "@" not in domain and _DOMAIN.fullmatch(domain):
        return f"@{domain}"
    if _EMAIL.fullmatch(text):
        return text
    raise InvalidInput("value", "must be an e-mail address or a domain such as example.com")


def forms(field: str, value: str | None) -> list[str]:
    """Every form under which a payment's value may be listed: networks around it, its domains."""
    if not value:
        return []
    if field == "ip":
        return _networks_around(value)
    if field == "email":
        address = value.strip().casefold()
        parts = address.rpartition("@")[2].split(".")
        domains = [f"@{'.'.join(parts[start:])}" for start in range(len(parts) - 1)]
        return [address, *domains]
    return [value.upper() if field == "country" else value]


def _networks_around(value: str) -> list[str]:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return []
    mapped = getattr(address, "ipv4_mapped", None)
    found = mapped or address
    return [
        str(ipaddress.ip_network((int(found), bits), strict=False))
        if found.version == 4
        else str(ipaddress.IPv6Network((int(found), bits), strict=False))
        for bits in range(found.max_prefixlen + 1)
    ]


_E = list_entries.c
_PLACES = [
    and_(_E.field == field, _E.value.in_(bindparam(field, expanding=True))) for field in FIELDS
]
# Put together once: it is asked for every payment that is scored.
_LISTED = (
    select(_E.kind, _E.field)
    .distinct()
    .where(
        or_(*_PLACES),
        or_(_E.expires_at.is_(None), _E.expires_at > bindparam("at")),
        _E.created_at <= bindparam("at"),
    )
)


def listed(
    connection: Connection, values: Mapping[str, str | None], *, at: datetime
) -> set[tuple[str, str]]:
    """On which lists a payment stands at a time: pairs of kind and field.

    `values` by field; an entry counts from the time when it was made until it expires.
    """
    asked = {field: forms(field, values.get(field)) for field in FIELDS}
    if not any(asked.values()):
        return set()
    rows = connection.execute(_LISTED, {**asked, "at": at})
    return {(row.kind, row.field) for row in rows}


def signals(found: Iterable[tuple[str, str]]) -> dict[str, bool]:
    """What rules ask of the lists."""
    pairs = set(found)
    blocked = {f"blocked_{field}": ("block", field) in pairs for field in FIELDS}
    return blocked | {"allow_listed": any(kind == "allow" for kind, _ in pairs)}
