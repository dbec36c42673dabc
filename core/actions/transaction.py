"""A permitted change: the right asked for in the transaction that changes, refusals noted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from core import clock
from core.access import audit, audit_notes, step_up
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.db.engine import retrying
from core.db.turns import in_turn
from core.errors import NotPermitted

T = TypeVar("T")


@contextmanager
def refusals_noted(
    context: ActionContext, caller: Caller, action: str, target: str
) -> Iterator[None]:
    """Whoever lacks a right in this block is written down under the action and its target."""
    try:
        yield
    except NotPermitted as error:
        audit_notes.note_refusal(context.engine, caller.actor, action, error.right, target)
        raise


def permitted_change(
    context: ActionContext,
    caller: Caller,
    action: str,
    change: Callable[[Connection, datetime], T],
    *,
    right: str,
    target: str = "",
    lines: Iterable[str] = (),
) -> T:
    """Run `change` in one transaction for who has the right then; tried again after a conflict.

    Whoever changes the same `target` stands in line, or without one whoever does the same `action`;
    `lines` are others to stand in. `NotPermitted`, and its `ProofNeeded` for what asks for a recent
    proof, are noted under `action` and `target`.
    """
    names = (f"change {target or action}", *lines)

    def whole() -> T:
        with in_turn(context.engine, *names) as connection:
            now = clock.now()
            permitted(connection, caller, right, now=now)
            step_up.require(connection, caller, action, context.step_up, now)
            return change(connection, now)

    with refusals_noted(context, caller, action, target):
        return retrying(whole)


def put_back(
    context: ActionContext,
    caller: Caller,
    action: str,
    change: Callable[[Connection, datetime], int],
    *,
    right: str,
    target: str,
    livemode: bool,
) -> int:
    """Have things of a mode worked on again: how many `change` put back, as the log says too."""

    def noted(connection: Connection, now: datetime) -> int:
        count = change(connection, now)
        audit.append(
            connection,
            actor=caller.actor,
            action=action,
            target=target,
            outcome="ok" if count else "not_found",
            details={"count": count, "livemode": livemode},
            now=now,
        )
        return count

    return permitted_change(context, caller, action, noted, right=right, target=target)
