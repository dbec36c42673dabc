"""How amounts and e-mail addresses are grouped in the counts that search plans by."""

from __future__ import annotations

from functools import lru_cache


def amount_bucket(minor: int) -> int:
    """The quarter power of two that an amount lies in: the largest b with 2**(b/4) <= `minor`.

    Integers only: 4 * log2(minor) >= b exactly when minor**4 >= 2**b. 0 lies in bucket -1.
    """
    if minor < 0:
        raise ValueError("a payment's amount is not negative")
    return (minor**4).bit_length() - 1


@lru_cache(maxsize=512)
def bucket_floor(bucket: int) -> int:
    """The smallest amount (minor units) that lies in a bucket or above it."""
    if bucket < 0:
        return 0
    low, high = 0, 1 << (bucket // 4 + 1)
    while low < high:
        middle = (low + high) // 2
        if amount_bucket(middle) >= bucket:
            high = middle
        else:
            low = middle + 1
    return low


def folded_email(email: str) -> str:
    """An address as `payments.email` holds it and search compares it: trimmed, lower case."""
    return email.strip().lower()[:255]


def email_prefix(email: str) -> str:
    """The first three characters of an address, lower case; '' for none."""
    return folded_email(email)[:3].rstrip()
