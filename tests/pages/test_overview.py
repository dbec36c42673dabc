"""Overview: today so far for everyone, net for finance, what waits for whom."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit import cache_resource

from core import clock
from core.db.engine import writing
from core.db.tables import disputes
from core.reads.payments.list import parse
from dashboard.screens.overview import cards as overview_cards
from tests.support import factories, stream_rows
from tests.support.fixtures_access import person
from tests.support.kit_parts import click, parts, tables

pytestmark = pytest.mark.usefixtures("within_a_day")


@pytest.fixture
def overview(console, shop, screen_as):
    """The screen as somebody with a role sees it."""

    def run(*roles):
        test = screen_as(person(console, *roles), "overview")
        assert not test.exception
        return test

    return run


def compared(test):
    return next(f.value for f in tables(test) if "volume" in f.value)


def nets(test):
    return next((f.value for f in tables(test) if "net" in f.value), None)


def cards(test):
    return [card for part in parts(test, "cards") for card in part.data["cards"]]


def needs(test):
    shown = [link.value for link in test.page_link] + [m.value for m in test.markdown]
    return " ".join(map(str, shown))


def test_a_currency_has_its_own_card_and_line(overview):
    test = overview("viewer")
    labels = [card["label"] for card in cards(test)]
    assert {"Volume, USD", "Volume, JPY", "Volume, KWD"} == set(labels)
    assert set(compared(test)["currency"]) == {"USD", "JPY", "KWD"}


def test_net_is_shown_to_finance_and_to_nobody_else(overview):
    assert list(nets(overview("finance"))["currency"]) == ["JPY", "KWD", "USD"]
    for role in ("viewer", "support", "risk", "developer", "admin"):
        assert nets(overview(role)) is None, role


def test_net_stays_away_when_finance_filled_the_cache_first(overview):
    overview("finance")
    assert nets(overview("viewer")) is None


def test_what_waits_depends_on_who_looks(overview):
    assert "Disputes to answer" in needs(overview("risk"))
    assert "Disputes to answer" not in needs(overview("viewer"))


def test_failures_lead_to_their_payment(overview, shop):
    test = overview("viewer")
    failures = next(table for table in tables(test) if "meaning" in table.columns)
    assert failures.names == [shop["failed"]]
    click(test, failures, "open", shop["failed"])
    assert test.query_params["id"] == shop["failed"]


def test_a_failure_says_what_it_means(overview):
    failures = next(f.value for f in tables(overview("viewer")) if "meaning" in f.value)
    assert list(failures["meaning"]) == ["Too little money on the card or account."]


def test_as_of_when_the_figures_are_stands_beside_the_title(console, overview):
    assert any("As of" in m.value for m in overview("viewer").markdown)
    cache_resource.clear()
    stream_rows.forget(console.engine)
    assert any("Not read from Stripe yet" in m.value for m in overview("viewer").markdown)


@pytest.mark.parametrize(("role", "offered"), [("developer", True), ("viewer", False)])
def test_an_empty_account_offers_a_first_payment(console, screen_as, nothing_cached, role, offered):
    test = screen_as(person(console, role), "overview")
    shown = [link.proto.label for link in test.get("page_link")]
    assert ("Pay with a test card" in shown) is offered


@pytest.mark.parametrize("days", [3, 300])
def test_a_quiet_night_hides_nothing_that_waits(console, screen_as, nothing_cached, days):
    """Nothing in today's hours so far, nor in those of yesterday and a week ago."""
    at = clock.now() - timedelta(days=days)
    with writing(console.engine) as connection:
        factories.paid(connection, created_at=at, stripe_id="pi_1", disputed=True)
        due = {"due_by": at, "has_evidence": False, "past_due": False, "submission_count": 0}
        said = {"amount_minor": 100, "currency": "usd", "reason": "fraudulent", **due}
        mine = {"stripe_id": "du_1", "payment_id": "pi_1", "status": "needs_response"}
        seen = {"livemode": False, "created_at": at, "as_of": at, "confirmed": True}
        connection.execute(disputes.insert().values(**mine, **said, **seen))
    test = screen_as(person(console, "risk"), "overview")
    assert not test.exception
    assert [card["label"] for card in cards(test)] == ["Volume, USD"]
    assert "Disputes to answer" in needs(test)


def test_an_empty_account_is_not_a_wall_of_zeros(console, screen_as, nothing_cached):
    test = screen_as(person(console, "viewer"), "overview")
    assert not test.exception
    assert not cards(test)
    assert not tables(test)


def test_a_volume_opens_the_payments_it_is_made_of_and_dates_its_line(overview):
    card = next(one for one in cards(overview("viewer")) if one["label"] == "Volume, USD")
    (asked,) = parse_qs(urlsplit(card["href"]).query)["q"]
    assert asked == f"currency:usd status:paid created:{clock.now().date()}"
    assert parse(asked)


def test_a_currency_compared_opens_its_payments_of_today(overview):
    test = overview("viewer")
    shown = next(one for one in tables(test) if "volume" in one.value)
    click(test, shown, "open", shown.names[0])
    code = shown.value["currency"].iloc[0].lower()
    assert test.query_params["q"] == f"currency:{code} created:{clock.now().date()}"


def test_an_hour_opens_its_payments():
    address = overview_cards.payments_of_bar("other 2026-11-30T15:00:00+01:00")
    (asked,) = parse_qs(urlsplit(address).query)["q"]
    assert "created:2026-11-30T14:00:00.000000Z..2026-11-30T14:59:59.999999Z" in asked
    assert parse(asked)
    for wrong in ("", "gross 2026-11-30T15:00:00", "failed soon"):
        assert overview_cards.payments_of_bar(wrong) is None


def test_net_opens_its_rows_of_today(overview):
    test = overview("finance")
    shown = next(one for one in tables(test) if "net" in one.value)
    click(test, shown, "open", shown.names[-1])
    assert [title.value for title in test.title] == ["Ledger rows"]
    assert (test.query_params["figure"], test.query_params["in"]) == ("net", "usd")


def test_a_line_has_the_colour_of_the_change_beside_it(console, screen_as, nothing_cached):
    """Less on the later days than on the earlier ones, and more today than yesterday."""
    with writing(console.engine) as connection:
        for days, amount in ((5, 9000), (1, 100), (0, 500)):
            at = clock.now() - timedelta(days=days, seconds=1)
            factories.paid(connection, created_at=at, stripe_id=f"pi_{days}", amount_minor=amount)
    (card,) = cards(screen_as(person(console, "viewer"), "overview"))
    assert card["change"].startswith("+")
    assert (card["good"], card["trend"]["good"]) == (True, True)
