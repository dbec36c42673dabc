"""What the search lines of the logs share: times, beginnings, numbers, and terms turned round."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Column, and_, not_, or_

from core.errors import InvalidInput
from core.reads.search.fields import Reader
from core.reads.search.logs.keyset import Test, within
from core.reads.search.query import Query, Term
from core.reads.search.times import Range, TimeRange, bounding_range, common_range


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text, or with `prefix` the beginning of one: `charge.*`."""

    text: str
    prefix: bool

    def __str__(self) -> str:
        return self.text + "*" * self.prefix


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whole numbers between two, both included; None is no bound."""

    low: int | None
    high: int | None


def pattern(text: str) -> Pattern:
    """A star at the end makes a beginning of it."""
    return Pattern(text.removesuffix("*"), text.endswith("*"))


def times(
    query: Query, field: str, column: Column[datetime], zone: ZoneInfo, now: datetime
) -> tuple[Range, list[Test]]:
    """The range that a field's times lie in (UTC), and what is left to test inside it."""
    wanted: list[Range] = []
    tests = []
    for term in query.terms:
        if term.field != field:
            continue
        ranges = [one.in_zone(zone, now) for one in term.read_as(TimeRange)]
        if term.negated:
            tests.append(not_(within(column, ranges)))
            continue
        wanted.append(bounding_range(ranges))
        if len(ranges) > 1:
            tests.append(within(column, ranges))
    return common_range(wanted), tests


def any_test(term: Term, column: Column[str], tests: Iterable[Test]) -> Test:
    """One of the tests of a term's values holds; turned round, none does, and a missing one
    passes."""
    found = or_(*tests)
    return or_(column.is_(None), not_(found)) if term.negated else found


def one_of(term: Term, column: Column[str]) -> Test:
    """The column is one of a term's texts."""
    return any_test(term, column, [column == text for text in term.read_as(str)])


def number_reader(field: str, rule: str) -> Reader:
    """A reader of `>500`, `<=20`, `100..500`, `7`; each is `Numbers`."""
    return lambda text, _literal: _numbers(field, text, rule)


def _numbers(field: str, text: str, rule: str) -> Numbers:
    low, dots, high = text.partition("..")
    if dots:
        return Numbers(_whole(field, low, rule), _whole(field, high, rule))
    sign = text[: len(text) - len(text.lstrip("<>="))]
    number = _whole(field, text[len(sign) :], rule)
    found = {
        "": Numbers(number, number),
        "=": Numbers(number, number),
        ">": Numbers(number + 1, None),
        ">=": Numbers(number, None),
        "<": Numbers(None, number - 1),
        "<=": Numbers(None, number),
    }
    if sign not in found:
        raise InvalidInput(field, rule)
    return found[sign]


def _whole(field: str, text: str, rule: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidInput(field, rule)
    return int(text)


def between(column: Column[int], bounds: Numbers, factor: int = 1) -> Test:
    """The column lies between whole numbers of a unit that is `factor` of its own."""
    tests = [column >= bounds.low * factor] if bounds.low is not None else []
    tests += [column < (bounds.high + 1) * factor] if bounds.high is not None else []
    return and_(*tests)
