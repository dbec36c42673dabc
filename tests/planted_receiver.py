"""A receiver with a planted bug: it answers 200 first and commits a little later."""

from __future__ import annotations

import time
from typing import Any

from core.inbox.group import GroupWriter
from dashboard.commands.receiver import command

_submit = GroupWriter.submit
_write = GroupWriter._write


def _answer_first(self: GroupWriter[Any], event: Any, ticket: Any) -> None:
    _submit(self, event, ticket)
    self._settle([ticket], None)


def _write_later(self: GroupWriter[Any], batch: Any) -> None:
    time.sleep(0.02)
    _write(self, batch)


if __name__ == "__main__":
    GroupWriter.submit = _answer_first  # type: ignore[method-assign]
    GroupWriter._write = _write_later  # type: ignore[method-assign]
    command()
