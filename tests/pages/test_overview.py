"""Overview: today so far for everyone, net for finance, what waits for whom."""

from datetime import timedelta

import pytest
from streamlit import cache_data

from core import clock
from core.db.engine import writing
from core.db.tables import disputes
from tests.support import factories, stream_rows
from tests.support.fixtures_access import person
from tests.support.kit_parts import click, tables

pytestmark = pytest.mark.usefixtures("within_a_day")


@pytest.fixture
def overview(console, shop, screen_as):
    """The screen as somebody with a role sees it."""

    def run(*roles):
        test = screen_as(person(console, *roles))
        assert not test.exception
        return test

    return run


def compared(test):
    return next(f.value for f in tables(test) if "volume" in f.value)


def needs(test):
    shown = [link.value for link in test.page_link] + [m.value for m in test.markdown]
    return " ".join(map(str, shown))


def test_a_currency_has_its_own_card_and_line(overview):
    test = overview("viewer")
    labels = [metric.label for metric in test.metric]
    assert {"Volume, USD", "Volume, JPY", "Volume, KWD"} == set(labels)
    assert set(compared(test)["currency"]) == {"USD", "JPY", "KWD"}


def test_net_is_shown_to_finance_and_to_nobody_else(overview):
    assert "net" in compared(overview("finance"))
    for role in ("viewer", "support", "risk", "developer", "admin"):
        assert "net" not in compared(overview(role)), role


def test_net_stays_away_when_finance_filled_the_cache_first(overview):
    overview("finance")
    assert "net" not in compared(overview("viewer"))


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
    cache_data.clear()
    stream_rows.forget(console.engine)
    assert any("Not read from Stripe yet" in m.value for m in overview("viewer").markdown)


@pytest.mark.parametrize(("role", "offered"), [("developer", True), ("viewer", False)])
def test_an_empty_account_offers_a_first_payment(console, screen_as, nothing_cached, role, offered):
    test = screen_as(person(console, role))
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
    test = screen_as(person(console, "risk"))
    assert not test.exception
    assert [metric.label for metric in test.metric] == ["Volume, USD"]
    assert "Disputes to answer" in needs(test)


def test_an_empty_account_is_not_a_wall_of_zeros(console, screen_as, nothing_cached):
    test = screen_as(person(console, "viewer"))
    assert not test.exception
    assert not test.metric
    assert not tables(test)
