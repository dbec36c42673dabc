"""The kinds of alerts: what each looks at, with which parameters, and whose matter it is."""

from __future__ import annotations

from dataclasses import dataclass

from core.access.rights import ADMINISTER
from core.alerts import money_checks, payment_checks, system_checks
from core.alerts.findings import Check
from core.alerts.parameters import Amount, Choice, Currency, Field, Number
from core.domain.alert_matters import MATTERS
from core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class AlertKind:
    """A condition as data; `screen` is where its matter is worked on."""

    name: str
    check: Check
    fields: tuple[Field, ...]
    screen: str

    @property
    def rights(self) -> tuple[str, ...]:
        """Who has one of these may see, acknowledge and mute it, as an admin may."""
        return MATTERS[self.name]

    @property
    def all_rights(self) -> tuple[str, ...]:
        """The rights of the matter, and the admin's."""
        return tuple(dict.fromkeys((*self.rights, ADMINISTER)))


_ALL = (
    AlertKind(
        "failure_rate",
        payment_checks.failure_rate,
        (
            Number("above_percent", 20, 1, 100),
            Number("times", 2, 1, 100),
            Number("window_minutes", 60, 5, 1440),
            Number("least", 20, 1, 100_000),
            Number("days", 7, 1, 60),
        ),
        "payments",
    ),
    AlertKind(
        "dispute_rate",
        payment_checks.dispute_rate,
        (
            Number("above_basis_points", 75, 1, 10_000),
            Number("days", 30, 1, 120),
            Number("least", 5, 1, 100_000),
        ),
        "disputes",
    ),
    AlertKind(
        "silence",
        payment_checks.silence,
        (
            Choice("of", "payments", ("payments", "events")),
            Number("weeks", 3, 1, 12),
            Number("least_minutes", 30, 5, 10_080),
        ),
        "payments",
    ),
    AlertKind("dead_event", system_checks.dead_event, (), "events"),
    AlertKind(
        "stopped_stream",
        system_checks.stopped_stream,
        (Number("minutes", 5, 1, 1440),),
        "overview",
    ),
    AlertKind(
        "open_break",
        money_checks.open_break,
        (Number("days", 0, 0, 60),),
        "revenue",
    ),
    AlertKind(
        "failed_payout",
        money_checks.failed_payout,
        (Number("days", 14, 1, 60),),
        "revenue",
    ),
    AlertKind(
        "doubled_operation",
        money_checks.doubled_operation,
        (Number("days", 30, 1, 365),),
        "payments",
    ),
    AlertKind(
        "large_refund",
        money_checks.large_refund,
        (
            Currency("currency", "usd"),
            Amount("amount", "1000.00", of="currency"),
            Number("hours", 24, 1, 720),
        ),
        "refunds",
    ),
)
KINDS = {kind.name: kind for kind in _ALL}


def kind_named(name: str) -> AlertKind:
    """The kind; `InvalidInput` where there is none of this name."""
    if name not in KINDS:
        raise InvalidInput("kind", "must be one of {allowed}", allowed=", ".join(KINDS))
    return KINDS[name]
