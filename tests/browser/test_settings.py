"""In a real browser: a wrong value is refused at its field, a key is tried as typed, Chinese."""

from __future__ import annotations

import json

import pytest

from core.access.demo import create_all as make_demo_users
from tests.support import whole_program as stacks
from tests.support.fixtures_access import audited
from tests.support.ui_servers import running_ui

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ui(tmp_path_factory, chromium):
    with running_ui(tmp_path_factory.mktemp("ui")) as found:
        make_demo_users(found.console.engine, production=False)
        yield found


@pytest.fixture(scope="module")
def stack(ui):
    """No emulator: Stripe does not answer here."""
    return stacks.Stack(ui.base, "")


def save(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_limits_are_refused_at_their_field_then_saved(visit, ui):
    page = visit("admin").open("/settings?role=support")
    field = page.get_by_label("EUR, each", exact=True)
    field.fill("many")
    page.get_by_label("EUR, a day", exact=True).fill("900")
    save(page, "Save the limits")
    page.get_by_text("Nothing was changed. EUR, each").wait_for()
    assert field.input_value() == "many"
    assert page.get_by_label("EUR, a day", exact=True).input_value() == "900"
    field.fill("120")
    save(page, "Save the limits")
    page.get_by_text("The limits are in force.").wait_for()
    page.get_by_text("Support, EUR: 100.00 / 500.00 → 120.00 / 900.00").wait_for()
    (row,) = audited(ui.console, "refund.limits")
    assert json.loads(row.details)["before"] == [10_000, 50_000]


def test_a_key_is_tried_as_it_was_typed(visit):
    page = visit("admin").open("/settings?tab=keys")
    page.get_by_label("Secret key", exact=True).fill("nonsense")
    page.get_by_role("button", name="Try the key").first.click()
    page.get_by_text("Nothing was changed. Secret key: must begin with").wait_for()


def test_a_change_is_in_force_in_the_next_run(visit):
    page = visit("admin").open("/settings?tab=general")
    page.get_by_role("textbox", name="Currencies of payments").fill("usd,eur,jpy")
    save(page, "Save")
    page.get_by_text("Saved. It is in force within seconds.").wait_for()
    page = visit("admin").open("/settings")
    page.get_by_label("JPY, each", exact=True).wait_for()


def test_the_check_speaks_chinese(browser, stack):
    visitor = stacks.sign_in(browser, stack, "admin@demo.test", locale="zh-CN")
    page = visitor.open("/settings")
    page.get_by_text("上线检查").click()
    page.get_by_text("可以处理真实资金了吗？").wait_for()
    page.get_by_text("没有设置 Stripe 密钥：由模拟器代替 Stripe。").wait_for()
    page.context.close()
