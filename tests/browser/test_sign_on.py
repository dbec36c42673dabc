"""In a real browser: an app or a passkey is set up and signs in, a stale session confirms."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from core import clock
from core.access.demo import PASSWORD
from core.access.demo import create_all as make_demo_users
from core.db.engine import reading, writing
from core.db.tables import rule_sets, sessions
from core.encryption import new_key
from tests.support import whole_program as stacks
from tests.support.fixtures_access import audited
from tests.support.ui_servers import running_ui

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ui(tmp_path_factory, chromium):
    with running_ui(tmp_path_factory.mktemp("ui"), ENCRYPTION_KEY=new_key()) as found:
        make_demo_users(found.console.engine, production=False)
        yield found


@pytest.fixture(scope="module")
def stack(ui):
    """No emulator: nothing is paid here."""
    return stacks.Stack(ui.base, "")


def versions(ui):
    with reading(ui.console.engine) as connection:
        return connection.scalars(select(rule_sets.c.version)).all()


def test_a_second_factor_and_a_proof_in_both_languages(browser, stack, ui):
    english = stacks.sign_in(browser, stack, "risk@demo.test")
    page = english.page
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("button", name="Set up an authenticator app").click()
    page.get_by_role("img", name="Picture for the app").locator("svg").wait_for()
    app = pyotp.TOTP(page.locator(".secret code").inner_text().replace(" ", ""))
    page.get_by_label("Code").fill(app.at(int(time.time())))
    page.get_by_role("button", name="Confirm").click()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them: go on").click()
    page.wait_for_selector("[data-testid=stSidebar]")

    chinese = stacks.visitor(browser, stack, locale="zh-CN")
    page = chinese.page
    page.goto(f"{ui.base}/login?next=%2Ffraud%3Ftab%3Drules")
    page.fill("input[name=email]", "risk@demo.test")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.get_by_role("heading", name="第二步").wait_for()
    # The phone is a step ahead: the step of now was used up.
    page.get_by_label("验证码").fill(app.at(int(time.time()) + 30))
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/fraud?tab=rules")
    chinese.settle()
    with writing(ui.console.engine) as connection:
        ago = clock.now() - timedelta(hours=1)
        connection.execute(sessions.update().values(proved_at=ago))
    save_rules(page)
    page.get_by_role("heading", name="请确认是您本人").wait_for()
    assert re.search(r"/confirm\?next=%2Ffraud%3Ftab%3Drules", page.url)
    assert versions(ui) == []
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("验证码").fill(codes[0])
    page.get_by_role("button", name="确认", exact=True).click()
    page.wait_for_url("**/fraud?tab=rules")
    chinese.settle()
    save_rules(page)
    deadline = time.monotonic() + 30
    while not versions(ui) and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert versions(ui) == [1]
    assert [row.outcome for row in audited(ui.console, "rules.change")] == ["refused", "ok"]
    assert english.remote == chinese.remote == []
    for visitor in (english, chinese):
        visitor.page.context.close()


def test_a_passkey_signs_in_and_confirms(browser, stack, ui):
    visitor = stacks.sign_in(browser, stack, "finance@demo.test")
    page = visitor.page
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    about = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True}
    about |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    made = device.send("WebAuthn.addVirtualAuthenticator", {"options": about})
    blocked = []
    page.on("console", lambda said: blocked.append(said.text) if said.type == "error" else None)
    page.goto(f"{ui.base}/account")
    page.get_by_label("Name of the passkey").fill("work laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("link", name="I have kept them: go on").wait_for()
    page.goto(f"{ui.base}/account")
    page.get_by_text("Passkey work laptop, used: never used").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.fill("input[name=email]", "finance@demo.test")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    # A device that does not know who holds it answers nothing; the form stays for another try.
    at = {"authenticatorId": made["authenticatorId"]}
    credentials = device.send("WebAuthn.getCredentials", at)["credentials"]
    device.send("WebAuthn.clearCredentials", at)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("The passkey was not used.").wait_for()
    device.send("WebAuthn.addCredential", at | {"credential": credentials[0]})
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_selector("[data-testid=stSidebar]")
    with writing(ui.console.engine) as connection:
        ago = clock.now() - timedelta(hours=1)
        connection.execute(sessions.update().values(proved_at=ago))
    page.goto(f"{ui.base}/confirm?next=%2Faccount")
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/account")
    page.get_by_role("button", name="Remove work laptop").click()
    page.get_by_text("A second factor, asked for after your password").wait_for()
    assert [row.outcome for row in audited(ui.console, "step_up")][-1] == "ok"
    assert (
        len(audited(ui.console, "passkey.add")) == len(audited(ui.console, "passkey.remove")) == 1
    )
    assert [one for one in blocked if "Content Security Policy" in one] == []
    assert visitor.remote == []
    page.context.close()


def save_rules(page):
    # The second time it is there: whoever was sent away to confirm finds what they wrote.
    level = page.locator(".st-key-rules_high_at input")
    if level.input_value() != "80":
        level.fill("80")
        page.locator(".st-key-rules_reason input").fill("too strict")
        page.locator(".st-key-rules_reason input").blur()
    page.locator(".st-key-rules_try button").click()
    page.locator(".st-key-rules_save button:enabled").click()
