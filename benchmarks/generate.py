"""Three years of a plausible business as DataFrames: growth, weekly rhythm, skewed users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.money import exponent

DAYS = 1095
LAST_DAY = np.datetime64("2026-11-20")
CHUNK = 100_000
NAMES = """ada alan amir anna bea ben carl chen clara dan dora elif emil eva finn gina hans ida igor
    ines jack jan jo jonas julia kai karl lea leo lin lisa lou luis mara max mei mia nils nora omar
    otto paul pia ravi rosa sam tara tom vera yuki""".split()
#: Four hundred, from common to rare.
SURNAMES = [
    start + end
    for start in "acker berg dorn eich feld graben hol insel kirch linden".split()
    for end in """auer bacher berger brunner burg dahl egger feldt gast haus hoff inger kamp lund
    mann meier mayr nagel ort quist reiter rup sand schmid stein tal thal ven walder wirth
    witz wood yard zahn zell zorn bauer felder hofer huber""".split()
]
#: What a failed payment was declined with, and where its share of a hundred ends.
DECLINES = {"insufficient_funds": 45, "generic_decline": 85, "do_not_honor": 98, "lost_card": 100}
CURRENCIES = {"usd": 0.55, "eur": 0.2, "cny": 0.1, "jpy": 0.1, "kwd": 0.05}
METHODS = {
    "card": 0.7,
    "link": 0.1,
    "alipay": 0.08,
    "wechat_pay": 0.05,
    "klarna": 0.04,
    "sepa_debit": 0.03,
}
#: Stripe's status, what we call it, and its share.
STATES = {
    ("succeeded", "succeeded"): 0.845,
    ("succeeded", "refunded"): 0.02,
    ("succeeded", "partially_refunded"): 0.007,
    ("succeeded", "disputed"): 0.003,
    ("requires_payment_method", "failed"): 0.08,
    ("requires_payment_method", "incomplete"): 0.015,
    ("canceled", "canceled"): 0.02,
    ("requires_action", "requires_action"): 0.004,
    ("requires_capture", "requires_capture"): 0.003,
    ("processing", "processing"): 0.003,
}
RISKS = {"normal": 0.93, "elevated": 0.05, "highest": 0.01, "not_assessed": 0.01}
BRANDS = {
    "visa": 0.5,
    "mastercard": 0.3,
    "amex": 0.1,
    "unionpay": 0.05,
    "jcb": 0.03,
    "discover": 0.02,
}
COUNTRIES = "US GB DE FR CN JP KW CA AU NL ES IT BR IN SE NO CH AT BE PL".split()
#: Median amount in major units.
MEDIANS = {"usd": 40, "eur": 36, "cny": 280, "jpy": 5000, "kwd": 12}
CODES = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)


@dataclass(frozen=True)
class Draft:
    """All payments as columns of numbers, in order of time; text is made chunk by chunk."""

    created: Any
    kind: Any
    currency: Any
    method: Any
    risk: Any
    amount: Any
    user: Any
    ids: Any

    def __len__(self) -> int:
        return len(self.created)


def draft(size: int, seed: int = 1) -> Draft:
    """The numbers of `size` payments; the same for the same seed."""
    pick = np.random.default_rng(seed)
    currency = _choose(pick, CURRENCIES, size)
    method = _choose(pick, METHODS, size)
    medians = np.array([MEDIANS[c] * 10 ** exponent(c) for c in CURRENCIES])
    amount = (medians[currency] * pick.lognormal(0, 0.9, size)).astype(np.int64) + 50
    dinars = currency == list(CURRENCIES).index("kwd")
    amount[dinars] -= amount[dinars] % 10
    risk = np.where(method == 0, _choose(pick, RISKS, size), len(RISKS))
    users = max(size // 8, 10)
    letters = CODES[pick.integers(0, 62, (size, 24), dtype=np.uint8)]
    return Draft(
        created=_times(pick, size),
        kind=_choose(pick, STATES, size),
        currency=currency,
        method=method,
        risk=risk,
        amount=amount,
        user=(pick.random(size) ** 3 * users).astype(np.int64),
        ids=letters.view("S24").ravel(),
    )


def _choose(pick: np.random.Generator, shares: dict[Any, float], size: int) -> Any:
    weights = np.array(list(shares.values()))
    return pick.choice(len(weights), size, p=weights / weights.sum()).astype(np.int8)


def _times(pick: np.random.Generator, size: int) -> Any:
    days = np.arange(DAYS)
    rhythm = (1 + 2 * days / DAYS) * np.where(days % 7 >= 5, 0.65, 1.0)
    day = pick.choice(DAYS, size, p=rhythm / rhythm.sum())
    within = (pick.beta(2.5, 2, size) * 86_400_000_000).astype(np.int64)
    first = (LAST_DAY - DAYS + 1).astype("datetime64[us]").astype(np.int64)
    return np.sort(first + day * 86_400_000_000 + np.minimum(within, 86_399_999_999))


def facet_keys(rows: Draft) -> Any:
    """One number per combination of state, currency, method and risk."""
    wide = rows.kind.astype(np.int32)
    for column, base in ((rows.currency, 5), (rows.method, 6), (rows.risk, 5)):
        wide = wide * base + column
    return wide


def days_of(micros: Any) -> Any:
    """ISO days of microseconds since 1970 (UTC)."""
    return np.datetime_as_string(micros.astype("datetime64[us]").astype("datetime64[D]"))


def payments(rows: Draft, facets: Any, order: Any) -> Iterator[pd.DataFrame]:
    """Payments rows in `order`; times are microseconds since 1970."""
    for start in range(0, len(rows), CHUNK):
        yield _payments(rows, facets, order[start : start + CHUNK])


def _payments(rows: Draft, facets: Any, at: Any) -> pd.DataFrame:
    statuses, states = (np.array(part, object) for part in zip(*STATES, strict=True))
    user, kind, amount, created = rows.user[at], rows.kind[at], rows.amount[at], rows.created[at]
    text = rows.ids[at].astype("U24").astype(object)
    card = rows.method[at] == 0
    good = statuses[kind] == "succeeded"
    number = user.astype("U").astype(object)
    returned = {"refunded": 1.0, "partially_refunded": 0.5}
    share = np.array([returned.get(state, 0.0) for state in states])[kind]
    fee = amount * 29 // 1000 + 30
    return pd.DataFrame(
        {
            "stripe_id": "pi_" + text,
            "status": statuses[kind],
            "state": states[kind],
            "facet": facets[at],
            "amount_minor": amount,
            "currency": np.array(list(CURRENCIES), object)[rows.currency[at]],
            "amount_received_minor": np.where(good, amount, 0),
            "amount_capturable_minor": 0,
            "amount_captured_minor": np.where(good, amount, 0),
            "amount_disputed_minor": np.where(states[kind] == "disputed", amount, 0),
            "amount_refunded_minor": (amount * share).astype(np.int64),
            "latest_charge_id": "ch_" + text,
            "order_id": at.astype("U").astype(object),
            **_person(user),
            "method_type": np.array(list(METHODS), object)[rows.method[at]],
            "card_brand": np.where(
                card, np.array(list(BRANDS), object)[user * 7 % 100 // 17], None
            ),
            "card_last4": np.where(card, np.char.zfill((user * 7919 % 10000).astype("U"), 4), None),
            "card_country": np.where(card, np.array(COUNTRIES, object)[_countries(user)], None),
            "card_fingerprint": np.where(card, "fp" + number, None),
            "ip": "10." + (user % 250).astype("U").astype(object) + ".0." + number.astype(object),
            "fee_minor": np.where(good, fee, None),
            "net_minor": np.where(good, amount - fee, None),
            "settlement_currency": np.array(list(CURRENCIES), object)[rows.currency[at]],
            "failure_code": np.where(states[kind] == "failed", "card_declined", None),
            "decline_code": np.where(states[kind] == "failed", _declines(user), None),
            "disputed": (states[kind] == "disputed").astype(np.int8),
            "dispute_outcome": np.where(states[kind] == "disputed", "open", ""),
            "risk_level": np.array([*RISKS, None], object)[rows.risk[at]],
            "day": days_of(created),
            "updated_at": created,
            "livemode": 1,
            "created_at": created,
            "confirmed": 1,
            "as_of": created,
        }
    )


def _person(user: Any) -> dict[str, Any]:
    """Who a user is; a name is shared by many."""
    names, number = np.array(NAMES, object)[user % len(NAMES)], user.astype("U").astype(object)
    surnames = np.array(SURNAMES, object)[_surnames(user)]
    shop = (user % 9).astype("U").astype(object)
    return {
        "customer_id": "cus_" + number,
        "user_id": number,
        "customer_name": np.char.capitalize(names.astype("U")).astype(object) + " " + surnames,
        "email": names + "." + number + "@shop" + shop + ".test",
    }


def _surnames(user: Any) -> Any:
    return user // len(NAMES) % len(SURNAMES)


def _declines(user: Any) -> Any:
    ends = np.array(list(DECLINES.values()))
    return np.array(list(DECLINES), object)[np.searchsorted(ends, user * 31 % 100, side="right")]


def words(rows: Draft, facets: Any) -> Iterator[pd.DataFrame]:
    """What payments are found by, in order of the table's key."""
    failed = np.array([state == "failed" for _, state in STATES])[rows.kind]
    codes = _declines(rows.user)
    found = {("error", "card_declined"): failed}
    found |= {("error", code): failed & (codes == code) for code in DECLINES}
    names, surnames = rows.user % len(NAMES), _surnames(rows.user)
    for kind, word in sorted([*found, *(("name", name) for name in [*NAMES, *SURNAMES])]):
        if kind == "error":
            chosen = found[kind, word]
        elif word in NAMES:
            chosen = names == NAMES.index(word)
        else:
            chosen = surnames == SURNAMES.index(word)
        at = np.flatnonzero(chosen)
        text = rows.ids[at].astype("U24").astype(object)
        columns = {"created_at": rows.created[at], "stripe_id": "pi_" + text}
        columns |= {"facet": facets[at], "amount_minor": rows.amount[at]}
        yield pd.DataFrame({"kind": kind, "word": word, "livemode": 1} | columns)


