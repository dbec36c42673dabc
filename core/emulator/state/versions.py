"""API versions: the one that the emulator speaks, and what older ones still did."""

from __future__ import annotations

import re

API_VERSION = "2026-10-28.endive"
#: Until then, what of a hold was not captured came back as a Refund (Stripe's changelog).
_HOLDS_WITHOUT_REFUND = "2025-03-31"
#: Since then, `refund.created` is sent for every refund (Stripe's changelog).
_REFUNDS_ANNOUNCED = "2024-10-28"
_DATED = re.compile(r"\d{4}-\d\d-\d\d(\.\w+)?")


def known(version: str) -> bool:
    """Whether a text has the form of Stripe's versions, such as 2024-06-20."""
    return _DATED.fullmatch(version) is not None


def older(asked: str | None, account: str) -> str:
    """The version a request runs by: its own where that is older than the account's."""
    return asked if asked and known(asked) and asked < account else account


def releases_by_refund(version: str) -> bool:
    """Whether partial captures and cancellations make a Refund of what was held."""
    return version < _HOLDS_WITHOUT_REFUND


def announces_refunds(version: str) -> bool:
    return version >= _REFUNDS_ANNOUNCED
