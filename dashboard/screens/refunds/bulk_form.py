"""Putting a bulk refund together: which payments, how much of each, why; tried, then asked."""

from __future__ import annotations

import uuid
from typing import Any

import streamlit as st

from core.actions.refunds import bulk_ask as bulk_refunds
from core.actions.refunds import bulk_plan
from core.actions.refunds.bulk_ask import DryRun, NewBulk
from core.actions.refunds.bulk_plan import How, Target
from core.actions.refunds.validation import LONGEST_NOTE
from core.errors import InvalidInput, TillwatchError
from core.reads.payments import list as payment_list
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.payments import filters as payment_filters
from dashboard.screens.refunds import bulk_tables
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import address, flash, refund_warnings, stripe_labels, viewer, widgets

TRIED = "bulk_tried"
SOURCES = {"search": N_("From a search"), "list": N_("From a list")}
HOW = {
    bulk_plan.FULL: N_("All that is left"),
    bulk_plan.FIXED: N_("A fixed amount"),
    bulk_plan.PERCENT: N_("A percentage"),
}
_PAGE = 500


def draw() -> None:
    """The form; under it what the last try of exactly this form found."""
    with st.container(border=True):
        widgets.card_title(_("Which payments, how much, why"))
        chosen = _chosen()
        ready = chosen["reason"] is not None
        if st.button(
            _("Check"),
            key="bulk_check",
            type="primary",
            icon=":material/fact_check:",
            disabled=not ready,
            help=None if ready else _("Choose a reason first."),
        ):
            _try(chosen)
    tried = st.session_state.get(TRIED)
    if tried and tried["chosen"] == chosen:
        _result(tried)


def _chosen() -> dict[str, Any]:
    """What the form says now."""
    source = widgets.url_choice(_("Payments"), "from", SOURCES, default="search")
    if source == "search":
        text = st.text_input(
            _("Search, as on Payments"),
            key="q",
            type="search",
            bind="query-params",
            placeholder="order:17,18 created:7d status:succeeded",
        )
    else:
        text = st.text_area(
            _("A payment in each line, with an amount of its own if you like"),
            key="bulk_list",
            height=160,
            placeholder="pi_3Qb…\npi_3Qc… 12.50",
        )
    kind = st.segmented_control(
        _("How much of each"),
        list(HOW),
        key="bulk_how",
        default=bulk_plan.FULL,
        required=True,
        format_func=lambda code: _(HOW[code]),
    )
    with st.grid(3, min_column_width=200):
        how = _how(str(kind))
        reason = st.selectbox(
            _("Reason"),
            list(refund_labels.REASONS),
            index=None,
            key="bulk_reason",
            placeholder=_("Choose a reason"),
            format_func=stripe_labels.words,
        )
        note = st.text_input(_("Note for colleagues"), key="bulk_note", max_chars=LONGEST_NOTE)
    return {
        "source": source,
        "text": (text or "").strip(),
        "how": how,
        "reason": reason,
        "note": note.strip() or None,
        "livemode": viewer.livemode(),
    }


def _how(kind: str) -> How:
    if kind == bulk_plan.PERCENT:
        percent = st.text_input(
            _("Percent of what was captured"), key="bulk_percent", placeholder="12.5"
        )
        return How(kind, percent.strip())
    if kind == bulk_plan.FIXED:
        row = st.columns([3, 2])
        amount = row[0].text_input(_("Amount of each"), key="bulk_amount", placeholder="10.00")
        currency = row[1].selectbox(
            _("Currency"), payment_filters.CURRENCIES, key="bulk_currency", format_func=str.upper
        )
        return How(kind, amount.strip(), currency)
    return How(kind)


def _try(chosen: dict[str, Any]) -> None:
    st.session_state.pop(TRIED, None)
    try:
        with st.spinner(_("Checking each payment…")):
            found = _targets(chosen)
            asked = NewBulk(found, chosen["how"], chosen["reason"], chosen["note"])
            dry = viewer.act(bulk_refunds.try_out, asked, livemode=chosen["livemode"])
    except TillwatchError as error:
        refund_labels.ERRORS.message(error).show()
        return
    st.session_state[TRIED] = {"chosen": chosen, "dry": dry, "id": str(uuid.uuid4())}


def _targets(chosen: dict[str, Any]) -> tuple[Target, ...]:
    if chosen["source"] == "list":
        return bulk_plan.read_list(chosen["text"])
    query = payment_list.parse(chosen["text"])
    if not query:
        raise InvalidInput("list", "names no payment")
    found: list[Target] = []
    cursor = None
    while len(found) <= bulk_plan.MOST:
        page = viewer.read(
            payment_list.page,
            query=query,
            livemode=chosen["livemode"],
            cursor=cursor,
            limit=_PAGE,
            zone=viewer.zone(),
            with_count=False,
        )
        found += [Target(row.stripe_id) for row in page.rows]
        cursor = page.older_cursor
        if cursor is None:
            break
    return bulk_plan.checked_targets(found)


def _result(tried: dict[str, Any]) -> None:
    dry: DryRun = tried["dry"]
    possible = dry.possible()
    with st.container(border=True):
        widgets.card_title(_("What would come of it"))
        said = ngettext(
            "{possible} of {n} payment can be refunded like this. Nothing is written yet.",
            "{possible} of {n} payments can be refunded like this. Nothing is written yet.",
            len(dry.verdicts),
        )
        st.caption(said.format(possible=len(possible), n=len(dry.verdicts)))
        left, right = st.columns([2, 1])
        with left:
            bulk_tables.verdicts(dry)
        with right:
            if possible:
                bulk_tables.dry_totals(dry)
            if dry.over:
                said = _("{limit}: a second person approves all of it.")
                st.info(said.format(limit=refund_labels.over(dry.over)), icon=":material/group:")
            for said in refund_warnings.told_of_some(dry.warned):
                st.warning(said, icon=":material/warning:")
        if possible:
            _ask(tried, possible)


def _ask(tried: dict[str, Any], possible: tuple[Target, ...]) -> None:
    dry, chosen = tried["dry"], tried["chosen"]
    sums = _(", ").join(refund_labels.exact(amount) for _count, amount in dry.totals.values())
    n = len(possible)
    if dry.over:
        label = ngettext("Ask for {n} refund: {sums}", "Ask for {n} refunds: {sums}", n)
    else:
        label = ngettext("Refund {n} payment: {sums}", "Refund {n} payments: {sums}", n)
    if not st.button(
        widgets.safe_text(label.format(n=n, sums=sums)),
        key="bulk_ask",
        type="primary",
        icon=":material/undo:",
    ):
        return
    asked = NewBulk(possible, chosen["how"], chosen["reason"], chosen["note"])
    outcome = flash.perform(
        refund_labels.ERRORS,
        bulk_refunds.ask,
        asked,
        livemode=chosen["livemode"],
        bulk_id=tried["id"],
    )
    if outcome.value is None:
        outcome.show_error()
        return
    st.session_state.pop(TRIED, None)
    address.put("id", outcome.value.bulk_id)
    st.rerun()
