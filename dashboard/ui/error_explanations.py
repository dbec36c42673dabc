"""What a failed payment means, in the viewer's language; pages reach the catalogue through here."""

from __future__ import annotations

from typing import Protocol

from core.gateway import catalogue
from core.gateway.catalogue import Explanation
from core.reads.payments.parts import Attempt
from dashboard import i18n


class Failed(Protocol):
    """A payment or a row of a list: Stripe's codes, None where it did not fail."""

    @property
    def failure_code(self) -> str | None: ...

    @property
    def decline_code(self) -> str | None: ...


def explained(part: Failed) -> Explanation | None:
    """What its codes mean; None where there are none."""
    return _explained(part.failure_code, part.decline_code)


def meaning(part: Failed) -> str:
    """What its codes mean to an operator; nothing where there are none."""
    found = explained(part)
    return found.meaning if found else ""


def reason_of(attempt: Attempt) -> str | None:
    """The code that says most. Where Radar blocked, the bank gave none: the outcome's reason."""
    blocked = attempt.outcome_reason if attempt.status == "failed" else None
    return attempt.decline_code or blocked or attempt.failure_code


def meaning_of(attempt: Attempt) -> str:
    """What `reason_of` an attempt means to an operator; nothing where it did not fail."""
    found = _explained(attempt.failure_code, reason_of(attempt))
    return found.meaning if found else ""


def _explained(failure_code: str | None, decline_code: str | None) -> Explanation | None:
    if not (failure_code or decline_code):
        return None
    return catalogue.explain(failure_code, decline_code, i18n.language())
