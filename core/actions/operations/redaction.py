"""What an operation was asked with is kept for as long as it may be sent again, and no longer.

Then nobody's data is left in it: its path, its target, and what tells a repeated request from
another one.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, bindparam, select

from core.clock import NEVER
from core.db.engine import reading, retrying, writing
from core.db.tables import operations
from core.masking import mask_addresses
from core.states import OperationState

#: Longer than anything is sent again for, and than Stripe keeps its key.
KEPT_WHOLE = timedelta(hours=25)
#: Rows that one transaction changes: it holds no other writer up for long.
CHUNK = 200
#: `not_sent` too: who asks for it again brings all of it along.
ENDED = tuple(set(OperationState) - {OperationState.SENDING, OperationState.UNKNOWN})


def forget(engine: Engine, *, at: datetime) -> int:
    """Reduce what ended long enough before `at`, one chunk of it; how many."""
    return retrying(partial(_forget, engine, at - KEPT_WHOLE))


def reduced(operation_id: str, params: str) -> str:
    """What is left of parameters; the digest is the operation's own, and links it to no other."""
    said = json.loads(params)
    left = {
        "path": said["path"],
        "sha256": hashlib.sha256(f"{operation_id}{params}".encode()).hexdigest(),
        "target": said["target"],
    }
    return json.dumps(left, sort_keys=True, ensure_ascii=False)


def is_same(kept: Any, params: str) -> bool:
    """Whether an operation was asked for with these parameters."""
    return kept.params in (params, reduced(kept.id, params))


def _forget(engine: Engine, before: datetime) -> int:
    # Of what has ended this is when it ended; of what is reduced, a time that never comes.
    c = operations.c
    ended = c.next_attempt_at < before
    with reading(engine) as connection:
        rows = connection.execute(
            select(c.id, c.state, c.params, c.outcome)
            .where(c.state.in_(ENDED), ended)
            .order_by(c.next_attempt_at)
            .limit(CHUNK)
        ).all()
    if not rows:
        return 0
    # Somebody may have asked for one again since it was read.
    change = operations.update().where(c.id == bindparam("one"), c.state == bindparam("was"), ended)
    change = change.values(
        params=bindparam("left"), outcome=bindparam("told"), next_attempt_at=NEVER
    )
    with writing(engine) as connection:
        connection.execute(change, [_left(row) for row in rows])
    return len(rows)


def _left(row: Any) -> dict[str, str | None]:
    return {
        "one": row.id,
        "was": row.state,
        "left": reduced(row.id, row.params),
        "told": mask_addresses(row.outcome) if row.outcome else None,
    }
