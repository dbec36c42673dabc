"""What must not stay in texts: card numbers that people type, addresses and secrets of Stripe's."""

from __future__ import annotations

import re

_SEPARATOR = r"[ .\-\u00a0\u2010-\u2015]"
#: Digits in groups, 12 of them or more.
_RUN = re.compile(rf"[0-9](?:{_SEPARATOR}?[0-9]){{11,}}")
_PARTS = re.compile(rf"({_SEPARATOR})")
SHORTEST, LONGEST = 12, 19
#: E-mail and IPv4 addresses, as texts have them.
_WORD = r"""[^\s"'<>(),;:@\\]+"""
_ADDRESS = re.compile(rf"{_WORD}@{_WORD}|\b(?:\d{{1,3}}\.){{3}}\d{{1,3}}\b")
_SHOWN = 4
#: What stands in the place of a secret.
HIDDEN = "(hidden)"
#: In JSON: the value of a member of such a name. A quote inside of a string has a backslash before
#: it, so that nothing in a string looks like one.
_SECRET_MEMBER = re.compile(rb'("(?:client_)?secret"\s*:\s*")(?:[^"\\]|\\.)*"', re.DOTALL)
#: And a client secret by itself, as it stands in addresses: an object's id, and what follows it.
_CLIENT_SECRET = re.compile(rb"((?<=[A-Za-z0-9]{8})_secret_|client_secret_)[A-Za-z0-9_%.+/=-]{6,}")


def mask_cards(text: str) -> str:
    """The text with each card number in it covered but for its last four digits."""
    return _RUN.sub(lambda found: _covered(_PARTS.split(found[0])), text)


def mask_addresses(text: str) -> str:
    """The text with each e-mail and IPv4 address in it covered."""
    return _ADDRESS.sub("•••", text)


def hide_secrets(body: bytes) -> bytes:
    """A JSON document without client secrets, signing secrets and keys that open one customer's
    account; all else as it was, to the byte. Who has a client secret can pay with it."""
    if b"secret" not in body:
        return body
    hidden = HIDDEN.encode()
    without = _SECRET_MEMBER.sub(rb"\1" + hidden + b'"', body)
    return _CLIENT_SECRET.sub(rb"\1" + hidden, without)


def _covered(parts: list[str]) -> str:
    """Groups of digits, with the separators between them; a card's number is whole groups."""
    for start in range(0, len(parts), 2):
        for end in range(len(parts), start, -2):
            digits = "".join(parts[start:end:2])
            if SHORTEST <= len(digits) <= LONGEST and _passes(digits):
                head = "".join(parts[:start])
                rest = _covered(parts[end + 1 :]) if end < len(parts) else ""
                return f"{head}•••• {digits[-_SHOWN:]}{''.join(parts[end : end + 1])}{rest}"
    return "".join(parts)


def _passes(digits: str) -> bool:
    """Luhn: every second digit from the right is doubled, and the sum of digits ends in 0."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
