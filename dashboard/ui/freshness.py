"""How fresh what is shown is: the times that figures carry, and a banner where a stream is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import groupby

import streamlit as st

from core.access.principals import Principal
from core.access.rights import SEE_EVENTS, SEE_PAYMENTS, SEE_REVENUE
from core.domain.stream_limits import BACKFILL, DISK_FULL, LEDGER, PAYOUTS, STREAMS
from core.inbox.health import Disks
from core.reads.overview import streams as reads
from core.reads.overview.streams import StreamState
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import stream_labels, viewer

#: How often an open screen looks, in seconds: with a worker's silence it makes less than a minute.
LOOK_EVERY = 15
#: What finance can do something about; developers and administrators, about every stream.
_FINANCE = (LEDGER, PAYOUTS, BACKFILL)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How a mode's streams stand, and as of when the mirror and the ledger are what Stripe has."""

    streams: tuple[StreamState, ...]
    mirror: datetime | None
    ledger: datetime | None


def now() -> Freshness:
    """For the mode that is shown; read once in five seconds for all who look."""
    return _read(viewer.livemode())


@st.cache_resource(max_entries=4, ttl=5, show_spinner=False)
def _read(livemode: bool) -> Freshness:
    streams = viewer.read(reads.stream_states, livemode=livemode, now=datetime.now(UTC))
    if not streams:
        streams = tuple(StreamState(name, "late", None, None) for name in STREAMS[:-1])
        streams = tuple(replace(one, error=reads.SILENT) for one in streams)
    here = viewer.current_console()
    if Disks(here.engine, here.settings.var_dir).is_full():
        # Then nothing new can be written, this reason neither.
        silent = [one.error == reads.SILENT for one in streams]
        streams = tuple(
            replace(one, error=DISK_FULL) if quiet else one
            for one, quiet in zip(streams, silent, strict=True)
        )
    return Freshness(
        streams,
        viewer.read(reads.mirror_as_of, livemode=livemode),
        viewer.read(reads.ledger_as_of, livemode=livemode),
    )


def seen_by(person: Principal, streams: Iterable[StreamState]) -> Iterator[StreamState]:
    """The streams that this person can do something about."""
    for one in streams:
        finance = person.may(SEE_REVENUE) and one.name in _FINANCE
        if finance or person.may(SEE_EVENTS):
            yield one


def banner(person: Principal) -> None:
    """On top of every screen: how far the account's past is read; for those who can act, what is
    stopped or late and why."""
    acts = person.may(SEE_EVENTS) or person.may(SEE_REVENUE)
    if acts or (person.may(SEE_PAYMENTS) and learning(now().streams)):
        _banner()


def learning(streams: Iterable[StreamState]) -> str | None:
    """That the account's past is still being read, and how far that is; None if it is not."""
    running = next(
        (one for one in streams if one.name == BACKFILL and one.state == "running"), None
    )
    if running is None:
        return None
    said = _("The account's past is being read from Stripe: figures grow until that is done.")
    if running.reason is None or not running.reason.isdecimal():
        return said
    share = i18n.percent(Fraction(int(running.reason), 100), digits=0)
    return said + " " + _("So far: {share}.").format(share=share)


@st.fragment(run_every=LOOK_EVERY)
def _banner() -> None:
    here, streams = viewer.view(), now().streams
    if said := learning(streams):
        st.info(said, icon=":material/history:")
    wrong = [one for one in seen_by(here.person, streams) if one.is_wrong]
    for said in sentences(wrong):
        st.warning(said, icon=":material/sync_problem:")


def sentences(wrong: Sequence[StreamState]) -> list[str]:
    """One for each reason: which streams it stops, since when, why, and what to do."""
    zone = viewer.zone()
    by_reason = sorted(wrong, key=lambda one: (one.state, stream_labels.why(one, zone)))
    found = []
    for (state, why), alike in groupby(
        by_reason, key=lambda one: (one.state, stream_labels.why(one, zone))
    ):
        streams = list(alike)
        since = min((one.since for one in streams if one.since), default=None)
        names = _(", ").join(stream_labels.name(one.name) for one in streams)
        said = _("{streams}: {state}.") if since is None else _("{streams}: {state} since {time}.")
        head = said.format(
            streams=names,
            state=_(stream_labels.STATES[state]),
            time=i18n.moment(since, zone) if since else "",
        )
        found.append(f"**{head}** {why}")
    return found


def badge(last_event: datetime | None, *, with_ledger: bool) -> None:
    """As of when the figures beside it are true; orange where a stream is late or stopped."""
    found, zone = now(), viewer.zone()
    times = {_("Payments"): found.mirror}
    if with_ledger:
        times[_("Ledger")] = found.ledger
    known = [time for time in times.values() if time is not None]
    lines = [
        _("{what}: as of {time}").format(what=what, time=i18n.moment(time, zone))
        for what, time in times.items()
        if time is not None
    ]
    if last_event is not None:
        lines.append(_("Last event: {time}").format(time=i18n.moment(last_event, zone)))
    wrong = any(one.is_wrong for one in found.streams)
    said = _("As of {time}").format(time=i18n.moment(min(known), zone)) if known else None
    st.badge(
        said or _("Not read from Stripe yet"),
        icon=":material/sync_problem:" if wrong else ":material/schedule:",
        color="orange" if wrong else "green",
        help="\n\n".join([*lines, str(zone)]),
    )
