"""The search bar of Payments."""

from __future__ import annotations

from core.reads.payments.list import FIELDS
from dashboard.i18n import N_, _
from dashboard.screens.payments import typed_words
from dashboard.ui import columns, status_badges
from dashboard.ui.search_filters import Period, Pills, SearchBar, Segments, Typed

SEGMENTS = {
    "": N_("All"),
    "succeeded": N_("Succeeded"),
    "failed": N_("Failed"),
    "open": N_("Open"),
    "refunded": N_("Refunded"),
    "disputed": N_("Disputed"),
}
PERIODS = {
    "": N_("Any time"),
    "today": N_("Today"),
    "24h": N_("Last 24 hours"),
    "7d": N_("Last 7 days"),
    "30d": N_("Last 30 days"),
    "90d": N_("Last 90 days"),
}
CURRENCIES = ("usd", "eur", "gbp", "cny", "jpy", "kwd")
METHODS = ("card", "link", "alipay", "wechat_pay", "paypal", "sepa_debit")
RISKS = ("normal", "elevated", "highest")
DISPUTES = {"open": N_("Open"), "won": N_("Won"), "lost": N_("Lost"), "none": N_("No dispute")}


def _risk(level: str) -> str:
    return status_badges.word(status_badges.RISK, level)


def _dispute(outcome: str) -> str:
    if outcome in DISPUTES:
        return _(DISPUTES[outcome])
    return status_badges.word(status_badges.OUTCOME, outcome)


BAR = SearchBar(
    label=N_("Search payments"),
    example="status:failed amount:>100 last4:4242 -currency:usd",
    fields=FIELDS,
    segments=Segments("status", N_("State"), SEGMENTS),
    more=(
        Pills("currency", N_("Currency"), CURRENCIES, str.upper),
        Pills("method", N_("Method"), METHODS, columns.method),
        Pills("risk", N_("Risk"), RISKS, _risk),
        Pills("dispute", N_("Dispute"), tuple(DISPUTES), _dispute),
        Period("created", N_("Created"), PERIODS),
        Typed("amount", N_("Amount, in each payment's currency"), ">100, 10..20"),
    ),
    typed=typed_words.understand,
)
