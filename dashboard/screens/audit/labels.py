"""What stands in the operators' log as people read it: actions, outcomes, and what is broken."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.i18n import N_, _
from dashboard.ui import status_badges

ACTIONS = {
    "alert.acknowledge": N_("Acknowledged an alert"),
    "alert.channel": N_("Made a channel of alerts"),
    "alert.channel_change": N_("Changed a channel of alerts"),
    "alert.channel_delete": N_("Deleted a channel of alerts"),
    "alert.mute": N_("Muted an alert"),
    "alert.rule": N_("Made a rule of alerts"),
    "alert.rule_change": N_("Changed a rule of alerts"),
    "alert.rule_delete": N_("Deleted a rule of alerts"),
    "alert.test": N_("Tried a channel of alerts"),
    "bank.account": N_("Named an account at a bank"),
    "bank.import": N_("Imported a bank statement"),
    "bank.match": N_("Matched bank lines with payouts"),
    "bank.refuse": N_("Refused a proposed match"),
    "bank.undo": N_("Undid a match"),
    "personal_data.purge": N_("Purged personal data"),
    "period.ask": N_("Asked to close a month"),
    "period.close": N_("Closed a month"),
    "period.reopen": N_("Opened a month again"),
    "period.verify": N_("Proved a closed month"),
    "audit.verify": N_("Verified the log"),
    "break.assign": N_("Gave a difference to somebody"),
    "break.explain": N_("Explained a difference"),
    "break.reopen": N_("Opened a difference again"),
    "report.import": N_("Imported a report of Stripe's"),
    "bulk_refund.approve": N_("Approved a bulk refund"),
    "bulk_refund.ask": N_("Asked for a bulk refund"),
    "bulk_refund.done": N_("Finished a bulk refund"),
    "bulk_refund.expire": N_("Let a bulk refund expire"),
    "bulk_refund.refuse": N_("Refused a bulk refund"),
    "bulk_refund.row": N_("Sent a row of a bulk refund"),
    "bulk_refund.stop": N_("Stopped a bulk refund"),
    "bulk_refund.try": N_("Tried a bulk refund out"),
    "bulk_refund.withdraw": N_("Withdrew a bulk refund"),
    "case.approve": N_("Approved a case"),
    "case.assign": N_("Assigned a case"),
    "case.dismiss": N_("Dismissed a case"),
    "case.note": N_("Wrote a note on a case"),
    "case.refund": N_("Refunded a case as fraud"),
    "case.view": N_("Opened a case"),
    "checkout_session.create": N_("Created a Checkout Session"),
    "dispute.accept": N_("Accepted a dispute"),
    "dispute.draft": N_("Saved a dispute's draft"),
    "dispute.read_evidence": N_("Opened a dispute's evidence"),
    "dispute.submit": N_("Submitted a dispute's evidence"),
    "dispute.upload": N_("Uploaded evidence"),
    "dispute.view": N_("Opened a dispute"),
    "event.dry_run": N_("Tried an event's replay"),
    "event.replay": N_("Replayed events"),
    "object.retry": N_("Had an object read again"),
    "object.retry_all": N_("Had all parked objects read again"),
    "event.replay_dead": N_("Replayed all dead events"),
    "event.simulate": N_("Made an event up"),
    "export": N_("Took a file away"),
    "export.ask": N_("Asked for a long file"),
    "export.cancel": N_("Canceled a long file"),
    "list.add": N_("Put an entry on a list"),
    "list.import": N_("Imported a list"),
    "list.remove": N_("Took an entry off a list"),
    "payment.cancel": N_("Canceled a payment"),
    "payment.capture": N_("Captured a payment"),
    "payment.confirm": N_("Confirmed a payment"),
    "payment.create": N_("Created a payment"),
    "payment.retrieve": N_("Retrieved a payment"),
    "payment.view": N_("Opened a payment"),
    "proof.run": N_("Asked for a reconciliation"),
    "read": N_("Opened a screen"),
    "refund.allowance": N_("Looked at the refund limits"),
    "refund.approve": N_("Approved a refund"),
    "refund.ask": N_("Asked for a refund"),
    "refund.cancel": N_("Canceled a refund"),
    "refund.create": N_("Sent a refund"),
    "refund.expire": N_("Let a refund request expire"),
    "refund.limits": N_("Changed the refund limits"),
    "refund.refuse": N_("Refused a refund"),
    "refund.settle": N_("Settled a refund"),
    "review.approve": N_("Approved a review"),
    "rules.change": N_("Changed the fraud rules"),
    "rules.try": N_("Tried rules on the past"),
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
OUTCOMES: status_badges.Kind = {
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


def outcomes(codes: Sequence[str]) -> status_badges.Kind:
    """Words and colours of outcomes."""
    return {code: OUTCOMES.get(code, (code.replace("_", " "), "gray")) for code in codes}
