"""The second factor: codes of an authenticator app (TOTP), recovery codes that are used once; who
has an app or a passkey (`passkeys`) is asked for one.

The app's secret is kept encrypted. A code is six digits for 30 seconds, taken a step early or late,
and never twice: the step of the last one is kept, and only a later one is taken.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import Connection, delete, func, select

from core.access import audit
from core.db.tables import passkeys, recovery_codes, second_factors
from core.encryption import Encrypter
from core.errors import InvalidInput

ISSUER = "Tillwatch"
#: Recovery codes of a person, each 80 random bits.
CODES = 10
_DIGITS = 6
_LONGEST_CODE = 64
#: Steps of 30 seconds that a phone's clock may be wrong.
_WINDOW = 1
#: No letter or digit that is taken for another (Crockford's base 32).
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_MISREAD = str.maketrans("oil", "011", "- ")

f, r = second_factors.c, recovery_codes.c


def is_set(connection: Connection, user_id: str) -> bool:
    """Whether somebody has a second factor that they proved once: an app or a passkey."""
    return has_app(connection, user_id) or has_passkey(connection, user_id)


def has_passkey(connection: Connection, user_id: str) -> bool:
    """Whether somebody has a passkey."""
    query = select(passkeys.c.id).where(passkeys.c.user_id == user_id).limit(1)
    return connection.execute(query).first() is not None


def has_app(connection: Connection, user_id: str) -> bool:
    """Whether somebody has an app whose code they typed once."""
    query = select(f.user_id).where(f.user_id == user_id, f.confirmed_at.is_not(None))
    return connection.execute(query).first() is not None


def codes_left(connection: Connection, user_id: str) -> int:
    """How many recovery codes of somebody's are unused."""
    query = select(func.count()).select_from(recovery_codes).where(r.user_id == user_id)
    return int(connection.execute(query).scalar_one())


def begin(connection: Connection, user_id: str, encrypter: Encrypter, now: datetime) -> str:
    """A new secret for the app, in base 32; asked for at no sign-in before `confirm`.

    `InvalidInput` where one is in force, or where nothing can be encrypted.
    """
    if not encrypter.has_key:
        raise InvalidInput("second_factor", "can be set up once ENCRYPTION_KEY is set")
    if has_app(connection, user_id):
        raise InvalidInput("second_factor", "is set up already")
    secret = pyotp.random_base32()
    connection.execute(delete(second_factors).where(f.user_id == user_id))
    row = {
        "user_id": user_id,
        "secret": encrypter.encrypt(secret),
        "last_step": 0,
        "created_at": now,
    }
    connection.execute(second_factors.insert().values(**row))
    return secret


def begun(connection: Connection, user_id: str, encrypter: Encrypter) -> str | None:
    """The secret that `begin` made, until it is in force: afterwards nobody is shown it."""
    query = select(f.secret).where(f.user_id == user_id, f.confirmed_at.is_(None))
    kept = connection.scalar(query)
    return None if kept is None else encrypter.decrypt(kept)


def confirm(
    connection: Connection, user_id: str, code: str, encrypter: Encrypter, now: datetime
) -> tuple[str, ...]:
    """Put the secret in force that `begin` made, proved by a code; the recovery codes, shown once.

    `InvalidInput` for a wrong code, or where nothing was begun.
    """
    if has_app(connection, user_id) or not _is_totp(connection, user_id, code, encrypter, now):
        raise InvalidInput("code", "is wrong")
    mine = second_factors.update().where(f.user_id == user_id)
    connection.execute(mine.values(confirmed_at=now))
    made = new_codes(connection, user_id)
    _note(connection, user_id, user_id, "second_factor.set", now)
    return made


def renew_codes(connection: Connection, user_id: str, now: datetime) -> tuple[str, ...]:
    """`new_codes` that somebody asked for, which stands in the log."""
    made = new_codes(connection, user_id)
    _note(connection, user_id, user_id, "second_factor.codes", now)
    return made


