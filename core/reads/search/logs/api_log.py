"""The search line of the API log (`status:4xx method:post path:refunds slow:>500`) as a search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, not_, or_, select

from core.db.tables import api_requests
from core.errors import InvalidInput
from core.reads.search.fields import Fields, Value, alternatives, quoted_alike, shaped
from core.reads.search.logs import terms as log_terms
from core.reads.search.logs.keyset import AccessPath, Log, Search, Test
from core.reads.search.logs.terms import Numbers
from core.reads.search.query import Query, Term, parse
from core.reads.search.times import time_reader

LOG = Log(api_requests.c.started_at, api_requests.c.seq)
#: Rows that one search may look at: their statuses and durations stand in the index.
BUDGET = 20_000

_c = api_requests.c
_SLOW = "must be milliseconds such as >500, <=20 or 100..500"
_TRY = "must be a number such as 2 or >1"
_STATUS = "must be a status such as 404, 4xx, ok, failed or none (no answer came)"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Statuses:
    """HTTP statuses between two, both included; None is no bound. `unanswered`: calls without an
    answer too; with no `low`, those alone."""

    low: int | None
    high: int | None = None
    unanswered: bool = False

    def has(self, status: int | None) -> bool:
        """Whether a call's status is one of them; None: no answer came."""
        if status is None or self.low is None:
            return status is None and self.unanswered
        return self.low <= status and (self.high is None or status <= self.high)

    def test(self) -> Test:
        """The same, of a row."""
        tests: list[Test] = [_c.status.is_(None)] if self.unanswered else []
        if self.low is not None and self.high is None:
            tests.append(_c.status >= self.low)
        elif self.low is not None:
            tests.append(_c.status.between(self.low, self.high))
        return or_(*tests)


def _status(text: str) -> Statuses:
    word = text.lower()
    if re.fullmatch(r"[1-5]xx", word):
        return Statuses(int(word[0]) * 100, int(word[0]) * 100 + 99)
    if re.fullmatch(r"[1-5]\d\d", word):
        return Statuses(int(word), int(word))
    named = {
        "ok": Statuses(200, 399),
        "failed": Statuses(400, unanswered=True),
        "none": Statuses(None, unanswered=True),
    }
    if word not in named:
        raise InvalidInput("status", _STATUS)
    return named[word]


def _word(text: str, literal: bool) -> tuple[str, tuple[Value, ...]]:
    """A word without a field is a request's id, a key of ours, or a part of a path."""
    field = "request" if text.startswith("req_") else "path"
    field = "key" if _UUID.fullmatch(text) else field
    parts = (text,) if literal else alternatives(text) or (text,)
    return field, tuple(Value(part, part) for part in parts)


FIELDS = Fields(
    readers={
        "status": quoted_alike(_status),
        "method": shaped(
            "method", r"(?i)get|post|delete", "must be get, post or delete", str.upper
        ),
        "path": shaped("path", r"\S{1,255}", "must be a part of a path such as refunds"),
        "error": shaped("error", r"\w{1,64}", "must be an error's name such as ReadTimeout"),
        "slow": log_terms.number_reader("slow", _SLOW),
        "try": log_terms.number_reader("try", _TRY),
        "key": shaped("key", r"[ -~]{1,255}", "must be an idempotency key"),
        "request": shaped("request", r"\w{1,64}", "must be a request id such as req_…"),
        "time": time_reader("time"),
    },
    word=_word,
)


def read_line(text: str) -> Query:
    """The line as terms; `InvalidInput` names the one that cannot be read."""
    return parse(text, FIELDS)


def search(
    conn: Connection, query: Query, *, livemode: bool, zone: ZoneInfo, now: datetime
) -> Search:
    """How the calls of one mode are found that the query asks for."""
    (since, until), tests = log_terms.times(query, "time", LOG.moment, zone, now)
    terms = [term for term in query.terms if term.about != "time"]
    mode = _c.livemode == livemode
    lead = _lead(terms)
    tests += [_test(term) for term in terms if term is not lead]
    if lead is not None and lead.about in _EXACT:
        column, index = _EXACT[lead.about]
        few = tuple(AccessPath(index, (column == value,)) for value in lead.read_as(str))
        return Search(LOG, few, (mode, *tests), since, until)
    paths = _by_status(conn, lead, livemode) if lead else (AccessPath("ax_walk", (mode,)),)
    return Search(LOG, paths, tuple(tests), since, until, BUDGET if tests else None)


def _lead(terms: Sequence[Term]) -> Term | None:
    """The term by which rows are found: the one that leads to the fewest."""
    wanted = [term for term in terms if not term.negated]
    for fields in (tuple(_EXACT), ("status",)):
        for term in wanted:
            if term.about in fields:
                return term
    return None


_EXACT = {"key": (_c.idempotency_key, "ax_key"), "request": (_c.request_id, "ax_request")}


def _test(term: Term) -> Test:
    if term.about == "status":
        found = or_(*(one.test() for one in term.read_as(Statuses)))
        return not_(func.coalesce(found, False)) if term.negated else found
    if term.about == "path":
        parts = term.read_as(str)
        return log_terms.any_test(term, _c.path, [func.instr(_c.path, part) > 0 for part in parts])
    if term.about in ("slow", "try"):
        return _in_numbers(term)
    column = {
        "key": _c.idempotency_key,
        "request": _c.request_id,
        "error": _c.error,
        "method": _c.method,
    }
    return log_terms.one_of(term, column[str(term.about)])


def _in_numbers(term: Term) -> Test:
    column, factor = (_c.duration_us, 1000) if term.about == "slow" else (_c.attempt, 1)
    numbers = term.read_as(Numbers)
    found = or_(*(log_terms.between(column, one, factor) for one in numbers))
    return not_(found) if term.negated else found


def _by_status(conn: Connection, term: Term, livemode: bool) -> tuple[AccessPath, ...]:
    """A path for each status that was ever answered and is asked for: few, each in order."""
    mode = _c.livemode == livemode
    known: list[int | None] = [None]
    while (found := conn.scalar(_next_status(mode, known[-1] or 0))) is not None:
        known.append(found)
    return tuple(
        AccessPath("ax_status", (mode, _c.status.is_(None) if one is None else _c.status == one))
        for one in known
        if any(statuses.has(one) for statuses in term.read_as(Statuses))
    )


def _next_status(mode: Test, after: int) -> Select[int]:
    return select(func.min(_c.status)).where(mode, _c.status > after)
