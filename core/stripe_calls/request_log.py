"""The account of calls to Stripe: collected in memory, written by the dozen."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core.db.engine import retrying, writing
from core.db.tables import api_requests

if TYPE_CHECKING:
    from core.gateway.transport import Call

#: A process that cannot write keeps the newest calls and lets the oldest go.
MOST = 10_000


class RequestLog:
    """Takes each call at once; `flush` writes them. Safe for several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._calls: deque[Call] = deque(maxlen=MOST)

    def __call__(self, call: Call) -> None:
        self._calls.append(call)

    def flush(self) -> int:
        """Write what was collected; how many calls."""
        batch: list[Call] = []
        while self._calls:
            batch.append(self._calls.popleft())
        if not batch:
            return 0

        def write() -> None:
            with writing(self._engine) as connection:
                connection.execute(api_requests.insert(), [asdict(call) for call in batch])

        try:
            retrying(write)
        except SQLAlchemyError:
            self._calls.extendleft(reversed(batch))
            raise
        return len(batch)
