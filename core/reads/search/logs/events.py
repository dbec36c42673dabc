"""The search line of Events (`type:charge.* state:dead because:no_key object:pi_…`) as a search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, select

from core.db.tables import events
from core.reads.search.fields import Fields, Value, one_of, shaped
from core.reads.search.logs import terms as log_terms
from core.reads.search.logs.keyset import AccessPath, Log, Search, Test
from core.reads.search.logs.terms import Pattern, pattern
from core.reads.search.query import Query, Term, parse
from core.reads.search.times import time_reader
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


def _word(text: str, literal: bool) -> tuple[str, tuple[Value, ...]]:
    """A word without a field is an event's id, an object's id, or the beginning of a type."""
    if text.startswith("evt_"):
        return "id", (Value(text, text),)
    if re.fullmatch(r"[a-z0-9_.\[\]]{1,128}\*?", text) and not re.search(r"_\w*\d", text):
        return "type", (Value(text, Pattern(text.removesuffix("*"), prefix=True)),)
    return "object", (Value(text, text),)


FIELDS = Fields(
    readers={
        "type": shaped("type", rf"{_TYPE}\*?", "must be a type such as charge.*", pattern),
        "state": one_of("state", STATES, _STATE),
        "because": one_of("because", BECAUSE, _BECAUSE),
        "object": shaped("object", r"[!-~]{1,64}", "must be an object's id such as pi_…"),
        "source": shaped("source", r"[a-z]{1,16}", "must be a source such as webhook or poll"),
        "id": shaped("id", r"\w{1,64}", "must be an event's id such as evt_…"),
        "received": time_reader("received"),
        "created": time_reader("created"),
    },
    word=_word,
)


def read_line(text: str) -> Query:
    """The line as terms; `InvalidInput` names the one that cannot be read."""
    return parse(text, FIELDS)


def search(
    conn: Connection, query: Query, *, livemode: bool, zone: ZoneInfo, now: datetime
) -> Search:
    """How the events of one mode are found that the query asks for."""
    (since, until), tests = log_terms.times(query, "received", LOG.moment, zone, now)
    (born, dead), more = log_terms.times(query, "created", _c.created_at, zone, now)
    tests += more
    tests += [_c.created_at >= born] if born else []
    tests += [_c.created_at < dead] if dead else []
    terms = [term for term in query.terms if term.about not in ("received", "created")]
    lead, mode = _lead(conn, terms), _c.livemode == livemode
    tests += [_test(term) for term in terms if term is not lead]
    if lead is not None and lead.about != "type":
        return Search(LOG, (_few(lead),), (mode, *tests), since, until)
    if lead is not None:
        budget = BUDGET if tests else None
        return Search(LOG, _by_type(conn, lead, livemode), tuple(tests), since, until, budget)
    return Search(LOG, (AccessPath("ex_received"),), (mode, *tests), since, until, BUDGET)


def _lead(conn: Connection, terms: Sequence[Term]) -> Term | None:
    """The term by which events are found: the one that leads to the fewest."""
    wanted = [term for term in terms if not term.negated]
    for field in ("id", "object", "source", "state", "type"):
        for term in wanted:
            if term.about == field and _leads_to_few(conn, term):
                return term
    return None


def _leads_to_few(conn: Connection, term: Term) -> bool:
    if term.about == "source":
        return term.read_as(str) == ("simulated",)
    if term.about == "state":
        asked = term.read_as(str)
        if not set(asked) <= {EventState.DEAD, EventState.PENDING}:
            return False
        some = select(_c.seq).where(_c.state.in_(asked)).limit(FEW + 1).subquery()
        return (conn.scalar(select(func.count()).select_from(some)) or 0) <= FEW
    return True


def _few(term: Term) -> AccessPath:
    if term.about == "source":
        last = SIMULATED[:-1] + chr(ord(SIMULATED[-1]) + 1)
        test = and_(_c.stripe_id >= SIMULATED, _c.stripe_id < last)
    else:
        test = _test(term)
    index = {"object": "ex_object", "state": "ex_due"}.get(str(term.about))
    return AccessPath(index, (test,)) if index else AccessPath(UNIQUE, (test,), mysql="stripe_id")


def _test(term: Term) -> Test:
    if term.about == "type":
        return log_terms.any_test(term, _c.type, map(_of_type, term.read_as(Pattern)))
    column = {
        "state": _c.state,
        "because": _c.skipped_because,
        "object": _c.object_id,
        "source": _c.source,
        "id": _c.stripe_id,
    }
    return log_terms.one_of(term, column[str(term.about)])


def _of_type(wanted: Pattern) -> Test:
    if not wanted.prefix:
        return _c.type == wanted.text
    return and_(_c.type >= wanted.text, _c.type < _after_all(wanted))


def _after_all(wanted: Pattern) -> str:
    """Comes after every type that begins as asked: letters, digits, dots and underscores do."""
    return wanted.text + "~"


def _by_type(conn: Connection, term: Term, livemode: bool) -> tuple[AccessPath, ...]:
    """A path for each type that is asked for; of a beginning, each that ever came."""
    mode, types = _c.livemode == livemode, set()
    for wanted in term.read_as(Pattern):
        if not wanted.prefix:
            types.add(wanted.text)
            continue
        # One bound on each side: SQLite begins at the first that it meets.
        least = _c.type >= wanted.text
        asked = select(func.min(_c.type)).where(mode, _c.type < _after_all(wanted))
        while (found := conn.scalar(asked.where(least))) is not None:
            types.add(found)
            least = _c.type > found
    return tuple(AccessPath("ex_type", (mode, _c.type == one)) for one in sorted(types))
