"""Every refund there was: those asked for here, and those made elsewhere, newest first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, exists, select

from core.db.tables import events, refund_requests, refunds, users
from core.domain import refund_states as states
from core.money import Money
from core.reads.permissions import requires
from core.reads.search import paging
from core.reads.search import totals as search_totals
from core.reads.search.paging import Position
from core.reads.search.totals import Totals
from core.states import RefundState

LIMIT = 50
_asker = users.alias("asker")
_decider = users.alias("decider")


@dataclass(frozen=True, slots=True)
class Entry:
    """A request (`request_id`), or a refund that nobody asked for here (`external`).

    `at` is when it was asked for, or made at Stripe. `state` is a request's
    (core.domain.refund_states) or, of an external one, what Stripe's status would make of it.
    `failed_open`: nobody has seen to its failure yet. `stripe_request` is all that Stripe tells of
    who made an external one.
    """

    id: str
    at: datetime
    payment_id: str | None
    amount: Money
    state: str
    reason: str | None
    external: bool
    request_id: str | None = None
    refund_id: str | None = None
    note: str | None = None
    why: str | None = None
    over: str | None = None
    asked_by: str | None = None
    asked_user_id: str | None = None
    by_token: bool = False
    decided_by: str | None = None
    bulk_id: str | None = None
    failed_open: bool = False
    stripe_request: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and where older ones begin; None where there are none."""

    entries: tuple[Entry, ...]
    older_cursor: str | None


@requires("ask_refund")
def history(
    conn: Connection,
    *,
    livemode: bool,
    payment_id: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = LIMIT,
) -> Page:
    """A page of all refunds of a mode, or of one payment, or in one state.

    A cursor that cannot be read is taken as none.
    """
    start = paging.read_cursor(cursor, str)
    own = _requests(livemode, payment_id, state, start).limit(limit + 1)
    elsewhere = _external(livemode, payment_id, state, start).limit(limit + 1)
    found = [_of_request(row) for row in conn.execute(own)]
    found += [_of_refund(row) for row in conn.execute(elsewhere)]
    found.sort(key=lambda entry: (entry.at, entry.id), reverse=True)
    page, last = paging.cut(found, limit)
    requests = _api_requests(conn, [entry.id for entry in page if entry.external])
    return Page(
        tuple(replace(entry, stripe_request=requests.get(entry.id)) for entry in page),
        paging.write_cursor(Position(last.at, last.id)) if last else None,
    )


@requires("ask_refund")
def totals(
    conn: Connection, *, livemode: bool, payment_id: str | None = None, state: str | None = None
) -> Totals:
    """What all pages of such a history come to."""
    q, r = refund_requests.c, refunds.c
    own = _requests(livemode, payment_id, state, None).order_by(None)
    elsewhere = _external(livemode, payment_id, state, None).order_by(None)
    return search_totals.totals(
        conn,
        own.with_only_columns(q.amount_minor, q.currency),
        elsewhere.with_only_columns(r.amount_minor, r.currency),
    )


def matching(
    *, livemode: bool, payment_id: str | None, state: str | None
) -> tuple[Select[Any], Select[Any]]:
    """The keys of what `history` gives: of requests, and of refunds that nobody asked for here."""
    own = _requests(livemode, payment_id, state, None).order_by(None)
    elsewhere = _external(livemode, payment_id, state, None).order_by(None)
    return (
        own.with_only_columns(refund_requests.c.id),
        elsewhere.with_only_columns(refunds.c.stripe_id),
    )


def _requests(
    livemode: bool, payment_id: str | None, state: str | None, start: Position[str] | None
) -> Select[Any]:
    q = refund_requests.c
    query = (
        select(refund_requests, _asker.c.name.label("asker"), _decider.c.name.label("decider"))
        .outerjoin(_asker, _asker.c.id == q.asked_user_id)
        .outerjoin(_decider, _decider.c.id == q.approved_by)
        .where(q.livemode == livemode, *_older(q.created_at, q.id, start))
        .order_by(q.created_at.desc(), q.id.desc())
    )
    if payment_id is not None:
        query = query.where(q.payment_id == payment_id)
    return query if state is None else query.where(q.state == state)


def _external(
    livemode: bool, payment_id: str | None, state: str | None, start: Position[str] | None
) -> Select[Any]:
    """Refunds in the mirror that are no request's own, whatever tag they carry."""
    r = refunds.c
    asked_here = exists().where(refund_requests.c.refund_id == r.stripe_id)
    query = (
        select(refunds)
        .where(
            r.livemode == livemode,
            # What only let an authorization go gave nothing back.
            ~r.released,
            ~asked_here,
            *_older(r.created_at, r.stripe_id, start),
        )
        .order_by(r.created_at.desc(), r.stripe_id.desc())
    )
    if payment_id is not None:
        query = query.where(r.payment_id == payment_id)
    if state is None:
        return query
    return query.where(r.status.in_([one for one, is_ in states.OF_STRIPE.items() if is_ == state]))


def _older(
    moment: Column[datetime], key: Column[str], start: Position[str] | None
) -> Iterable[ColumnElement[bool]]:
    return () if start is None else (paging.rows_beyond(moment, key, start, older=True),)


def _of_request(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        at=row.created_at,
        payment_id=row.payment_id,
        amount=Money(row.amount_minor, row.currency),
        state=row.state,
        reason=row.reason,
        external=False,
        request_id=row.id,
        refund_id=row.refund_id,
        note=row.note,
        why=row.why,
        over=row.over,
        asked_by=row.asker or row.asked_by,
        asked_user_id=row.asked_user_id,
        by_token=row.asked_by != row.asked_user_id,
        decided_by=row.decider or row.approved_by,
        bulk_id=row.bulk_id,
        failed_open=row.state == RefundState.FAILED and row.settled_at is None,
    )


def _of_refund(row: Row[Any]) -> Entry:
    return Entry(
        id=row.stripe_id,
        at=row.created_at,
        payment_id=row.payment_id,
        amount=Money(row.amount_minor, row.currency),
        state=states.OF_STRIPE.get(row.status, row.status),
        reason=row.reason,
        external=True,
        refund_id=row.stripe_id,
        why=row.failure_reason,
    )


def _api_requests(conn: Connection, refund_ids: Sequence[str]) -> dict[str, str]:
    """The API request that made each refund, from the event that told of it; none by hand."""
    e = events.c
    query = select(e.object_id, e.body).where(
        e.object_id.in_(refund_ids), e.type == "refund.created"
    )
    found: dict[str, str] = {}
    for refund_id, body in conn.execute(query) if refund_ids else ():
        request = json.loads(body).get("request")
        made_by = request.get("id") if isinstance(request, dict) else request
        if isinstance(made_by, str):
            found[refund_id] = made_by[:64]
    return found
