"""Automatic payouts as `/v1/balance_settings` has them: on which days, of how much, how called."""

from __future__ import annotations

import calendar
import json
from datetime import UTC, datetime
from typing import Any

from core import money
from core.emulator.resources import fees
from core.emulator.state.errors import refused
from core.emulator.state.store import Obj, Store, dump
from core.emulator.state.unit_of_work import Context

_KEY = "payout_settings"
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DELAY_DAYS = 2
_DEFAULTS: dict[str, Any] = {
    "debit_negative_balances": True,
    "minimum_balance_by_currency": {},
    "schedule": {"interval": "daily"},
    "statement_descriptor": None,
}
#: interval → the list that says on which days, and the account's word for its first one.
_DAYS = {
    "weekly": ("weekly_payout_days", "weekly_anchor"),
    "monthly": ("monthly_payout_days", "monthly_anchor"),
}
_RULES, _MINIMUM = "automatic_transfer_rules_by_currency", "minimum_balance_by_currency"
#: What `settings.payouts` of the account says too.
_OF_ACCOUNT = ("debit_negative_balances", "schedule", "statement_descriptor")


def _settings(store: Store) -> dict[str, Any]:
    saved = store.meta(_KEY)
    return {**_DEFAULTS, **(json.loads(saved) if saved else {})}


def pays(store: Store, now: int) -> bool:
    """Whether automatic payouts go on the day of a unix second, by UTC."""
    schedule = _settings(store)["schedule"]
    today = datetime.fromtimestamp(now, UTC)
    if schedule["interval"] == "weekly":
        return _WEEK[today.weekday()] in schedule["weekly_payout_days"]
    if schedule["interval"] == "monthly":
        last = calendar.monthrange(today.year, today.month)[1]
        return today.day in {min(day, last) for day in schedule["monthly_payout_days"]}
    return bool(schedule["interval"] == "daily")


def debits(store: Store) -> bool:
    """Whether a balance below zero is taken from the bank account."""
    return bool(_settings(store)["debit_negative_balances"])


def minimum(store: Store, currency: str) -> int:
    """What automatic payouts leave in the balance of a currency, in minor units."""
    return int(_settings(store)[_MINIMUM].get(currency, 0))


def descriptor(store: Store) -> str | None:
    """What payouts say on the bank's statement; None for the bank's own words."""
    found: str | None = _settings(store)["statement_descriptor"]
    return found


def of_account(store: Store) -> dict[str, Any]:
    """`settings.payouts` of the account."""
    settings = _settings(store)
    schedule = {"delay_days": _DELAY_DAYS, **settings["schedule"]}
    if schedule["interval"] in _DAYS:
        days, anchor = _DAYS[schedule["interval"]]
        schedule[anchor] = schedule[days][0]
    return {**{name: settings[name] for name in _OF_ACCOUNT}, "schedule": schedule}


def retrieve(ctx: Context, params: dict[str, Any]) -> Obj:
    settings = _settings(ctx.tx.store)
    return {
        "object": "balance_settings",
        "payments": {
            "debit_negative_balances": settings["debit_negative_balances"],
            "payouts": {
                # Not null: the official SDK cannot read what is by currency then.
                _RULES: {},
                _MINIMUM: settings[_MINIMUM],
                "schedule": settings["schedule"],
                "statement_descriptor": settings["statement_descriptor"],
                "status": "enabled",
            },
            "settlement_timing": {
                "delay_days": _DELAY_DAYS,
                "start_of_day": None,
            },
        },
    }


def update(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/balance_settings: schedule, minimum, descriptor, and who covers a negative sum."""
    payments = params.get("payments") or {}
    payouts = payments.get("payouts") or {}
    if payments.get("settlement_timing"):
        raise refused("This account's settlement timing is fixed.", "payments[settlement_timing]")
    if payouts.get(_RULES):
        raise refused(f"This account has no {_RULES}.", f"payments[payouts][{_RULES}]")
    settings = _settings(ctx.tx.store)
    if _MINIMUM in payouts:
        settings[_MINIMUM] = _minimums(settings[_MINIMUM], payouts[_MINIMUM])
    if "debit_negative_balances" in payments:
        settings["debit_negative_balances"] = payments["debit_negative_balances"]
    if "statement_descriptor" in payouts:
        settings["statement_descriptor"] = payouts["statement_descriptor"]
    if "schedule" in payouts:
        settings["schedule"] = _schedule({**settings["schedule"], **payouts["schedule"]})
    ctx.tx.store.set_meta(_KEY, dump(settings))
    changed = retrieve(ctx, {})
    ctx.emit("balance_settings.updated", changed, {})
    return changed


def _minimums(kept: dict[str, int], given: dict[str, str] | None) -> dict[str, int]:
    """Amounts by currency after an update: an empty one unsets its currency, None all."""
    if given is None:
        return {}
    where, changed = f"payments[payouts][{_MINIMUM}]", dict(kept)
    for currency, text in given.items():
        if currency not in fees.SETTLES:
            known = ", ".join(fees.SETTLES)
            raise refused(f"Payouts are in {known}, not {currency}.", f"{where}[{currency}]")
        changed.pop(currency, None)
        if text:
            changed[currency] = _whole(text, currency, f"{where}[{currency}]")
    return changed


def _whole(text: str, currency: str, where: str) -> int:
    step = money.payout_multiple(currency)
    if not (text.isascii() and text.isdigit() and len(text) < 13) or int(text) % step:
        raise refused(
            f"A minimum balance must be a whole multiple of {step}, not {text[:40]}.",
            where,
            "parameter_invalid_integer",
        )
    return int(text)


def _schedule(given: dict[str, Any]) -> dict[str, Any]:
    """A schedule with the days that its interval needs, and no others."""
    interval, where = given["interval"], "payments[payouts][schedule]"
    if interval not in _DAYS:
        return {"interval": interval}
    name = _DAYS[interval][0]
    days = given.get(name)
    if not days:
        raise refused(f"{name} is needed when interval is {interval}.", f"{where}[{name}]")
    if interval == "monthly" and not all(1 <= day <= 31 for day in days):
        raise refused("Days of the month are 1 to 31.", f"{where}[{name}]")
    return {"interval": interval, name: sorted(set(days), key=_order)}


def _order(day: Any) -> int:
    return _WEEK.index(day) if isinstance(day, str) else day
