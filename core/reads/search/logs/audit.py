"""The search line of the operators' log (`actor:ada@ action:refund.* at:7d`) as a search."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, func, not_, or_, select

from core.db.tables import api_tokens, audit_log, users
from core.domain.sign_ins import account_key
from core.reads.search.fields import Fields, Value, shaped
from core.reads.search.logs import terms as log_terms
from core.reads.search.logs.keyset import AccessPath, Log, Search, Test
from core.reads.search.logs.terms import Pattern, pattern
from core.reads.search.query import Query, Term, parse
from core.reads.search.times import time_reader

LOG = Log(audit_log.c.at, audit_log.c.seq)
#: Rows that one search may look at where no index answers it.
BUDGET = 20_000
#: The beginning of an address stands for at most so many people.
MOST_PEOPLE = 50

_c = audit_log.c
_ACTOR = "must be an e-mail address, a token or a command"


def _word(text: str, _literal: bool) -> tuple[None, tuple[Value, ...]]:
    """A word without a field has no alternatives."""
    return None, (Value(text, pattern(text)),)


FIELDS = Fields(
    readers={
        "actor": shaped("actor", r".{1,255}", _ACTOR, pattern),
        "action": shaped(
            "action", r"[\w.]{1,64}\*?", "must be an action such as refund.*", pattern
        ),
        "outcome": shaped("outcome", r"\w{1,64}", "must be an outcome such as refused"),
        "target": shaped("target", r"\S{1,255}", "must be an id or an e-mail address", pattern),
        "at": time_reader("at"),
        "row": shaped("row", r"\d{1,18}", "must be a row's number", int),
    },
    word=_word,
)


def read_line(text: str) -> Query:
    """The line as terms; `InvalidInput` names the one that cannot be read."""
    return parse(text, FIELDS)


def search(conn: Connection, query: Query, *, zone: ZoneInfo, now: datetime) -> Search:
    """How the rows are found that the query asks for: by its narrowest access path."""
    (since, until), tests = log_terms.times(query, "at", LOG.moment, zone, now)
    asked = [term for term in query.terms if term.about != "at"]
    leads = sorted(
        (term for term in asked if term.about in _LEADS and not term.negated),
        key=lambda term: _LEADS.index(term.about),
    )
    paths: tuple[AccessPath, ...] = (AccessPath("gx_at"),)
    for lead in leads[:1]:
        paths = _paths(conn, lead)
        asked.remove(lead)
    tests += [_test(conn, term) for term in asked]
    return Search(LOG, paths, tuple(tests), since, until, BUDGET if tests else None)


#: The narrowest first; None is a word without a field.
_LEADS = ("row", "target", None, "actor", "action")


def _paths(conn: Connection, term: Term) -> tuple[AccessPath, ...]:
    if term.about == "row":
        return tuple(AccessPath(None, (_c.seq == row,)) for row in term.read_as(int))
    if term.about == "action":
        return tuple(AccessPath("gx_action", (_c.action == one,)) for one in _actions(conn, term))
    targets = _targets(conn, term) if term.about in ("target", None) else ()
    actors = _actors(conn, term) if term.about in ("actor", None) else ()
    return (
        *(AccessPath("gx_target", (_c.target == one,)) for one in targets),
        *(AccessPath("gx_actor", (_c.actor == one,)) for one in actors),
    )


def _test(conn: Connection, term: Term) -> Test:
    if term.about == "row":
        found: Test = _c.seq.in_(term.read_as(int))
    elif term.about == "action":
        found = _c.action.in_(_actions(conn, term))
    elif term.about == "outcome":
        found = _c.outcome.in_(term.read_as(str))
    elif term.about == "target":
        found = _c.target.in_(_targets(conn, term))
    elif term.about == "actor":
        found = _c.actor.in_(_actors(conn, term))
    else:
        found = or_(_c.target.in_(_targets(conn, term)), _c.actor.in_(_actors(conn, term)))
    return not_(found) if term.negated else found


def _actors(conn: Connection, term: Term) -> tuple[str, ...]:
    """The actors that a term names: people with their tokens, tokens by name, or as written."""
    found: dict[str, None] = {}
    for wanted in term.read_as(Pattern):
        people = _people(conn, wanted)
        owned = api_tokens.c.user_id.in_([user_id for user_id, _ in people])
        named = or_(owned, _like(api_tokens.c.name, wanted))
        tokens = conn.scalars(select(api_tokens.c.id).where(named).limit(MOST_PEOPLE))
        found |= {user_id: None for user_id, _ in people}
        found |= {f"token:{token_id}": None for token_id in tokens}
        found |= {account_key(email): None for _, email in people}
        found |= {str(wanted): None, account_key(str(wanted)): None}
    return tuple(found)


def _targets(conn: Connection, term: Term) -> tuple[str, ...]:
    """The targets that a term names: as written, and the people of an address."""
    found: dict[str, None] = {}
    for wanted in term.read_as(Pattern):
        found[str(wanted)] = None
        if "@" in wanted.text:
            found |= {user_id: None for user_id, _ in _people(conn, wanted)}
    return tuple(found)


def _people(conn: Connection, wanted: Pattern) -> list[tuple[str, str]]:
    """Ids and addresses of the people that an address, or its beginning with a star, means."""
    asked = select(users.c.id, users.c.email).where(
        _like(users.c.email, replace(wanted, text=wanted.text.casefold()))
    )
    return [(row.id, row.email) for row in conn.execute(asked.limit(MOST_PEOPLE))]


def _like(column: Column[str], wanted: Pattern) -> Test:
    if wanted.prefix:
        return column.startswith(wanted.text, autoescape=True)
    return column == wanted.text


def _actions(conn: Connection, term: Term) -> tuple[str, ...]:
    """The actions that a term names; those that begin so are looked up in what was ever done."""
    wanted = term.read_as(Pattern)
    starts = tuple(one.text for one in wanted if one.prefix)
    exact = [one.text for one in wanted if not one.prefix]
    begun = [one for one in _done(conn) if one.startswith(starts)] if starts else []
    return tuple(dict.fromkeys([*exact, *begun]))


def _done(conn: Connection) -> list[str]:
    """Every action that stands in the log: one step in the index each."""
    found: list[str] = []
    while True:
        after = _c.action > (found[-1] if found else "")
        following = conn.scalar(select(func.min(_c.action)).where(after))
        if following is None:
            return found
        found.append(following)
