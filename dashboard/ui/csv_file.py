"""A list as rows of a file, by one loop over the pages of a read; the button that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from core.access.principals import Principal
from core.access.rights import SEE_REVENUE
from dashboard.i18n import _
from dashboard.ui import viewer

Row = Sequence[object]
#: What the address of a file asks for, by name.
Asked = Mapping[str, str]

#: Rows that are read at once: no more than these are held in memory.
PAGE_ROWS = 500

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class CsvFile(Generic[P, R]):
    """The file of a list, which holds every row that the list's filters find.

    `read`: a read of `core.reads` of one page; its right is asked for at each page.
    `filters`: what the read takes, by what is asked; raises `InvalidInput` for what it cannot read.
    `columns`: the file's columns, in their order, and what stands in each for a row. Times are UTC
    in ISO 8601, amounts are in major units.
    `rows_of`, `next_of`: a page's rows, and where the next page begins, None behind the last.
    `cursor`: the read's parameter that takes what `next_of` gives.
    """

    read: Callable[..., P]
    filters: Callable[[Asked], dict[str, Any]]
    columns: Mapping[str, Callable[[R], object]]
    rows_of: Callable[[P], Iterable[R]]
    next_of: Callable[[P], object | None]
    cursor: str = "cursor"

    def rows(self, person: Principal, asked: Asked) -> Iterator[Row]:
        """The names of the columns, then every row, read page by page as they are taken."""
        given: dict[str, Any] = self.filters(asked) | {"limit": PAGE_ROWS}
        console, start = viewer.current_console(), None
        yield tuple(self.columns)
        while True:
            page = console.read(person.user_id, self.read, **given, **{self.cursor: start})
            for row in self.rows_of(page):
                yield tuple(value(row) for value in self.columns.values())
            start = self.next_of(page)
            if start is None:
                return


def livemode(asked: Asked) -> bool:
    """The mode that is asked for: test, unless it says live."""
    return asked.get("mode") == "live"


def money_link(place: Any, name: str, **asked: str) -> None:
    """A button for the file of what is shown, for those who may take money figures away.

    `name` is the file's among `dashboard.web.csv_exports`; `asked` are the list's filters.
    """
    asked = {"mode": "live" if viewer.livemode() else "test"} | asked
    allowed = viewer.signed_in().may(SEE_REVENUE)
    place.link_button(
        _("Export CSV"),
        f"/ui/export/{name}.csv?{urlencode(asked)}",
        icon=":material/download:",
        disabled=not allowed,
        help=None if allowed else _("Exports need the finance role."),
    )
