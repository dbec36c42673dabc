"""The statements that were taken in, each with the balances that its lines lead between."""

from __future__ import annotations

from collections.abc import Sequence

from core.money import Money, show
from core.reads.bank import statements as reads
from core.reads.bank.statements import BankAccountRow, StatementRow
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.bank import labels
from dashboard.ui import status_badges, viewer, widgets
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    chips,
    currency,
    moment,
    money,
    number,
    text,
)


def _balance(minor: int | None, row: StatementRow) -> str:
    return "–" if minor is None else show(Money(minor, row.currency))


def _moved(row: StatementRow) -> str:
    if row.opening_minor is None or row.closing_minor is None:
        return "–"
    return show(Money(row.closing_minor - row.opening_minor, row.currency))


COLUMNS: dict[str, Column[StatementRow]] = {
    "account": text(N_("Account"), lambda row: row.account, cut=20),
    "number": text(N_("No."), lambda row: row.number, optional=True),
    "since": text(N_("From"), lambda row: i18n.day(row.opened_on)),
    "until": text(N_("To"), lambda row: i18n.day(row.closed_on)),
    "opening": money(N_("Opening"), lambda row: _balance(row.opening_minor, row)),
    "moved": money(N_("Its lines"), _moved),
    "closing": money(N_("Closing"), lambda row: _balance(row.closing_minor, row)),
    "currency": currency(lambda row: row.currency),
    "proved": chips(
        N_("Sum"),
        lambda row: status_badges.cell("proved" if row.is_proved else "not_proved"),
        labels.PROVED,
    ),
    "lines": number(N_("Lines"), lambda row: row.lines),
    "new": number(N_("New"), lambda row: row.new_lines),
    "format": text(N_("Format"), lambda row: row.format),
    "file": text(N_("File"), lambda row: row.file_name, cut=17),
    "by": text(N_("Imported by"), lambda row: row.imported_by_name),
    "at": moment(N_("Imported"), lambda row: row.imported_at, seconds=False),
}
TABLE = DataTable(
    "bank_statements",
    N_("Statements"),
    COLUMNS,
    placeholder="–",
    empty=Empty(
        N_("No statement yet"),
        N_("Import a file of your bank, here or by the command bank import."),
        ":material/account_balance:",
    ),
)


def draw(known: Sequence[BankAccountRow]) -> None:
    """Those of all accounts or of one: the latest first."""
    names = {str(one.account_id): labels.account(one) for one in known}
    account = ""
    if len(names) > 1:
        account = widgets.url_select(
            _("Any account"), "account", list(names), lambda one: names.get(one, one), width=260
        )
    found = viewer.read(
        reads.statements,
        livemode=viewer.livemode(),
        account_id=int(account) if account in names else None,
    )
    TABLE.draw(TABLE.frame(found))
