"""One number for what a set of ledger rows says, whatever order they come in.

Counts and sums miss a fee that moved between its parts, or two rows that changed places. The digest
is the sum, modulo 2**64, of one hash for each row over all that must not differ from Stripe's list.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from core import clock

_MODULUS = 1 << 64

#: Type and amount in minor units of each part of a fee.
Parts = Iterable[tuple[str, int]]


def row_text(
    stripe_id: str,
    type_: str,
    category: str,
    source_id: str | None,
    amount_minor: int,
    fee_minor: int,
    net_minor: int,
    currency: str,
    balance_type: str,
    created: int,
    parts: str,
) -> str:
    """All that a row says, `created` in Unix seconds and `parts` as `parts_text` has them."""
    return (
        f"{stripe_id}|{type_}|{category}|{source_id or ''}|{amount_minor}|{fee_minor}|{net_minor}"
        f"|{currency}|{balance_type}|{created}|{parts}"
    )


def parts_text(parts: Parts) -> str:
    """The parts of a fee, in one order whatever order they come in."""
    return ",".join(sorted(f"{kind}:{minor}" for kind, minor in parts))


def text_hash(text: str) -> int:
    """The hash of what a row says: 64 bits."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def row_hash(
    stripe_id: str,
    type_: str,
    category: str,
    source_id: str | None,
    amount_minor: int,
    fee_minor: int,
    net_minor: int,
    currency: str,
    balance_type: str,
    created_at: datetime,
    parts: Parts,
) -> int:
    """The hash of one row."""
    return text_hash(
        row_text(
            stripe_id,
            type_,
            category,
            source_id,
            amount_minor,
            fee_minor,
            net_minor,
            currency,
            balance_type,
            clock.to_unix(created_at),
            parts_text(parts),
        )
    )


def total(hashes: Iterable[int]) -> str:
    """The digest of a set of rows: sixteen hexadecimal digits."""
    return f"{sum(hashes) % _MODULUS:016x}"
