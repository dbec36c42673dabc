"""The life of a bulk refund: one decision about many payments."""

from __future__ import annotations

AWAITING = "awaiting_approval"
RUNNING = "running"
DONE = "done"
STOPPED = "stopped"
REFUSED = "refused"
EXPIRED = "expired"
CANCELED = "canceled"

#: Still to be decided, or being carried out.
OPEN = (AWAITING, RUNNING)
