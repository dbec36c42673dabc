"""Streams of the mirror in words: what each brings, why it stopped, and what to do."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from core.domain import stream_limits as names
from core.reads.overview import streams as reads
from core.reads.overview.streams import StreamState
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import permission_labels, widgets

STREAMS = {
    names.INBOX: N_("Events received"),
    names.REFRESH: N_("Objects read again"),
    names.EVENTS: N_("Events polled"),
    names.LEDGER: N_("Ledger"),
    names.PAYOUTS: N_("Payouts"),
    names.BACKFILL: N_("History (sync)"),
}
STATES = {
    "late": N_("late"),
    "stopped": N_("stopped"),
    "incomplete": N_("incomplete"),
}
_ALONE = N_("It is tried again by itself.")
_WHY = {
    names.DISK_FULL: N_("The disk is full: nothing new can be kept. Make room on it."),
    names.DATABASE: N_("The database does not answer."),
    reads.SILENT: N_("The worker gives no sign of life. Start it, or look into its log."),
    reads.BEHIND: N_("More is waiting than was read so far."),
    reads.CUT_SHORT: N_("It was cut short. `sync` goes on with it."),
    "stripe_busy": N_("Stripe asks for fewer requests (429)."),
    "stripe_unreachable": N_("Stripe does not answer."),
    "outcome_unknown": N_("Stripe does not answer."),
    "stripe_key_refused": N_(
        "Stripe refuses the API key. Put one that is valid into the settings and start again."
    ),
}
#: What passes without anybody's help.
_PASSING = {names.DATABASE, reads.BEHIND, "stripe_busy", "stripe_unreachable", "outcome_unknown"}


def name(stream: str) -> str:
    """What the stream brings."""
    return _(STREAMS[stream]) if stream in STREAMS else stream


def why(one: StreamState, zone: ZoneInfo) -> str:
    """Why a stream is not fresh, and what to do. Foreign text in it is made safe."""
    if one.permission:
        return permission_labels.lacking(one.permission)
    if one.error == names.GAP and one.fresh_as_of:
        return _gap(one.fresh_as_of, zone)
    if one.error == names.FAULT:
        said = _("A fault of the program ({reason}): the worker's log says where.")
        return said.format(reason=widgets.safe_text(one.reason))
    if one.error in _WHY:
        said = _(_WHY[one.error])
        return f"{said} {_(_ALONE)}" if one.error in _PASSING else said
    return widgets.safe_text(one.reason) or _("The worker's log says why.")


def _gap(since: datetime, zone: ZoneInfo) -> str:
    said = _(
        "Events since {time} were missed and are no longer at Stripe."
        " `sync --since` from before then reads what changed."
    )
    return said.format(time=i18n.moment(since, zone))
