"""The words on the screen: English source, Chinese catalogue, numbers and times per language.

The language is found in this order: the one asked for with `speaking`, the one that the registered
source names (the console asks the viewer's session), English. Nothing here needs Streamlit, so the
sign-in page, exports and the API speak through it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from dashboard.i18n.catalogue import translations

#: Each language under the name that its own speakers give it.
LANGUAGES = {"en": "English", "zh-CN": "中文"}

#: Month names stay out of Chinese patterns, the comma out of dates there.
_PATTERNS = {
    "en": {
        "moment": "MMM d, HH:mm:ss",
        "minute": "MMM d, HH:mm",
        "day": "MMM d, y",
        "short_day": "MMM d",
        "month": "MMMM y",
    },
    "zh-CN": {
        "moment": "M月d日 HH:mm:ss",
        "minute": "M月d日 HH:mm",
        "day": "y年M月d日",
        "short_day": "M月d日",
        "month": "y年M月",
    },
}

_spoken: ContextVar[str | None] = ContextVar("language", default=None)
_sources: list[Callable[[], str | None]] = []


def match(wanted: str | None) -> str:
    """The language we have for a browser's locale or an Accept-Language header.

    The one of the highest quality value; of two alike the first.
    """
    best, found = 0.0, "en"
    for part in (wanted or "").replace("_", "-").split(","):
        tag, _, parameters = part.strip().lower().partition(";")
        ours = {"zh": "zh-CN", "en": "en"}.get(tag.strip().partition("-")[0])
        quality = _quality(parameters)
        if ours and quality > best:
            best, found = quality, ours
    return found


def _quality(parameters: str) -> float:
    """The `q` of a range in Accept-Language: 1 where there is none, 0 where it is no number."""
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def ask(source: Callable[[], str | None]) -> None:
    """Register who knows the viewer's language; None from it means: not here, not now."""
    _sources[:] = [source]


def language() -> str:
    """The language to speak now: a key of `LANGUAGES`."""
    chosen = _spoken.get()
    if chosen is None and _sources:
        chosen = _sources[0]()
    return chosen if chosen in LANGUAGES else "en"


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Speak one language inside the block, whatever the viewer's session says."""
    token = _spoken.set(wanted if wanted in LANGUAGES else match(wanted))
    try:
        yield
    finally:
        _spoken.reset(token)


def _(text: str) -> str:
    """The text in the language spoken now; the English itself where the catalogue has none."""
    # The empty text is the catalogue's header.
    return translations(language()).gettext(text) if text else text


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form of a text that `n` things ask for in the language spoken now; places stay in it.

    English has two forms, Chinese one: `ngettext("{n} row", "{n} rows", 2).format(n=number(2))`.
    """
    return translations(language()).ngettext(singular, plural, n)


def pgettext(context: str, text: str) -> str:
    """A text that means several things: the context says which, and is never shown."""
    return translations(language()).pgettext(context, text)


def npgettext(context: str, singular: str, plural: str, n: int) -> str:
    """Like `ngettext`, of a text that means several things."""
    return translations(language()).npgettext(context, singular, plural, n)


def N_(text: str) -> str:  # noqa: N802 - gettext's name for a text translated where it is shown
    """The text itself, marked for the catalogue."""
    return text


def number(value: int | Decimal) -> str:
    """A count with its digits grouped."""
    return format_decimal(value, locale=_locale())


def percent(share: Fraction, *, digits: int = 1) -> str:
    """An exact share (34/1000 is 3.4 %) with a fixed number of decimals."""
    pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
    value = Decimal(share.numerator) / share.denominator
    return format_percent(value, format=pattern, locale=_locale())


def signed(value: Fraction, *, digits: int = 1) -> str:
    """A change with its sign (an ASCII one: charts and deltas read it) and fixed decimals."""
    return f"{Decimal(value.numerator) / value.denominator:+.{digits}f}"


def as_of(said: str, at: datetime | None, zone: ZoneInfo) -> str:
    """What is said of figures, with the time at which it was so; None if that is not known."""
    return f"{said} · {time_of(at, zone)}"


def time_of(at: datetime | None, zone: ZoneInfo) -> str:
    """The time at which figures were so."""
    if at is None:
        return _("not read from Stripe yet")
    return _("as of {time} {zone}").format(time=moment(at, zone), zone=zone)


def moment(when: datetime, zone: ZoneInfo) -> str:
    """A time to the second in the zone of the screen."""
    return format_datetime(when, _pattern("moment"), tzinfo=zone, locale=_locale())


def minute(when: datetime, zone: ZoneInfo) -> str:
    """A time to the minute in the zone of the screen."""
    return format_datetime(when, _pattern("minute"), tzinfo=zone, locale=_locale())


def day(when: date) -> str:
    """A calendar day."""
    return format_date(when, _pattern("day"), locale=_locale())


def short_day(when: date) -> str:
    """A calendar day where the year is clear."""
    return format_date(when, _pattern("short_day"), locale=_locale())


def month(when: date) -> str:
    """The month of a day."""
    return format_date(when, _pattern("month"), locale=_locale())


def ago(seconds: int) -> str:
    """How long ago, in the largest whole unit."""
    if seconds < 90:
        return _("{seconds} s ago").format(seconds=max(seconds, 0))
    if seconds < 90 * 60:
        return _("{minutes} min ago").format(minutes=seconds // 60)
    if seconds < 48 * 3600:
        return _("{hours} h ago").format(hours=seconds // 3600)
    return _("{days} d ago").format(days=seconds // 86400)


def _pattern(kind: str) -> str:
    return _PATTERNS[language()][kind]


@lru_cache(maxsize=len(LANGUAGES))
def _parsed(spoken: str) -> Locale:
    return Locale.parse(spoken.replace("-", "_"))


def _locale() -> Locale:
    return _parsed(language())
