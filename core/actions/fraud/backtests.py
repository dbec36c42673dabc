"""Trying rules on the past, on behalf of a person: it reads only, and may take some seconds."""

from __future__ import annotations

from core.access.principals import Caller
from core.access.rights import MANAGE_FRAUD
from core.actions.context import ActionContext
from core.actions.fraud import rule_sets
from core.actions.operations.operations import authorize
from core.db.engine import long_statements, one_picture
from core.risk import backtest
from core.risk.backtest import Progress, Question
from core.risk.report import Json, report
from core.risk.scoring import in_force

TRY = "rules.try"


@long_statements()
def try_out(
    context: ActionContext,
    caller: Caller,
    body: str | None,
    question: Question,
    progress: Progress | None = None,
) -> Json:
    """What a rule set (JSON text; None for the one in force) would have done: a `report`.

    `InvalidInput` names the rule that cannot be read.
    """
    authorize(context, caller, (MANAGE_FRAUD,), TRY, "")
    given = rule_sets.checked(body) if body is not None else None
    with one_picture(context.engine) as connection:
        now = in_force(connection).rules
        tried = given or now
        cells = backtest.run(connection, question, tried, now, progress)
        unseen = backtest.refused_unseen(connection, question)
    return report(cells, refuse_at=tried.high_at, refused_at=now.high_at, unseen=unseen)
