"""The search that a sentence probably meant: `maria 54 usd last tuesday`, `card ending 4242`.

A line means what its terms say, wherever it stands. This is what a list offers where they find
nothing, and what it writes in the place of a line that somebody has just typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.domain.payment_states import STATES
from core.errors import InvalidInput
from core.money import CURRENCIES, STABLECOINS
from core.reads.search.amounts import in_words
from core.reads.search.payments.fields import STATE_GROUPS, parse
from core.reads.search.query import Query, Term

_CURRENCY = {
    **{code: code for code in CURRENCIES | STABLECOINS},
    **dict.fromkeys(("dollar", "dollars", "美元", "美金"), "usd"),
    **dict.fromkeys(("euro", "euros", "欧元"), "eur"),
    **dict.fromkeys(("pound", "pounds", "英镑"), "gbp"),
    **dict.fromkeys(("yen", "日元"), "jpy"),
    **dict.fromkeys(("yuan", "rmb", "人民币"), "cny"),
}
_STATE = {
    **{state: state for state in (*STATES, *STATE_GROUPS) if state != "open"},
    **dict.fromkeys(("declined", "失败"), "failed"),
    **dict.fromkeys(("已退款", "退款"), "refunded"),
    **dict.fromkeys(("争议",), "disputed"),
}
_BRAND = {name: name for name in ("visa", "mastercard", "amex", "discover", "jcb", "unionpay")}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = {name: number for number, name in enumerate(_DAYS)}
_WEEKDAY |= {name[:3]: number for number, name in enumerate(_DAYS)}
_WEEKDAY |= {"tues": 1, "thurs": 3} | {day: n for n, day in enumerate("一二三四五六日")}
_NEAR = {"about", "around", "roughly", "circa", "大约", "约"}
#: Before the last four digits of a card.
_CARD = {"ending", "ends", "last4", "尾号"}
#: They say nothing that a payment could be found by.
_NOISE = {
    *("a", "an", "and", "the", "of", "for", "from", "by", "with", "in", "on", "at", "to", "was"),
    *("card", "cards", "payment", "payments", "charge", "charged", "charges", "customer", "twice"),
    *("double", "卡", "支付", "客户", "的"),
}
_GLUED = re.compile(r"([\d.,']+)([A-Za-z]{3,4})|([A-Za-z]{3,4})([\d.,']+)", re.ASCII)
_MARKS = ",.;:!?，。；！？"
_FOUR = re.compile(r"\d{4}", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}(-\d{2})?", re.ASCII)
_CHINESE_DAY = re.compile(r"(?:上周|上星期|周|星期)([一二三四五六日])")


def suggest(query: Query, *, zone: ZoneInfo, now: datetime) -> Query | None:
    """What a line of plain words probably meant, or None where they say nothing else than they do.

    Terms with a field, excluded and quoted ones stay as they are; each other word becomes a term
    or, where it only joins words, falls away. There is always a term left. Days are those of
    `zone`.
    """
    reading = _Reading(now.astimezone(zone).date())
    kept = [term for term in query.terms if term.field or term.negated or term.literal]
    plain = [term.value for term in query.terms if term not in kept]
    reading.read([word for word in (text.strip(_MARKS) for text in plain) if word])
    if not reading.is_sure:
        return None
    try:
        found = parse(" ".join(map(str, [*kept, *reading.terms()])))
    except InvalidInput:
        return None
    return found if found and found != query else None


@dataclass(slots=True)
class _Reading:
    """What was understood so far, as values of fields; `names` are the words that are left over,
    `is_sure` whether a word was more than a name."""

    today: date
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    is_sure: bool = False

    def read(self, words: Sequence[str]) -> None:
        """All words, those that belong together at once."""
        at = 0
        steps: tuple[Callable[[Sequence[str]], int], ...] = (
            self._card,
            self._time,
            self._amount,
            self._code,
        )
        while at < len(words):
            rest = words[at:]
            used = next((taken for step in steps if (taken := step(rest))), 0)
            if used:
                self.is_sure = True
            else:
                self._other(words[at])
            at += used or 1

    def terms(self) -> list[Term]:
        """What was understood as terms, in the order in which it was said."""
        found = [Term(name, ",".join(values)) for name, values in self.fields.items()]
        if self.names:
            found.insert(0, Term("name", " ".join(self.names)))
        return found + [Term(None, word) for word in self.words]

    def _add(self, name: str, value: str) -> None:
        values = self.fields.setdefault(name, [])
        if value not in values:
            values.append(value)

    def _card(self, words: Sequence[str]) -> int:
        """`card ending in 4242`, `尾号 4242`."""
        low = [word.lower() for word in words[:4]]
        if low[0] not in {*_CARD, "card"}:
            return 0
        for at, word in enumerate(low[1:], start=1):
            if _FOUR.fullmatch(word):
                self._add("last4", word)
                return at + 1
            if word not in {*_CARD, "in", "with"}:
                return 0
        return 0

    def _time(self, words: Sequence[str]) -> int:
        """`today`, `last tuesday`, `last month`, `2026-11-24`, `上周二`."""
        first = words[0].lower()
        chinese = _CHINESE_DAY.fullmatch(first)
        one = {"今天": "today", "昨天": "yesterday"}.get(first, first)
        if one in ("today", "yesterday") or (_ISO.fullmatch(one) and self._is_day(one)):
            self._add("created", one)
            return 1
        if chinese or first in _DAYS:
            self._add("created", self._last(_WEEKDAY[chinese[1] if chinese else first]))
            return 1
        pair = {"上周": ("last", "week"), "上个月": ("last", "month"), "本月": ("this", "month")}
        said, used = (pair[first], 1) if first in pair else (tuple(map(str.lower, words[:2])), 2)
        if len(said) == 2 and said[0] in ("last", "this", "on"):
            return self._relative(*said) and used
        return 0

    def _relative(self, which: str, what: str) -> bool:
        monday = self.today - timedelta(days=self.today.weekday())
        if what in _WEEKDAY:
            self._add("created", self._last(_WEEKDAY[what]))
        elif what == "week" and which != "on":
            first = monday - timedelta(days=7 * (which == "last"))
            self._add("created", f"{first}..{first + timedelta(days=6)}")
        elif what == "month" and which != "on":
            first = self.today.replace(day=1) - timedelta(days=int(which == "last"))
            self._add("created", first.strftime("%Y-%m"))
        else:
            return False
        return True

    def _last(self, weekday: int) -> str:
        """The newest such day before today."""
        back = (self.today.weekday() - weekday - 1) % 7 + 1
        return (self.today - timedelta(days=back)).isoformat()

    def _is_day(self, text: str) -> bool:
        try:
            date.fromisoformat(text if len(text) == 10 else f"{text}-01")
        except ValueError:
            return False
        return True

    def _amount(self, words: Sequence[str]) -> int:
        """`54`, `$54`, `54usd`, `about 54`; four digits alone may be a card's or an amount."""
        near = words[0].lower() in _NEAR
        word = words[1] if near and len(words) > 1 else words[0]
        glued = _GLUED.fullmatch(word)
        number, code = (glued[1] or glued[4], glued[2] or glued[3]) if glued else (word, "")
        found = in_words(number)
        if (code and code.lower() not in _CURRENCY) or len(found) != 1 or found[0].low is None:
            return 0
        after = words[1 + near].lower() if len(words) > 1 + near else ""
        if _FOUR.fullmatch(word) and not near and after not in _CURRENCY:
            self.words.append(word)
            return 1
        exact = found[0].low
        around = (f"{exact * part:f}" for part in (Decimal("0.9"), Decimal("1.1")))
        self._add("amount", "..".join(around) if near else f"{exact:f}")
        if code:
            self._add("currency", _CURRENCY[code.lower()])
        return 1 + near

    def _code(self, words: Sequence[str]) -> int:
        """A currency, a state, a brand of cards, an address."""
        word = words[0].lower()
        for name, known in (("currency", _CURRENCY), ("status", _STATE), ("brand", _BRAND)):
            if word in known:
                self._add(name, known[word])
                return 1
        if "@" in word and "." in word.partition("@")[2]:
            self._add("email", word)
            return 1
        return 0

    def _other(self, word: str) -> None:
        if word.lower() in _NOISE | _NEAR | _CARD:
            return
        if word.isalpha():
            self.names.append(word)
        else:
            self.words.append(word)
