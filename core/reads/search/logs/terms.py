"""What the search lines of the two logs share: times, words, and terms turned round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Column, and_, not_, or_

from core.errors import InvalidInput
from core.reads.search import values
from core.reads.search.logs.keyset import Range, Test, bounding_range, within
from core.reads.search.query import Query, Term, split


def time_check(field: str) -> Callable[[str], object]:
    """A check of a field whose values are times."""

    def check(text: str) -> None:
        _time(field, text, ZoneInfo("UTC"), datetime(2000, 1, 1, tzinfo=UTC))

    return check


def _time(field: str, text: str, zone: ZoneInfo, now: datetime) -> Range:
    try:
        return values.created(text, zone, now)
    except InvalidInput as error:
        raise InvalidInput(field, error.rule) from None


def times(
    query: Query, field: str, column: Column[datetime], zone: ZoneInfo, now: datetime
) -> tuple[Range, list[Test]]:
    """The range that a field's times lie in, and what is left to test inside it."""
    since: datetime | None = None
    until: datetime | None = None
    tests = []
    for term in query.terms:
        if term.field != field:
            continue
        ranges = [_time(field, value, zone, now) for value in split(term)]
        if term.negated:
            tests.append(not_(within(column, ranges)))
            continue
        low, high = bounding_range(ranges)
        since = max(filter(None, (since, low)), default=None)
        until = min(filter(None, (until, high)), default=None)
        if len(ranges) > 1:
            tests.append(within(column, ranges))
    return (since, until), tests


def matching(term: Term, column: Column[str], test: Callable[[str], Test]) -> Test:
    """Any of a term's values passes `test`; turned round, none does, and a missing one passes."""
    found = or_(*map(test, split(term)))
    return or_(column.is_(None), not_(found)) if term.negated else found


def one_of(term: Term, column: Column[str]) -> Test:
    """The column is one of a term's values."""
    return matching(term, column, lambda value: column == value)


def number_range(field: str, text: str, rule: str) -> tuple[int | None, int | None]:
    """`>500`, `<=20`, `100..500`, `7`: whole numbers, both ends included."""
    low, dots, high = text.partition("..")
    if dots:
        return _whole(field, low, rule), _whole(field, high, rule)
    sign = text[: len(text) - len(text.lstrip("<>="))]
    number = _whole(field, text[len(sign) :], rule)
    found: dict[str, tuple[int | None, int | None]] = {
        "": (number, number),
        "=": (number, number),
        ">": (number + 1, None),
        ">=": (number, None),
        "<": (None, number - 1),
        "<=": (None, number),
    }
    if sign not in found:
        raise InvalidInput(field, rule)
    return found[sign]


def _whole(field: str, text: str, rule: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidInput(field, rule)
    return int(text)


def between(column: Column[int], bounds: tuple[int | None, int | None], factor: int = 1) -> Test:
    """The column lies between whole numbers of a unit that is `factor` of its own."""
    low, high = bounds
    tests = [column >= low * factor] if low is not None else []
    tests += [column < (high + 1) * factor] if high is not None else []
    return and_(*tests)
