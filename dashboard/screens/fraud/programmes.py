"""How near the business is to the card networks' programmes, this month so far."""

from __future__ import annotations

import streamlit as st

from core import clock
from core.reads.fraud import programmes as reads
from core.reads.fraud.programmes import Gauge
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, viewer, widgets

NOTHING = "–"
#: Levels as their networks write them.
_LEVELS = {
    "non_compliant": N_("Non-compliant"),
    "excessive": N_("Excessive"),
    "ecm": "ECM",
    "hecm": "HECM",
}


def draw(livemode: bool) -> None:
    """A card a programme: where it stands, where it is going, its levels."""
    found = viewer.read(reads.gauge, livemode=livemode, zone=viewer.zone(), now=clock.now())
    for one in found:
        with st.container(border=True):
            _card(one)
    st.caption(
        _(
            "A level is reached by its count and its ratio together. The networks count by their "
            "own calendar and see what Stripe does not tell: this is a gauge, not their verdict."
        )
    )


def _counted(warnings: int, disputes: int) -> str:
    told = ngettext("{n} issuer's warning", "{n} issuers' warnings", warnings)
    counted = ngettext("{n} dispute", "{n} disputes", disputes)
    return _("{warnings} and {disputes}").format(
        warnings=told.format(n=i18n.number(warnings)),
        disputes=counted.format(n=i18n.number(disputes)),
    )


def _card(one: Gauge) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        widgets.card_title(one.name)
        if one.level:
            st.badge(widgets.safe_text(_level(one.level)), color="red")
        elif one.projected_level:
            said = _("{level} expected by the month's end").format(
                level=_level(one.projected_level)
            )
            st.badge(widgets.safe_text(said), color="orange")
        else:
            st.badge(_("Below every level"), color="green")
    low, middle, high = one.projected
    ratios = one.projected_ratio
    with st.grid(4, min_column_width=130):
        st.metric(
            _("Count"),
            i18n.number(one.count),
            border=True,
            help=_counted(one.warnings, one.disputes),
        )
        st.metric(_("Ratio"), _percent(one.ratio), border=True)
        st.metric(
            _("By month end"),
            i18n.number(middle),
            border=True,
            help=f"{i18n.number(low)} – {i18n.number(high)}",
        )
        st.metric(
            _("Ratio by then"),
            _percent(ratios[1] if ratios else None),
            border=True,
            help=f"{_percent(ratios[0])} – {_percent(ratios[2])}" if ratios else None,
        )
    table: columns.Table = {
        "level": [_level(step.level) for step in one.steps],
        "count": [i18n.number(step.count) for step in one.steps],
        "ratio": [_percent(step.ratio) for step in one.steps],
        "since": [i18n.day(step.since) for step in one.steps],
    }
    layout = {
        "level": columns.text_column(_("Level"), width=180),
        "count": columns.money_column(_("From count"), width=110),
        "ratio": columns.money_column(_("From ratio"), width=110),
        "since": columns.text_column(_("In force since"), width=140),
    }
    widgets.plain_table(table, layout, key=f"steps_{one.name}", alt=one.name)


def _level(code: str) -> str:
    return _(_LEVELS[code]) if code in _LEVELS else code


def _percent(share: int | None) -> str:
    return NOTHING if share is None else f"{share // 100}.{share % 100:02d}%"
