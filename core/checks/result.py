"""What a check found: pass, warn or fail, in a sentence, with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Result:
    """`message` and `fix` are English templates, by which a translation is found; `values` fill
    their places and hold no secret."""

    status: Status
    message: str
    fix: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's result under the check's id."""

    id: str
    result: Result

    def as_json(self) -> dict[str, str]:
        """In English, its places filled."""
        found = self.result
        return {
            "id": self.id,
            "status": found.status,
            "message": found.message.format(**found.values),
            "fix": found.fix.format(**found.values),
        }


def passed(message: str, **values: object) -> Result:
    """All is as it should be."""
    return Result("pass", message, values=values)


def warned(message: str, fix: str, **values: object) -> Result:
    """It may be meant; somebody should know."""
    return Result("warn", message, fix, values)


def failed(message: str, fix: str, **values: object) -> Result:
    """Not to go live with."""
    return Result("fail", message, fix, values)


def unsafe(production: bool, message: str, fix: str, **values: object) -> Result:
    """A failure in production; elsewhere a warning, for a demo is made like that."""
    return (failed if production else warned)(message, fix, **values)
