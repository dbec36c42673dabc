"""Messages go to their channels: once each, again after a failure, none waiting for another."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine, func, select

from core import clock
from core.alerts import apprise_process, messages
from core.alerts.channel_urls import ChannelSecrets
from core.alerts.kinds import KINDS
from core.alerts.messages import Message, Told
from core.db.engine import reading, retrying, writing
from core.db.leases import Lease
from core.db.tables import alert_channels, alert_deliveries, alerts
from core.errors import LeaseLost, Misconfigured
from core.states import DeliveryState

_log = logging.getLogger(__name__)

#: How long is waited after the first failure, the second, and so on; then it is given up.
WAITS = tuple(timedelta(seconds=n) for n in (30, 60, 300, 900, 3600, 3600, 3600))
#: A worker that has said nothing for so long is taken for dead: another one sends.
LEASE = timedelta(seconds=apprise_process.SECONDS * 3)
#: So many channels are spoken with at once; each is a process of about 70 MB.
AT_ONCE = 4
NO_KEY = "no_key"

_D = alert_deliveries.c
_LEASE = Lease(
    alert_deliveries,
    until=_D.next_attempt_at,
    open=_D.state == DeliveryState.WAITING,
    lasts=LEASE,
    longest_wait=max(WAITS),
)
#: What whoever delivers messages waits for.
WORK = _LEASE.work()

#: Sends a title and a body to an address: None, or the code of what went wrong.
Send = Callable[[str, str, str], str | None]


@dataclass(frozen=True, slots=True)
class _Claimed:
    delivery_id: int
    fence: str
    attempts: int
    url: str
    message: Message


class Deliverer:
    """Sends what waits. A channel has one message under way at a time, so that one that does not
    answer keeps nobody but itself waiting."""

    def __init__(
        self,
        engine: Engine,
        secrets: ChannelSecrets,
        screens_url: str,
        send: Send = apprise_process.send,
    ) -> None:
        self._engine, self._secrets, self._screens_url = engine, secrets, screens_url
        self._send = send
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert channel")
        self._under_way: dict[int, Future[None]] = {}

    def step(self) -> bool:
        """Begin to send the oldest message of each channel that is free; says that all is begun.

        What went wrong in an earlier one is raised here.
        """
        for channel, future in list(self._under_way.items()):
            if future.done():
                del self._under_way[channel]
                future.result()
        for channel, delivery in self._due():
            if channel not in self._under_way and len(self._under_way) < AT_ONCE:
                self._under_way[channel] = self._pool.submit(self._deliver, delivery)
        return False

    def finish(self) -> None:
        """Wait for what is under way."""
        for future in list(self._under_way.values()):
            future.result()
        self._under_way.clear()

    def _due(self) -> list[tuple[int, int]]:
        """The oldest message that is due of each channel; those that fail come last."""
        query = (
            select(_D.channel_id, func.min(_D.id))
            .where(_LEASE.due(clock.now()))
            .group_by(_D.channel_id)
            .order_by(func.max(_D.attempts), func.min(_D.id))
        )
        with reading(self._engine) as connection:
            return [(channel, delivery) for channel, delivery in connection.execute(query)]

    def _deliver(self, delivery_id: int) -> None:
        claimed = retrying(partial(self._claim, delivery_id))
        if claimed is None:
            return
        error = self._send(claimed.url, claimed.message.title, claimed.message.body)
        if error is not None:
            _log.warning("alert message %s was not delivered: %s", delivery_id, error)
        try:
            retrying(partial(self._record, claimed.delivery_id, claimed.fence, error))
        except LeaseLost:
            # Another worker took this one for dead, and has sent it again.
            _log.warning("alert message %s took longer than its lease", delivery_id)

    def _claim(self, delivery_id: int) -> _Claimed | None:
        """Lease one message; None where another has it, or where it cannot be sent."""
        now, mine = clock.now(), _D.id == delivery_id
        with writing(self._engine) as connection:
            fence = _LEASE.take(
                connection, mine, now, attempts=_D.attempts + 1, tried_at=now, error=None
            )
            row = connection.execute(
                select(alert_deliveries).where(mine, _LEASE.held(fence))
            ).first()
            if row is None:
                return None
            kept = connection.scalar(
                select(alert_channels.c.url).where(alert_channels.c.id == row.channel_id)
            )
            told = _told(connection, row.alert_id, row.notice)
            if kept is None or told is None:
                _LEASE.end(connection, mine, fence, 1, state=DeliveryState.DROPPED)
                return None
            try:
                url = self._secrets.open(kept)
            except Misconfigured as error:
                _log.error("alert message %s: %s", delivery_id, error.message)
                _LEASE.end(connection, mine, fence, 1, **_after(row.attempts, NO_KEY, now))
                return None
        return _Claimed(
            delivery_id, fence, row.attempts, url, messages.of_alert(told, self._screens_url)
        )

    def _record(self, delivery_id: int, fence: str, error: str | None) -> None:
        now, mine = clock.now(), _D.id == delivery_id
        with writing(self._engine) as connection:
            tried = int(connection.scalar(select(_D.attempts).where(mine)) or 0)
            _LEASE.end(connection, mine, fence, 1, **_after(tried, error, now))


def _after(attempts: int, error: str | None, now: datetime) -> dict[str, object]:
    """What is written of a message after so many tries, the last of which ended so."""
    if error is None:
        return {"state": DeliveryState.SENT, "error": None}
    if attempts > len(WAITS):
        return {"state": DeliveryState.FAILED, "error": error}
    return {"error": error, "next_attempt_at": now + WAITS[attempts - 1]}


def _told(connection: Connection, alert_id: int, notice: int) -> Told | None:
    a = alerts.c
    row = connection.execute(select(alerts).where(a.id == alert_id)).first()
    if row is None or row.kind not in KINDS:
        return None
    return Told(
        row.id,
        row.kind,
        row.livemode,
        row.subject,
        json.loads(row.facts),
        row.first_seen_at,
        notice,
    )
