"""What sign-ins and sessions are known by in the database, for `access` and for `reads`."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, and_

from core.db.access_tables import sessions, users

#: A session ends after so long, whatever is done in it.
ABSOLUTE = timedelta(hours=8)
#: And after so long without anything done.
IDLE = timedelta(minutes=30)


def account_key(email: str) -> str:
    """What an account is counted under; an address that nobody has is counted alike."""
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()


def address_key(ip: str) -> str:
    """What a client's address is counted under: of IPv6 the /64, since one client has all of it."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((int(address), 64), strict=False))
    return str(address)


def in_force(now: datetime) -> ColumnElement[bool]:
    """A session has not ended; to be asked of `sessions` joined with `users`.

    One that was begun or used further ahead than another machine's clock may be is over: it would
    last until that time came, and longer.
    """
    return and_(
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > now,
        sessions.c.expires_at <= now + ABSOLUTE + IDLE,
        sessions.c.last_seen_at > now - IDLE,
        sessions.c.last_seen_at <= now + IDLE,
        ~users.c.disabled,
    )
