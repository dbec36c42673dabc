"""Lists as files, each by one loop over the pages of its read.

What a person may type into a file's address is what the screen's filters are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from core.errors import InvalidInput, ListRepeated
from core.money import Money
from core.reads.admin import audit
from core.reads.admin.audit import AuditRow
from core.reads.bank import lines as bank_lines
from core.reads.bank.lines import LineRow
from core.reads.customers.list import CustomerPage, CustomerRow
from core.reads.customers.sums import Totals as PayerTotals
from core.reads.developer import api_log, events
from core.reads.developer.api_log import CallRow
from core.reads.developer.events import EventRow
from core.reads.disputes import list as dispute_list
from core.reads.disputes.list import DisputeRow
from core.reads.disputes.list import Page as DisputePage
from core.reads.exports import permitted, sizes
from core.reads.exports.columns import Asked, Column, FileRows, Kind, Reader, file_rows
from core.reads.fraud import lists as fraud_lists
from core.reads.fraud.lists import Entry as ListEntry
from core.reads.ledger import rows as ledger_rows
from core.reads.ledger.rows import LedgerRow
from core.reads.payments import list as payment_list
from core.reads.payments.list import PaymentRow
from core.reads.payouts import detail as payout_detail
from core.reads.payouts import list as payout_list
from core.reads.payouts.detail import PaidOutRow
from core.reads.payouts.list import PayoutRow
from core.reads.periods.adjustments import ClosedFigure
from core.reads.proof import breaks as proof_breaks
from core.reads.proof.breaks import BreakRow
from core.reads.refunds import bulk as bulk_reads
from core.reads.refunds.bulk import BulkRow
from core.reads.refunds.history import Entry as RefundEntry
from core.reads.refunds.history import Page as RefundPage
from core.reads.search.logs.keyset import LogPage
from core.reads.search.sort_order import read_order

#: Rows that are read at once: no more than these are held in memory.
PAGE_ROWS = 250

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ListFile(Generic[P, R]):
    """The file of a list, which holds every row that the list's filters find.

    `read`: a read of one page; its right is asked for at each page.
    `filters`: what the read takes, by what is asked and the zone whose days count; raises
    `InvalidInput` for what it cannot read.
    `columns`: what stands in the file for a row.
    `rows_of`, `next_of`: a page's rows, and where the next page begins, None behind the last.
    `exceeds`: a read that takes the filters and `most`, None where the list is never long.
    `cursor`: the read's parameter that takes what `next_of` gives.
    """

    read: Callable[..., P]
    filters: Callable[[Asked, ZoneInfo], dict[str, Any]]
    columns: tuple[Column[R], ...]
    rows_of: Callable[[P], Iterable[R]]
    next_of: Callable[[P], object | None]
    exceeds: Callable[..., bool] | None = None
    cursor: str = "cursor"

    @property
    def right(self) -> str:
        """What a person needs to take it away."""
        found: str = self.read.right  # type: ignore[attr-defined] # `requires` sets it
        return found

    def open(self, read: Reader, asked: Asked, zone: ZoneInfo) -> FileRows:
        """The file for what is asked, read page by page as its rows are taken.

        `columns` of the address are those of the file, in their order, all of them unless told.
        `InvalidInput` for what is no column; `ListRepeated`, while rows are taken, where the
        pages lead back.
        """
        return file_rows(self._columns(asked), self._rows(read, self.filters(asked, zone)))

    def _columns(self, asked: Asked) -> Sequence[Column[R]]:
        known = {one.name: one for one in self.columns}
        wanted = [name for name in asked.get("columns", "").split(",") if name]
        for name in wanted:
            if name not in known:
                raise InvalidInput("columns", "must be of {known}", known=", ".join(known))
        return [known[name] for name in dict.fromkeys(wanted)] or self.columns

    def is_longer(self, read: Reader, asked: Asked, zone: ZoneInfo, most: int) -> bool:
        """Whether the file may have more than `most` rows."""
        if self.exceeds is None:
            return False
        found: bool = read(self.exceeds, most=most, **self.filters(asked, zone))
        return found

    def _rows(self, read: Reader, given: dict[str, Any]) -> Iterator[R]:
        start: object | None = None
        been: set[object] = set()
        while True:
            page = read(self.read, limit=PAGE_ROWS, **given, **{self.cursor: start})
            start = self.next_of(page)
            # A read takes a place that it cannot make out for none, and begins again.
            if start in been:
                raise ListRepeated
            yield from self.rows_of(page)
            if start is None:
                return
            been.add(start)


def is_live(asked: Asked) -> bool:
    """The mode that is asked for: test, unless it says live."""
    return asked.get("mode") == "live"


def _amount(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


def _number(field: str, written: str | None) -> int | None:
    """A number of an address; `InvalidInput` for what is none."""
    if not written:
        return None
    if not (written.isascii() and written.isdigit() and len(written) < 19):
        raise InvalidInput(field, "must be a whole number")
    return int(written)


def _day(field: str, written: str | None) -> date | None:
    """A day of an address; `InvalidInput` for what is none."""
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise InvalidInput(field, "must be a day such as {sample}", sample="2026-01-31") from None


_T, _N, _F, _AT, _M = Kind.TEXT, Kind.COUNT, Kind.FLAG, Kind.TIME, Kind.MAJOR

PAYMENTS: ListFile[payment_list.PaymentPage, PaymentRow] = ListFile(
    permitted.payments,
    lambda asked, zone: {
        "query": payment_list.parse(asked.get("q", "")),
        "livemode": is_live(asked),
        "zone": zone,
        "order": read_order(asked.get("sort"), payment_list.NEWEST, payment_list.SORTS),
    },
    (
        Column("id", _T, lambda row: row.stripe_id),
        Column("created_utc", _AT, lambda row: row.created_at),
        Column("state", _T, lambda row: row.state),
        Column("status", _T, lambda row: row.status),
        Column("amount", _M, lambda row: Money(row.amount_minor, row.currency)),
        Column("currency", _T, lambda row: row.currency.upper()),
        Column("refunded", _M, lambda row: Money(row.amount_refunded_minor, row.currency)),
        Column("method", _T, lambda row: row.method_type),
        Column("card_brand", _T, lambda row: row.card_brand),
        Column("card_last4", _T, lambda row: row.card_last4),
        Column("card_country", _T, lambda row: row.card_country),
        Column("email", _T, lambda row: row.email),
        Column("customer_name", _T, lambda row: row.customer_name),
        Column("customer", _T, lambda row: row.customer_id),
        Column("order", _T, lambda row: row.order_id),
        Column("user", _T, lambda row: row.user_id),
        Column("risk_level", _T, lambda row: row.risk_level),
        Column("risk_score", _N, lambda row: row.risk_score),
        Column("failure_code", _T, lambda row: row.failure_code),
        Column("decline_code", _T, lambda row: row.decline_code),
        Column("captured", _M, lambda row: Money(row.amount_captured_minor, row.currency)),
        Column("disputed", _M, lambda row: Money(row.amount_disputed_minor, row.currency)),
        Column("dispute", _T, lambda row: row.dispute_outcome),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older_cursor,
    exceeds=sizes.payments_exceed,
)
REFUNDS: ListFile[RefundPage, RefundEntry] = ListFile(
    permitted.refunds,
    lambda asked, _zone: {
        "livemode": is_live(asked),
        "payment_id": asked.get("payment") or None,
        "state": asked.get("state") or None,
    },
    (
        Column("id", _T, lambda one: one.id),
        Column("asked_utc", _AT, lambda one: one.at),
        Column("state", _T, lambda one: one.state),
        Column("amount", _M, lambda one: one.amount),
        Column("currency", _T, lambda one: one.amount.currency.upper()),
        Column("payment", _T, lambda one: one.payment_id),
        Column("refund", _T, lambda one: one.refund_id),
        Column("made", _T, lambda one: "elsewhere" if one.external else "here"),
        Column("reason", _T, lambda one: one.reason),
        Column("note", _T, lambda one: one.note),
        Column("why", _T, lambda one: one.why),
        Column("over", _T, lambda one: one.over),
        Column("asked_by", _T, lambda one: one.asked_by),
        Column("decided_by", _T, lambda one: one.decided_by),
        Column("bulk", _T, lambda one: one.bulk_id),
    ),
    rows_of=lambda page: page.entries,
    next_of=lambda page: page.older_cursor,
    exceeds=sizes.refunds_exceed,
)
BULK_REFUND: ListFile[bulk_reads.Rows, BulkRow] = ListFile(
    bulk_reads.rows,
    lambda asked, _zone: {"livemode": is_live(asked), "bulk_id": asked.get("id", "")},
    (
        Column("payment", _T, lambda one: one.payment_id),
        Column("amount", _M, lambda one: one.amount),
        Column("currency", _T, lambda one: one.amount.currency.upper()),
        Column("state", _T, lambda one: one.state),
        Column("why", _T, lambda one: one.why),
        Column("refund", _T, lambda one: one.refund_id),
        Column("request", _T, lambda one: one.request_id),
        Column("changed_utc", _AT, lambda one: one.updated_at),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.next_cursor,
)
DISPUTES: ListFile[DisputePage, DisputeRow] = ListFile(
    permitted.disputes,
    lambda asked, _zone: {
        "livemode": is_live(asked),
        "view": asked.get("view") or "open",
        "reason": asked.get("reason") or None,
        "currency": asked.get("currency") or None,
        "order": read_order(
            asked.get("sort"), dispute_list.natural_order(asked.get("view") or "open")
        ),
    },
    (
        Column("id", _T, lambda row: row.stripe_id),
        Column("created_utc", _AT, lambda row: row.created_at),
        Column("status", _T, lambda row: row.status),
        Column("amount", _M, lambda row: row.amount),
        Column("currency", _T, lambda row: row.amount.currency.upper()),
        Column("reason", _T, lambda row: row.reason),
        Column("due_utc", _AT, lambda row: row.due_by),
        Column("payment", _T, lambda row: row.payment_id),
        Column("customer", _T, lambda row: row.customer),
        Column("card_brand", _T, lambda row: row.card_brand),
        Column("has_evidence", _F, lambda row: row.has_evidence),
        Column("submissions", _N, lambda row: row.submission_count),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.next_cursor,
    exceeds=sizes.disputes_exceed,
)
#: A line for each currency that a customer paid in, one without amounts for who paid nothing.
CUSTOMERS: ListFile[CustomerPage, tuple[CustomerRow, PayerTotals | None]] = ListFile(
    permitted.customers,
    lambda asked, _zone: {"livemode": is_live(asked), "search": asked.get("q", "")},
    (
        Column("id", _T, lambda line: line[0].customer),
        Column("name", _T, lambda line: line[0].name),
        Column("email", _T, lambda line: line[0].email),
        Column("country", _T, lambda line: line[0].country),
        Column("created_utc", _AT, lambda line: line[0].created_at),
        Column("deleted", _F, lambda line: line[0].deleted),
        Column("currency", _T, lambda line: line[1].currency.upper() if line[1] else None),
        Column("payments", _N, lambda line: line[1].payments if line[1] else 0),
        Column("paid", _M, lambda line: line[1].paid if line[1] else None),
        Column("given_back", _M, lambda line: line[1].given_back if line[1] else None),
        Column("disputed", _M, lambda line: line[1].disputed if line[1] else None),
        # Of who has more payments than are summed, the newest ones are.
        Column("all_payments_summed", _F, lambda line: line[0].sums.whole),
        Column("last_payment_utc", _AT, lambda line: line[0].sums.last_at),
    ),
    rows_of=lambda page: [(row, one) for row in page.rows for one in row.sums.totals or (None,)],
    next_of=lambda page: page.older,
    exceeds=sizes.customers_exceed,
)
AUDIT: ListFile[LogPage[AuditRow], AuditRow] = ListFile(
    audit.page,
    lambda asked, zone: {"query": audit.read_line(asked.get("q", "")), "zone": zone},
    (
        Column("row", _N, lambda row: row.seq),
        Column("at_utc", _AT, lambda row: row.at),
        Column("actor", _T, lambda row: row.actor),
        Column("actor_name", _T, lambda row: row.actor_name),
        Column("action", _T, lambda row: row.action),
        Column("target", _T, lambda row: row.target),
        Column("target_name", _T, lambda row: row.target_name),
        Column("outcome", _T, lambda row: row.outcome),
        Column("details", _T, lambda row: row.details),
        Column("previous_hash", _T, lambda row: row.previous_hash),
        Column("hash", _T, lambda row: row.hash),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    exceeds=audit.exceeds,
)
#: In the columns that an import takes.
FRAUD_LISTS: ListFile[fraud_lists.EntryPage, ListEntry] = ListFile(
    fraud_lists.page,
    lambda asked, _zone: {
        "kind": asked.get("kind") or None,
        "field": asked.get("field") or None,
        "search": asked.get("search", ""),
    },
    (
        Column("kind", _T, lambda one: one.kind),
        Column("field", _T, lambda one: one.field),
        Column("value", _T, lambda one: one.value),
        Column("reason", _T, lambda one: one.reason),
        Column("expires", _AT, lambda one: one.expires_at),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    cursor="below",
    exceeds=sizes.list_entries_exceed,
)
EVENTS: ListFile[LogPage[EventRow], EventRow] = ListFile(
    events.page,
    lambda asked, zone: {
        "query": events.read_line(asked.get("q", "")),
        "livemode": is_live(asked),
        "zone": zone,
    },
    (
        Column("id", _T, lambda row: row.stripe_id),
        Column("type", _T, lambda row: row.type),
        Column("created_utc", _AT, lambda row: row.created_at),
        Column("received_utc", _AT, lambda row: row.received_at),
        Column("state", _T, lambda row: row.state),
        Column("because", _T, lambda row: row.skipped_because),
        Column("object", _T, lambda row: row.object_id),
        Column("source", _T, lambda row: row.source),
        Column("account", _T, lambda row: row.account),
        Column("api_version", _T, lambda row: row.api_version),
        Column("failed_attempts", _N, lambda row: row.attempts),
        Column("last_error", _T, lambda row: row.last_error),
        Column("applied_utc", _AT, lambda row: row.applied_at),
        Column("duration_us", _N, lambda row: row.duration_us),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    exceeds=sizes.events_exceed,
)
CALLS: ListFile[LogPage[CallRow], CallRow] = ListFile(
    api_log.page,
    lambda asked, zone: {
        "query": api_log.read_line(asked.get("q", "")),
        "livemode": is_live(asked),
        "zone": zone,
    },
    (
        Column("started_utc", _AT, lambda row: row.started_at),
        Column("method", _T, lambda row: row.method),
        Column("path", _T, lambda row: row.path),
        Column("status", _N, lambda row: row.status),
        Column("error", _T, lambda row: row.error),
        Column("duration_us", _N, lambda row: row.duration_us),
        Column("attempt", _N, lambda row: row.attempt),
        Column("request", _T, lambda row: row.request_id),
        Column("idempotency_key", _T, lambda row: row.idempotency_key),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    exceeds=sizes.calls_exceed,
)
DIFFERENCES: ListFile[proof_breaks.Page, BreakRow] = ListFile(
    proof_breaks.page,
    lambda asked, _zone: {
        "livemode": is_live(asked),
        "view": asked.get("view") or "open",
        "kind": asked.get("kind") or None,
        "currency": asked.get("currency") or None,
    },
    (
        Column("number", _N, lambda row: row.number),
        Column("found_utc", _AT, lambda row: row.found_at),
        Column("day", Kind.DAY, lambda row: row.day),
        Column("state", _T, lambda row: row.state),
        Column("identity", _T, lambda row: row.identity),
        Column("kind", _T, lambda row: row.kind),
        Column("object", _T, lambda row: row.object_id),
        Column("currency", _T, lambda row: row.currency.upper()),
        Column("ours", _M, lambda row: _amount(row.ours_minor, row.currency)),
        Column("theirs", _M, lambda row: _amount(row.theirs_minor, row.currency)),
        Column("difference", _M, lambda row: _amount(row.difference_minor, row.currency)),
        Column("cause", _T, lambda row: row.cause),
        Column("due_utc", _AT, lambda row: row.due_at),
        Column("owner", _T, lambda row: row.owner_name),
        Column("reason", _T, lambda row: row.reason),
        Column("explained_by", _T, lambda row: row.explained_by),
        Column("closed_utc", _AT, lambda row: row.closed_at),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    exceeds=sizes.differences_exceed,
)
PAYOUTS: ListFile[payout_list.Page, PayoutRow] = ListFile(
    payout_list.page,
    lambda asked, _zone: {
        "livemode": is_live(asked),
        "view": asked.get("view") or "all",
        "currency": asked.get("currency") or None,
        "order": read_order(asked.get("sort"), payout_list.NEWEST),
    },
    (
        Column("id", _T, lambda row: row.stripe_id),
        Column("created_utc", _AT, lambda row: row.created_at),
        Column("status", _T, lambda row: row.status),
        Column("amount", _M, lambda row: row.amount),
        Column("currency", _T, lambda row: row.amount.currency.upper()),
        Column("expected_utc", _AT, lambda row: row.arrival_at),
        Column("kind", _T, lambda row: "automatic" if row.automatic else "manual"),
        Column("method", _T, lambda row: row.method),
        Column("failure_code", _T, lambda row: row.failure_code),
        Column("reconciliation_status", _T, lambda row: row.reconciliation_status),
        Column("trace_id", _T, lambda row: row.trace_id),
        Column("trace_id_status", _T, lambda row: row.trace_id_status),
        Column("payments", _N, lambda row: row.payments),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    exceeds=sizes.payouts_exceed,
)
#: The rows that one payout paid out.
PAYOUT_ROWS: ListFile[Any, PaidOutRow] = ListFile(
    payout_detail.rows,
    lambda asked, _zone: {"livemode": is_live(asked), "payout_id": asked.get("id", "")},
    (
        Column("id", _T, lambda row: row.stripe_id),
        Column("created_utc", _AT, lambda row: row.created_at),
        Column("category", _T, lambda row: row.category),
        Column("source", _T, lambda row: row.source_id),
        Column("payment", _T, lambda row: row.payment_id),
        Column("email", _T, lambda row: row.email),
        Column("amount", _M, lambda row: Money(row.amount_minor, row.currency)),
        Column("fee", _M, lambda row: Money(-row.fee_minor, row.currency)),
        Column("net", _M, lambda row: Money(row.net_minor, row.currency)),
        Column("currency", _T, lambda row: row.currency.upper()),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    exceeds=sizes.payout_rows_exceed,
)
BANK_LINES: ListFile[tuple[LineRow, ...], LineRow] = ListFile(
    bank_lines.lines,
    lambda asked, _zone: {
        "livemode": is_live(asked),
        "state": asked.get("state") or None,
        "account_id": _number("account", asked.get("account")),
    },
    (
        Column("line", _N, lambda row: row.line_id),
        Column("booked", Kind.DAY, lambda row: row.booked_on),
        Column("value", Kind.DAY, lambda row: row.value_on),
        Column("amount", _M, lambda row: Money(row.amount_minor, row.currency)),
        Column("currency", _T, lambda row: row.currency.upper()),
        Column("state", _T, lambda row: row.state),
        Column("matched", _M, lambda row: Money(row.matched_minor, row.currency)),
        Column("payouts", _T, lambda row: " ".join(one.payout_id for one in row.matches)),
        Column("how", _T, lambda row: " ".join(dict.fromkeys(one.how for one in row.matches))),
        Column("name", _T, lambda row: row.name),
        Column("text", _T, lambda row: row.text),
        Column("references", _T, lambda row: " ".join(row.references)),
        Column("account", _T, lambda row: row.account),
    ),
    rows_of=lambda page: page,
    next_of=lambda page: (page[-1].booked_on, page[-1].line_id) if len(page) == PAGE_ROWS else None,
    exceeds=sizes.bank_lines_exceed,
    cursor="before",
)
#: The figures of a closed month, as closed and as known now.
CLOSED_FIGURES: ListFile[tuple[ClosedFigure, ...], ClosedFigure] = ListFile(
    permitted.closed_figures,
    lambda asked, _zone: {"livemode": is_live(asked), "month": asked.get("month", "")},
    (
        Column("currency", _T, lambda one: one.currency.upper()),
        Column("balance_type", _T, lambda one: one.balance_type),
        Column("category", _T, lambda one: one.category),
        Column("rows_as_closed", _N, lambda one: one.closed_count),
        Column("rows_now", _N, lambda one: one.now_count),
        Column("late_rows", _N, lambda one: one.late),
        Column("as_closed", _M, lambda one: Money(one.closed_minor, one.currency)),
        Column("as_known_now", _M, lambda one: Money(one.now_minor, one.currency)),
        Column("difference", _M, lambda one: Money(one.difference_minor, one.currency)),
    ),
    rows_of=lambda page: page,
    next_of=lambda _page: None,
)
LEDGER_ROWS: ListFile[ledger_rows.RowPage, LedgerRow] = ListFile(
    ledger_rows.page,
    lambda asked, zone: {
        "livemode": is_live(asked),
        "zone": zone,
        "filters": ledger_rows.Filters(
            _day("from", asked.get("from")),
            _day("until", asked.get("until")),
            asked.get("currency") or None,
            asked.get("balance") or None,
            asked.get("category") or None,
            asked.get("late") or None,
            asked.get("figure") or None,
            ledger_rows.as_written(asked.get("method")),
            ledger_rows.as_written(asked.get("country")),
            asked.get("fee") or None,
        ),
    },
    (
        Column("id", _T, lambda row: row.stripe_id),
        Column("created_utc", _AT, lambda row: row.created_at),
        Column("type", _T, lambda row: row.type),
        Column("category", _T, lambda row: row.category),
        Column("balance_type", _T, lambda row: row.balance_type),
        Column("gross", _M, lambda row: Money(row.amount_minor, row.currency)),
        # By the sign of the screen: gross and fee add up to net.
        Column("fee", _M, lambda row: Money(-row.fee_minor, row.currency)),
        Column("net", _M, lambda row: Money(row.net_minor, row.currency)),
        Column("currency", _T, lambda row: row.currency.upper()),
        Column("happened", Kind.DAY, lambda row: row.business_day),
        Column("counts_on", Kind.DAY, lambda row: row.booked_day or row.business_day),
        Column("source", _T, lambda row: row.source_id),
        Column("payment", _T, lambda row: row.payment_id),
        Column("payout", _T, lambda row: row.payout_id),
        Column("email", _T, lambda row: row.email),
    ),
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    exceeds=ledger_rows.exceeds,
)
#: Every list by the name in its file's address.
LISTS: dict[str, ListFile[Any, Any]] = {
    "api_log": CALLS,
    "audit": AUDIT,
    "bank_lines": BANK_LINES,
    "bulk_refund": BULK_REFUND,
    "closed_figures": CLOSED_FIGURES,
    "customers": CUSTOMERS,
    "differences": DIFFERENCES,
    "disputes": DISPUTES,
    "events": EVENTS,
    "ledger_rows": LEDGER_ROWS,
    "lists": FRAUD_LISTS,
    "payments": PAYMENTS,
    "payout_rows": PAYOUT_ROWS,
    "payouts": PAYOUTS,
    "refunds": REFUNDS,
}
