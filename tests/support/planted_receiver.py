"""Receivers with a planted bug each.

`python -m tests.support.planted_receiver hasty|greedy|trusting`.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from core.gateway import signature
from core.inbox.group_commit import GroupWriter
from dashboard.asgi import request_body
from dashboard.commands.receiver import command


def hasty() -> None:
    """Answers 200 first and commits a little later."""
    submit, write = GroupWriter.submit, GroupWriter._write

    def answer_first(self: GroupWriter[Any], event: Any, ticket: Any) -> None:
        submit(self, event, ticket)
        self._settle([ticket], None)

    def write_later(self: GroupWriter[Any], batch: Any) -> None:
        time.sleep(0.02)
        write(self, batch)

    GroupWriter.submit = answer_first  # type: ignore[method-assign]
    GroupWriter._write = write_later  # type: ignore[method-assign]


def greedy() -> None:
    """Reads whole bodies, and judges their size then."""

    async def read(self: request_body.BodyReader, scope: Any, receive: Any) -> bytes:
        body, more = bytearray(), True
        while more:
            more = request_body._append(body, await receive())
        return request_body._within(bytes(body))

    request_body.BodyReader.read = read  # type: ignore[method-assign]


def trusting() -> None:
    """Checks who signed and not when, as the SDK does for the future."""
    signature.TOLERANCE_SECONDS = 10**12


if __name__ == "__main__":
    {"hasty": hasty, "greedy": greedy, "trusting": trusting}[sys.argv.pop()]()
    command()
