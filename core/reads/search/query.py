"""What an operator types (`status:failed amount:>100 -currency:usd jo@`) as terms, and back."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TypeVar

from core.errors import InvalidInput
from core.reads.search.fields import Fields, Value

V = TypeVar("V")

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
_HALF = re.compile(r"[\ud800-\udfff]")
_PLAIN_VALUE = re.compile(r'[^\s"“”＂：＞＜＝－，]+')


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `field` None is free text; a `literal` value was quoted: no commas, no `*`.

    `parse` fills in the rest: `about` is the field, or what a word was taken for; `values` are the
    alternatives. A term that was put together by hand has none: it can only be written.
    """

    field: str | None
    value: str
    negated: bool = False
    literal: bool = False
    about: str | None = dataclasses.field(default=None, compare=False, repr=False)
    values: tuple[Value, ...] = dataclasses.field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        plain = not self.literal and _PLAIN_VALUE.fullmatch(self.value)
        value = self.value if plain else '"{}"'.format(re.sub(r'(["\\])', r"\\\1", self.value))
        return f"{'-' * self.negated}{self.field + ':' if self.field else ''}{value}"

    @property
    def texts(self) -> tuple[str, ...]:
        """The alternatives as they are written: `status:a,b` gives ("a", "b")."""
        return tuple(value.text for value in self.values)

    @property
    def kind(self) -> type:
        """What its alternatives were read as: all of a term are of one type."""
        return type(self.values[0].meaning)

    def read_as(self, kind: type[V]) -> tuple[V, ...]:
        """The alternatives as values of a type; `TypeError` if they were read as another."""
        found = tuple(value.meaning for value in self.values if isinstance(value.meaning, kind))
        if not found or len(found) != len(self.values):
            raise TypeError(f"{self} was not read as {kind.__name__}")
        return found


@dataclass(frozen=True, slots=True)
class Query:
    """All terms must hold. `str` gives a text that `parse` reads back, in the same `fields`."""

    terms: tuple[Term, ...]
    fields: Fields = dataclasses.field(compare=False, repr=False)

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def values(self, field: str) -> tuple[str, ...]:
        """What the query asks of a field, as text, without exclusions: none for `-status:failed`,
        ("a", "b") for `status:a,b`."""
        found = [t for t in self.terms if t.field == field and not t.negated]
        return tuple(text for term in found for text in term.texts)

    def without(self, field: str) -> Query:
        """The query with all terms on a field taken out."""
        return replace(self, terms=tuple(term for term in self.terms if term.field != field))

    def with_values(self, field: str, *values: str) -> Query:
        """The query with one term on a field, any of `values`; with none, no term on it.

        `InvalidInput` as of `parse`.
        """
        rest = self.without(field)
        if not values:
            return rest
        added = parse(str(Term(field, ",".join(values))), self.fields)
        found = replace(rest, terms=rest.terms + added.terms)
        _check_size(len(str(found)), len(found.terms))
        return found


def parse(text: str, fields: Fields) -> Query:
    """Read a search line, each term's values with it.

    `fields` are those of the list that is searched. `InvalidInput` names the term that cannot be
    read and the known ones.
    """
    _check_size(len(text), 0)
    refuse_half_characters("search", text)
    terms = tuple(_term(found, fields) for found in _TOKEN.finditer(text))
    _check_size(0, len(terms))
    return Query(terms, fields)


def refuse_half_characters(field: str, text: str) -> None:
    """`InvalidInput` for halves of surrogate pairs: scripts send them, no database takes them."""
    if _HALF.search(text):
        raise InvalidInput(field, "has half of a character: type it anew")


def _check_size(length: int, terms: int) -> None:
    if length > MAX_LENGTH:
        raise InvalidInput("search", "must have at most {most} characters", most=MAX_LENGTH)
    if terms > MAX_TERMS:
        raise InvalidInput("search", "must have at most {most} terms", most=MAX_TERMS)


def _term(found: re.Match[str], fields: Fields) -> Term:
    field, value = found["field"], found["value"]
    literal = value is None
    if value is None:
        quoted = found["quoted"] if found["wide"] is None else found["wide"]
        value = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
    else:
        field, value = _parted(field, value.translate(_FULL_WIDTH), fields)
    if field is not None:
        field = field.lower()
        if field not in fields.readers:
            known = ", ".join(fields.readers)
            raise InvalidInput(field, f"is not a search term; known are {known}")
    if not value.strip():
        raise InvalidInput(field or "search", "needs a value")
    if field is not None:
        about, values = field, fields.read(field, value, literal)
        return Term(field, value, bool(found["no"]), literal, about, values)
    if len(value) > MAX_WORD and (literal or not fields.is_word(value)):
        raise InvalidInput("search", "must have words of at most {most} characters", most=MAX_WORD)
    return Term(None, value, bool(found["no"]), literal, *fields.word(value, literal))


def _parted(field: str | None, value: str, fields: Fields) -> tuple[str | None, str]:
    """The field and the value of what was not quoted: not every colon ends a field."""
    whole = f"{field}:{value}" if field else value
    if fields.is_word(whole):
        return None, whole
    # An IPv6 address may start with a letter.
    if "ip" in fields.readers and _is_ip(whole):
        return "ip", whole
    if field is None and ":" in value:
        field, _, value = value.partition(":")
    return field, value


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
