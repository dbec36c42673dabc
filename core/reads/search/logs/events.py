"""The search line of Events (`type:charge.* state:dead because:no_key object:pi_…`) as a search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, select

from core.db.tables import events
from core.errors import InvalidInput
from core.reads.search import values
from core.reads.search.logs import terms as log_terms
from core.reads.search.logs.keyset import AccessPath, Log, Search, Test
from core.reads.search.query import Checks, Query, Term, parse, split
from core.states import EventState

LOG = Log(events.c.received_at, events.c.seq)
STATES = tuple(EventState)
BECAUSE = ("not_mirrored", "connected_account", "no_key", "test_button")
SOURCES = ("webhook", "poll", "backfill", "simulated")
#: How the ids of simulated events begin: few among many, they are found by it.
SIMULATED = "evt_sim_"
#: Rows that one search may look at: each is a page of the table, for its body stands in it.
BUDGET = 2_000
#: More events than this in a state are searched like all others.
FEW = 10_000

#: What SQLite calls the index of the ids.
UNIQUE = "sqlite_autoindex_events_1"

_c = events.c
_STATE = "must be pending, applied, skipped or dead"
_BECAUSE = "must be not_mirrored, connected_account, no_key or test_button"
#: `charge.refunded`, `v2.core.account[requirements].updated`.
_TYPE = r"[A-Za-z0-9_.\[\]-]{1,128}"


def _state(text: str) -> None:
    if text.lower() not in STATES:
        raise InvalidInput("state", _STATE)


def _because(text: str) -> None:
    if text.lower() not in BECAUSE:
        raise InvalidInput("because", _BECAUSE)


CHECKS: Checks = {
    "type": values.shaped("type", rf"{_TYPE}\*?", "must be a type such as charge.*"),
    "state": _state,
    "because": _because,
    "object": values.shaped("object", r"[!-~]{1,64}", "must be an object's id such as pi_…"),
    "source": values.shaped("source", r"[a-z]{1,16}", "must be a source such as webhook or poll"),
    "id": values.shaped("id", r"\w{1,64}", "must be an event's id such as evt_…"),
    "received": log_terms.time_check("received"),
    "created": log_terms.time_check("created"),
}


def read_line(text: str) -> Query:
    """The line as terms; `InvalidInput` names the one that cannot be read."""
    return parse(text, CHECKS)


def search(
    conn: Connection, query: Query, *, livemode: bool, zone: ZoneInfo, now: datetime
) -> Search:
    """How the events of one mode are found that the query asks for."""
    (since, until), tests = log_terms.times(query, "received", LOG.moment, zone, now)
    (born, dead), more = log_terms.times(query, "created", _c.created_at, zone, now)
    tests += more
    tests += [_c.created_at >= born] if born else []
    tests += [_c.created_at < dead] if dead else []
    terms = [t for t in map(_meant, query.terms) if t.field not in ("received", "created")]
    lead, mode = _lead(conn, terms), _c.livemode == livemode
    tests += [_test(term) for term in terms if term is not lead]
    if lead is not None and lead.field != "type":
        return Search(LOG, (_few(lead),), (mode, *tests), since, until)
    if lead is not None:
        budget = BUDGET if tests else None
        return Search(LOG, _by_type(conn, lead, livemode), tuple(tests), since, until, budget)
    return Search(LOG, (AccessPath("ex_received"),), (mode, *tests), since, until, BUDGET)


def _meant(term: Term) -> Term:
    """A word without a field is an event's id, an object's id, or the beginning of a type."""
    if term.field is not None:
        return term
    if term.value.startswith("evt_"):
        return Term("id", term.value, term.negated, True)
    if re.fullmatch(r"[a-z0-9_.\[\]]{1,128}\*?", term.value) and not re.search(
        r"_\w*\d", term.value
    ):
        return Term("type", f"{term.value.removesuffix('*')}*", term.negated)
    return Term("object", term.value, term.negated, True)


def _lead(conn: Connection, terms: Sequence[Term]) -> Term | None:
    """The term by which events are found: the one that leads to the fewest."""
    wanted = [term for term in terms if not term.negated]
    for field in ("id", "object", "source", "state", "type"):
        for term in wanted:
            if term.field == field and _leads_to_few(conn, term):
                return term
    return None


def _leads_to_few(conn: Connection, term: Term) -> bool:
    asked = [value.lower() for value in split(term)]
    if term.field == "source":
        return asked == ["simulated"]
    if term.field == "state":
        if not set(asked) <= {EventState.DEAD, EventState.PENDING}:
            return False
        some = select(_c.seq).where(_c.state.in_(asked)).limit(FEW + 1).subquery()
        return (conn.scalar(select(func.count()).select_from(some)) or 0) <= FEW
    return True


def _few(term: Term) -> AccessPath:
    if term.field == "source":
        last = SIMULATED[:-1] + chr(ord(SIMULATED[-1]) + 1)
        test = and_(_c.stripe_id >= SIMULATED, _c.stripe_id < last)
    else:
        test = _test(term)
    index = {"object": "ex_object", "state": "ex_due"}.get(str(term.field))
    return AccessPath(index, (test,)) if index else AccessPath(UNIQUE, (test,), mysql="stripe_id")


def _test(term: Term) -> Test:
    if term.field == "type":
        return log_terms.matching(term, _c.type, _of_type)
    if term.field in ("state", "because"):
        named = _c.state if term.field == "state" else _c.skipped_because
        return log_terms.matching(term, named, lambda text: named == text.lower())
    column = {"object": _c.object_id, "source": _c.source, "id": _c.stripe_id}[str(term.field)]
    return log_terms.one_of(term, column)


def _of_type(text: str) -> Test:
    if not text.endswith("*"):
        return _c.type == text
    return and_(_c.type >= text[:-1], _c.type < _beyond(text))


def _beyond(text: str) -> str:
    """Comes after every type that begins as asked: letters, digits, dots and underscores do."""
    return text[:-1] + "~"


def _by_type(conn: Connection, term: Term, livemode: bool) -> tuple[AccessPath, ...]:
    """An arm for each type that is asked for; of a beginning, each that ever came."""
    mode, wanted = _c.livemode == livemode, set()
    for text in split(term):
        if not text.endswith("*"):
            wanted.add(text)
            continue
        # One bound on each side: SQLite begins at the first that it meets.
        least = _c.type >= text[:-1]
        asked = select(func.min(_c.type)).where(mode, _c.type < _beyond(text))
        while (found := conn.scalar(asked.where(least))) is not None:
            wanted.add(found)
            least = _c.type > found
    return tuple(AccessPath("ex_type", (mode, _c.type == one)) for one in sorted(wanted))
