"""Reading the language of rules: `attempts_hour_user >= 5 and card_country not in ("US", "CA")`.

Parsed by hand and typed against declared names: nothing else can be reached, nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import InvalidInput
from core.risk.ast import (
    OPERATORS,
    ORDERED,
    Comparison,
    Constant,
    Every,
    Kind,
    Leaf,
    Membership,
    Name,
    Node,
    Not,
    Some,
)

#: Bounds that keep parsing and running a condition far below a millisecond.
LONGEST = 1000
DEEPEST = 20
MOST_WORDS = 50

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d{1,12}\b)|(?P<name>[a-z_][a-z0-9_]*)|(?P<text>"[^"\\\n]*")"""
    r"""|(?P<mark><=|>=|==|!=|<|>|\(|\)|,))""",
    re.ASCII,
)
_WORDS = ("and", "or", "not", "in", "true", "false")


def parse(condition: str, declared: Mapping[str, Kind], *, field: str = "condition") -> Node:
    """The condition, checked against what is declared; `InvalidInput` names place and rule."""
    if not isinstance(condition, str) or len(condition) > LONGEST:
        raise InvalidInput(field, "must be a text of at most {most} characters", most=LONGEST)
    return _Parser(condition, declared, field).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    """Recursive descent with a bound on depth: or, and, not, comparison."""

    def __init__(self, text: str, declared: Mapping[str, Kind], field: str) -> None:
        self._declared = declared
        self._field = field
        self._tokens = self._read(text)
        self._place = 0
        self._depth = 0

    def whole(self) -> Node:
        found = self._some()
        if self._peek().kind != "end":
            raise self._wrong(
                "{text} is not expected here (character {at})", text=repr(self._peek().text)
            )
        return found

    def _read(self, text: str) -> list[_Token]:
        found, at, end = [], 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise InvalidInput(self._field, "cannot be read at character {at}", at=at + 1)
            kind = match.lastgroup
            word = match[kind]
            if kind == "name" and word in _WORDS:
                kind = "word"
            found.append(_Token(kind, word, match.start(match.lastgroup)))
            at = match.end()
        return [*found, _Token("end", "the end", end)]

    def _peek(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, *texts: str) -> _Token | None:
        """The next token, if it is one of these words or marks."""
        token = self._peek()
        if token.kind in ("word", "mark") and token.text in texts:
            self._place += 1
            return token
        return None

    def _wrong(self, rule: str, **values: object) -> InvalidInput:
        """`rule` ends with its place, so that a translation is found by the whole of it."""
        return InvalidInput(self._field, rule, at=self._peek().at + 1, **values)

    def _some(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong("goes more than {most} levels deep (character {at})", most=DEEPEST)
        parts = [self._every()]
        while self._take("or"):
            parts.append(self._every())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Node:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self) -> Node:
        turned = False
        while self._take("not"):
            turned = not turned
        found = self._grouped() if self._take("(") else self._comparison()
        return Not(found) if turned else found

    def _grouped(self) -> Node:
        found = self._some()
        if not self._take(")"):
            raise self._wrong("a bracket is not closed (character {at})")
        return found

    def _comparison(self) -> Node:
        left = self._leaf()
        if sign := self._take(*OPERATORS):
            return self._compared(left, sign.text, self._leaf())
        turned = self._take("not") is not None
        if self._take("in"):
            found = self._membership(left)
            return Not(found) if turned else found
        if turned:
            raise self._wrong("`in` is expected after `not` (character {at})")
        if isinstance(left, Name) and left.kind is Kind.FLAG:
            return left
        raise self._wrong("a comparison is expected (character {at})")

    def _compared(self, left: Leaf, sign: str, right: Leaf) -> Comparison:
        if left.kind is not right.kind:
            raise self._wrong(
                "{left} does not compare with {right} (character {at})",
                left=left.kind.value,
                right=right.kind.value,
            )
        if sign not in ("==", "!=") and left.kind not in ORDERED:
            raise self._wrong(
                "{kind} has no order: use ==, != or in (character {at})", kind=left.kind.value
            )
        return Comparison(left, sign, right)

    def _membership(self, left: Leaf) -> Membership:
        if not isinstance(left, Name) or left.kind not in (Kind.TEXT, Kind.NUMBER):
            raise self._wrong("`in` takes a declared text or number on its left (character {at})")
        if not self._take("("):
            raise self._wrong("a list in brackets is expected after `in` (character {at})")
        among: list[int | str] = []
        while True:
            value = self._leaf()
            if not isinstance(value, Constant) or value.kind is not left.kind:
                raise self._wrong(
                    "the list must hold constants of the kind {kind} (character {at})",
                    kind=left.kind.value,
                )
            among.append(value.value)
            if len(among) > MOST_WORDS:
                raise self._wrong(
                    "the list holds more than {most} values (character {at})", most=MOST_WORDS
                )
            if not self._take(","):
                break
        if not self._take(")"):
            raise self._wrong("the list is not closed (character {at})")
        return Membership(left, tuple(among))

    def _leaf(self) -> Leaf:
        token = self._peek()
        if token.kind == "number":
            leaf: Leaf = Constant(int(token.text), Kind.NUMBER)
        elif token.kind == "text" and token.text[-2:-1].isspace():
            # Databases do not tell "US" from "US ": nor may a rule.
            raise self._wrong("a text must not end with a space (character {at})")
        elif token.kind == "text":
            leaf = Constant(token.text[1:-1], Kind.TEXT)
        elif token.text in ("true", "false") and token.kind == "word":
            leaf = Constant(token.text == "true", Kind.FLAG)
        elif token.kind == "name" and token.text in self._declared:
            leaf = Name(token.text, self._declared[token.text])
        elif token.kind == "name":
            raise self._wrong("there is no value called {name} (character {at})", name=token.text)
        else:
            raise self._wrong(
                "a value is expected instead of {text} (character {at})", text=token.text
            )
        self._place += 1
        return leaf
