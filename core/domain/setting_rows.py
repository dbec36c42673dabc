"""How a setting that administrators change stands in its row: its name, its form."""

from __future__ import annotations

#: Stands before the names of these rows; other rows of the table are not settings of this kind.
PREFIX = "setting."
#: What is encrypted stands behind this and the end of the secret, by which people know it.
SEALED = "fernet:"
_SHOWN = 4


def sealed(end_of: str, token: str) -> str:
    """The form of a secret: `token` is what it was encrypted to, `end_of` the secret itself."""
    return f"{SEALED}{end_of[-_SHOWN:]}:{token}"


def parts(kept: str) -> tuple[str, str]:
    """The end of a secret, and what it was encrypted to."""
    end, _, token = kept.removeprefix(SEALED).partition(":")
    return end, token


def shown(kept: str | None) -> str | None:
    """What people may see: the value, or a secret's last characters; None for nothing."""
    if kept is None or not kept.startswith(SEALED):
        return kept
    return f"…{parts(kept)[0]}"
