"""Passkeys (WebAuthn): keys in a person's device or security key that answer for our address alone.

Challenges are one-time tokens: 256 random bits, used once, for five minutes, bound to the session
or the step of a sign-in that they were made for. `webauthn` checks the signatures.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, delete, select

from core.access import audit, one_time
from core.db.engine import retrying, writing
from core.db.tables import passkeys
from core.errors import InvalidInput, NotFound, NotSignedIn
from core.settings import Settings

ADD, REMOVE = "passkey.add", "passkey.remove"
LONGEST_NAME = 100
#: Passkeys of a person.
MOST = 20
_LASTS = timedelta(minutes=5)
#: Challenges of a person at once: a page that is loaded again and again fills no table.
_MOST_CHALLENGES = 10
_LONGEST_ANSWER = 6000
_CREATE, _GET = "create", "get"

c = passkeys.c


class WrongPasskey(NotSignedIn):
    """This passkey was not accepted. Try again."""

    code = "wrong_passkey"

    def __init__(self, why: str) -> None:
        #: For the audit log alone.
        self.why = why
        super().__init__()


@dataclass(frozen=True)
class Party:
    """Who we are to an authenticator: the host's name, and the origin that a browser names."""

    id: str
    origin: str

    @property
    def host(self) -> str:
        """The origin without its scheme, as a request names it."""
        return self.origin.partition("://")[2]


@dataclass(frozen=True)
class Passkey:
    """A passkey as its person sees it."""

    passkey_id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class Answer:
    """What a browser brought, with the challenge of ours that it answers, which is used up."""

    credential: Any
    challenge: bytes


def party(settings: Settings) -> Party | None:
    """Who we are by the configured address; None where browsers do no passkeys: at a number, and
    without TLS anywhere but on this machine."""
    parts = urlsplit(settings.screens_base)
    host = parts.hostname or ""
    if _is_number(host) or not (parts.scheme == "https" or host == "localhost"):
        return None
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return Party(host, f"{parts.scheme}://{host}{port}")


def listed(connection: Connection, user_id: str) -> tuple[Passkey, ...]:
    """A person's passkeys, oldest first."""
    query = select(c.id, c.name, c.created_at, c.last_used_at).where(c.user_id == user_id)
    return tuple(Passkey(*row) for row in connection.execute(query.order_by(c.created_at, c.id)))


def ask_to_make(
    connection: Connection,
    user_id: str,
    name: str,
    ours: Party,
    *,
    bound: str,
    verified: bool,
    now: datetime,
) -> str:
    """What a browser makes a passkey by (JSON): `name` is what the device shows its person.

    The account is known by its number, never by an address. `bound` is what the answer has to come
    with, `verified` as in `ask_for`. Needs a write transaction.
    """
    options: str = _checks().options_to_make(
        ours.id,
        uuid.UUID(user_id).bytes,
        name,
        challenge=_challenge(connection, user_id, _CREATE, bound, now),
        known=_credential_ids(connection, user_id),
        verified=verified,
    )
    return options


def ask_for(
    connection: Connection, user_id: str, ours: Party, *, bound: str, verified: bool, now: datetime
) -> str | None:
    """What a browser answers a challenge by (JSON), None for who has no passkey.

    `verified`: the device has to ask who holds it. Needs a write transaction.
    """
    known = _credential_ids(connection, user_id)
    if not known:
        return None
    challenge = _challenge(connection, user_id, _GET, bound, now)
    options: str = _checks().options_to_ask(
        ours.id, challenge=challenge, known=known, verified=verified
    )
    return options


def made(engine: Engine, text: str, *, user_id: str, bound: str, now: datetime) -> Answer:
    """What a browser brought after `ask_to_make`; its challenge is used up, whatever comes of it.

    `WrongPasskey` for an answer that is none, or to no challenge of this person and `bound`.
    """
    return _answered(engine, _CREATE, text, user_id, bound, now)


def given(engine: Engine, text: str, *, user_id: str, bound: str, now: datetime) -> Answer:
    """The same after `ask_for`."""
    return _answered(engine, _GET, text, user_id, bound, now)


def add(
    connection: Connection,
    user_id: str,
    name: str,
    answer: Answer,
    ours: Party,
    *,
    verified: bool,
    now: datetime,
) -> None:
    """Keep a passkey under a name of its person's choosing, which is checked (`InvalidInput`).

    `WrongPasskey` for one that was made for another address, is kept already, or whose device did
    not ask who holds it and had to (`verified`).
    """
    shown = checked_name(name)
    if len(listed(connection, user_id)) >= MOST:
        raise InvalidInput("passkey", "must be at most {most}: remove one first", most=MOST)
    checks = _checks()
    try:
        found = checks.check_made(
            answer.credential,
            challenge=answer.challenge,
            rp_id=ours.id,
            origin=ours.origin,
            verified=verified,
        )
    except checks.MADE_UP as error:
        raise WrongPasskey(_why(error)) from error
    key = _key(found.raw_id)
    if connection.execute(select(c.id).where(c.id == key)).first() is not None:
        raise WrongPasskey("it is kept already")
    row = {
        "id": key,
        "user_id": user_id,
        "name": shown,
        "credential_id": found.credential_id,
        "public_key": found.public_key,
        "sign_count": found.sign_count,
        "created_at": now,
    }
    connection.execute(passkeys.insert().values(**row))
    _note(connection, ADD, user_id, shown, now)


