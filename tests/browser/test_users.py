"""In a real browser: who is disabled loses the open page within seconds, and leaves a trace."""

import json
import time

import pytest

from core.access import audit
from core.access.demo import PASSWORD
from core.access.demo import create_all as make_demo_users
from core.db.engine import writing
from tests.support import factories
from tests.support import whole_program as stacks
from tests.support.fixtures_access import audited
from tests.support.ui_servers import running_ui

pytestmark = pytest.mark.browser

#: From the administrator's click to a page that shows nothing.
SECONDS = 5


@pytest.fixture(scope="module")
def ui(tmp_path_factory, chromium):
    with running_ui(tmp_path_factory.mktemp("ui")) as found:
        make_demo_users(found.console.engine, production=False)
        with writing(found.console.engine) as connection:
            for _ in range(3):
                factories.paid(connection)
        yield found


@pytest.fixture(scope="module")
def stack(ui):
    """No emulator: nothing is paid here."""
    return stacks.Stack(ui.base, "")


def act(visitor, name):
    """Click a button in the drawer and wait until its word is there."""
    visitor.page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def user_id(ui, email):
    row = next(r for r in audited(ui.console, "user.create") if email in r.details)
    return row.target


def at_the_door(page) -> bool:
    return "/login" in page.url or page.locator("input[name=password]").count() > 0


def test_a_disabled_user_loses_the_open_page_within_seconds(visit, ui, record_property):
    support = visit("support")
    open_page = support.open("/payments")
    open_page.wait_for_selector(stacks.TABLE)
    admin = visit("admin")
    admin.open(f"/users?user={user_id(ui, 'support@demo.test')}")
    act(admin, "Disable")
    started = time.monotonic()
    admin.page.get_by_role("dialog").get_by_text("Disabled. Open pages close").wait_for()
    open_page.wait_for_selector("input[name=password]", timeout=SECONDS * 1000 + 2000)
    taken = time.monotonic() - started
    record_property("seconds_to_shut", round(taken, 2))
    assert at_the_door(open_page)
    assert open_page.locator(stacks.TABLE).count() == 0
    assert taken < SECONDS + 1, taken
    open_page.fill("input[name=email]", "support@demo.test")
    open_page.fill("input[name=password]", PASSWORD)
    open_page.press("input[name=password]", "Enter")
    open_page.get_by_text("The e-mail address or the password is wrong.").wait_for()
    log = admin.open("/audit?q=action:user.disable")
    log.wait_for_selector(stacks.TABLE)
    (row,) = [cells for cells in admin.cells() if "Disabled a user" in cells]
    assert "support@demo.test" in row
    assert "admin@demo.test" in row


def test_a_long_log_is_walked_to_its_end_by_itself(visit, ui):
    with writing(ui.console.engine) as connection:
        for number in range(15_000):
            audit.append(connection, actor="cli:root", action="fill", target=str(number))
    admin = visit("admin")
    page = admin.open("/audit")
    page.get_by_role("button", name="Verify now").click()
    # How far it is may pass too quickly to be seen here: test_pages_audit looks at that.
    page.get_by_text("The chain holds").wait_for()
    assert page.locator("[data-testid=stProgress]").count() == 0
    (row,) = audited(ui.console, "audit.verify")
    assert json.loads(row.details)["rows"] == row.seq - 1


def test_a_new_user_comes_in_with_the_password_shown_and_chooses_another(visit, ui, browser):
    admin = visit("admin")
    page = admin.open("/users")
    page.get_by_role("button", name="New user").click()
    form = page.get_by_role("dialog")
    form.get_by_label("E-mail").fill("new@shop.example")
    form.get_by_text("Finance", exact=True).click()
    act(admin, "Create user")
    form.get_by_text("The account is made.").wait_for()
    password = form.locator("[data-testid=stCode]").inner_text().strip()
    guest = stacks.new_page(browser)
    guest.goto(f"{ui.base}/login")
    guest.fill("input[name=email]", "new@shop.example")
    guest.fill("input[name=password]", password)
    guest.press("input[name=password]", "Enter")
    guest.wait_for_url("**/password")
    for field in ("password", "again"):
        guest.fill(f"input[name={field}]", "a sentence of my own")
    guest.get_by_role("button", name="Keep it").click()
    guest.wait_for_selector("[data-testid=stSidebar]")
    assert guest.url == f"{ui.base}/"
    guest.context.close()
    page.keyboard.press("Escape")
    stacks.row(page, "new@shop.example").wait_for()
    assert "user=" not in page.url
    assert password not in page.content()
