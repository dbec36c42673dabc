"""Changing the rules of risk: never in place, a change is a new version with who and why."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from core.access import audit
from core.access.principals import Caller, permitted
from core.access.rights import MANAGE_FRAUD
from core.actions.context import ActionContext
from core.actions.payments.validation import text
from core.actions.transaction import permitted_change
from core.db.tables import rule_sets, settings_table
from core.db.upsert import insert_new, upsert
from core.errors import InvalidInput, NotFound, NotPermitted, NotSignedIn
from core.risk import rules
from core.risk.scoring import BUILT_IN, in_force

CHANGE = "rules.change"
PROPOSE, CONFIRM, WITHDRAW = "rules.propose", "rules.confirm", "rules.withdraw"
#: The row of settings where rules wait for a second person.
PROPOSED = "rules.proposed"
LONGEST_REASON = 500
#: A set of the most rules that there may be, each of the longest, fits.
LONGEST_BODY = 200_000
#: Whoever changes, confirms or withdraws rules stands in this line.
LINES = ("fraud rules",)


def change(context: ActionContext, caller: Caller, body: str, reason: str) -> int | None:
    """Put a rule set (JSON text) in force; its number. Two at once get two numbers.

    None where a second person is needed: it waits for `confirm`, in the place of one that waited.
    `InvalidInput` names the rule or threshold and what is wrong, or says that nothing is new.
    """

    def work(connection: Connection, now: datetime) -> int | None:
        text("reason", reason, LONGEST_REASON)
        found = _new(connection, body)
        if context.approvals.rules:
            _propose(connection, caller, found, reason, now)
            return None
        return _put_in_force(connection, found, caller.actor, reason, caller, now)

    return permitted_change(context, caller, CHANGE, work, right=MANAGE_FRAUD, lines=LINES)


def confirm(context: ActionContext, caller: Caller) -> int:
    """Put the rules that somebody else proposed in force; their number.

    `NotFound` where none wait; `InvalidInput` for who proposed them, with a token of theirs too,
    and where who proposed them may not change rules any more.
    """

    def work(connection: Connection, now: datetime) -> int:
        kept = _proposed(connection)
        if kept["user_id"] == caller.user_id:
            raise InvalidInput("confirmed_by", "is another person than who asked")
        try:
            permitted(connection, Caller(kept["user_id"]), MANAGE_FRAUD, now=now)
        except (NotPermitted, NotSignedIn):
            raise InvalidInput("rules", "are of somebody who may not change them now") from None
        found = _new(connection, kept["body"])
        connection.execute(delete(settings_table).where(settings_table.c.name == PROPOSED))
        return _put_in_force(connection, found, kept["author"], kept["reason"], caller, now)

    return permitted_change(context, caller, CONFIRM, work, right=MANAGE_FRAUD, lines=LINES)


def withdraw(context: ActionContext, caller: Caller) -> None:
    """Take away the rules that wait, whoever proposed them; `NotFound` where none wait."""

    def work(connection: Connection, now: datetime) -> None:
        _proposed(connection)
        connection.execute(delete(settings_table).where(settings_table.c.name == PROPOSED))
        audit.append(connection, actor=caller.actor, action=WITHDRAW, now=now)

    permitted_change(context, caller, WITHDRAW, work, right=MANAGE_FRAUD, lines=LINES)


def _new(connection: Connection, body: str) -> rules.RuleSet:
    found = checked(body)
    if found == in_force(connection).rules:
        raise InvalidInput("rules", "are the ones in force already")
    return found


def _propose(
    connection: Connection, caller: Caller, found: rules.RuleSet, reason: str, now: datetime
) -> None:
    kept = {
        "user_id": caller.user_id,
        "author": caller.actor,
        "reason": reason,
        "body": json.dumps(found.as_json(), ensure_ascii=False),
    }
    stamp = {"updated_at": now, "updated_by": caller.actor}
    row = {"name": PROPOSED, "value": json.dumps(kept, ensure_ascii=False), **stamp}
    upsert(connection, settings_table, [row])
    details = {"reason": reason}
    audit.append(connection, actor=caller.actor, action=PROPOSE, details=details, now=now)


def _proposed(connection: Connection) -> dict[str, str]:
    query = select(settings_table.c.value).where(settings_table.c.name == PROPOSED)
    kept = connection.scalar(query)
    if kept is None:
        raise NotFound("No rules wait for a second person.")
    found: dict[str, str] = json.loads(kept)
    return found


def _put_in_force(
    connection: Connection,
    found: rules.RuleSet,
    author: str,
    reason: str,
    caller: Caller,
    now: datetime,
) -> int:
    standing = in_force(connection)
    number = (connection.scalar(select(func.max(rule_sets.c.version))) or BUILT_IN) + 1
    row = {
        "version": number,
        "body": json.dumps(found.as_json(), ensure_ascii=False),
        "author": author,
        "reason": reason,
        "created_at": now,
    }
    # Who was slower comes back as `InsertRace`, and takes the next number.
    insert_new(connection, rule_sets, [row])
    details = {"before": standing.number, "reason": reason}
    if author != caller.actor:
        details["proposed_by"] = author
    audit.append(
        connection,
        actor=caller.actor,
        action=CHANGE,
        target=f"rules {number}",
        details=details,
        now=now,
    )
    return number


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
