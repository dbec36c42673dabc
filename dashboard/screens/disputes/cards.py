"""The cards of one dispute: the reason, what it moved, the customer's history, the odds."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from core.gateway.dispute_reasons import REASONS
from core.money import Money, show
from core.reads.disputes.detail import DisputeDetail, Effect, History
from core.reads.disputes.win_rates import ENOUGH, Odds
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.ui import columns, status_badges, stripe_labels, widgets


def coded(amount: Money) -> str:
    """An amount with its code, safe where markdown is drawn."""
    return widgets.safe_text(f"{show(amount)} {amount.currency.upper()}")


def reason(detail: DisputeDetail) -> None:
    """What the issuer says, in plain words, and what helps against it."""
    dispute = detail.dispute
    known, spoken = REASONS.of(dispute.reason), i18n.language()
    widgets.card_title(_("Why it is disputed"))
    if dispute.reason in REASONS.reasons:
        st.text(known.meaning[spoken])
    else:
        named = dispute.reason or _("none")
        st.text(_("Stripe names a reason that is new here: {reason}").format(reason=named))
    st.caption(_("What helps"))
    st.text(known.help[spoken])
    code = dispute.network_reason_code
    said = [stripe_labels.words(dispute.reason), dispute_labels.brand(dispute.card_brand)]
    st.caption(widgets.safe_text(" · ".join(filter(None, [*said, code]))))


def effect(detail: DisputeDetail) -> None:
    """What it took from the balance and gave back, in the currency it settles in."""
    widgets.card_title(_("Effect on the balance"))
    if not detail.effects:
        st.caption(_("Nothing was taken from the balance."))
    for line in detail.effects:
        _sums(line)
    disputed = detail.dispute.amount.currency
    settled = sorted({line.net.currency for line in detail.effects} - {disputed})
    if settled:
        said = _("The customer disputes {charged}; the balance is in {settled}.")
        codes = _(", ").join(code.upper() for code in settled)
        st.caption(said.format(charged=disputed.upper(), settled=codes))
    if detail.dispute.submission_count and detail.effects:
        st.caption(_("Stripe books the fee for countering by itself, among its own fees."))


def _sums(line: Effect) -> None:
    code = line.net.currency
    shown = {
        _("Withdrawn"): line.withdrawn,
        _("Returned"): line.returned,
        _("Dispute fee"): -line.fee,
        _("Fee returned"): -line.fee_returned,
    }
    rows = {name: amount for name, amount in shown.items() if amount.minor}
    rows[_("Net")] = line.net
    table: columns.Table = {
        "what": list(rows),
        "amount": [show(amount) for amount in rows.values()],
        "currency": [code.upper()] * len(rows),
    }
    layout = {
        "what": columns.text_column(_("What")),
        "amount": columns.money_column(_("Amount"), width=110),
        "currency": columns.currency_column(),
    }
    widgets.plain_table(table, layout, key=f"effect_{code}", alt=_("Effect on the balance"))


def history(found: History, zone: ZoneInfo) -> None:
    """The same customer's other payments: a quiet record speaks for the payment."""
    widgets.card_title(_("The customer's other payments"))
    said = ngettext(
        "{n} other, {disputed} disputed",
        "{n} others, {disputed} of them disputed",
        found.payments,
    )
    st.caption(said.format(n=found.payments, disputed=found.disputed))
    if found.compelling:
        said = ngettext(
            "{n} undisputed one is 120 to 365 days older: Visa's CE 3.0 asks for two.",
            "{n} undisputed ones are 120 to 365 days older: Visa's CE 3.0 asks for two.",
            found.compelling,
        )
        st.caption(said.format(n=found.compelling))
    if not found.newest:
        return
    table: columns.Table = {
        "amount": [show(one.amount) for one in found.newest],
        "currency": [one.amount.currency.upper() for one in found.newest],
        "state": [status_badges.cell(one.state) for one in found.newest],
        "created": [one.created_at for one in found.newest],
        "id": [one.payment_id for one in found.newest],
    }
    layout = {
        "amount": columns.money_column(_("Amount"), width=100),
        "currency": columns.currency_column(),
        "state": status_badges.chip_column(_("Status"), status_badges.PAYMENT, width=140),
        "created": columns.time_column(_("Created"), zone, seconds=False),
        "id": columns.text_column(_("Payment"), width=220),
    }
    widgets.plain_table(table, layout, key="history", alt=_("The customer's other payments"))


def counter_or_accept(found: Odds) -> None:
    """What countering is worth by our own record, with the figures it rests on."""
    widgets.card_title(_("Counter or accept"))
    own, rate = found.own, found.own.rate
    rows = {
        _("At stake"): coded(found.at_stake),
        _("Fee if you counter and lose"): coded(found.fee) if found.fee else "–",
        _("Answers won, this reason"): f"{own.won} / {own.decided}",
        _("Win rate"): i18n.percent(rate) if rate is not None else "–",
    }
    if found.break_even is not None:
        rows[_("Pays from a rate of")] = i18n.percent(found.break_even)
    for label, value in rows.items():
        row = st.container(horizontal=True, horizontal_alignment="distribute")
        row.caption(label, width="content")
        row.markdown(value, width="content")
    _advice(found)


def _advice(found: Odds) -> None:
    worth = found.expected
    if not found.enough or worth is None:
        said = ngettext(
            "{n} decided answer of this reason: fewer than {most} are no ground to advise.",
            "{n} decided answers of this reason: fewer than {most} are no ground to advise.",
            found.own.decided,
        )
        if found.fee is None:
            said = _("Stripe has booked nothing for it yet: there is nothing to reckon with.")
        st.info(said.format(n=found.own.decided, most=ENOUGH), icon=":material/info:")
    elif worth.minor > 0:
        st.success(
            _("Counter: on average an answer brings {amount}. Accepting brings nothing.").format(
                amount=coded(worth)
            )
        )
    else:
        st.warning(
            _("Accept: on average an answer costs {amount}. Accepting costs no more.").format(
                amount=coded(-worth)
            )
        )
    if found.fee is not None and not found.fee_is_known:
        st.caption(_("The fee is taken to be as high as the one for receiving the dispute."))