def verify(
    connection: Connection,
    user_id: str,
    answer: Answer,
    ours: Party,
    *,
    verified: bool,
    now: datetime,
) -> None:
    """Take the answer of one of a person's passkeys, once: what it counts goes up from now on.

    `WrongPasskey` for another person's, for another address, for a signature that is none, for a
    counter that stands or went back (a copy of the key may be about), and where its device did not
    ask who holds it and had to (`verified`). Needs a write transaction.
    """
    credential = answer.credential
    key = _key(credential.raw_id)
    query = select(c.public_key, c.sign_count).where(c.id == key, c.user_id == user_id)
    kept = connection.execute(query).first()
    if kept is None:
        raise WrongPasskey("it is none of theirs")
    handle = getattr(credential.response, "user_handle", None)
    if handle and handle != uuid.UUID(user_id).bytes:
        raise WrongPasskey("it was made for somebody else")
    checks = _checks()
    try:
        counted_to = checks.check_given(
            credential,
            challenge=answer.challenge,
            rp_id=ours.id,
            origin=ours.origin,
            public_key=kept.public_key,
            sign_count=kept.sign_count,
            verified=verified,
        )
    except checks.MADE_UP as error:
        raise WrongPasskey(_why(error)) from error
    # Compared where it is written: of two at once with one count, one finds it used.
    same = passkeys.update().where(c.id == key, c.sign_count == kept.sign_count)
    counted = same.values(sign_count=counted_to, last_used_at=now)
    if connection.execute(counted).rowcount != 1:
        raise WrongPasskey("its counter was used at this moment")


def remove(connection: Connection, user_id: str, passkey_id: str, now: datetime) -> None:
    """Keep one of a person's passkeys no longer; `NotFound` for one that is none of theirs."""
    mine = (c.id == passkey_id) & (c.user_id == user_id)
    name = connection.scalar(select(c.name).where(mine))
    if name is None:
        raise NotFound("There is no such passkey.")
    connection.execute(delete(passkeys).where(mine))
    _note(connection, REMOVE, user_id, name, now)


def checked_name(name: str) -> str:
    """The name of a passkey as it is kept; `InvalidInput` for one that is none."""
    shown = name.strip()
    if not shown:
        raise InvalidInput("name", "must not be empty")
    if len(shown) > LONGEST_NAME or not shown.isprintable():
        rule = "must be one line of at most {most} characters"
        raise InvalidInput("name", rule, most=LONGEST_NAME)
    return shown


def bound_to(secret: str) -> str:
    """What a challenge is bound to that was made for the holder of a secret."""
    return hashlib.sha256(f"passkey {secret}".encode()).hexdigest()


def _challenge(connection: Connection, user_id: str, act: str, bound: str, now: datetime) -> bytes:
    one_time.keep_newest(connection, one_time.PASSKEY, user_id, _MOST_CHALLENGES - 1)
    token = one_time.issue(
        connection,
        one_time.PASSKEY,
        user_id=user_id,
        lasts=_LASTS,
        now=now,
        payload={"act": act, "bound": bound},
    )
    return token.encode()


def _answered(
    engine: Engine, act: str, text: str, user_id: str, bound: str, now: datetime
) -> Answer:
    if len(text) > _LONGEST_ANSWER:
        raise WrongPasskey("the answer is too long")
    checks = _checks()
    parse = checks.parsed_made if act == _CREATE else checks.parsed_given
    try:
        credential, challenge = parse(text)
        token = challenge.decode("ascii")
    except checks.MADE_UP as error:
        raise WrongPasskey(f"the answer is none: {type(error).__name__}") from error

    def take() -> one_time.Issued | None:
        with writing(engine) as connection:
            return one_time.take(connection, one_time.PASSKEY, token, now)

    found = retrying(take)
    if found is None:
        raise WrongPasskey("the challenge was used, or is too old")
    if found.user_id != user_id or found.payload != {"act": act, "bound": bound}:
        raise WrongPasskey("the challenge was made for something else")
    return Answer(credential, challenge)


def _credential_ids(connection: Connection, user_id: str) -> list[str]:
    query = select(c.credential_id).where(c.user_id == user_id).order_by(c.created_at, c.id)
    return list(connection.scalars(query))


def _checks() -> ModuleType:
    """Loaded where somebody has a passkey: worker and receiver go without its 14 MB."""
    from core.access import webauthn_checks

    return webauthn_checks


def _key(credential_id: bytes) -> str:
    """Ids are up to a kilobyte long: what stands in the index is short."""
    return hashlib.sha256(credential_id).hexdigest()


def _why(error: Exception) -> str:
    """What the library says of an answer, which may quote it: not without end."""
    return f"{type(error).__name__}: {error}"[:200]


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _note(connection: Connection, action: str, user_id: str, name: str, now: datetime) -> None:
    audit.append(
        connection,
        actor=user_id,
        action=action,
        target=user_id,
        details={"name": name},
        now=now,
    )
