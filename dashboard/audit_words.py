"""What stands in the operators' log as people read it: actions, outcomes, and what is broken."""

from __future__ import annotations

from collections.abc import Sequence

from core.reads.audit import AuditRow
from dashboard import chips
from dashboard.chips import N_
from dashboard.i18n import _

ACTIONS = {
    "audit.verify": N_("Verified the log"),
    "bulk_refund.approve": N_("Approved a bulk refund"),
    "bulk_refund.ask": N_("Asked for a bulk refund"),
    "bulk_refund.refuse": N_("Refused a bulk refund"),
    "bulk_refund.stop": N_("Stopped a bulk refund"),
    "bulk_refund.withdraw": N_("Withdrew a bulk refund"),
    "export": N_("Took a file away"),
    "payment.confirm": N_("Confirmed a payment"),
    "payment.create": N_("Created a payment"),
    "payment.view": N_("Opened a payment"),
    "read": N_("Opened a screen"),
    "refund.approve": N_("Approved a refund"),
    "refund.ask": N_("Asked for a refund"),
    "refund.cancel": N_("Canceled a refund"),
    "refund.create": N_("Sent a refund"),
    "refund.expire": N_("Let a refund request expire"),
    "refund.limits": N_("Changed the refund limits"),
    "refund.refuse": N_("Refused a refund"),
    "refund.settle": N_("Settled a refund"),
    "scenarios.run": N_("Ran the test scenarios"),
    "session.end": N_("Ended a session"),
    "session.end_all": N_("Ended all sessions"),
    "sign_in": N_("Signed in"),
    "sign_out": N_("Signed out"),
    "token.create": N_("Created a token"),
    "token.revoke": N_("Revoked a token"),
    "user.create": N_("Created a user"),
    "user.disable": N_("Disabled a user"),
    "user.enable": N_("Enabled a user"),
    "user.password": N_("Set a password"),
    "user.roles": N_("Changed roles"),
}
OUTCOMES: chips.Kind = {
    "ok": (N_("Done"), "green"),
    "refused": (N_("Refused"), "red"),
    "throttled": (N_("Too many tries"), "orange"),
    "broken": (N_("Broken"), "red"),
    "asked": (N_("Asked"), "blue"),
    "awaiting_approval": (N_("Waits for approval"), "orange"),
    "sending": (N_("Being sent"), "blue"),
    "unknown": (N_("Unknown, being resolved"), "orange"),
    "pending": (N_("Pending"), "blue"),
    "succeeded": (N_("Succeeded"), "green"),
    "failed": (N_("Failed"), "red"),
    "canceled": (N_("Canceled"), "gray"),
    "expired": (N_("Expired"), "gray"),
}
#: What a walk over the chain may find.
FAULTS = (
    N_("is missing"),
    N_("does not follow the row before it"),
    N_("was changed"),
    N_("is missing at the end, or the head was changed"),
    N_("was put in before the first"),
)


def action(code: str) -> str:
    """What was done, in words; an action that has none yet is shown by its name."""
    return _(ACTIONS[code]) if code in ACTIONS else code.replace("_", " ").replace(".", ": ")


def outcomes(rows: Sequence[AuditRow]) -> chips.Kind:
    """Words and colours of the outcomes that stand in a list."""
    found = sorted({row.outcome for row in rows})
    return {code: OUTCOMES.get(code, (code.replace("_", " "), "gray")) for code in found}
