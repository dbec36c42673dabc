"""People: create, give roles, disable, set passwords; each change stands in the audit log."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core import clock
from core.access import audit, one_time, sessions
from core.access.rights import ADMIN, known_roles
from core.db.tables import last_sign_ins, user_roles, users
from core.errors import InvalidInput, Misconfigured, NotFound

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,185}\.[^@\s.]{2,}")
#: Nobody can receive mail there; the password of these accounts is known to all.
DEMO_DOMAIN = "@demo.test"
#: Whoever changes people stands in line here: two administrators that shut each other out at once
#: would both be let, and nobody were left; two that make one address would both be.
LINE = "people"
_LANGUAGES = ("en", "zh-CN")


@dataclass(frozen=True)
class User:
    """An account as administrators see it."""

    user_id: str
    email: str
    name: str
    roles: tuple[str, ...]
    disabled: bool
    demo: bool
    created_at: datetime
    last_sign_in_at: datetime | None


def create(
    connection: Connection,
    *,
    email: str,
    roles: Iterable[str],
    password_hash: str | None,
    actor: str,
    production: bool,
    name: str = "",
    password_given: bool = False,
    now: datetime | None = None,
) -> str:
    """Create an account and return its id. `InvalidInput` for a bad or taken address, a bad role.

    Without a password hash nobody can sign in with a password. A demo address is `Misconfigured`
    in production. `password_given`: who signs in with this password has to choose another first.
    """
    address = normal_email(email)
    refuse_demo(address, production=production)
    given = known_roles(roles)
    if _id_of(connection, address):
        raise InvalidInput("email", "is taken by another user")
    user_id, moment = str(uuid.uuid4()), now or clock.now()
    row = {
        "id": user_id,
        "email": address,
        "name": (name or address.partition("@")[0])[:255],
        "password_hash": password_hash,
        "password_given": password_given,
        "disabled": False,
        "demo": is_demo(address),
        "created_at": moment,
    }
    connection.execute(users.insert().values(**row))
    _give(connection, user_id, given)
    details = {"email": address, "roles": list(given)}
    _note(connection, actor, "user.create", user_id, moment, details)
    return user_id


def set_roles(
    connection: Connection,
    email: str,
    roles: Iterable[str],
    *,
    actor: str,
    now: datetime | None = None,
) -> None:
    """Replace a user's roles; what they may do changes with their next call."""
    user_id, given = existing(connection, email), known_roles(roles)
    connection.execute(user_roles.delete().where(user_roles.c.user_id == user_id))
    _give(connection, user_id, given)
    _note(connection, actor, "user.roles", user_id, now or clock.now(), {"roles": list(given)})


def roles_of(connection: Connection, user_id: str) -> set[str]:
    """The roles that somebody holds."""
    return set(connection.scalars(select(user_roles.c.role).where(user_roles.c.user_id == user_id)))


def others_administer(connection: Connection, user_id: str, *, production: bool) -> bool:
    """Whether somebody else may sign in as an administrator; to be asked in `LINE`."""
    query = select(users.c.id).join(user_roles, user_roles.c.user_id == users.c.id)
    query = query.where(user_roles.c.role == ADMIN, users.c.id != user_id, ~users.c.disabled)
    if production:
        query = query.where(~users.c.demo)
    return connection.execute(query.limit(1)).first() is not None


def set_disabled(
    connection: Connection,
    email: str,
    disabled: bool,
    *,
    actor: str,
    production: bool,
    now: datetime | None = None,
) -> None:
    """Shut an account and end its sessions and links, or open it again (no demo user's in
    production)."""
    if not disabled:
        refuse_demo(email, production=production)
    user_id, moment = existing(connection, email), now or clock.now()
    connection.execute(users.update().where(users.c.id == user_id).values(disabled=disabled))
    if disabled:
        sessions.revoke_all(connection, user_id, moment)
        one_time.revoke(connection, one_time.RESET, user_id)
    _note(connection, actor, "user.disable" if disabled else "user.enable", user_id, moment, {})


def set_password(
    connection: Connection,
    email: str,
    password_hash: str,
    *,
    actor: str,
    password_given: bool = False,
    now: datetime | None = None,
) -> None:
    """Set a password (hashed by `passwords.hash_password`), end the user's sessions and links.

    `password_given`: who signs in with it has to choose another first.
    """
    user_id, moment = existing(connection, email), now or clock.now()
    connection.execute(
        users.update()
        .where(users.c.id == user_id)
        .values(password_hash=password_hash, password_given=password_given)
    )
    sessions.revoke_all(connection, user_id, moment)
    one_time.revoke(connection, one_time.RESET, user_id)
    _note(connection, actor, "user.password", user_id, moment, {})


def set_language(connection: Connection, user_id: str, language: str) -> None:
    """Keep the language a person chose for themselves."""
    if language not in _LANGUAGES:
        raise InvalidInput("language", f"is one of {', '.join(_LANGUAGES)}")
    connection.execute(users.update().where(users.c.id == user_id).values(language=language))


def everyone(connection: Connection) -> Sequence[User]:
    """All accounts by address."""
    held: dict[str, list[str]] = {}
    for user_id, role in connection.execute(select(user_roles.c.user_id, user_roles.c.role)):
        held.setdefault(user_id, []).append(role)
    asked = select(users, last_sign_ins.c.at.label("last_sign_in_at"))
    asked = asked.outerjoin(last_sign_ins, last_sign_ins.c.user_id == users.c.id)
    found = connection.execute(asked.order_by(users.c.email))
    return [
        User(
            row.id,
            row.email,
            row.name,
            known_roles(held.get(row.id, [])),
            row.disabled,
            row.demo,
            row.created_at,
            row.last_sign_in_at,
        )
        for row in found
    ]


def existing(connection: Connection, email: str) -> str:
    """The id behind an address; `NotFound` when nobody has it."""
    user_id = _id_of(connection, normal_email(email))
    if user_id is None:
        raise NotFound(f"there is no user {email}")
    return user_id


def address_of(connection: Connection, user_id: str) -> str:
    """The address of a user; `NotFound` when there is none of this id."""
    email = connection.execute(select(users.c.email).where(users.c.id == user_id)).scalar()
    if email is None:
        raise NotFound("There is no such user.")
    return str(email)


def normal_email(email: str) -> str:
    """The address in the one form that is kept; `InvalidInput` when it is none."""
    address = email.strip().casefold()
    if not _EMAIL.fullmatch(address):
        raise InvalidInput("email", "is not an e-mail address")
    return address


def is_demo(email: str) -> bool:
    """Whether an address is a demo user's, whoever created it."""
    return email.strip().casefold().endswith(DEMO_DOMAIN)


def refuse_demo(email: str, *, production: bool) -> None:
    """`Misconfigured` for a demo address where APP_ENV=production."""
    if production and is_demo(email):
        raise Misconfigured("a demo user cannot exist where APP_ENV=production")


def _id_of(connection: Connection, address: str) -> str | None:
    return connection.execute(select(users.c.id).where(users.c.email == address)).scalar()


def _give(connection: Connection, user_id: str, roles: Sequence[str]) -> None:
    if roles:
        rows = [{"user_id": user_id, "role": role} for role in roles]
        connection.execute(user_roles.insert(), rows)


def _note(
    connection: Connection,
    actor: str,
    action: str,
    user_id: str,
    now: datetime,
    details: Mapping[str, object],
) -> None:
    audit.append(connection, actor=actor, action=action, target=user_id, details=details, now=now)
