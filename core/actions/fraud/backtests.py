"""Trying rules on the past, on behalf of a person: it reads only, and may take some seconds."""

from __future__ import annotations

from dataclasses import dataclass

from core import clock
from core.access.principals import Caller
from core.access.rights import MANAGE_FRAUD
from core.actions.context import ActionContext
from core.actions.fraud import rule_sets
from core.actions.operations.operations import authorize
from core.db.engine import long_statements, one_picture, reading
from core.risk import backtest
from core.risk.backtest import Newly, Progress, Question
from core.risk.confusion_matrix import Verdict, verdict
from core.risk.report import Json, report
from core.risk.scoring import in_force

TRY = "rules.try"
#: So many of the payments that a draft newly stops are shown.
MOST_NEWLY = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would have done beside the rules in force.

    `asked` is the window, the one that fits the history; `young`: its payments are so young that
    disputes may still come. `flagged` are of a medium score or a high one, as are those of `tried`
    and `before` refused from a high one on. `newly`: what the draft refuses and the rules in force
    do not, the newest first.
    """

    asked: Question
    young: bool
    payments: int
    fraud: int
    tried: Verdict
    before: Verdict
    flagged: int
    flagged_before: int
    newly: tuple[Newly, ...]


@long_statements()
def preview(
    context: ActionContext,
    caller: Caller,
    body: str,
    livemode: bool,
    progress: Progress | None = None,
) -> Preview | None:
    """What a rule set (JSON text) would have done in the window that fits the history; None where
    no paid payment has a score. `InvalidInput` names the rule that cannot be read."""
    authorize(context, caller, (MANAGE_FRAUD,), TRY, "")
    tried = rule_sets.checked(body)
    now = clock.now()
    with one_picture(context.engine) as connection:
        before = in_force(connection).rules
        asked = backtest.usual_question(connection, livemode, now)
        if asked is None:
            return None
        cells = backtest.run(connection, asked, tried, before, progress)
        newly = backtest.newly_refused(connection, asked, tried, before, MOST_NEWLY)
    flagged, flagged_before = (
        verdict(cells, tried.medium_at),
        verdict(cells, before.medium_at, before=True),
    )
    return Preview(
        asked=asked,
        young=asked.until > now - backtest.USUAL_AGE,
        payments=sum(cell.count for cell in cells),
        fraud=sum(cell.count for cell in cells if cell.fraud),
        tried=verdict(cells, tried.high_at),
        before=verdict(cells, before.high_at, before=True),
        flagged=flagged.caught + flagged.refused_good,
        flagged_before=flagged_before.caught + flagged_before.refused_good,
        newly=tuple(newly),
    )


def usual_question(context: ActionContext, caller: Caller, livemode: bool) -> Question | None:
    """The window that fits the history; None where no paid payment has a score."""
    authorize(context, caller, (MANAGE_FRAUD,), TRY, "")
    with reading(context.engine) as connection:
        return backtest.usual_question(connection, livemode, clock.now())


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
