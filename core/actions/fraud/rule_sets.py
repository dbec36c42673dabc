"""Changing the rules of risk: never in place, a change is a new version with who and why."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, func, select

from core.access import audit
from core.access.principals import Caller
from core.access.rights import MANAGE_FRAUD
from core.actions.context import ActionContext
from core.actions.payments.validation import text
from core.actions.transaction import permitted_change
from core.db.tables import rule_sets
from core.db.upsert import insert_new
from core.errors import InvalidInput
from core.risk import rules
from core.risk.scoring import BUILT_IN, in_force

CHANGE = "rules.change"
LONGEST_REASON = 500
#: A set of the most rules that there may be, each of the longest, fits.
LONGEST_BODY = 200_000


def change(context: ActionContext, caller: Caller, body: str, reason: str) -> int:
    """Put a rule set (JSON text) in force; its number. Two at once get two numbers.

    `InvalidInput` names the rule or threshold and what is wrong, or says that nothing is new.
    """

    def work(connection: Connection, now: datetime) -> int:
        text("reason", reason, LONGEST_REASON)
        found = checked(body)
        standing = in_force(connection)
        if found == standing.rules:
            raise InvalidInput("rules", "are the ones in force already")
        number = (connection.scalar(select(func.max(rule_sets.c.version))) or BUILT_IN) + 1
        row = {
            "version": number,
            "body": json.dumps(found.as_json(), ensure_ascii=False),
            "author": caller.actor,
            "reason": reason,
            "created_at": now,
        }
        # Who was slower comes back as `InsertRace`, and takes the next number.
        insert_new(connection, rule_sets, [row])
        audit.append(
            connection,
            actor=caller.actor,
            action=CHANGE,
            target=f"rules {number}",
            details={"before": standing.number, "reason": reason},
            now=now,
        )
        return number

    return permitted_change(context, caller, CHANGE, work, right=MANAGE_FRAUD)


def checked(body: str) -> rules.RuleSet:
    """A rule set from JSON text; the line is named where it is no JSON."""
    if not isinstance(body, str) or len(body) > LONGEST_BODY:
        raise InvalidInput("rules", "must be JSON of at most {most} characters", most=LONGEST_BODY)
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        at = {"line": error.lineno, "column": error.colno}
        raise InvalidInput("rules", "is no JSON at line {line}, column {column}", **at) from None
    except (ValueError, RecursionError):
        raise InvalidInput("rules", "must be JSON") from None
    return rules.read_text(body)
