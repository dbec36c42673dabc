"""What a dispute's reason means, and which evidence helps, by kind of product.

All words stand in `dispute_reasons.toml`; it is read once, and a mistake in it stops the start.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Misconfigured
from core.gateway.evidence_fields import FILES, TEXTS

FILE = Path(__file__).with_name("dispute_reasons.toml")
LANGUAGES = ("en", "zh-CN")
PRODUCTS = ("physical", "digital", "service", "booking")
#: Every answer has these: what was bought, by whom, and one place for all else.
ALWAYS = (
    "product_description",
    "customer_name",
    "customer_email_address",
    "receipt",
    "uncategorized_text",
    "uncategorized_file",
)
#: For a reason that Stripe may name one day.
_UNKNOWN = "general"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason: its meaning and what helps, by language, and the fields it asks for."""

    meaning: Mapping[str, str]
    help: Mapping[str, str]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reasons:
    """The whole file: fields by product, reasons by Stripe's name."""

    products: Mapping[str, tuple[str, ...]]
    reasons: Mapping[str, Reason]

    @classmethod
    def parse(cls, text: str) -> Reasons:
        """The file's text read; `Misconfigured` names the entry that is wrong."""
        try:
            source = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Misconfigured(f"{FILE.name}: {error}") from error
        products, reasons = source.get("products", {}), source.get("reasons", {})
        return cls(
            {name: _fields(name, products.get(name)) for name in PRODUCTS},
            {name: _reason(name, reasons[name]) for name in (_UNKNOWN, *reasons)},
        )

    def of(self, reason: str | None) -> Reason:
        """What is known of a reason of Stripe's."""
        return self.reasons.get(reason or "", self.reasons[_UNKNOWN])

    def form(self, reason: str | None, product: str) -> tuple[str, ...]:
        """The fields to ask for, texts and files, in the order of Stripe's own lists."""
        wanted = {*ALWAYS, *self.of(reason).fields, *self.products[product]}
        return tuple(name for name in (*TEXTS, *FILES) if name in wanted)


def _reason(name: str, entry: Any) -> Reason:
    words = {part: _words(name, entry, part) for part in ("", "help_")}
    return Reason(words[""], words["help_"], _fields(name, entry.get("fields")))


def _words(name: str, entry: Any, part: str) -> Mapping[str, str]:
    found = {}
    for language in LANGUAGES:
        value = entry.get(f"{part}{language}") if isinstance(entry, dict) else None
        if not isinstance(value, str) or not value.strip():
            raise Misconfigured(f"{FILE.name}: {name}: {part}{language} is missing")
        found[language] = value
    return found


def _fields(name: str, listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, list):
        raise Misconfigured(f"{FILE.name}: {name}: fields are missing")
    for field in listed:
        if field not in TEXTS and field not in FILES:
            raise Misconfigured(f"{FILE.name}: {name}: there is no evidence {field!r}")
    return tuple(listed)


REASONS = Reasons.parse(FILE.read_text(encoding="utf-8"))
