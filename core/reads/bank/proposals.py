"""What may be matched, for a person to decide."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from core.domain.bank_matching import OpenLine, OpenPayout, matched
from core.domain.open_bank_items import open_lines, open_payouts, refused, undone_pairs
from core.reads.permissions import requires


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """Lines and payouts that may be each other, side by side.

    `why`: trace_id, equal (several fit), unnamed, combined (one line of several payouts), split
    (one payout in several lines), as `core.domain.bank_matching` says.
    """

    why: str
    lines: tuple[OpenLine, ...]
    payouts: tuple[OpenPayout, ...]


@requires("manage_bank")
def proposals(conn: Connection, *, livemode: bool) -> tuple[ProposalRow, ...]:
    """What stays for a person, were the machine to decide now: by the order of the lines.

    Without what somebody refused.
    """
    unpaid = open_payouts(conn, livemode=livemode)
    lines = open_lines(conn, unpaid, livemode=livemode)
    found = matched(lines, unpaid, undone_pairs(conn, lines)).proposals
    not_these = refused(conn)
    line_of = {one.line_id: one for one in lines}
    payout_of = {one.payout_id: one for one in unpaid}
    return tuple(
        ProposalRow(
            one.why,
            tuple(line_of[line_id] for line_id in one.line_ids),
            tuple(payout_of[payout_id] for payout_id in one.payout_ids),
        )
        for one in found
        if (frozenset(one.line_ids), frozenset(one.payout_ids)) not in not_these
    )
