"""What an operator types (`status:failed amount:>100 -currency:usd jo@`) as terms, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from core.errors import InvalidInput
from core.reads.search.values import CHECKS

#: More terms than this is a pasted text, not a search.
MAX_TERMS = 20
MAX_LENGTH = 1000

_TOKEN = re.compile(r'(?P<no>-?)(?:(?P<field>[A-Za-z_]+):)?(?P<value>"(?:[^"\\]|\\.)*"?|\S+)')
#: What Chinese input methods type for the signs of the language.
_FULL_WIDTH = str.maketrans("：＞＜＝－＂“”，", ':><=-""",')
_PLAIN_VALUE = re.compile(r'[^\s"]+')

#: The fields that a list knows: each reads a value, and raises `InvalidInput` when it cannot.
Checks = Mapping[str, Callable[[str], object]]


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `field` None is free text; a `literal` value was quoted: no commas, no `*`."""

    field: str | None
    value: str
    negated: bool = False
    literal: bool = False

    def __str__(self) -> str:
        plain = not self.literal and _PLAIN_VALUE.fullmatch(self.value)
        value = self.value if plain else '"{}"'.format(re.sub(r'(["\\])', r"\\\1", self.value))
        return f"{'-' * self.negated}{self.field + ':' if self.field else ''}{value}"


@dataclass(frozen=True, slots=True)
class Query:
    """All terms must hold. `str` gives a text that `parse` reads back."""

    terms: tuple[Term, ...] = ()
    checks: Checks = field(default_factory=lambda: CHECKS, compare=False, repr=False)

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def values(self, field: str) -> tuple[str, ...]:
        """What the query asks of a field, without exclusions: `status:a,b` gives ("a", "b")."""
        found = [t for t in self.terms if t.field == field and not t.negated]
        return tuple(part for term in found for part in split(term))

    def without(self, field: str) -> Query:
        """The query with all terms on a field taken out."""
        return replace(self, terms=tuple(term for term in self.terms if term.field != field))

    def with_values(self, field: str, *values: str) -> Query:
        """The query with one term on a field, any of `values`; with none, no term on it."""
        if not values:
            return self.without(field)
        return parse(f"{self.without(field)} {Term(field, ','.join(values))}", self.checks)


def split(term: Term) -> tuple[str, ...]:
    """The alternatives of a term: its value at each comma, unless it was quoted."""
    if term.literal:
        return (term.value,)
    return tuple(part for part in term.value.split(",") if part)


def parse(text: str, checks: Checks = CHECKS) -> Query:
    """Read a search line. `InvalidInput` names the term that cannot be read and the known ones.

    `checks` are the fields of the list that is searched, payments unless told.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput("search", f"must have at most {MAX_LENGTH} characters")
    tokens = _TOKEN.finditer(text.translate(_FULL_WIDTH))
    terms = tuple(_term(found, checks) for found in tokens)
    if len(terms) > MAX_TERMS:
        raise InvalidInput("search", f"must have at most {MAX_TERMS} terms")
    return Query(terms, checks)


def _term(found: re.Match[str], checks: Checks) -> Term:
    field, value, literal = found["field"], found["value"], found["value"].startswith('"')
    if literal:
        closed = value.endswith('"') and len(value) > 1
        value = re.sub(r"\\(.)", r"\1", value[1:-1] if closed else value[1:])
    elif field is None and ":" in value and not ("ip" in checks and _is_ip(value)):
        field, _, value = value.partition(":")
    # An IPv6 address that starts with a letter.
    if field and "ip" in checks and _is_ip(f"{field}:{value}"):
        field, value = "ip", f"{field}:{value}"
    if field is not None:
        field = field.lower()
        if field not in checks:
            raise InvalidInput(field, f"is not a search term; known are {', '.join(checks)}")
    elif "ip" in checks and not literal and _is_ip(value):
        field = "ip"
    if not value.strip():
        raise InvalidInput(field or "search", "needs a value")
    term = Term(field, value, bool(found["no"]), literal)
    if field is not None:
        for part in split(term) or ("",):
            checks[field](part)
    return term


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
