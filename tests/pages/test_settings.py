"""Settings: limits, keys, approvals and tokens changed where they are seen; the go-live check."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core import clock
from core.access import group_roles
from core.checks.run import CHECKS
from core.configuration import store
from core.db.engine import reading, writing
from core.emulator.server import start_emulator
from core.encryption import new_key
from core.reads.admin import settings as reads
from dashboard.ui import said_once
from tests.support.fixtures_access import audited, email_of, make_console, person
from tests.support.kit_parts import tables

KEY = new_key()


@pytest.fixture
def console(tmp_path):
    made = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}", encryption_key=KEY, rate_limit=50)
    yield made
    made.engine.dispose()


@pytest.fixture
def admin(console):
    return person(console, "admin", email="ada@shop.example")


@pytest.fixture
def settings(admin, screen_as):
    """The screen at a tab: `settings("keys")`."""

    def run(tab, **query):
        test = screen_as(admin, "settings", tab=tab, **query)
        assert not test.exception
        return test

    return run


def press(test, label, form=""):
    next(one for one in test.button if one.label == label and form in (one.key or "")).click().run()
    assert not test.exception
    return test


def said(test):
    return [one.value.replace("\\", "") for kind in (test.success, test.error) for one in kind]


def at_fields(test):
    return [one.value.replace("\\", "") for one in test.markdown if one.value.startswith(":small[")]


def groups_of(console):
    with reading(console.engine) as connection:
        return {one.group: one.roles for one in reads.roles_by_group(connection)}


def in_force(console):
    with reading(console.engine) as connection:
        return store.in_force(console.set_outside, store.rows(connection))


def test_a_limit_is_changed_and_stands_in_the_history(console, settings):
    test = settings("limits", role="support_lead")
    assert "$1,000.00 / $5,000.00" in list(tables(test)[0].value["USD"])
    test.text_input(key="limit_support_lead_usd_per_refund").input("2,000.00")
    test.text_input(key="limits_why_support_lead").input("the season")
    press(test, "Save the limits")
    assert said(test) == ["The limits are in force."]
    (row,) = audited(console, "refund.limits")
    assert json.loads(row.details)["before"] == [100_000, 500_000]
    assert any(
        "1000.00 / 5000.00 → 2000.00 / 5000.00" in one.value.replace("\\", "")
        for one in test.markdown
    )
    assert any("the season" in one.value for one in test.caption)


@pytest.mark.parametrize("typed", ["2.000,00,0", "many", "-5"])
def test_a_wrong_limit_is_refused_at_its_field_and_nothing_typed_is_lost(console, settings, typed):
    test = settings("limits", role="support")
    test.text_input(key="limit_support_usd_per_day").input("900")
    test.text_input(key="limit_support_eur_per_refund").input(typed)
    test.text_input(key="limits_why_support").input("because")
    press(test, "Save the limits")
    assert "EUR, each" in said(test)[0]
    assert len(at_fields(test)) == 1
    assert test.text_input(key="limit_support_eur_per_refund").value == typed
    assert test.text_input(key="limit_support_usd_per_day").value == "900"
    assert test.text_input(key="limits_why_support").value == "because"
    assert audited(console, "refund.limits") == []


def test_a_key_is_kept_encrypted_and_not_left_on_the_screen(console, settings):
    test = settings("keys")
    test.text_input(key="setting_stripe_secret_key").input("sk_test_0123456789wxyz")
    test.text_input(key="setting_stripe_publishable_key").input("pk_test_0123")
    test.button(key="FormSubmitter:keys-Save").click().run()
    assert said(test) == ["Saved. It is in force within seconds."]
    assert in_force(console).secret_keys == {False: "sk_test_0123456789wxyz"}
    assert test.text_input(key="setting_stripe_secret_key").value == ""
    everything = " ".join(
        str(one.value) for one in (*test.markdown, *test.caption, *test.text_input)
    )
    assert "0123456789" not in everything
    assert "…wxyz" in everything


def test_a_wrong_key_is_refused_at_its_field_and_the_others_stay(console, settings):
    test = settings("keys")
    test.text_input(key="setting_stripe_secret_key").input("sk_test_0123456789")
    test.text_input(key="setting_stripe_webhook_secret").input("secret")
    test.button(key="FormSubmitter:keys-Save").click().run()
    assert at_fields(test) == [":small[:red[must begin with whsec_]]"]
    assert test.text_input(key="setting_stripe_secret_key").value == "sk_test_0123456789"
    assert in_force(console).uses_emulator


def test_a_key_is_tried_at_stripe_and_not_kept(tmp_path, admin, screen_as, console, monkeypatch):
    from dashboard.ui import viewer

    with start_emulator(state_path=tmp_path / "emulator.db") as emulator:
        at_stripe = console.settings.model_copy(update={"stripe_api_base": emulator.base_url})
        there = replace(console, settings=at_stripe, environment=at_stripe)
        test = screen_as(admin, "settings", tab="keys")
        monkeypatch.setattr(viewer, "current_console", lambda: there)
        test.text_input(key="setting_stripe_secret_key").input("sk_test_0123456789wxyz")
        press(test, "Try the key")
        assert said(test) == [f"The key opens test mode, account {emulator.account}."]
    assert test.text_input(key="setting_stripe_secret_key").value == "sk_test_0123456789wxyz"
    assert in_force(console).uses_emulator


def test_what_the_environment_sets_cannot_be_typed(settings):
    test = settings("general")
    field = test.text_input(key="setting_rate_limit")
    assert (field.value, field.disabled) == ("50", True)
    assert "Set in the environment, which wins." in [one.value for one in test.caption]


def test_general_settings_and_approvals_are_saved(console, settings):
    test = settings("general")
    test.text_input(key="setting_reporting_timezone").input("Asia/Tokyo")
    press(test, "Save")
    assert str(in_force(console).zone) == "Asia/Tokyo"
    test = settings("approvals")
    test.radio(key="setting_close_approval").set_value("one_person")
    press(test, "Save")
    assert in_force(console).close_approval == "one_person"
    test = settings("approvals")
    press(test, "Save")
    assert [one.value for one in test.info] == ["Nothing was changed yet\\."]


def test_a_group_is_added_changed_and_removed_where_it_is_seen(console, settings):
    test = settings("sign_in")
    test.text_input(key="group_name").input("Money & <b>more</b>")
    test.get_by_key("group_roles_").set_value(["viewer", "finance"])
    press(test, "Save", form="group")
    assert said(test) == ["Saved. It is in force from the next sign-in on."]
    group = "Money & <b>more</b>"
    assert groups_of(console) == {group: ("viewer", "finance")}
    assert f"{group}: Viewer, Finance" in [one.value for one in test.text]
    test.selectbox(key="group_chosen").select(group).run()
    assert test.get_by_key(f"group_roles_{group}").value == ["viewer", "finance"]
    test.get_by_key(f"group_roles_{group}").set_value(["admin"])
    test.text_input(key="group_why").input("they run it")
    press(test, "Save", form="group")
    assert groups_of(console) == {group: ("admin",)}
    row = audited(console, "group_roles.change")[-1]
    assert json.loads(row.details) == {
        "before": "viewer,finance",
        "after": "admin",
        "reason": "they run it",
    }
    history = [one.value.replace("\\", "") for one in test.markdown]
    assert any("Viewer, Finance → Administrator" in one for one in history)
    test.button(key=f"group_remove_{group}").click().run()
    assert not test.exception
    assert groups_of(console) == {}


@pytest.mark.parametrize(
    ("name", "roles", "rule"),
    [
        ("Money", ["viewer"], "is in the table already"),
        (" ", ["viewer"], "must not be empty"),
        ("Chess", [], "must not be empty"),
    ],
)
def test_a_wrong_group_is_refused_at_its_field(console, settings, admin, name, roles, rule):
    with writing(console.engine) as connection:
        group_roles.give(connection, "Money", ("finance",), actor=admin, now=clock.now())
    test = settings("sign_in")
    test.text_input(key="group_name").input(name)
    test.get_by_key("group_roles_").set_value(roles)
    press(test, "Save", form="group")
    assert at_fields(test) == [f":small[:red[{rule}]]"]
    assert groups_of(console) == {"Money": ("finance",)}


def test_a_token_is_made_shown_once_and_revoked(console, admin, settings, monkeypatch):
    monkeypatch.setattr(said_once, "STAYS", 0.0)
    test = settings("tokens")
    test.text_input(key="token_name").input("the shop")
    press(test, "Make a token")
    (secret,) = [one.value for one in test.code]
    assert secret.startswith("tw_")
    with reading(console.engine) as connection:
        (given,) = reads.tokens(connection)
    assert (given.email, given.name, given.roles) == (
        email_of(console, admin),
        "the shop",
        ("service",),
    )
    test.run()
    assert [one.value for one in test.code] == []
    test.button(key=f"revoke_{given.token_id}").click().run()
    with reading(console.engine) as connection:
        (given,) = reads.tokens(connection)
    assert given.revoked_at is not None


def test_a_role_that_the_user_lacks_is_refused_at_its_field(console, settings):
    test = settings("tokens")
    test.get_by_key("token_roles").set_value(["finance"])
    press(test, "Make a token")
    assert len(at_fields(test)) == 1
    assert [one.value for one in test.code] == []


def test_the_go_live_check_stands_there_with_what_to_do(settings):
    test = settings("check")
    names = [one.value for one in test.markdown if one.value.startswith("**")]
    assert len(names) == len(CHECKS)
    captions = [one.value.replace("\\", "") for one in test.caption]
    assert "Put a proxy with TLS in front, and set FORCE_HTTPS=true." in captions
    assert any("warnings" in one.value for one in test.markdown)
