"""When automatic payouts go, as `/v1/balance_settings` says: daily, weekly, monthly or never."""

from __future__ import annotations

import calendar
import json
from datetime import UTC, datetime
from typing import Any

from core.emulator.state.errors import refused
from core.emulator.state.store import Obj, Store, dump
from core.emulator.state.unit_of_work import Context

_KEY = "payout_settings"
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DELAY_DAYS = 2
_DEFAULTS: dict[str, Any] = {
    "debit_negative_balances": True,
    "schedule": {"interval": "daily"},
    "statement_descriptor": None,
}
#: interval → the list that says on which days, and the account's word for its first one.
_DAYS = {
    "weekly": ("weekly_payout_days", "weekly_anchor"),
    "monthly": ("monthly_payout_days", "monthly_anchor"),
}
_FIXED = ("automatic_transfer_rules_by_currency", "minimum_balance_by_currency")


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
    return {**settings, "schedule": schedule}


def retrieve(ctx: Context, params: dict[str, Any]) -> Obj:
    settings = _settings(ctx.tx.store)
    return {
        "object": "balance_settings",
        "payments": {
            "debit_negative_balances": settings["debit_negative_balances"],
            "payouts": {
                # Not null: the official SDK cannot read the rules by currency then.
                **{name: {} for name in _FIXED},
                "schedule": settings["schedule"],
                "statement_descriptor": settings["statement_descriptor"],
                "status": "enabled",
            },
            "settlement_timing": {
                "delay_days": _DELAY_DAYS,
                "delay_days_override": None,
                "start_of_day": None,
            },
        },
    }


def update(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/balance_settings: the schedule, the descriptor, and who covers a negative sum."""
    payments = params.get("payments") or {}
    payouts = payments.get("payouts") or {}
    if payments.get("settlement_timing"):
        raise refused("This account's settlement timing is fixed.", "payments[settlement_timing]")
    for name in _FIXED:
        if payouts.get(name):
            raise refused(f"This account has no {name}.", f"payments[payouts][{name}]")
    settings = _settings(ctx.tx.store)
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