def remove(connection: Connection, user_id: str, *, actor: str, now: datetime) -> None:
    """Ask somebody for no second factor any more: neither app nor passkey is theirs then."""
    connection.execute(delete(passkeys).where(passkeys.c.user_id == user_id))
    remove_app(connection, user_id, actor=actor, now=now)


def remove_app(connection: Connection, user_id: str, *, actor: str, now: datetime) -> None:
    """Ask somebody for no code of an app any more; recovery codes go with the last factor."""
    connection.execute(delete(second_factors).where(f.user_id == user_id))
    forget_codes(connection, user_id)
    _note(connection, actor, user_id, "second_factor.remove", now)


def forget_codes(connection: Connection, user_id: str) -> None:
    """Recovery codes stand in for a factor: without one there are none."""
    if not is_set(connection, user_id):
        connection.execute(delete(recovery_codes).where(r.user_id == user_id))


def verify(
    connection: Connection, user_id: str, code: str, encrypter: Encrypter, now: datetime
) -> str | None:
    """`app` or `recovery` where a code is right, which uses it up; None where it is not.

    Needs a write transaction. `Misconfigured` where the app's secret cannot be read any more: a
    recovery code is taken all the same.
    """
    if not is_set(connection, user_id) or len(code) > _LONGEST_CODE:
        return None
    if _is_recovery(connection, user_id, code):
        return "recovery"
    if not has_app(connection, user_id):
        return None
    return "app" if _is_totp(connection, user_id, code, encrypter, now) else None


def rotate(connection: Connection, encrypter: Encrypter) -> int:
    """Encrypt all secrets anew with the first key; how many."""
    found = connection.execute(select(f.user_id, f.secret)).all()
    for user_id, kept in found:
        mine = second_factors.update().where(f.user_id == user_id)
        connection.execute(mine.values(secret=encrypter.rotate(kept)))
    return len(found)


def uri(secret: str, email: str) -> str:
    """What an app reads from a picture (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def _is_totp(
    connection: Connection, user_id: str, code: str, encrypter: Encrypter, now: datetime
) -> bool:
    digits = code.replace(" ", "")
    kept = connection.scalar(select(f.secret).where(f.user_id == user_id))
    if kept is None or not (digits.isascii() and digits.isdecimal() and len(digits) == _DIGITS):
        return False
    app = pyotp.TOTP(encrypter.decrypt(kept))
    try:
        step = app.verify_and_get_timecode(
            digits, for_time=int(now.timestamp()), valid_window=_WINDOW
        )
    except OTPVerificationError:
        return False
    # Compared where it is written: of two at once with one code, one finds it used.
    later = second_factors.update().where(f.user_id == user_id, f.last_step < step)
    return connection.execute(later.values(last_step=step)).rowcount == 1


def _is_recovery(connection: Connection, user_id: str, code: str) -> bool:
    mine = (r.user_id == user_id) & (r.code_hash == _code_hash(user_id, code))
    return connection.execute(delete(recovery_codes).where(mine)).rowcount == 1


def new_codes(connection: Connection, user_id: str) -> tuple[str, ...]:
    """Recovery codes in place of those before, shown once."""
    connection.execute(delete(recovery_codes).where(r.user_id == user_id))
    made = tuple(_new_code() for _ in range(CODES))
    rows: list[dict[str, Any]] = [
        {"user_id": user_id, "code_hash": _code_hash(user_id, code)} for code in made
    ]
    connection.execute(recovery_codes.insert(), rows)
    return made


def _new_code() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def _code_hash(user_id: str, code: str) -> str:
    """80 random bits need no slow hash; dashes, spaces and what is misread mean nothing."""
    plain = code.casefold().translate(_MISREAD)
    return hashlib.sha256(f"{user_id} {plain}".encode()).hexdigest()


def _note(connection: Connection, actor: str, user_id: str, action: str, now: datetime) -> None:
    audit.append(connection, actor=actor, action=action, target=user_id, now=now)
