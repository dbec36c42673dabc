"""Fraud as people read it: levels, kinds of cases and what gave a payment its points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidInput
from core.money import Money
from core.risk.ast import Kind
from core.risk.values import KINDS
from dashboard.i18n import N_, _, pgettext
from dashboard.screens.fraud import rule_words
from dashboard.ui import columns, status_badges, widgets

LEVEL: status_badges.Kind = {
    "low": (N_("Low"), "green"),
    "medium": (N_("Medium"), "orange"),
    "high": (N_("High"), "red"),
}
CASE: status_badges.Kind = {
    "flag": (N_("High score"), "orange"),
    "warning": (N_("Issuer's warning"), "red"),
    "review": (N_("Radar review"), "violet"),
}
LIST: status_badges.Kind = {"block": (N_("Block"), "red"), "allow": (N_("Allow"), "green")}
FIELD = {
    "ip": N_("IP address"),
    "email": N_("E-mail"),
    "card": N_("Card"),
    "user": N_("User"),
    "country": N_("Country"),
}


def states(_codes: Sequence[str] = ()) -> status_badges.Kind:
    """How a case stands, in the language spoken now: a payment that is open is something else."""
    return {
        "open": (pgettext("case", "Open"), "orange"),
        "approved": (_("Approved"), "green"),
        "refunded": (_("Refunded"), "violet"),
        "dismissed": (_("Dismissed"), "gray"),
    }


def rule_broken(error: InvalidInput) -> str:
    """What was wrong with an input; kinds of values are words of the viewer's, too."""
    kinds = {kind.value for kind in Kind}
    values = {name: _(str(one)) if one in kinds else one for name, one in error.values.items()}
    return _(error.template).format(**values)


def factors(found: Sequence[Mapping[str, Any]], currency: str, *, key: str) -> None:
    """The rules that held as a table: points, and the values that each looked at."""
    table: columns.Table = {
        "rule": [rule_words.title_or_number(one["rule"]) for one in found],
        "points": [one["points"] for one in found],
        "values": [_values(one["values"], currency) for one in found],
    }
    layout = {
        "rule": columns.text_column(_("Rule"), width=150),
        "points": columns.text_column(_("Points"), width=64),
        "values": columns.text_column(_("Values")),
    }
    widgets.plain_table(table, layout, key=key, alt=_("Rules that held, with their points"))


def exact(amount: Money) -> str:
    """An amount with its code."""
    return f"{columns.money(amount.minor, amount.currency)} {amount.currency.upper()}"


def in_short(found: Sequence[Mapping[str, Any]]) -> str:
    """The rules that held, with their points, in a line."""
    return ", ".join(
        f"{rule_words.title_or_number(one['rule'])} {one['points']:+d}" for one in found
    )


def _values(values: Mapping[str, Any], currency: str) -> str:
    return ", ".join(
        _("{signal}: {value}").format(
            # What is no signal is a threshold.
            signal=rule_words.signal_name(name) if name in KINDS else _("limit"),
            value=_value(name, one, currency),
        )
        for name, one in values.items()
    )


def _value(name: str, value: Any, currency: str) -> str:
    """A threshold is money, too: names that are no signals are thresholds."""
    if value is None:
        return "?"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if KINDS.get(name, Kind.MONEY) is Kind.MONEY:
        return f"{columns.money(int(value), currency)} {currency.upper()}"
    return str(value)
