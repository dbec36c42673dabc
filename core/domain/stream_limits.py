"""The streams of the mirror, and how long each may go without word before it is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

INBOX = "inbox"
REFRESH = "refresh"
EVENTS = "events"
LEDGER = "ledger"
PAYOUTS = "payouts"
BACKFILL = "backfill"

#: How often a worker writes down how its streams stand while nothing changes.
WRITTEN_EVERY = timedelta(seconds=10)
#: A fault that is over sooner is told to nobody: Stripe's 429, a database that changes over.
PASSING = timedelta(seconds=15)

#: `error` of a stream whose fault is none of the errors in `core.errors`.
DISK_FULL = "disk_full"
DATABASE = "database_down"
FAULT = "internal_error"
#: `error` of a backfill that is under way; that was refused some lists for want of a right
#: (`reason` names their kinds); and where events were missed since `fresh_as_of`, which Stripe no
#: longer has.
RUNNING = "running"
INCOMPLETE = "incomplete"
GAP = "gap"
#: A backfill that wrote nothing for so long does not run any more.
ASLEEP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Limits:
    """After so long without a good step (`silent`), or with so old a state (`behind`), a stream is
    late; None where its age says nothing."""

    silent: timedelta | None
    behind: timedelta | None


_SILENT = timedelta(seconds=40)
#: The ledger and the events are walked every five minutes at least (`dashboard.process.worker`).
_WALKED = timedelta(seconds=300 + 60)

LIMITS = {
    INBOX: Limits(_SILENT, timedelta(seconds=60)),
    REFRESH: Limits(_SILENT, timedelta(seconds=120)),
    EVENTS: Limits(_SILENT, _WALKED),
    LEDGER: Limits(_SILENT, _WALKED),
    # A payout that was paid lists its rows a while later.
    PAYOUTS: Limits(_SILENT, timedelta(minutes=15)),
    BACKFILL: Limits(None, None),
}

#: In the order in which screens list them.
STREAMS = tuple(LIMITS)
