"""The rows of kept settings: read, written, encrypted anew, and laid under the environment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, String, cast, delete, func, select

from core.configuration.kept_settings import KEPT, KeptSetting
from core.db.tables import settings_table
from core.db.upsert import upsert
from core.db.wakeups import Change
from core.domain import setting_rows
from core.domain.setting_rows import PREFIX
from core.encryption import Encrypter
from core.errors import InvalidInput, Misconfigured
from core.settings import Settings

_C = settings_table.c

Rows = Mapping[str, str]


def rows(connection: Connection) -> dict[str, str]:
    """What is kept of each setting, as it is kept: by name, secrets encrypted."""
    query = select(_C.name, _C.value).where(_C.name.startswith(PREFIX, autoescape=True))
    found = {name.removeprefix(PREFIX): value for name, value in connection.execute(query)}
    return {name: value for name, value in found.items() if name in KEPT}


def changed() -> Change:
    """What whoever works with the settings waits for: a row that was written or removed."""
    newest = cast(func.count(), String(20)) + " " + cast(func.max(_C.updated_at), String(40))
    kept = select(newest).where(_C.name.startswith(PREFIX, autoescape=True))
    return Change(kept.scalar_subquery())


def row(connection: Connection, setting: KeptSetting) -> str | None:
    """What is kept of one setting, None for nothing; who changes it stands in line before."""
    query = select(_C.value).where(_C.name == PREFIX + setting.name)
    found: str | None = connection.scalar(query)
    return found


def write(
    connection: Connection, setting: KeptSetting, kept: str, *, actor: str, now: datetime
) -> None:
    """Keep what `sealed` made; the caller commits."""
    stamp = {"updated_at": now, "updated_by": actor[:64]}
    upsert(connection, settings_table, [{"name": PREFIX + setting.name, "value": kept, **stamp}])


def remove(connection: Connection, setting: KeptSetting) -> bool:
    """Keep nothing of a setting any more; whether something was kept."""
    gone = delete(settings_table).where(_C.name == PREFIX + setting.name)
    return connection.execute(gone).rowcount > 0


def sealed(setting: KeptSetting, value: str, encrypter: Encrypter) -> str:
    """A checked value as it is kept. `InvalidInput` for a secret that nothing can encrypt."""
    if not setting.secret:
        return value
    if not encrypter.has_key:
        raise InvalidInput(
            setting.name, "can be kept once ENCRYPTION_KEY is set: it would stand there as it is"
        )
    return setting_rows.sealed(value, encrypter.encrypt(value))


def opened(setting: KeptSetting, kept: str, encrypter: Encrypter) -> str:
    """The value itself; `Misconfigured` where the key is not the one that it was kept with."""
    if not setting.secret:
        return kept
    return encrypter.decrypt(setting_rows.parts(kept)[1])


def rotate(connection: Connection, encrypter: Encrypter, *, actor: str, now: datetime) -> int:
    """Encrypt all kept secrets anew with the first key; how many. The caller commits."""
    found = {KEPT[name]: kept for name, kept in rows(connection).items() if KEPT[name].secret}
    for setting, kept in found.items():
        end, token = setting_rows.parts(kept)
        anew = setting_rows.sealed(end, encrypter.rotate(token))
        write(connection, setting, anew, actor=actor, now=now)
    return len(found)


def from_environment(environment: Settings) -> frozenset[str]:
    """The names that the environment, a file or `.env` says something of: that wins."""
    return frozenset(
        name for name in KEPT if name in environment.model_fields_set and text(environment, name)
    )


def in_force(environment: Settings, kept: Rows) -> Settings:
    """The settings with what is kept where the environment says nothing.

    `Misconfigured` for a secret that ENCRYPTION_KEY does not open.
    """
    encrypter = Encrypter(environment.encryption_key.get_secret_value())
    won = from_environment(environment)
    texts = {
        name: opened(KEPT[name], value, encrypter)
        for name, value in kept.items()
        if name not in won
    }
    return merged(environment, texts)


def merged(environment: Settings, texts: Mapping[str, str]) -> Settings:
    """The settings with these values in place of their own; `Misconfigured` for a wrong one."""
    values: dict[str, Any] = {
        name: getattr(environment, name) for name in type(environment).model_fields
    }
    for name, value in texts.items():
        try:
            values[name] = _typed(name, KEPT[name].checked(value))
        except InvalidInput as error:
            raise Misconfigured(f"{name.upper()} in the database {error.rule}") from None
    return Settings.model_construct(_fields_set=set(environment.model_fields_set), **values)


def _typed(name: str, value: str) -> Any:
    kind: Any = Settings.model_fields[name].annotation
    return kind(value) if kind in (int, SecretStr, Decimal) else value


def text(settings: Settings, name: str) -> str:
    """A setting's value as it would be typed, a secret's too."""
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
