"""The checkout page's order, its choices, its suite, and when it is shut."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core import bootstrap
from core.actions.developer import scenario_runs, scenarios
from core.actions.developer.stripe_test_cards import CARDS
from core.db.engine import reading
from core.db.tables import scenario_runs as runs_table
from dashboard.ui import columns
from tests.support.checkout_screens import emulated, opened, texts
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_actions import operations_kept
from tests.support.kit_parts import tables
from tests.support.translations import untranslated


@pytest.fixture
def console(tmp_path, action_emulator):
    yield from emulated(tmp_path, action_emulator)


@pytest.fixture
def page(console, screen_as, nothing_cached):
    user = person(console, "developer")
    return lambda: opened(screen_as, user)


def test_the_order_is_summed_as_it_is_typed(page):
    test = page()
    (total,) = [metric for metric in test.metric if metric.label == "Total, USD"]
    assert total.value == "$71.57"
    assert {"$61.50", "$5.00", "$5.07"} <= set(texts(test))
    test.number_input(key="checkout_quantity_0").set_value(3).run()
    test.text_input(key="checkout_tax").set_value("0").run()
    assert test.metric[0].value == "$90.50"


def warnings_of(test):
    """The page's own: no worker runs here, and every page says so."""
    return [one for one in test.warning if one.icon != ":material/sync_problem:"]


def test_what_cannot_be_charged_is_named_and_cannot_be_paid(page):
    test = page()
    test.text_input(key="checkout_price_1").set_value("1.001").run()
    (warning,) = warnings_of(test)
    assert "Price of one, item 2" in warning.value.replace("\\", "")
    assert test.button(key="checkout_pay").disabled


def test_another_currency_brings_its_own_sample_prices(page, console):
    object.__setattr__(console.settings, "payment_currencies", "usd,jpy,kwd")
    console.settings.__dict__.pop("currencies", None)
    test = page()
    test.segmented_control(key="checkout_currency").set_value("jpy").run()
    assert test.metric[0].label == "Total, JPY"
    assert test.text_input(key="checkout_price_0").value == "2400"
    test.segmented_control(key="checkout_currency").set_value("kwd").run()
    assert test.text_input(key="checkout_price_0").value == "24.000"
    assert not warnings_of(test)


def test_items_can_be_added_and_removed_but_one(page):
    test = page()
    test.button(key="checkout_add").click().run()
    assert test.button(key="checkout_pay").disabled
    test.text_input(key="checkout_item_2").set_value("Ink").run()
    test.text_input(key="checkout_price_2").set_value("1").run()
    assert not test.button(key="checkout_pay").disabled
    test.button(key="checkout_remove_0").click().run()
    test.button(key="checkout_remove_1").click().run()
    assert test.button(key="checkout_remove_2").disabled


def test_the_card_form_is_offered_only_with_a_key_of_ones_own(page, console):
    test = page()
    assert "Card form" not in [o.content for o in options(test)]
    object.__setattr__(console.settings, "stripe_test_publishable_key", "pk_test_0000")
    assert "Card form" in [o.content for o in options(page())]


def options(test):
    return test.segmented_control(key="checkout_way").proto.options


def test_without_a_test_key_the_page_is_shut(console, screen_as, monkeypatch, nothing_cached):
    object.__setattr__(console.settings, "stripe_secret_key", SecretStr("sk_live_" + "0" * 12))
    test = screen_as(person(console, "developer"), "checkout")
    assert not test.exception
    assert any("STRIPE_TEST_SECRET_KEY" in w.value.replace("\\", "") for w in test.warning)
    assert test.button(key="checkout_pay").disabled
    assert test.button(key="checkout_run_all").disabled
    assert operations_kept(console) == []


def test_the_suite_is_asked_for_once_and_its_results_are_shown(page, console, monkeypatch):
    test = page()
    test.button(key="checkout_run_all").click().run()
    assert not test.exception
    assert test.button(key="checkout_run_all").disabled
    with reading(console.engine) as connection:
        assert len(connection.execute(select(runs_table)).all()) == 1
    known = scenarios.known
    few = ("visa", "declined")
    monkeypatch.setattr(scenarios, "known", lambda answered: known(answered=answered, only=few))
    context, _log = bootstrap.open_actions(console)
    scenario_runs.run_waiting(context, None)
    test.run()
    assert any("2 scenarios, 0 differ" in s.value.replace("\\", "") for s in test.success)
    (table,) = [t.value for t in tables(test) if "verdict" in t.value]
    assert [list(v) for v in table["verdict"]] == [["ok"], ["ok"]]
    assert [row.outcome for row in audited(console, scenarios.KIND)] == ["asked", "succeeded"]


def test_every_card_has_a_chinese_name_or_is_a_brand():
    brands = {*columns.BRANDS.values(), "American Express", "Diners Club"}
    unnamed = {card.title for card in CARDS} - brands
    assert untranslated(unnamed) == set()
