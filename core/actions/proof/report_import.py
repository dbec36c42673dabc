"""A report of Stripe's taken in from its CSV file: whole or not at all, and the same file once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from core.access import audit
from core.access.principals import Caller
from core.access.rights import RECONCILE
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.payments.validation import text
from core.actions.transaction import permitted_change
from core.db.bulk import insert_rows
from core.db.tables import stripe_report_rows, stripe_reports
from core.db.upsert import insert_new
from core.domain import versions
from core.errors import AlreadyDecided, NotFound
from core.gateway import report_csv
from core.gateway.report_csv import Days, ReportFile
from core.masking import mask_cards

__all__ = [
    "IMPORT",
    "WITHDRAW",
    "Arrived",
    "Days",
    "ImportedReport",
    "import_file",
    "read",
    "take_back",
    "withdraw",
    "write",
]

IMPORT, WITHDRAW = "report.import", "report.withdraw"
LONGEST_FILE_NAME = 255
LONGEST_REASON = 500
_R = stripe_reports.c


@dataclass(frozen=True, slots=True)
class ImportedReport:
    """What became of a file: `start` and `end` (UTC, not included) are those of its days in `zone`.

    `is_known`: it was taken in before for these days, and nothing was written.
    """

    report_type: str
    start: datetime
    end: datetime
    zone: str
    currencies: tuple[str, ...]
    rows: int
    is_known: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """A report's file, read and not yet written."""

    file: ReportFile
    sha256: str
    file_name: str
    livemode: bool


def import_file(
    context: ActionContext,
    caller: Caller,
    data: bytes,
    *,
    livemode: bool,
    file_name: str = "",
    days: Days | None = None,
) -> ImportedReport:
    """Take in a report that `core.gateway.report_csv` knows.

    `days` are those that it was asked for, where neither the file nor its name says so.
    `ReportRefused` names the field and the rule, and nothing is written.
    """
    authorize(context, caller, (RECONCILE,), IMPORT, file_name)
    arrived = read(data, livemode=livemode, file_name=file_name, days=days)

    def work(connection: Connection, now: datetime) -> ImportedReport:
        return write(connection, caller.actor, arrived, now)

    return permitted_change(context, caller, IMPORT, work, right=RECONCILE, target=file_name)


def read(data: bytes, *, livemode: bool, file_name: str = "", days: Days | None = None) -> Arrived:
    """The report of a file; `ReportRefused` where it breaks a rule."""
    found = report_csv.read(data, file_name=file_name, days=days)
    return Arrived(found, hashlib.sha256(data).hexdigest(), file_name, livemode)


def write(connection: Connection, actor: str, arrived: Arrived, now: datetime) -> ImportedReport:
    """Keep a report, in the caller's transaction, and note who took it in.

    What the same file was taken for before, other days, it is not of.
    """
    file = arrived.file
    same = (_R.livemode == arrived.livemode) & (_R.sha256 == arrived.sha256)
    known = connection.execute(
        select(_R.id, _R.superseded_at).where(
            same, _R.start_at == file.start, _R.end_at == file.end
        )
    ).first()
    made = ImportedReport(
        file.report_type,
        file.start,
        file.end,
        file.zone,
        file.currencies,
        len(file.rows),
        known is not None and known.superseded_at is None,
    )
    if made.is_known:
        return made
    connection.execute(
        update(stripe_reports).where(same, _R.superseded_at.is_(None)).values(superseded_at=now)
    )
    if known is None:
        _insert(connection, actor, arrived, now)
    else:
        connection.execute(
            update(stripe_reports).where(_R.id == known.id).values(superseded_at=None)
        )
    versions.bump(connection, ["revenue"], slot=0)
    audit.append(
        connection,
        actor=actor,
        action=IMPORT,
        target=arrived.file_name,
        details={
            "sha256": arrived.sha256,
            "livemode": arrived.livemode,
            "report": file.report_type,
            "start": file.start.isoformat(),
            "end": file.end.isoformat(),
            "zone": file.zone,
            "rows": len(file.rows),
        },
        now=now,
    )
    return made


def withdraw(context: ActionContext, caller: Caller, number: int, reason: str) -> None:
    """Have a report count no longer, for a `reason` of 1 to 500 characters: one that was taken in
    for the wrong days. Its rows stay, and the same file may be taken in again.

    `NotFound` without such a report, `AlreadyDecided` for one that does not count any more.
    """
    said = mask_cards(text("reason", reason.strip(), LONGEST_REASON))

    def work(connection: Connection, now: datetime) -> None:
        take_back(connection, caller.actor, number, said, now)

    permitted_change(context, caller, WITHDRAW, work, right=RECONCILE, target=str(number))


def take_back(connection: Connection, actor: str, number: int, reason: str, now: datetime) -> None:
    """`withdraw`, in the caller's transaction."""
    known = connection.execute(
        select(_R.file_name, _R.superseded_at).where(_R.id == number)
    ).first()
    if known is None:
        raise NotFound("There is no such report.")
    if known.superseded_at is not None:
        raise AlreadyDecided("This report does not count any more.")
    connection.execute(update(stripe_reports).where(_R.id == number).values(superseded_at=now))
    versions.bump(connection, ["revenue"], slot=0)
    audit.append(
        connection,
        actor=actor,
        action=WITHDRAW,
        target=str(number),
        details={"file_name": known.file_name, "reason": reason},
        now=now,
    )


def _insert(connection: Connection, actor: str, arrived: Arrived, now: datetime) -> None:
    file = arrived.file
    row = {
        "livemode": arrived.livemode,
        "sha256": arrived.sha256,
        "file_name": arrived.file_name[:LONGEST_FILE_NAME],
        "report_type": file.report_type,
        "start_at": file.start,
        "end_at": file.end,
        "zone": file.zone,
        "currencies": ",".join(file.currencies),
        "row_count": len(file.rows),
        "imported_by": actor,
        "imported_at": now,
    }
    insert_new(connection, stripe_reports, [row])
    report_id = connection.scalar(
        select(_R.id).where(
            _R.livemode == arrived.livemode,
            _R.sha256 == arrived.sha256,
            _R.start_at == file.start,
            _R.end_at == file.end,
        )
    )
    insert_rows(
        connection,
        stripe_report_rows,
        [
            {
                "report_id": report_id,
                "position": place,
                "currency": one.currency,
                "category": one.category,
                "object_id": one.object_id,
                "payout_id": one.payout_id,
                "at": one.at,
                "count": one.count,
                "gross_minor": one.gross_minor,
                "fee_minor": one.fee_minor,
                "net_minor": one.net_minor,
            }
            for place, one in enumerate(file.rows)
        ],
    )
