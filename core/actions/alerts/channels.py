"""Channels of alerts: where administrators have messages sent, and a test that one arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from core import clock
from core.access import audit
from core.access.principals import Caller
from core.access.rights import ADMINISTER
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.transaction import permitted_change
from core.alerts import apprise_process, channel_urls, messages
from core.alerts.channel_urls import ChannelSecrets
from core.db.engine import reading, retrying, writing
from core.db.tables import alert_channels, alert_deliveries
from core.errors import InvalidInput, NotFound
from core.states import DeliveryState

CREATE, CHANGE = "alert.channel", "alert.channel_change"
DELETE, TEST = "alert.channel_delete", "alert.test"
MOST_CHANNELS = 20
LONGEST_NAME = 80
_C = alert_channels.c

Send = Callable[[str, str, str], str | None]


def create(context: ActionContext, caller: Caller, *, name: str, url: str) -> int:
    """Add a channel by its apprise address; its id. The address is a secret: it is neither logged
    nor shown again, and encrypted where ENCRYPTION_KEY is set.

    `InvalidInput` for a bad or taken name, and for an address that is not taken.
    """
    authorize(context, caller, (ADMINISTER,), CREATE, "")
    named, address = _name(name), _readable(url)
    kept, shown = context.channel_secrets.seal(address), channel_urls.masked(address)

    def work(connection: Connection, now: datetime) -> int:
        _refuse_taken(connection, named, None)
        if len(connection.scalars(select(_C.id)).all()) >= MOST_CHANNELS:
            raise InvalidInput("name", "would be one of more than {most}", most=MOST_CHANNELS)
        row = {"name": named, "url": kept, "shown": shown, "enabled": True, "created_at": now}
        row |= {"updated_at": now, "updated_by": caller.actor}
        made = connection.execute(alert_channels.insert().values(row)).inserted_primary_key
        channel_id = int(made[0]) if made else 0
        _note(connection, caller, CREATE, channel_id, {"name": named, "shown": shown}, now)
        return channel_id

    return permitted_change(context, caller, CREATE, work, right=ADMINISTER)


def change(
    context: ActionContext,
    caller: Caller,
    channel_id: int,
    *,
    name: str,
    enabled: bool,
    url: str | None = None,
) -> None:
    """Rename a channel, rest it, or give it another address; without one it keeps its own."""
    authorize(context, caller, (ADMINISTER,), CHANGE, str(channel_id))
    _known(context, channel_id)
    named = _name(name)
    row: dict[str, Any] = {"name": named, "enabled": bool(enabled)}
    if url:
        address = _readable(url)
        row["url"] = context.channel_secrets.seal(address)
        row["shown"] = channel_urls.masked(address)

    def work(connection: Connection, now: datetime) -> None:
        _refuse_taken(connection, named, channel_id)
        stamp = {"updated_at": now, "updated_by": caller.actor}
        changed = alert_channels.update().where(_C.id == channel_id).values(row | stamp)
        if connection.execute(changed).rowcount != 1:
            raise NotFound
        details = {key: value for key, value in row.items() if key != "url"}
        _note(connection, caller, CHANGE, channel_id, details, now)

    permitted_change(context, caller, CHANGE, work, right=ADMINISTER, target=str(channel_id))


def delete(context: ActionContext, caller: Caller, channel_id: int) -> None:
    """Take a channel away with its address; what waits for it is not sent. `NotFound` if none."""

    def work(connection: Connection, now: datetime) -> None:
        row = _row(connection, channel_id)
        connection.execute(alert_channels.delete().where(_C.id == channel_id))
        d = alert_deliveries.c
        waiting = (d.channel_id == channel_id) & (d.state == DeliveryState.WAITING)
        dropped = {"state": DeliveryState.DROPPED, "fence": None}
        connection.execute(alert_deliveries.update().where(waiting).values(dropped))
        _note(connection, caller, DELETE, channel_id, {"name": row.name}, now)

    permitted_change(context, caller, DELETE, work, right=ADMINISTER, target=str(channel_id))


def send_test(
    context: ActionContext,
    caller: Caller,
    channel_id: int,
    *,
    send: Send = apprise_process.send,
) -> str | None:
    """Send a test message now, and note what came of it: None when it was taken, else our code.

    What the channel answered is shown to nobody. `NotFound` if there is none of this id.
    """
    authorize(context, caller, (ADMINISTER,), TEST, str(channel_id))
    row = _known(context, channel_id)
    error = _try(row, context.channel_secrets, send)

    def work(connection: Connection, now: datetime) -> None:
        _write_test(connection, caller.actor, row, error, now)

    permitted_change(context, caller, TEST, work, right=ADMINISTER, target=str(channel_id))
    return error


def send_test_as(
    engine: Engine,
    secrets: ChannelSecrets,
    actor: str,
    name: str,
    *,
    send: Send = apprise_process.send,
) -> str | None:
    """`send_test` by a channel's name for who needs no right: the command line."""
    with reading(engine) as connection:
        row = connection.execute(select(alert_channels).where(_C.name == name)).first()
    if row is None:
        raise NotFound(f"There is no channel {name[:LONGEST_NAME]}")
    error = _try(row, secrets, send)

    def work() -> None:
        with writing(engine) as connection:
            _write_test(connection, actor, row, error, clock.now())

    retrying(work)
    return error


def _try(row: Row[Any], secrets: ChannelSecrets, send: Send) -> str | None:
    message = messages.of_test(row.name)
    return send(secrets.open(row.url), message.title, message.body)


def _write_test(
    connection: Connection, actor: str, row: Row[Any], error: str | None, now: datetime
) -> None:
    delivery = {
        "channel_id": row.id,
        "channel_name": row.name,
        "notice": 0,
        "state": DeliveryState.SENT if error is None else DeliveryState.FAILED,
        "attempts": 1,
        "created_at": now,
        "tried_at": now,
        "next_attempt_at": now,
        "error": error,
    }
    connection.execute(alert_deliveries.insert().values(delivery))
    details = {"name": row.name, "error": error}
    audit.append(connection, actor=actor, action=TEST, target=str(row.id), details=details, now=now)


def type_of(shown: str) -> channel_urls.ChannelType:
    """What kind of channel it is, by what is shown of its address."""
    return channel_urls.SCHEMES[channel_urls.scheme(shown)]


def _name(name: str) -> str:
    text = name.strip() if isinstance(name, str) else ""
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise InvalidInput("name", "must have 1 to {most} characters", most=LONGEST_NAME)
    return text


def _readable(url: str) -> str:
    address = channel_urls.checked(url)
    if apprise_process.check(address) is not None:
        raise InvalidInput("url", "cannot be read: compare it with apprise's page on the service")
    return address


def _refuse_taken(connection: Connection, name: str, channel_id: int | None) -> None:
    found = connection.scalar(select(_C.id).where(_C.name == name))
    if found is not None and found != channel_id:
        raise InvalidInput("name", "is another channel's already")


def _known(context: ActionContext, channel_id: int) -> Row[Any]:
    with reading(context.engine) as connection:
        return _row(connection, channel_id)


def _row(connection: Connection, channel_id: int) -> Row[Any]:
    found = connection.execute(select(alert_channels).where(_C.id == channel_id)).first()
    if found is None:
        raise NotFound
    return found


def _note(
    connection: Connection,
    caller: Caller,
    action: str,
    channel_id: int,
    details: Mapping[str, Any],
    now: datetime,
) -> None:
    audit.append(
        connection,
        actor=caller.actor,
        action=action,
        target=str(channel_id),
        details=details,
        now=now,
    )
