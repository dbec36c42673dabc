"""A walk over the whole log of operators: in parts, and its finding stands in the log itself."""

from __future__ import annotations

import time

from core.access import audit, rights
from core.access.audit import Walk
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.db.engine import one_picture, retrying, writing
from core.reads.admin.audit import BROKEN, HOLDS, VERIFY

__all__ = ["Walk", "verify"]

#: Rows between two looks at the clock: some 20 ms.
_PART = 1000


def verify(context: ActionContext, caller: Caller, walk: Walk, *, seconds: float) -> Walk:
    """Go on with a walk for about so long; once it is done, what it found is written down.

    Begin with `Walk()`; call again with what came back until that is `done`.
    """
    authorize(context, caller, (rights.ADMINISTER,), VERIFY, "")
    if walk.done:
        return walk
    until = time.monotonic() + seconds
    while not walk.done:
        with one_picture(context.engine) as connection:
            walk = audit.advance(connection, walk, _PART)
        if time.monotonic() >= until:
            break
    if walk.done:
        retrying(lambda: _note(context, caller, walk))
    return walk


def _note(context: ActionContext, caller: Caller, walk: Walk) -> None:
    broken = {"row": walk.broken.seq, "why": walk.broken.why} if walk.broken else None
    with writing(context.engine) as connection:
        audit.append(
            connection,
            actor=caller.actor,
            action=VERIFY,
            outcome=BROKEN if broken else HOLDS,
            details={"rows": walk.seq, "hash": walk.hash, "broken": broken},
        )