def _countries(user: Any) -> Any:
    """A few countries have most users."""
    spread = (user * 2654435761 % 1000) / 1000
    return (spread**2.5 * len(COUNTRIES)).astype(np.int64)


def payout_ids(created: Any, currency: Any) -> Any:
    """Each day's money is paid out by itself, in its currency."""
    codes = np.array([f"_{code}" for code in CURRENCIES], object)[currency]
    return "po_" + days_of(created).astype(object) + codes


def ledger(rows: Draft) -> Iterator[pd.DataFrame]:
    """Balance transactions in order of time: a charge for each paid payment, and what came back."""
    states = np.array([state for _, state in STATES], object)
    paid = np.array([status == "succeeded" for status, _ in STATES])
    for start in range(0, len(rows), CHUNK):
        at = np.arange(start, min(start + CHUNK, len(rows)))
        at = at[paid[rows.kind[at]]]
        yield _ledger(rows, at, "charge", "txn_", 1.0)
        for state, category, share in (
            ("refunded", "refund", -1.0),
            ("partially_refunded", "refund", -0.5),
            ("disputed", "dispute", -1.0),
        ):
            yield _ledger(rows, at[states[rows.kind[at]] == state], category, "txn_r", share)


def _ledger(rows: Draft, at: Any, category: str, start: str, share: float) -> pd.DataFrame:
    amount = (rows.amount[at] * share).astype(np.int64)
    fee = rows.amount[at] * 29 // 1000 + 30 if category == "charge" else np.zeros(len(at), int)
    if category == "dispute":
        fee = fee + 1500
    created = rows.created[at]
    text = rows.ids[at].astype("U24").astype(object)
    card = rows.method[at] == 0
    return pd.DataFrame(
        {
            "stripe_id": start + text,
            "livemode": 1,
            "type": category,
            "reporting_category": category,
            "source_id": "ch_" + text,
            "payment_id": "pi_" + text,
            "amount_minor": amount,
            "fee_minor": fee,
            "net_minor": amount - fee,
            "currency": np.array(list(CURRENCIES), object)[rows.currency[at]],
            "balance_type": "payments",
            "payout_id": payout_ids(created, rows.currency[at]),
            "status": "available",
            "method": np.array(list(METHODS), object)[rows.method[at]],
            "card_country": np.where(
                card, np.array(COUNTRIES, object)[_countries(rows.user[at])], ""
            ),
            "business_day": days_of(created),
            "created_at": created,
            "available_on": created,
        }
    )
