"""What an operator types (`status:failed amount:>100 -currency:usd jo@`) as terms, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from core.errors import InvalidInput
from core.reads.search import amounts
from core.reads.search.stripe_ids import is_address, read_address
from core.reads.search.values import CHECKS

#: More terms than this is a pasted text, not a search.
MAX_TERMS = 20
#: A quoted order id of 500 characters may have 1,000 here.
MAX_LENGTH = 2000
#: The longest that anything is that a word may stand for: a value in Stripe's metadata.
MAX_WORD = 500

_TOKEN = re.compile(
    r"(?P<no>[-\N{FULLWIDTH HYPHEN-MINUS}]?)"
    r"(?:(?P<field>[A-Za-z_]+)[:\N{FULLWIDTH COLON}])?"
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*\\?)"?'
    r"|[“”\N{FULLWIDTH QUOTATION MARK}]"
    r'(?P<wide>(?:[^"“”\N{FULLWIDTH QUOTATION MARK}\\]|\\.)*\\?)["“”\N{FULLWIDTH QUOTATION MARK}]?'
    r"|(?P<value>\S+))",
    re.DOTALL,
)
#: What Chinese input methods type for the signs of the language; what is quoted stays as it is.
_FULL_WIDTH = str.maketrans("：＞＜＝－，", ":><=-,")
_PLAIN_VALUE = re.compile(r'[^\s"“”＂：＞＜＝－，]+')

_ADDRESS = "must be an address of Stripe's dashboard that names an object of a payment"

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
    """The alternatives of a term: its value at each comma, unless it was quoted.

    An amount's commas may be marks in a number: `InvalidInput` where that cannot be told.
    """
    if term.literal:
        return (term.value,)
    if term.field == "amount":
        return amounts.parts(term.value)
    return tuple(part for part in term.value.split(",") if part)


def parse(text: str, checks: Checks = CHECKS) -> Query:
    """Read a search line. `InvalidInput` names the term that cannot be read and the known ones.

    `checks` are the fields of the list that is searched, payments unless told.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput("search", "must have at most {most} characters", most=MAX_LENGTH)
    terms = tuple(_term(found, checks) for found in _TOKEN.finditer(text))
    if len(terms) > MAX_TERMS:
        raise InvalidInput("search", "must have at most {most} terms", most=MAX_TERMS)
    return Query(terms, checks)


def _term(found: re.Match[str], checks: Checks) -> Term:
    field, value = found["field"], found["value"]
    literal = value is None
    if value is None:
        quoted = found["quoted"] if found["wide"] is None else found["wide"]
        value = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
    else:
        field, value = _parted(field, value.translate(_FULL_WIDTH), checks)
    if field is not None:
        field = field.lower()
        if field not in checks:
            raise InvalidInput(field, f"is not a search term; known are {', '.join(checks)}")
    if not value.strip():
        raise InvalidInput(field or "search", "needs a value")
    term = Term(field, value, bool(found["no"]), literal)
    if field is not None:
        for part in split(term) or ("",):
            checks[field](part)
    elif literal or not is_address(value):
        _check_word(value)
    return term


def _parted(field: str | None, value: str, checks: Checks) -> tuple[str | None, str]:
    """The field and the value of what was not quoted: not every colon ends a field."""
    whole = f"{field}:{value}" if field else value
    if checks is CHECKS and is_address(whole):
        _check_address(whole)
        return None, whole
    # An IPv6 address may start with a letter.
    if "ip" in checks and _is_ip(whole):
        return "ip", whole
    if field is None and ":" in value:
        field, _, value = value.partition(":")
    return field, value


def _check_address(text: str) -> None:
    found = read_address(text)
    if found is None or found.stripe_id is None:
        raise InvalidInput("search", _ADDRESS)


def _check_word(text: str) -> None:
    if len(text) > MAX_WORD:
        raise InvalidInput("search", "must have words of at most {most} characters", most=MAX_WORD)


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
