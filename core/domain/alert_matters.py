"""Whose matter each kind of alert is: who has one of its rights may see it, as an admin may."""

from __future__ import annotations

from collections.abc import Collection

ADMIN = "administer"
#: Each kind, and the rights of those who work on its matter.
MATTERS = {
    "failure_rate": ("use_developer_tools", "manage_fraud"),
    "dispute_rate": ("manage_disputes",),
    "silence": ("use_developer_tools",),
    "dead_event": ("see_events",),
    "stopped_stream": ("see_events",),
    "open_break": ("see_revenue",),
    "failed_payout": ("see_revenue",),
    "doubled_operation": ("see_revenue", "approve_refund", "use_developer_tools"),
    "large_refund": ("see_revenue", "approve_refund"),
}


def kinds_for(rights: Collection[str]) -> frozenset[str]:
    """The kinds that somebody with these rights may see."""
    held = frozenset(rights)
    return frozenset(kind for kind, of in MATTERS.items() if held & {*of, ADMIN})
