"""Amounts as people write them: `1234.56`, `1,234.56`, `1.234,56`, `>100`, `10..20`, lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from core.errors import InvalidInput

_RULE = "must be a number such as 100, >100, <=9.99 or 10..20"
_AMBIGUOUS = "{text} can be read in more than one way: write {ways}"
_LISTED = "must have no commas inside the amounts of a list: write =1234.56,=7"
_BOUND = re.compile(r"(>=|<=|>|<|=)?(.+)")
_PLAIN = re.compile(r"\d+(\.\d{1,6})?", re.ASCII)
#: Commas group: by three (1,234.56), by four (Chinese habit), by two and three (Indian habit).
_COMMAS_GROUP = re.compile(
    r"([1-9]\d{0,2}(,\d{3})+|[1-9]\d{0,3}(,\d{4})+|[1-9]\d?(,\d{2})+,\d{3})(\.\d{1,6})?", re.ASCII
)
#: The comma is the decimal mark: no currency has more than three decimals.
_COMMA_IS_DECIMAL = re.compile(r"(\d+|[1-9]\d{0,2}(\.\d{3})+),\d{1,3}", re.ASCII)
_POINTS_GROUP = re.compile(r"[1-9]\d{0,2}(\.\d{3}){2,}", re.ASCII)
_APOSTROPHES_GROUP = re.compile(
    r"[1-9]\d{0,2}(['\N{RIGHT SINGLE QUOTATION MARK}]\d{3})+(\.\d{1,6})?", re.ASCII
)
#: One point and three digits: a thousand to some, a thousandth to others.
_ONE_POINT_GROUPS = re.compile(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)
#: Digits before the decimal mark.
_LONGEST = 15
#: Digits and marks as Chinese input methods type them.
_FULL_WIDTH = {0xFEE0 + ord(mark): mark for mark in "0123456789.,"}
_SYMBOLS = "$€£¥₩₹₺₱฿₫₪₦元\N{FULLWIDTH YEN SIGN}\N{FULLWIDTH DOLLAR SIGN}"


@dataclass(frozen=True, slots=True)
class Amounts:
    """A range in major units of whatever currency a row has; None is no bound."""

    low: Decimal | None
    high: Decimal | None
    low_open: bool = False
    high_open: bool = False

    @property
    def may_mean_thousands(self) -> bool:
        """Whether it is one number, or a bound, of a point and three digits: `1.234`, `>1.234`."""
        one = self.high if self.low is None else self.low
        if one is None or self.high not in (None, one):
            return False
        return one.as_tuple().exponent == -3 and one < 1000

    def minor(self, exponent: int) -> tuple[int, int]:
        """Both bounds, inclusive, in minor units of `exponent` decimals; low > high is nothing."""
        least, most = 0, 10**18
        if self.low is not None:
            scaled = self.low.scaleb(exponent)
            least = int(scaled.to_integral_value(ROUND_CEILING))
            least += 1 if self.low_open and least == scaled else 0
        if self.high is not None:
            scaled = self.high.scaleb(exponent)
            most = int(scaled.to_integral_value(ROUND_FLOOR))
            most -= 1 if self.high_open and most == scaled else 0
        return max(least, 0), most


def amounts(text: str) -> Amounts:
    """`100`, `>100`, `<=9.99`, `10..20` (both included), `1,234.56`, `1.234,56`, in major units.

    A point alone is the decimal mark. `InvalidInput` for a text that is no amount, or several.
    """
    found = parts(text)
    if len(found) != 1:
        raise InvalidInput("amount", _RULE)
    if ".." in found[0]:
        low, _, high = found[0].partition("..")
        return Amounts(Decimal(low), Decimal(high))
    sign, number = _signed(found[0])
    value = Decimal(number)
    if sign in (">", ">="):
        return Amounts(value, None, low_open=sign == ">")
    if sign in ("<", "<="):
        return Amounts(None, value, high_open=sign == "<")
    return Amounts(value, value)


def parts(text: str) -> tuple[str, ...]:
    """The alternatives that a text names, each with points alone: `1,234.56` is ("1234.56",).

    A comma stands between alternatives, groups digits or is the decimal mark. Whatever can be one
    amount is never taken for several: it is that amount where both marks are in it, else it is
    refused (`1,234`), and `InvalidInput` says how each is written.
    """
    found: list[str] = []
    # Nothing but a new alternative begins with a sign.
    for chunk in re.split(r",(?=[<>=])", text.translate(_FULL_WIDTH)):
        found += _chunk(chunk.strip(","))
    if any(len(number) > _LONGEST for one in found for number in re.findall(r"[0-9]+", one)):
        raise InvalidInput("amount", _RULE)
    return tuple(found)


def in_words(text: str) -> tuple[Amounts, ...]:
    """The amounts that a word without a field may mean: `54`, `54,20`, `$1,234.56`; or none.

    Nothing is refused here: `1.234` is looked for as a thousand and more, and as one and more.
    """
    bare = text.translate(_FULL_WIDTH).strip(_SYMBOLS)
    found = dict.fromkeys(_numbers(bare))
    if _ONE_POINT_GROUPS.fullmatch(bare):
        found[bare.replace(".", "")] = None
    short = (one for one in found if len(one.partition(".")[0]) <= _LONGEST)
    return tuple(Amounts(Decimal(one), Decimal(one)) for one in short)


def _chunk(text: str) -> list[str]:
    if "," not in text:
        return [_one(text)]
    single = list(_bounds(text))
    if single and _has_both_marks(text):
        return single[:1]
    several = [part for part in text.split(",") if part]
    ways = list(dict.fromkeys([*single[:1], *single[-1:]]))
    # Nobody writes 000 for an amount of its own.
    if not any(re.search(r"(^|\D)0\d", part) for part in several):
        ways.append(",".join(map(_alternative, several)))
    if single and len(ways) > 1:
        raise InvalidInput("amount", _AMBIGUOUS, text=text, ways=" / ".join(ways))
    if _has_one_inside(several):
        raise InvalidInput("amount", _LISTED)
    return single or [_one(part) for part in several]


def _has_one_inside(several: list[str]) -> bool:
    """Whether neighbours in a list can be one amount: `1,234.56,7`."""
    starts = range(len(several))
    runs = ((start, end) for start in starts for end in range(start + 2, len(several) + 1))
    return any(any(_bounds(",".join(several[start:end]))) for start, end in runs)


def _alternative(text: str) -> str:
    """One of several as it can be typed: nothing but an alternative begins with a sign."""
    return text if _signed(text)[0] or ".." in text else f"={text}"


def _one(text: str) -> str:
    for found in _bounds(text):
        return found
    raise InvalidInput("amount", _RULE)


def _bounds(text: str) -> Iterator[str]:
    """How a number, a bound or a range can be read as one, with points alone."""
    if ".." in text:
        low, _, high = text.partition("..")
        for least in _numbers(low, by_four=False):
            for most in _numbers(high, by_four=False):
                if "," not in text or Decimal(least) <= Decimal(most):
                    yield f"{least}..{most}"
        return
    sign, number = _signed(text)
    for value in _numbers(number, by_four=not sign):
        yield f"{sign}{value}"


def _numbers(text: str, *, by_four: bool = True) -> Iterator[str]:
    """The numbers that digits with marks can stand for, plainly written.

    `by_four`: whether groups of four count where nothing but they speak for one number.
    """
    if _PLAIN.fullmatch(text):
        yield text
    grouped = _COMMAS_GROUP.fullmatch(text)
    if grouped and (by_four or "." in text or re.search(r",\d{3}(,|$)", text)):
        yield text.replace(",", "")
    if _COMMA_IS_DECIMAL.fullmatch(text):
        yield text.replace(".", "").replace(",", ".")
    if _POINTS_GROUP.fullmatch(text):
        yield text.replace(".", "")
    if _APOSTROPHES_GROUP.fullmatch(text):
        yield re.sub(r"[^0-9.]", "", text)


def _has_both_marks(text: str) -> bool:
    """Whether each number that has a comma has a point too: the last mark is the decimal one."""
    numbers = _signed(text)[1].split("..")
    return all("." in number for number in numbers if "," in number)


def _signed(text: str) -> tuple[str, str]:
    found = _BOUND.fullmatch(text)
    return (found[1] or "", found[2]) if found else ("", "")
