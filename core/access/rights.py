"""The matrix of roles and rights: rights add up, and what is not given here is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.domain.roles import ADMIN as ADMIN
from core.domain.roles import DEVELOPER as DEVELOPER
from core.domain.roles import FINANCE as FINANCE
from core.domain.roles import RISK as RISK
from core.domain.roles import ROLES as ROLES
from core.domain.roles import SUPPORT as SUPPORT
from core.domain.roles import SUPPORT_LEAD as SUPPORT_LEAD
from core.domain.roles import VIEWER as VIEWER
from core.errors import InvalidInput

#: A shop's backend. Only a token has this role: no person does.
SERVICE = "service"

#: Every role that an API token may have.
TOKEN_ROLES = (SERVICE, *ROLES)

SEE_PAYMENTS = "see_payments"
TAKE_PAYMENTS = "take_payments"
ASK_REFUND = "ask_refund"
APPROVE_REFUND = "approve_refund"
BULK_REFUND = "bulk_refund"
SEE_REVENUE = "see_revenue"
RECONCILE = "reconcile"
MANAGE_BANK = "manage_bank"
MANAGE_BOOKS = "manage_books"
SEE_DISPUTES = "see_disputes"
MANAGE_DISPUTES = "manage_disputes"
MANAGE_FRAUD = "manage_fraud"
USE_DEVELOPER_TOOLS = "use_developer_tools"
SEE_EVENTS = "see_events"
REPLAY_EVENTS = "replay_events"
SEE_ALERTS = "see_alerts"
ADMINISTER = "administer"

#: Each right and the roles that have it.
MATRIX: dict[str, frozenset[str]] = {
    SEE_PAYMENTS: frozenset(ROLES),
    TAKE_PAYMENTS: frozenset({SERVICE}),
    ASK_REFUND: frozenset({SUPPORT, SUPPORT_LEAD, RISK}),
    APPROVE_REFUND: frozenset({SUPPORT_LEAD}),
    BULK_REFUND: frozenset({SUPPORT_LEAD}),
    SEE_REVENUE: frozenset({FINANCE}),
    RECONCILE: frozenset({FINANCE}),
    MANAGE_BANK: frozenset({FINANCE, ADMIN}),
    MANAGE_BOOKS: frozenset({FINANCE, ADMIN}),
    SEE_DISPUTES: frozenset({SUPPORT, SUPPORT_LEAD, FINANCE, RISK}),
    MANAGE_DISPUTES: frozenset({RISK}),
    MANAGE_FRAUD: frozenset({RISK}),
    USE_DEVELOPER_TOOLS: frozenset({DEVELOPER}),
    SEE_EVENTS: frozenset({DEVELOPER, ADMIN}),
    REPLAY_EVENTS: frozenset({DEVELOPER, ADMIN}),
    SEE_ALERTS: frozenset({SUPPORT_LEAD, FINANCE, RISK, DEVELOPER, ADMIN}),
    ADMINISTER: frozenset({ADMIN}),
}

RIGHTS = tuple(MATRIX)


def rights_of(roles: Iterable[str]) -> frozenset[str]:
    """The rights that these roles give together; a role we do not know gives none."""
    held = frozenset(roles)
    return frozenset(right for right, allowed in MATRIX.items() if held & allowed)


def known_roles(roles: Iterable[str], among: Sequence[str] = ROLES) -> tuple[str, ...]:
    """The roles in their usual order, each once; `InvalidInput` for one that does not exist."""
    asked = set(roles)
    unknown = sorted(asked - set(among))
    if unknown:
        raise InvalidInput("roles", f"{unknown[0]!r} is not one of {', '.join(among)}")
    return tuple(role for role in among if role in asked)
