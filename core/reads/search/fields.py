"""What a list is searched by: its fields, and what reads the text of each as a typed value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from core.errors import InvalidInput

V = TypeVar("V")

#: Reads one alternative of a field; the second argument: it was quoted. `InvalidInput` names the
#: field and the rule where the text is none.
Reader = Callable[[str, bool], object]


@dataclass(frozen=True, slots=True)
class Value:
    """One alternative of a term: its text, and what the field's reader made of it."""

    text: str
    meaning: object


#: What a word without a field is about: a field of the list, or None; and its values.
WordReader = Callable[[str, bool], tuple[str | None, tuple[Value, ...]]]


def alternatives(text: str) -> tuple[str, ...]:
    """The parts between commas, those that are empty left out."""
    return tuple(part for part in text.split(",") if part)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a list. `parts`: how the text of a field falls into alternatives where commas
    alone do not say it; `is_word`: what is one word though there is a colon in it."""

    readers: Mapping[str, Reader]
    word: WordReader
    parts: Mapping[str, Callable[[str], tuple[str, ...]]] = field(default_factory=dict)
    is_word: Callable[[str], bool] = lambda _text: False

    def read(self, name: str, text: str, literal: bool) -> tuple[Value, ...]:
        """The values of a field, one at least; a `literal` text is one of them, commas and all."""
        parts = (text,) if literal else self.parts.get(name, alternatives)(text)
        read = self.readers[name]
        return tuple(Value(part, read(part, literal)) for part in parts or ("",))


def quoted_alike(read: Callable[[str], object]) -> Reader:
    """A reader to which quotes make no difference."""
    return lambda text, _literal: read(text)


def shaped(name: str, pattern: str, rule: str, read: Callable[[str], object] = str) -> Reader:
    """A reader of texts that match the pattern whole; others are told the rule."""
    compiled = re.compile(pattern)

    def reader(text: str, _literal: bool) -> object:
        if not compiled.fullmatch(text):
            raise InvalidInput(name, rule)
        return read(text)

    return reader


def one_of(name: str, known: tuple[str, ...], rule: str) -> Reader:
    """A reader of words in any case, as they are known."""

    def reader(text: str, _literal: bool) -> str:
        if text.lower() not in known:
            raise InvalidInput(name, rule)
        return text.lower()

    return reader
