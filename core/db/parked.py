"""A time that never comes: what is due then waits for new word of it, or for a person."""

from __future__ import annotations

from datetime import UTC, datetime

#: `next_attempt_at` of an object that Stripe refuses to show for good.
PARKED = datetime(9999, 1, 1, tzinfo=UTC)
