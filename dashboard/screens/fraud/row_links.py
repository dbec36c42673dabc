"""Where figures of fraud lead: the addresses of their rows on this page, written and read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from core.reads.fraud.scored import FIGURES, Filters, start_of
from dashboard.ui import address

_POINTS = re.compile(r"(\d{1,6})?-(\d{1,6})?", re.ASCII)


def scored(filters: Filters) -> str:
    """The rows behind a figure of scored payments."""
    asked = {
        "tab": "scored",
        "figure": filters.figure,
        "cur": filters.currency,
        "from": filters.since.isoformat() if filters.since else None,
        "until": filters.until.isoformat() if filters.until else None,
        "points": points_written(filters.points) if filters.points else None,
        "held": filters.rule,
    }
    return f"?{urlencode({name: value for name, value in asked.items() if value})}"


def scored_read(query: Mapping[str, str]) -> Filters:
    """What an address asks for; what cannot be read in it is left out, and so are points and rules
    where rows are no scorings."""
    figure = query.get("figure", "")
    is_scoring = figure != "lost"
    return Filters(
        figure if figure in FIGURES else FIGURES[0],
        day_read(query.get("from", "")),
        day_read(query.get("until", "")),
        query.get("cur") or None,
        points_read(query.get("points", "")) if is_scoring else None,
        query.get("held") or None if is_scoring else None,
    )


def cases(
    *,
    which: str = "open",
    currency: str | None = None,
    opened: date | None = None,
    decided: date | None = None,
) -> str:
    """Cases: the open ones, or all; of a currency, opened or decided on a day."""
    asked = {
        "tab": "cases",
        "cases": which if which != "open" else None,
        "currency": currency,
        "opened": opened.isoformat() if opened else None,
        "decided": decided.isoformat() if decided else None,
    }
    return f"?{urlencode({name: value for name, value in asked.items() if value})}"


def day_read(written: str) -> date | None:
    """A day as addresses write it."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def day_of(day: date | None, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """When a day of the zone begins, and the next one."""
    if day is None:
        return None
    return start_of(day, zone), start_of(day + timedelta(days=1), zone)


def points_written(points: tuple[int | None, int | None]) -> str:
    """`31-40`, `101-`, `-0`."""
    least, most = ("" if one is None else str(one) for one in points)
    return f"{least}-{most}"


def points_read(written: str) -> tuple[int | None, int | None] | None:
    """The inverse; None for what says no points."""
    found = _POINTS.fullmatch(written)
    if found is None or not any(found.groups()):
        return None
    least, most = (int(one) if one else None for one in found.groups())
    return least, most


def open_clicked(clicked: str) -> None:
    """Go to an address of this page; what comes from the browser opens nothing else."""
    if clicked.startswith("?"):
        address.replace(dict(parse_qsl(clicked[1:])))
