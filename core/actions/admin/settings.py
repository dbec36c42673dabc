"""Settings that are kept in the database: changed one by one or a few together, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from core import clock
from core.access import audit, second_factor
from core.access.principals import Caller
from core.access.rights import ADMINISTER
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.transaction import permitted_change
from core.alerts.channel_urls import ChannelSecrets
from core.configuration import store
from core.configuration.kept_settings import KeptSetting, known
from core.db.engine import retrying
from core.db.tables import alert_channels
from core.db.turns import in_turn
from core.domain import setting_rows
from core.encryption import Encrypter
from core.errors import InvalidInput, Misconfigured
from core.ledger.closed_days import check_zone
from core.masking import mask_cards
from core.settings import Settings

#: Whoever changes settings stands in this line.
LINE = "settings"
CHANGE, REMOVE = "setting.change", "setting.remove"
ROTATE = "secrets.rotate"
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Change:
    """A checked change: what is kept of it, None to keep nothing any more."""

    setting: KeptSetting
    value: str | None
    kept: str | None


def change(
    context: ActionContext,
    caller: Caller,
    values: Mapping[str, str | None],
    *,
    environment: Settings,
    reason: str = "",
) -> None:
    """Keep these values, all or none; None takes what is kept of a setting away.

    `InvalidInput` under the setting's name: for a value that breaks its rule, for one that the
    environment sets, and for a time zone while months are closed by the days of another.
    """
    authorize(context, caller, (ADMINISTER,), CHANGE, "")
    changes, why = prepared(values, environment), checked_reason(reason)

    def work(connection: Connection, now: datetime) -> None:
        apply(connection, changes, environment, actor=caller.actor, reason=why, now=now)

    permitted_change(context, caller, CHANGE, work, right=ADMINISTER, lines=(LINE,))


def change_outside(
    engine: Engine, values: Mapping[str, str | None], *, environment: Settings, actor: str
) -> None:
    """The same for who works on the machine itself."""
    changes = prepared(values, environment)

    def work() -> None:
        with in_turn(engine, LINE) as connection:
            apply(connection, changes, environment, actor=actor, reason="", now=clock.now())

    retrying(work)


def set_outside(environment: Settings) -> frozenset[str]:
    """The names that the environment says something of: it wins over what is kept."""
    return store.from_environment(environment)


def text(settings: Settings, name: str) -> str:
    """A setting's value as it would be typed; empty for a secret, which nobody is shown."""
    return "" if is_secret(name) else store.text(settings, name)


def is_secret(name: str) -> bool:
    """Whether a setting's value is shown to nobody."""
    return known(name).secret


def choices(name: str) -> tuple[str, ...]:
    """The values that a setting may have; none where it is free text."""
    return known(name).choices


def prepared(values: Mapping[str, str | None], environment: Settings) -> list[Change]:
    """The changes, each checked by itself, secrets encrypted."""
    encrypter = Encrypter(environment.encryption_key.get_secret_value())
    won = store.from_environment(environment)
    found = []
    for name, value in values.items():
        setting = known(name)
        if setting.name in won:
            raise InvalidInput(setting.name, "is set in the environment: change it there")
        checked = None if value is None else setting.checked(value)
        kept = None if checked is None else store.sealed(setting, checked, encrypter)
        found.append(Change(setting, checked, kept))
    return found


def apply(
    connection: Connection,
    changes: list[Change],
    environment: Settings,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Write the changes and their rows in the audit log; the caller commits."""
    before = {one.setting.name: store.row(connection, one.setting) for one in changes}
    for one in changes:
        if one.kept is None:
            store.remove(connection, one.setting)
        else:
            store.write(connection, one.setting, one.kept, actor=actor, now=now)
    # What is taken away may be what cannot be read any more.
    if any(one.kept is not None for one in changes):
        _agree(connection, changes, environment)
    for one in changes:
        was = before[one.setting.name]
        details = {"before": setting_rows.shown(was), "after": setting_rows.shown(one.kept)}
        audit.append(
            connection,
            actor=actor,
            action=REMOVE if one.kept is None else CHANGE,
            target=one.setting.name.upper(),
            details=details | ({"reason": reason} if reason else {}),
            now=now,
        )


def _agree(connection: Connection, changes: list[Change], environment: Settings) -> None:
    """Whether the settings go together as they are now."""
    name = changes[0].setting.name if changes else "name"
    try:
        settings = store.in_force(environment, store.rows(connection))
        modes = settings.secret_keys.keys()
        if not settings.uses_emulator and settings.publishable_keys.keys() - modes:
            raise InvalidInput(name, "leaves a publishable key of a mode without a secret key")
    except Misconfigured as error:
        raise InvalidInput(name, error.message) from None
    if settings.factor_roles and not environment.encryption_key.get_secret_value():
        # Nobody could set one up, and nobody with the role would get in.
        raise InvalidInput("second_factor_roles", "can be set up once ENCRYPTION_KEY is set")
    if any(one.setting.name == "reporting_timezone" for one in changes):
        try:
            check_zone(connection, settings.reporting_timezone)
        except InvalidInput as error:
            raise InvalidInput("reporting_timezone", error.rule) from None


def rotate(engine: Engine, encrypter: Encrypter, *, actor: str) -> int:
    """Encrypt all secrets anew with the first of the keys; how many there are.

    `Misconfigured` where one was kept with a key that is not among them: nothing is changed.
    """

    def work() -> int:
        now = clock.now()
        with in_turn(engine, LINE) as connection:
            count = store.rotate(connection, encrypter, actor=actor, now=now)
            count += _rotate_channels(connection, encrypter)
            count += second_factor.rotate(connection, encrypter)
            details = {"count": count}
            audit.append(connection, actor=actor, action=ROTATE, details=details, now=now)
            return count

    return retrying(work)


def _rotate_channels(connection: Connection, encrypter: Encrypter) -> int:
    secrets, c = ChannelSecrets(encrypter.keys), alert_channels.c
    found = connection.execute(select(c.id, c.url)).all()
    for channel_id, url in found:
        anew = alert_channels.update().where(c.id == channel_id).values(url=secrets.rotate(url))
        connection.execute(anew)
    return len(found)


def checked_reason(reason: str) -> str:
    """Why somebody changes a setting, as the audit log keeps it; `InvalidInput` for too much."""
    text = mask_cards(reason.strip()) if isinstance(reason, str) else ""
    if len(text) > LONGEST_REASON:
        raise InvalidInput("reason", "must have at most {most} characters", most=LONGEST_REASON)
    return text
