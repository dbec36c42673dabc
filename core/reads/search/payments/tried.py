"""What a search looked for: each word without a field, and what it was taken for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.reads.search.payments.filters import word
from core.reads.search.query import Query, split
from core.reads.search.stripe_ids import read_address

#: A column that a word was looked for in, as a person calls it; a table's name is an object's id.
_KINDS = {
    "stripe_id": "payments",
    "customer_id": "customers",
    "order_id": "order",
    "email": "email",
    "card_last4": "last4",
}
_ONE_POINT = re.compile(r"[<>=]*\d{1,3}\.\d{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tried:
    """A word, and what it was taken for: `order`, `email` (the beginning of one), `last4`,
    or the kind of object whose id it is; `amounts` in major units, as decimals."""

    word: str
    kinds: tuple[str, ...]
    amounts: tuple[str, ...]


def tried(query: Query) -> tuple[Tried, ...]:
    """What the words of a search were taken for, those that exclude something left out."""
    found = []
    for term in query.terms:
        if term.field is None and not term.negated:
            test = word(term)
            kinds = (_KINDS.get(match.column, match.column) for match in test.any_of)
            amounts = tuple(f"{one.low:f}" for one in test.amounts)
            found.append(Tried(term.value, tuple(dict.fromkeys(kinds)), amounts))
    return tuple(found)


def thousandths(query: Query) -> tuple[str, ...]:
    """Amounts such as `1.234`: read with three decimals, and meant as thousands by some."""
    asked = (part for t in query.terms if t.field == "amount" for part in split(t))
    return tuple(part for part in asked if _ONE_POINT.fullmatch(part))


def modes(query: Query) -> frozenset[bool]:
    """The modes that addresses in a search name: True is live."""
    words = (term for term in query.terms if term.field is None and not term.literal)
    found = map(read_address, (term.value for term in words))
    return frozenset(address.livemode for address in found if address is not None)
