"""Rules of the journal: looked at, set, and taken back to the usual account."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from core.access import audit
from core.access.principals import Caller, permitted
from core.access.rights import MANAGE_BOOKS
from core.actions.context import ActionContext
from core.actions.transaction import permitted_change, refusals_noted
from core.books import accounts, rules
from core.books.rules import Rule, RuleInForce
from core.db.engine import one_picture

LIST, SET = "journal.rules", "journal.rule"


def listed(context: ActionContext, caller: Caller) -> list[RuleInForce]:
    """Every rule in force, own ones beside what is usual."""
    with refusals_noted(context, caller, LIST, ""), one_picture(context.engine) as connection:
        permitted(connection, caller, MANAGE_BOOKS)
        return rules.in_force(connection)


def change(
    context: ActionContext,
    caller: Caller,
    *,
    subject: str,
    name: str,
    currency: str,
    account: str | None,
) -> None:
    """Book something on another account from now on; with None on the usual one again.

    `InvalidInput` names the field that no file could carry. What was exported of a closed month
    stays: its next export has the difference as a correction.
    """
    rule = Rule(subject, name.strip(), currency.strip().lower(), (account or "").strip())

    def work(connection: Connection, now: datetime) -> None:
        change_as(connection, caller.actor, rule, now)

    permitted_change(context, caller, SET, work, right=MANAGE_BOOKS, target=_target(rule))


def change_as(connection: Connection, actor: str, rule: Rule, now: datetime) -> None:
    """`change` for who needs no right: the command line. An empty account is the usual one."""
    chart = accounts.load(connection)
    key = (rule.subject, rule.name, rule.currency)
    before = chart.rules.get(key)
    if rule.account:
        rules.put_rule(connection, rules.checked(rule, chart))
    else:
        rules.check_place(rule)
        rules.drop_rule(connection, rule)
    audit.append(
        connection,
        actor=actor,
        action=SET,
        target=_target(rule),
        details={"before": before, "after": rule.account or None},
        now=now,
    )


def _target(rule: Rule) -> str:
    return " ".join(filter(None, (rule.subject, rule.name[:100], rule.currency[:8])))
