"""The scenario suite on the page: its button, its progress and what came of each card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.actions.developer import scenario_runs
from core.errors import TillwatchError
from core.reads.developer import scenarios as reads
from core.reads.developer.scenarios import Run
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.checkout import order_form
from dashboard.ui import columns, flash, status_badges, viewer, widgets
from dashboard.ui.flash import ErrorTable, ErrorText

_ERRORS = ErrorTable((ErrorText(TillwatchError, flash.REASON),), reason=order_form.error_text)
_VERDICT = {
    "ok": (N_("As expected"), "green"),
    "differs": (N_("Differs"), "red"),
}


def draw(*, disabled: bool, why: str | None) -> None:
    """The suite; drawn again each second while a run is under way."""
    latest = viewer.read(reads.latest, livemode=False)
    running = latest is not None and latest.under_way
    st.fragment(_suite, run_every=1 if running else None)(running, disabled=disabled, why=why)


def _suite(was_running: bool, *, disabled: bool, why: str | None) -> None:
    run = viewer.read(reads.latest, livemode=False)
    if was_running and run is not None and not run.under_way:
        st.rerun()
    with st.container(border=True, key="checkout_scenarios"):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        row.header(_("Test scenarios"), anchor=False, width="content")
        under_way = run is not None and run.under_way
        pressed = row.button(
            _("Run all scenarios"),
            key="checkout_run_all",
            icon=":material/play_arrow:",
            disabled=disabled or under_way,
            help=why or (_("A run is under way.") if under_way else None),
        )
        if pressed and _ask():
            st.rerun()
        _body(run)


def _ask() -> bool:
    outcome = flash.perform(_ERRORS, scenario_runs.ask)
    outcome.show_error()
    return outcome.done


def _body(run: Run | None) -> None:
    if run is None:
        st.caption(_("Pays with every test card, and holds what comes of it against what must."))
        return
    if run.under_way:
        share = run.done / run.total if run.total else 0.0
        text = ngettext(
            "{done} of {n} payment made; then its events are waited for.",
            "{done} of {n} payments made; then their events are waited for.",
            run.total,
        )
        st.progress(share, text.format(done=run.done, n=run.total or "…"))
        return
    when = i18n.moment(run.updated_at, viewer.zone())
    if run.why:
        reason = widgets.safe_text(run.why)
        st.error(_("The run of {time} stopped: {reason}").format(time=when, reason=reason))
        return
    differ = sum(not one["ok"] for one in run.results)
    paid = ngettext("{n} scenario", "{n} scenarios", len(run.results)).format(n=len(run.results))
    differing = ngettext("{n} differs", "{n} differ", differ).format(n=differ)
    text = _("Run of {time}: {scenarios}, {differing}.")
    said = widgets.safe_text(text.format(time=when, scenarios=paid, differing=differing))
    if differ:
        st.error(said, icon=":material/difference:")
    else:
        st.success(said, icon=":material/check_circle:")
    _table(run)


def _table(run: Run) -> None:
    rows = sorted(run.results, key=lambda one: bool(one["ok"]))
    table = columns.of_rows([_row(one) for one in rows])
    layout = {
        "scenario": columns.text_column(_("Scenario"), width=220),
        "verdict": status_badges.chip_column(_("Verdict"), _VERDICT, width=110),
        "expected": columns.text_column(_("Expected"), width=250),
        "actual": columns.text_column(_("Actual"), width=250),
        "message": columns.text_column(_("Message"), width=260),
        "took": st.column_config.TextColumn(_("Took"), width=80, alignment="right"),
        "events": columns.text_column(_("Events seen"), width=420),
        "card": columns.text_column(_("Card"), width=150),
        "payment": columns.text_column(_("Payment"), width=260),
    }
    widgets.plain_table(table, layout, key="scenario_results", alt=_("Results of the scenarios"))


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    missing = [f"– {kind}" for kind in one["missing_events"]]
    return {
        "scenario": one["scenario"],
        "verdict": ["ok" if one["ok"] else "differs"],
        "expected": _outcome(one["expected"]),
        "actual": _outcome(one["actual"]),
        "took": _("{milliseconds} ms").format(milliseconds=one["duration_ms"]),
        "message": one["actual"]["message"] or "",
        "events": ", ".join([*one["events"], *missing]),
        "card": one["card"],
        "payment": one["payment_intent_id"] or "",
    }


def _outcome(one: Mapping[str, Any]) -> str:
    # What says most stands first: a narrow column cuts the rest.
    parts = [one["decline_code"], one["code"], one["status"]]
    return " · ".join(part for part in parts if part)
