"""The search line of the API log (`status:4xx method:post path:refunds slow:>500`) as a search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, not_, or_, select

from core.db.tables import api_requests
from core.errors import InvalidInput
from core.reads.search import values
from core.reads.search.logs import terms as log_terms
from core.reads.search.logs.keyset import AccessPath, Log, Search, Test
from core.reads.search.query import Checks, Query, Term, parse, split

LOG = Log(api_requests.c.started_at, api_requests.c.seq)
#: Rows that one search may look at: their statuses and durations stand in the index.
BUDGET = 20_000

_c = api_requests.c
_SLOW = "must be milliseconds such as >500, <=20 or 100..500"
_TRY = "must be a number such as 2 or >1"
_STATUS = "must be a status such as 404, 4xx, ok, failed or none (no answer came)"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _status_range(text: str) -> tuple[int, int]:
    if re.fullmatch(r"[1-5]xx", text):
        return int(text[0]) * 100, int(text[0]) * 100 + 99
    if re.fullmatch(r"[1-5]\d\d", text):
        return int(text), int(text)
    if text == "ok":
        return 200, 399
    raise InvalidInput("status", _STATUS)


def _status(text: str) -> None:
    if text.lower() not in ("failed", "none"):
        _status_range(text.lower())


CHECKS: Checks = {
    "status": _status,
    "method": values.shaped("method", r"(?i)get|post|delete", "must be get, post or delete"),
    "path": values.shaped("path", r"\S{1,255}", "must be a part of a path such as refunds"),
    "error": values.shaped("error", r"\w{1,64}", "must be an error's name such as ReadTimeout"),
    "slow": lambda text: log_terms.number_range("slow", text, _SLOW),
    "try": lambda text: log_terms.number_range("try", text, _TRY),
    "key": values.shaped("key", r"[ -~]{1,255}", "must be an idempotency key"),
    "request": values.shaped("request", r"\w{1,64}", "must be a request id such as req_…"),
    "time": log_terms.time_check("time"),
}


def read_line(text: str) -> Query:
    """The line as terms; `InvalidInput` names the one that cannot be read."""
    return parse(text, CHECKS)


def search(
    conn: Connection, query: Query, *, livemode: bool, zone: ZoneInfo, now: datetime
) -> Search:
    """How the calls of one mode are found that the query asks for."""
    (since, until), tests = log_terms.times(query, "time", LOG.moment, zone, now)
    terms = [term for term in map(_meant, query.terms) if term.field != "time"]
    mode = _c.livemode == livemode
    lead = _lead(terms)
    tests += [_test(term) for term in terms if term is not lead]
    if lead is not None and lead.field in _EXACT:
        column, index = _EXACT[lead.field]
        few = tuple(AccessPath(index, (column == value,)) for value in split(lead))
        return Search(LOG, few, (mode, *tests), since, until)
    arms = _by_status(conn, lead, livemode) if lead else (AccessPath("ax_walk", (mode,)),)
    return Search(LOG, arms, tuple(tests), since, until, BUDGET if tests else None)


def _lead(terms: Sequence[Term]) -> Term | None:
    """The term by which rows are found: the one that leads to the fewest."""
    wanted = [term for term in terms if not term.negated]
    for fields in (tuple(_EXACT), ("status",)):
        for term in wanted:
            if term.field in fields:
                return term
    return None


_EXACT = {"key": (_c.idempotency_key, "ax_key"), "request": (_c.request_id, "ax_request")}


def _meant(term: Term) -> Term:
    """A word without a field is a request's id, a key of ours, or a part of a path."""
    if term.field is not None:
        return term
    field = "request" if term.value.startswith("req_") else "path"
    field = "key" if _UUID.fullmatch(term.value) else field
    return Term(field, term.value, term.negated, term.literal)


def _test(term: Term) -> Test:
    if term.field == "status":
        found = or_(*map(_of_status, split(term)))
        return not_(func.coalesce(found, False)) if term.negated else found
    if term.field == "method":
        return log_terms.matching(term, _c.method, lambda text: _c.method == text.upper())
    if term.field == "path":
        return log_terms.matching(term, _c.path, lambda text: func.instr(_c.path, text) > 0)
    if term.field in ("slow", "try"):
        return _in_numbers(term)
    column = {"key": _c.idempotency_key, "request": _c.request_id, "error": _c.error}
    return log_terms.one_of(term, column[str(term.field)])


def _in_numbers(term: Term) -> Test:
    column, rule, factor = (
        (_c.duration_us, _SLOW, 1000) if term.field == "slow" else (_c.attempt, _TRY, 1)
    )
    found = or_(
        *(
            log_terms.between(column, log_terms.number_range(str(term.field), value, rule), factor)
            for value in split(term)
        )
    )
    return not_(found) if term.negated else found


def _of_status(text: str) -> Test:
    word = text.lower()
    if word == "none":
        return _c.status.is_(None)
    if word == "failed":
        return or_(_c.status.is_(None), _c.status >= 400)
    return _c.status.between(*_status_range(word))


def _by_status(conn: Connection, term: Term, livemode: bool) -> tuple[AccessPath, ...]:
    """An arm for each status that was ever answered and is asked for: few, each in order."""
    mode = _c.livemode == livemode
    known: list[int | None] = [None]
    while (found := conn.scalar(_next_status(mode, known[-1] or 0))) is not None:
        known.append(found)
    return tuple(
        AccessPath("ax_status", (mode, _c.status.is_(None) if one is None else _c.status == one))
        for one in known
        if _asked_for(term, one)
    )


def _next_status(mode: Test, after: int) -> Select[int]:
    return select(func.min(_c.status)).where(mode, _c.status > after)


def _asked_for(term: Term, status: int | None) -> bool:
    for value in map(str.lower, split(term)):
        if status is None:
            wanted = value in ("none", "failed")
        elif value == "failed":
            wanted = status >= 400
        elif value == "none":
            wanted = False
        else:
            low, high = _status_range(value)
            wanted = low <= status <= high
        if wanted:
            return True
    return False
