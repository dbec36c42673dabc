"""A rule set as one SQL expression over kept signals: the score of each row without fetching it.

It says exactly what `language.holds` says: a comparison with NULL is false, not unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    false,
    func,
    literal,
    not_,
    null,
    or_,
)

from core import money
from core.db.tables import risk_assessments
from core.risk.ast import (
    OPERATORS,
    Comparison,
    Every,
    Kind,
    Leaf,
    Membership,
    Name,
    Node,
    Not,
    Some,
)
from core.risk.rules import OTHERS, RuleSet
from core.risk.values import KINDS

Columns = Mapping[str, ColumnElement[Any]]


def score_of(rules: RuleSet, likely: Sequence[str] = ()) -> ColumnElement[int]:
    """The points of each row of `risk_assessments` under a rule set.

    Rows of the `likely` currencies are reckoned faster, the others no differently.
    """
    columns = _columns(rules, likely)
    total: ColumnElement[int] = literal(0)
    for rule in rules.rules:
        if rule.on and rule.points:
            total = total + case((_holds(rule.node, columns), rule.points), else_=0)
    return total


def _columns(rules: RuleSet, likely: Sequence[str]) -> Columns:
    found: dict[str, ColumnElement[Any]] = {name: risk_assessments.c[name] for name in KINDS}
    return found | {name: _amounts(rules, name, likely) for name in rules.thresholds}


def _amounts(rules: RuleSet, name: str, likely: Sequence[str]) -> ColumnElement[Any]:
    """A threshold in minor units of each row's own currency; unknown in one that is new."""
    currency = risk_assessments.c.currency
    given = rules.thresholds[name]
    named = [*likely, *(own for own in sorted(given) if own not in (OTHERS, *likely))]
    whens = [(currency == own, rules.amounts(own)[name]) for own in named]
    if OTHERS in given:
        for digits in (2, 0, 3):
            free = [
                other
                for other in sorted(money.CURRENCIES)
                if money.exponent(other) == digits and other not in named
            ]
            if free:
                whens.append((currency.in_(free), rules.amounts(free[0])[name]))
    return case(*whens, else_=null()) if whens else null()


def _holds(node: Node, columns: Columns, turned: bool = False) -> ColumnElement[bool]:
    """The condition; unknown counts as false only where it is `turned` round by a `not`: elsewhere
    what is not true gives no points anyway, and the database is spared a call."""
    match node:
        case Every(parts):
            return and_(*(_holds(part, columns, turned) for part in parts))
        case Some(parts):
            return or_(*(_holds(part, columns, turned) for part in parts))
        case Not(part):
            return not_(_holds(part, columns, True))
        case Membership(left, among):
            said: ColumnElement[bool] = columns[left.name].in_(among)
        case Comparison(left, sign, right):
            said = OPERATORS[sign](_value(left, columns), _value(right, columns))
        case Name(name):
            said = columns[name]
    return _known(said) if turned else said


def _known(condition: ColumnElement[Any]) -> ColumnElement[bool]:
    return func.coalesce(condition, false())


def _value(leaf: Leaf, columns: Columns) -> Any:
    if isinstance(leaf, Name):
        return columns[leaf.name]
    if leaf.kind is Kind.FLAG:
        return literal(bool(leaf.value))
    return literal(leaf.value)
