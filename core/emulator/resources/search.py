"""Stripe's search language (docs.stripe.com/search) over what the emulator keeps.

A clause is a field, an operator and a value; clauses are joined by AND, or by OR, not by both, ten
at most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core.emulator.resources import expand
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

_SINCE = "2020-08-27"
_MOST_CLAUSES = 10
_CARD = tuple(
    f"payment_method_details.card.{name}"
    for name in ("brand", "exp_month", "exp_year", "fingerprint", "last4")
)
#: Kind → its searchable fields; metadata is one of every kind.
FIELDS: dict[str, tuple[str, ...]] = {
    "charge": (
        *("amount", "billing_details.address.postal_code", "created", "currency", "customer"),
        *("disputed", "refunded", "status", *_CARD),
    ),
    "customer": ("created", "email", "name", "phone"),
    "payment_intent": ("amount", "created", "currency", "customer", "status"),
    "price": ("active", "currency", "lookup_key", "product", "type"),
    "product": ("active", "description", "name", "shippable", "url"),
}
_NUMBERS = ("amount", "created", "payment_method_details.card.exp_month")
_CLAUSE = re.compile(
    r"""\s*(?P<minus>-)?(?P<field>[a-z_0-9.]+)(\[(?P<q>["'])(?P<key>(?:\\.|(?!(?P=q)).)*)(?P=q)\])?
    \s*(?P<sign><=|>=|[:~<>])\s*
    (?:(?P<q2>["'])(?P<text>(?:\\.|(?!(?P=q2)).)*)(?P=q2)|(?P<bare>[^\s"']+))""",
    re.VERBOSE,
)
_JOIN = re.compile(r"\s+(AND|OR)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition; `key` is of metadata, and a `value` of None asks whether there is any."""

    field: str
    key: str | None
    sign: str
    value: str | None
    negated: bool


def search(ctx: Context, kind: str, path: str, params: dict[str, Any]) -> Obj:
    """One page of what the query finds, newest first; `next_page` leads on."""
    if ctx.version < _SINCE:
        raise ApiError(
            f"Search is not supported on api version {ctx.version}. Update your API version, or"  # noqa: S608
            f" set the API Version of this request to {_SINCE} or greater."
        )
    clauses, joined_by = parse(params["query"], kind)
    tree = expand.check(kind, params.get("expand") or [], in_list=True)
    limit, start = params.get("limit", 10), _start(params.get("page"))
    if not 1 <= limit <= 100:
        raise refused("limit must be between 1 and 100.", "limit", "parameter_invalid_integer")
    made = [_condition(clause) for clause in clauses]
    values = [value for _, part in made for value in part]
    condition = f" {joined_by} ".join(f"({text})" for text, _ in made)
    ctx.tx.flush()
    rows = ctx.tx.db.execute(
        "SELECT pending, body FROM objects WHERE object = ?"  # noqa: S608 (fields are of the table)
        f" AND ({condition}) AND created <= ? ORDER BY created DESC, seq DESC LIMIT ? OFFSET ?",
        (kind, *values, ctx.now - ctx.switches.search_lag, limit + 1, start),
    ).fetchall()
    found = ctx.tx.keep_rows(rows[:limit])
    more = len(rows) > limit
    return {
        "object": "search_result",
        "data": expand.expanded(ctx, found, tree),
        "has_more": more,
        "next_page": f"p{start + limit}" if more else None,
        "url": path,
    }


def _start(page: str | None) -> int:
    if page is None:
        return 0
    if not re.fullmatch(r"p\d{1,9}", page):
        raise refused("Invalid page: use `next_page` of an earlier answer.", "page")
    return int(page[1:])


def parse(query: str, kind: str) -> tuple[list[Clause], str]:
    """The clauses of a query and the word between them; refused where it cannot be read."""
    clauses, joins, place = [], set(), 0
    while place < len(query.rstrip()):
        found = _CLAUSE.match(query, place)
        if found is None:
            raise refused(
                "We were unable to parse your search query. Try using the format"
                ' `metadata["key"]:"value"` to query for metadata or key:"value" to query for other'
                " fields.",
                "query",
            )
        clauses.append(_clause(found, kind))
        place = found.end()
        join = _JOIN.match(query, place)
        if join is not None and join.end() < len(query):
            joins.add((join[1] or "AND").upper())
            place = join.end()
    if not clauses or len(clauses) > _MOST_CLAUSES:
        raise refused(f"A query has 1 to {_MOST_CLAUSES} clauses.", "query")
    if len(joins) > 1:
        raise refused("You can't combine AND and OR in the same query.", "query")
    return clauses, joins.pop() if joins else "AND"


def _clause(found: re.Match[str], kind: str) -> Clause:
    field, key, sign = found["field"], found["key"], found["sign"]
    if (field == "metadata") != (key is not None) or (
        field != "metadata" and field not in FIELDS[kind]
    ):
        raise refused(f"Field `{field}` is an unsupported search field for this resource.", "query")
    text = found["text"] if found["text"] is not None else found["bare"]
    value = None if found["text"] is None and text == "null" else re.sub(r"\\(.)", r"\1", text)
    if sign in ("<", ">", "<=", ">=") and field not in _NUMBERS:
        raise refused(f"Field `{field}` does not support `{sign}`.", "query")
    if sign == "~" and (value is None or len(value) < 3):
        raise refused("A substring has at least 3 characters.", "query")
    if field in _NUMBERS and value is not None and not value.isdigit():
        raise refused(f"Field `{field}` is a number.", "query")
    return Clause(field, key, sign, value, found["minus"] is not None)


def _condition(clause: Clause) -> tuple[str, list[Any]]:
    """SQL of a clause with its values; a missing field matches no positive clause."""
    place = "json_extract(body, ?)"
    values: list[Any] = ["$." + clause.field]
    if clause.key is not None:
        place = "(SELECT value FROM json_each(body, '$.metadata') WHERE key = ?)"
        values = [clause.key]
    if clause.field == "refunded":
        text, values = _refunded(clause), []
    elif clause.value is None:
        text = f"{place} IS NULL"
    elif clause.sign == "~":
        text = f"instr(lower({place}), lower(?)) > 0"
        values.append(clause.value)
    elif clause.field in _NUMBERS:
        sign = "=" if clause.sign == ":" else clause.sign
        text = f"{place} {sign} ?"
        values.append(int(clause.value))
    elif clause.value in ("true", "false") and clause.key is None:
        text = f"{place} = ?"
        values.append(clause.value == "true")
    else:
        text = f"lower({place}) = lower(?)"
        values.append(clause.value)
    return (f"coalesce(NOT ({text}), 1)" if clause.negated else f"coalesce({text}, 0)"), values


def _refunded(clause: Clause) -> str:
    """Of charges: `true` is wholly, `false` partly, and null not at all."""
    if clause.value is None:
        return "json_extract(body, '$.amount_refunded') = 0"
    if clause.value == "true":
        return "json_extract(body, '$.refunded') = 1"
    return "json_extract(body, '$.refunded') = 0 AND json_extract(body, '$.amount_refunded') > 0"
