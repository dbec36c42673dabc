"""The days that Revenue shows, what it compares them with, and how both are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from core.reads.revenue import periods as reads
from core.reads.revenue.periods import Part, Span, Step
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext

STEPS = {"day": N_("Day"), "week": N_("Week"), "month": N_("Month")}
#: By their codes in the address.
PERIODS = {
    "today": N_("Today"),
    "30d": N_("30 d"),
    "month": N_("This month"),
    "last_month": N_("Last month"),
    "quarter": N_("This quarter"),
    "year": N_("Year to date"),
    "custom": N_("Custom"),
}
#: Those that an address may ask for too.
MORE = {"7d": N_("7 d"), "90d": N_("90 d"), "365d": N_("365 d")}
VERSUS = {"before": N_("vs. the period before"), "year": N_("vs. the year before")}
_SHORT_VERSUS = {"before": N_("vs. before"), "year": N_("vs. last year")}


@dataclass(frozen=True, slots=True)
class Period:
    """The days shown, by steps of `by`; `today` may be among them. `compared`: those they are
    compared with, as `versus` asks."""

    span: Span
    by: Step
    today: date
    compared: Span
    versus: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """The steps, the oldest first."""
        return reads.parts(self.span, self.by, self.today)

    @property
    def is_running(self) -> bool:
        """Whether today, which is not over, is among the days."""
        return self.span.since <= self.today < self.span.until

    @property
    def short_versus(self) -> str:
        """What changes are against."""
        return _(_SHORT_VERSUS[self.versus])

    def said(self, currency: str, zone: str) -> str:
        """Which days of whose zone these are, which they are compared with, in which money."""
        first, last = days_of(self.span)
        before, end = days_of(self.compared)
        said = (
            _("{first} to {last} ({zone}), today so far · compared with {before} to {end}")
            if self.is_running
            else _("{first} to {last} ({zone}) · compared with {before} to {end}")
        ).format(first=first, last=last, zone=zone, before=before, end=end)
        money = _("settlement currency {currency}").format(currency=currency.upper())
        return f"{said} · {money}"


def days_of(span: Span) -> tuple[str, str]:
    """The first and the last day, as people write them."""
    return i18n.day(span.since), i18n.day(span.until - timedelta(days=1))


def period_of(code: str, custom: Sequence[date], by: Step, today: date, versus: str) -> Period:
    """The period of a code such as `month` or `30d`; chosen days that are missing are thirty."""
    if code in reads.KINDS:
        span = reads.calendar(code, today)
    elif code == "custom" and custom:
        span = Span(custom[0], custom[-1] + timedelta(days=1))
    else:
        days = int(code.removesuffix("d")) if code != "custom" else 30
        span = Span(today - timedelta(days=days - 1), today + timedelta(days=1))
    compared = reads.year_before(span) if versus == "year" else reads.before(code, span)
    return Period(span, by, today, compared, versus)


def name_of(part: Part, by: Step) -> str:
    """A step by its days that are shown, whole months by their name."""
    first, last = days_of(part.span)
    if by == "month":
        return i18n.month(part.start)
    return first if first == last else _("{first} to {last}").format(first=first, last=last)


def short_name_of(part: Part, by: Step) -> str:
    """The same under an axis: a day, a week's first day, a month."""
    return i18n.month(part.start) if by == "month" else i18n.short_day(part.span.since)


def note_of(part: Part) -> str:
    """That a step is cut or not over, nothing of one that is whole."""
    if part.state == "whole":
        return ""
    if part.of_days == 1:
        return _("today so far")
    of = ngettext("{days} of {n} day", "{days} of {n} days", part.of_days)
    said = of.format(days=part.span.days, n=part.of_days)
    return _("{part}, running").format(part=said) if part.state == "running" else said
