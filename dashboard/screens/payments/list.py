"""What stands around the list of payments: caption, file, and what is shown without rows."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core import clock
from core.money import show
from core.reads.payments import list as reads
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import navigation, search_filters, viewer, widgets

#: What a word may be (`core.reads.search.payments.tried`), as people call it.
KINDS = {
    "payments": N_("payment id"),
    "charges": N_("charge id"),
    "refunds": N_("refund id"),
    "disputes": N_("dispute id"),
    "early_fraud_warnings": N_("early fraud warning id"),
    "reviews": N_("review id"),
    "balance_transactions": N_("ledger row id"),
    "events": N_("event id"),
    "payouts": N_("payout id"),
    "customers": N_("customer id"),
    "order": N_("order id"),
    "email": N_("e-mail address or its beginning"),
    "last4": N_("last four digits of a card"),
    "name": N_("word of a customer's name"),
    "error": N_("error code"),
}


def caption_text(page: reads.PaymentPage, at: datetime | None, query: reads.Query) -> str:
    """How many match, what they come to and when that was true, in one line."""
    zone = viewer.zone()
    parts = [_count_text(page.count)] if page.count else []
    sums = page.sums or ()
    # A volume is what was captured: of payments that are paid the list says that, too.
    is_paid = "paid" in query.values("status")
    parts += [_sum_text(one, len(sums), is_paid=is_paid) for one in sums]
    # What would be cut by a table's toolbar on a phone comes last.
    parts.append(i18n.time_of(at, zone))
    shown = len(page.rows)
    by, descending = page.order.by, page.order.descending
    parts.append(_shown_text(by, descending, shown).format(n=shown))
    if page.searched_to and descending:
        parts.append(_("searched back to {time}").format(time=i18n.minute(page.searched_to, zone)))
    elif page.searched_to:
        parts.append(_("searched up to {time}").format(time=i18n.minute(page.searched_to, zone)))
    if page.searched_amount:
        amount = f"{show(page.searched_amount)} {page.searched_amount.currency.upper()}"
        parts.append(_("searched as far as {amount}").format(amount=amount))
    return " · ".join(parts)


def _count_text(count: reads.Count) -> str:
    if count.exact:
        return _("Payments: {count}").format(count=i18n.number(count.n))
    return _("Payments: more than {count}").format(count=i18n.number(count.n))


def _sum_text(one: reads.Sum, currencies: int, *, is_paid: bool) -> str:
    said = f"{show(one.amount)} {one.amount.currency.upper()}"
    if is_paid and one.captured != one.amount:
        said = f"{said}, {_('{amount} captured').format(amount=show(one.captured))}"
    return said if currencies == 1 else f"{said} ({i18n.number(one.n)})"


def _shown_text(by: str, descending: bool, n: int) -> str:
    """How many rows stand there, and in which order."""
    if by == "amount" and descending:
        return ngettext("{n} shown, greatest first", "{n} shown, greatest first", n)
    if by == "amount":
        return ngettext("{n} shown, smallest first", "{n} shown, smallest first", n)
    if descending:
        return ngettext("{n} shown, newest first", "{n} shown, newest first", n)
    return ngettext("{n} shown, oldest first", "{n} shown, oldest first", n)


def bulk_refund(query: reads.Query) -> None:
    """To a bulk refund of what the search finds, for those who may ask for one."""
    if query and viewer.signed_in().may("bulk_refund"):
        st.page_link(
            navigation.named("bulk_refund"),
            label=_("Bulk refund"),
            icon=":material/library_add_check:",
            query_params={"q": str(query)},
        )


def nothing(query: reads.Query) -> None:
    """What stands there instead of an empty table: for a search, what each word was taken for."""
    if not query:
        none_yet()
        return
    box = widgets.empty(_("No payment matches"), _("Take a term out, or look further back."))
    meant = reads.suggest(query, zone=viewer.zone(), now=clock.now())
    if meant is not None:
        box.button(
            _("Did you mean {search}?").format(search=widgets.safe_text(str(meant))),
            key="suggestion",
            icon=":material/lightbulb:",
            on_click=search_filters.search,
            args=(str(meant),),
        )
    for one in reads.tried(query):
        said = _("{word} was looked for as: {kinds}")
        box.caption(said.format(word=widgets.safe_text(one.word), kinds=_(", ").join(_kinds(one))))
    for amount in reads.thousandths(query):
        said = _("{amount} was read with three decimals: a point alone is the decimal mark.")
        box.caption(said.format(amount=widgets.safe_text(amount)))
    box.button(_("Show all payments"), on_click=search_filters.clear)


def _kinds(one: reads.Tried) -> list[str]:
    kinds = [_(KINDS[kind]) if kind in KINDS else kind for kind in one.kinds]
    return kinds + [_("amount {amount}").format(amount=amount) for amount in one.amounts]


def other_mode(query: reads.Query) -> None:
    """Says so where an address of Stripe's dashboard is of data that is not shown here."""
    livemode = viewer.livemode()
    if (not livemode) not in reads.modes(query):
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption(
        _("The address is of test data; live data is shown.")
        if livemode
        else _("The address is of live data; test data is shown.")
    )
    if viewer.both_modes():
        row.button(
            _("Show test data") if livemode else _("Show live data"),
            key="other_mode",
            icon=":material/swap_horiz:",
            on_click=_switch,
            args=(livemode,),
        )


def _switch(test_data: bool) -> None:
    st.session_state["test_data"] = test_data
    widgets.first_page()


def none_yet() -> None:
    """For an account without payments: how the first one and the older ones come here."""
    box = widgets.empty(
        _("No payments yet"),
        _(
            "They appear here within seconds of the first one. Older ones are read from Stripe "
            "by `python -m dashboard sync --since 90d`."
        ),
    )
    if viewer.signed_in().may("use_developer_tools") and not viewer.livemode():
        box.page_link(
            navigation.named("checkout"),
            label=_("Pay with a test card"),
            icon=":material/shopping_cart:",
        )
