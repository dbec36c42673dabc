"""Rule sets and signals at random, and rows of scorings made of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from core.db.tables import risk_assessments
from core.risk.ast import OPERATORS, Kind
from core.risk.values import KINDS
from tests.support.factories import NOON

#: The last one is new at Stripe: no threshold is known in it.
CURRENCIES = ("usd", "jpy", "kwd", "isk", "zzz")
THRESHOLDS = ("small", "large")
TEXTS = {
    "currency": CURRENCIES,
    "method": ("card", "alipay"),
    "card_country": ("US", "DE"),
    "usual_country": ("US", "DE"),
    "radar_level": ("normal", "elevated"),
}
NUMBERS = st.integers(0, 8)
AMOUNTS = st.sampled_from(["0", "1", "5", "5.25", "100", "0.001"])
WHOLE = st.sampled_from(["0", "5", "100"])


def values(kind: Kind, name: str) -> st.SearchStrategy[Any]:
    """What a signal may be; mostly known."""
    of_kind: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.NUMBER: NUMBERS,
        Kind.MONEY: st.sampled_from([0, 1, 99, 100, 500, 525, 5000, 5250, 10000]),
        Kind.TEXT: st.sampled_from(TEXTS.get(name, ("x",))),
        Kind.FLAG: st.booleans(),
    }
    if name in ("amount", "currency"):
        return of_kind[kind]
    return st.one_of(of_kind[kind], of_kind[kind], st.none())


signal_sets = st.fixed_dictionaries({name: values(kind, name) for name, kind in KINDS.items()})


def _names(kind: Kind) -> st.SearchStrategy[str]:
    names = [name for name, own in KINDS.items() if own is kind]
    return st.sampled_from(names + (list(THRESHOLDS) if kind is Kind.MONEY else []))


_signs = st.sampled_from(sorted(OPERATORS))
_equal = st.sampled_from(["==", "!="])
_flags = _names(Kind.FLAG)
_texts = st.sampled_from(sorted(TEXTS))
leaves = st.one_of(
    st.builds("{} {} {}".format, _names(Kind.NUMBER), _signs, NUMBERS),
    st.builds("{} {} {}".format, _names(Kind.MONEY), _signs, _names(Kind.MONEY)),
    st.builds('{} {} "{}"'.format, _texts, _equal, st.sampled_from(["US", "card", "usd"])),
    st.builds('{} in ("{}", "DE")'.format, _texts, st.sampled_from(["US", "card", "usd"])),
    st.builds("{} not in ({}, 3)".format, _names(Kind.NUMBER), NUMBERS),
    _flags,
    st.builds("{} == {}".format, _flags, st.sampled_from(["true", "false"])),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not {}".format, inner.filter(lambda text: text.startswith("("))),
    ),
    max_leaves=6,
)
thresholds = st.fixed_dictionaries(
    {
        name: st.one_of(
            st.builds(lambda one: {"default": one}, AMOUNTS),
            st.builds(lambda one, two: {"default": one, "isk": two}, AMOUNTS, WHOLE),
            st.builds(lambda one: {"usd": one}, AMOUNTS.filter(lambda a: len(a) < 5)),
        )
        for name in THRESHOLDS
    }
)
rule_sets = st.builds(
    lambda limits, chosen: {
        "thresholds": limits,
        "rules": [
            {"name": f"r{n}", "when": when, "points": points, "on": on}
            for n, (when, points, on) in enumerate(chosen)
        ],
    },
    thresholds,
    st.lists(st.tuples(conditions, st.integers(-20, 60), st.booleans()), min_size=1, max_size=5),
)


def assessment(number: int, signals: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A row of `risk_assessments` with these signals; one a minute from noon on."""
    row = dict.fromkeys(column.name for column in risk_assessments.columns if column.name != "id")
    return (
        row
        | {
            "payment_id": f"pi_{number:08d}",
            "livemode": False,
            "kind": "arrival",
            "score": 0,
            "level": "low",
            "factors": "[]",
            "rule_version": 0,
            "allowed": True,
            "created_at": NOON + timedelta(minutes=number),
            "scored_at": NOON,
        }
        | signals
        | given
    )
