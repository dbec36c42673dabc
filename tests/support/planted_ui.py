"""UI processes with a planted bug each: `python -m tests.support.planted_ui BUG [--port …]`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from core.access import principals, sessions


def remembering() -> None:
    """Reads who somebody is once, and believes it from then on."""
    read, known = principals.principal, {}

    def remembered(connection: Any, user_id: str | None) -> Any:
        if user_id not in known:
            known[user_id] = read(connection, user_id)
        return known[user_id]

    principals.principal = remembered


def trusting() -> None:
    """A session that was let in once stays in."""
    enter, known = sessions.enter, {}

    def entered(engine: Any, token: str, **named: Any) -> Any:
        known[token] = known.get(token) or enter(engine, token, **named)
        return known[token]

    sessions.enter = entered
    sessions.still_open = lambda _engine, keys, **_named: frozenset(keys)


if __name__ == "__main__":
    bugs: dict[str, Callable[[], None]] = {"remembering": remembering, "trusting": trusting}
    bugs[sys.argv.pop(1)]()
    from dashboard.commands.ui import command

    command()
