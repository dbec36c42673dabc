"""The payouts that a person may match a line with."""

from __future__ import annotations

from sqlalchemy import Connection

from core.domain.bank_matching import OpenPayout
from core.domain.open_bank_items import open_payouts
from core.reads.bank.lines import LineRow
from core.reads.permissions import requires


@requires("manage_bank")
def candidates(
    conn: Connection, *, livemode: bool, line: LineRow, limit: int = 100
) -> tuple[OpenPayout, ...]:
    """Payouts of the line's currency and sign without a line: those of its amount first, then those
    that were expected nearest to its day."""

    def distance(one: OpenPayout) -> tuple[bool, int, str]:
        days = abs((one.arrives_on - line.booked_on).days) if one.arrives_on else 10**6
        return one.amount_minor != line.amount_minor, days, one.payout_id

    found = [
        one
        for one in open_payouts(conn, livemode=livemode)
        if one.currency == line.currency and one.amount_minor * line.amount_minor > 0
    ]
    return tuple(sorted(found, key=distance)[:limit])
