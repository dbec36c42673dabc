"""What a search looked for: each word without a field, and what it was taken for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.reads.search.amounts import Amounts
from core.reads.search.payments.fields import Word
from core.reads.search.query import Query, Term

#: A column that a word was looked for in, as a person calls it; a table's name is an object's id.
_KINDS = {
    "stripe_id": "payments",
    "customer_id": "customers",
    "order_id": "order",
    "email": "email",
    "card_last4": "last4",
}


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
    for term, word in _words(query):
        if not term.negated:
            kinds = (_KINDS.get(match.column, match.column) for match in word.any_of)
            amounts = tuple(f"{one.low:f}" for one in word.amounts)
            found.append(Tried(term.value, tuple(dict.fromkeys(kinds)), amounts))
    return tuple(found)


def thousandths(query: Query) -> tuple[str, ...]:
    """Amounts such as `1.234`: read with three decimals, and meant as thousands by some."""
    return tuple(
        value.text
        for term in query.terms
        if term.field == "amount"
        for value, amount in zip(term.values, term.read_as(Amounts), strict=True)
        if amount.may_mean_thousands
    )


def modes(query: Query) -> frozenset[bool]:
    """The modes that addresses in a search name: True is live."""
    addresses = (word.address for _, word in _words(query))
    return frozenset(address.livemode for address in addresses if address is not None)


def payment_id(query: Query) -> str | None:
    """The id of the payment that a search is, and nothing else: `pi_…` alone."""
    if len(query.terms) != 1 or query.terms[0].negated:
        return None
    for term, word in _words(query):
        if term.value.startswith("pi_") and not term.literal and word.address is None:
            return term.value
    return None


def _words(query: Query) -> Iterator[tuple[Term, Word]]:
    for term in query.terms:
        if term.field is None:
            (word,) = term.read_as(Word)
            yield term, word
