"""Counts wrong sign-ins in the database, so that a restart forgets none of them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, or_, select

from core.db import turns
from core.db.tables import login_attempts
from core.domain.sign_ins import account_key, address_key
from core.errors import TooManyAttempts

PER_ACCOUNT = 10
ACCOUNT_WINDOW = timedelta(minutes=15)
PER_ADDRESS = 100
ADDRESS_WINDOW = timedelta(hours=1)
#: Ways to a company's provider that are begun and not ended, of an address or a person.
DEPARTURES = 100
DEPARTURE_WINDOW = timedelta(minutes=15)
#: Where a departure stands in place of an address: it counts against no password from there.
_NOWHERE = "-"


def begin(
    connection: Connection, email: str, ip: str, now: datetime, *, device: str | None = None
) -> int:
    """Enter an attempt before the password is looked at; returns its number.

    A `device` that is known as this account's own is counted by itself, whatever strangers guess:
    as many tries, and not the address's. `TooManyAttempts` as `enter` says.
    """
    return enter(connection, device or account_key(email), ip, now, alone=device is not None)


def enter(connection: Connection, who: str, ip: str, now: datetime, *, alone: bool = False) -> int:
    """Enter an attempt of `who` (an account's key, or another SHA-256); returns its number.

    It stands as a wrong one until `succeed`, so that many at once cannot slip past the limit.
    `TooManyAttempts` when they or, unless `alone`, the address are over the limit: then nothing is
    entered, and the wait does not grow.
    """
    # Counting and entering are one step for an account, and for an address.
    turns.take(connection, f"sign-in {who}", f"sign-in from {address_key(ip)}")
    attempt = login_attempts.c
    over = _wrong(connection, attempt.account_hash == who, now - ACCOUNT_WINDOW) >= PER_ACCOUNT
    if not alone:
        address = _wrong(connection, attempt.ip == address_key(ip), now - ADDRESS_WINDOW)
        over = over or address >= PER_ADDRESS
    if over:
        raise TooManyAttempts
    return _entered(connection, who, address_key(ip), now)


def depart(connection: Connection, who: str, now: datetime) -> int:
    """Enter that `who` leaves for the provider; its number, for `succeed` once they came back.

    `TooManyAttempts` beyond `DEPARTURES`: strangers ask for it as often as they like.
    """
    turns.take(connection, f"sign-in {who}")
    whose = login_attempts.c.account_hash == who
    if _wrong(connection, whose, now - DEPARTURE_WINDOW) >= DEPARTURES:
        raise TooManyAttempts
    return _entered(connection, who, _NOWHERE, now)


def _entered(connection: Connection, who: str, ip: str, now: datetime) -> int:
    row = {
        "account_hash": who,
        "ip": ip,
        "succeeded": False,
        "attempted_at": now,
    }
    key = connection.execute(login_attempts.insert().values(**row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def key_of(what: str, user_id: str) -> str:
    """What tries at something else than a password are counted under for a person."""
    return hashlib.sha256(f"{what} {user_id}".encode()).hexdigest()


def succeed(connection: Connection, seq: int) -> None:
    """The password was right: this attempt was no guess."""
    connection.execute(
        login_attempts.update().where(login_attempts.c.seq == seq).values(succeeded=True)
    )


def forget(connection: Connection, now: datetime) -> None:
    """Delete what no limit looks at any more."""
    at = login_attempts.c.attempted_at
    useless = or_(at < now - 2 * ADDRESS_WINDOW, at > now + 2 * ADDRESS_WINDOW)
    connection.execute(login_attempts.delete().where(useless))


def _wrong(connection: Connection, whose: ColumnElement[bool], since: datetime) -> int:
    attempt = login_attempts.c
    query = (
        select(func.count())
        .select_from(login_attempts)
        .where(whose, attempt.attempted_at > since, ~attempt.succeeded)
        # One that was written by a clock that ran ahead shuts nobody out until then.
        .where(attempt.attempted_at <= since + 2 * ADDRESS_WINDOW)
    )
    return int(connection.execute(query).scalar_one())
