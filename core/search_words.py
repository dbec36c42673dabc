"""How names become words that are found: without case and accents, each word by itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

NAME, ERROR = "name", "error"
#: Further words of a name, and further letters of a word, find nothing.
MOST_WORDS = 8
LONGEST = 64

_PARTS = re.compile(r"[^\s,;.()\"/|]+")
_HYPHENS = re.compile(r"[-\N{HYPHEN}\N{EN DASH}\N{KATAKANA MIDDLE DOT}\N{MIDDLE DOT}]+")
_EDGES = "'`-\N{RIGHT SINGLE QUOTATION MARK}_*"
#: Names of these letters are written without a space after the family's name.
_UNSPACED = re.compile(r"[\u3400-\u9fff\uac00-\ud7af]{3,5}")

#: Letters that have no accent to take away, as they are typed without one.
_PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)

Entry = tuple[str, str]


def of_name(name: str) -> frozenset[str]:
    """The words that a name is found by: `Jean-Luc Müller` by jean-luc, jean, luc and muller.

    A name that is written without a space is found whole, and by what its family's name may be
    (the first letter or two) or its own (the rest).
    """
    found: dict[str, None] = {}
    for word in in_line(name):
        found[word] = None
        found |= dict.fromkeys(part for part in _HYPHENS.split(word) if part)
        if _UNSPACED.fullmatch(word):
            found |= dict.fromkeys([word[1:], word[-2:], *([word[:2]] if len(word) > 3 else [])])
    return frozenset(list(found)[:MOST_WORDS])


def in_line(text: str) -> tuple[str, ...]:
    """The words of what somebody types to find a name, in their order."""
    parts = (part.strip(_EDGES)[:LONGEST] for part in _PARTS.findall(_folded(text)))
    return tuple(dict.fromkeys(part for part in parts if part))


def entries(row: Mapping[Any, Any]) -> frozenset[Entry]:
    """Kind and word of all that a payments row is found by."""
    return _entries(row["customer_name"], row["failure_code"], row["decline_code"])


@lru_cache(maxsize=8192)
def _entries(name: str | None, *codes: str | None) -> frozenset[Entry]:
    found = {(NAME, word) for word in of_name(name)} if name else set()
    return frozenset(found | {(ERROR, code) for code in codes if code})


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(one for one in apart if not unicodedata.combining(one)).translate(_PLAIN)
    # Korean syllables come together again.
    return unicodedata.normalize("NFKC", bare)
