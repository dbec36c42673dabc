"""What must not happen at any moment, also where it heals later: the database itself notes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from core.domain.refund_states import HELD, SENT
from core.states import OperationState

#: States in which an operation has ended.
ENDS = (OperationState.SUCCEEDED, OperationState.REFUSED, OperationState.FAILED)
#: What an asker may give back alone, at once or in a day, in minor units of each currency.
A_DAY = 10_000
_DAY = 86_400 * 1_000_000


def _listed(states: Iterable[str]) -> str:
    return ", ".join(f"'{state}'" for state in states)


#: When, on which condition, and what is noted then.
_WATCHES = [
    *(
        (
            f"UPDATE OF as_of ON {table}",
            "NEW.as_of < OLD.as_of",
            f"'{table} ' || OLD.stripe_id || ' went back to an older state'",
        )
        for table in ("payments", "charges", "refunds", "disputes", "payouts")
    ),
    (
        "UPDATE OF state ON operations",
        f"OLD.state IN ({_listed(ENDS)}) AND NEW.state <> OLD.state",
        "'operation ' || OLD.id || ' had ended ' || OLD.state || ' and became ' || NEW.state",
    ),
    (
        "INSERT ON refund_requests",
        f"""(SELECT sum(amount_minor) FROM refund_requests
            WHERE payment_id = NEW.payment_id AND state IN ({_listed({*HELD, *SENT})}))
          > (SELECT amount_captured_minor FROM payments WHERE stripe_id = NEW.payment_id)""",
        "'more is promised of ' || NEW.payment_id || ' than it took'",
    ),
    (
        "INSERT ON refund_requests",
        f"""NEW.state IN ({_listed(SENT)}) AND (SELECT sum(amount_minor) FROM refund_requests
            WHERE asked_user_id = NEW.asked_user_id AND currency = NEW.currency
              AND created_at / {_DAY} = NEW.created_at / {_DAY}
              AND state IN ({_listed(SENT)}) AND approved_by IS NULL) > {A_DAY}""",
        "NEW.asked_user_id || ' gave back more ' || NEW.currency || ' alone than a day has'",
    ),
]


def watch(connection: sqlite3.Connection) -> None:
    """Have the database note what must not happen, from now on."""
    connection.execute("CREATE TABLE seen_wrong (what TEXT NOT NULL)")
    for number, (when, condition, what) in enumerate(_WATCHES):
        connection.execute(
            f"CREATE TRIGGER watch_{number} AFTER {when} WHEN {condition}"
            f" BEGIN INSERT INTO seen_wrong VALUES ({what}); END"
        )


def noted(connection: Connection) -> Iterator[str]:
    """What happened and must not have."""
    for what in connection.scalars(text("SELECT what FROM seen_wrong")):
        yield str(what)
