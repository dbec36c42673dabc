"""A test card's scenario, and what came of it, held against what must."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.actions.developer.stripe_test_cards import Card, Outcome

_PAID = ("charge.succeeded", "payment_intent.succeeded")
_ASKED = "payment_intent.requires_action"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A card and what the customer does at its challenge; None: nobody answers one."""

    name: str
    card: Card
    expected: Outcome
    passes: bool | None = None

    @property
    def events(self) -> tuple[str, ...]:
        """Types of events that must be seen."""
        asked = (_ASKED,) if self.card.challenged else ()
        if self.expected.status == "succeeded":
            return (*asked, *_PAID, *self.card.follows)
        if self.expected.status == "requires_action":
            return asked
        return (*asked, "payment_intent.payment_failed")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a scenario; `duration_ms` is that of its calls, without waiting for events."""

    scenario: Scenario
    actual: Outcome
    message: str | None
    payment_intent_id: str | None
    duration_ms: int
    events: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Events that must be seen and were not."""
        return tuple(kind for kind in self.scenario.events if kind not in self.events)

    @property
    def as_expected(self) -> bool:
        """Status and code as they must be; the decline code where Stripe publishes one."""
        wanted, got = self.scenario.expected, self.actual
        return (wanted.status, wanted.code) == (got.status, got.code) and (
            wanted.decline_code in (None, got.decline_code)
        )

    @property
    def ok(self) -> bool:
        """Nothing differs from what must come of it."""
        return self.as_expected and not self.missing

    def shown(self) -> dict[str, Any]:
        """As it is printed and kept."""
        return {
            "card": self.scenario.card.number,
            "scenario": self.scenario.name,
            "expected": _shown(self.scenario.expected),
            "actual": _shown(self.actual) | {"message": self.message},
            "ok": self.ok,
            "duration_ms": self.duration_ms,
            "events": list(self.events),
            "missing_events": list(self.missing),
            "payment_intent_id": self.payment_intent_id,
        }


def _shown(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "code": outcome.code,
        "decline_code": outcome.decline_code,
    }
