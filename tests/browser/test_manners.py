"""In a real browser: each page is one for everybody, in both themes, and silent in the console;
dialogs fit; keys alone do a task."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from sqlalchemy import insert

from core import clock
from core.access import users
from core.access.demo import PASSWORD
from core.access.passwords import hash_password
from core.access.rights import ROLES
from core.db.engine import open_engine, writing
from core.db.tables import list_entries
from dashboard.ui import navigation
from tests.support import npm_packages, page_checks
from tests.support import whole_program as stacks
from tests.support.fixtures_browser import SIZE
from tests.support.keys import walk_to
from tests.support.refund_browser import ask
from tests.support.whole_program import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.long]
HISTORY = ("--days", "20", "--per-day", "8", "--seed", "4")
#: Pages of one thing, by what it is.
ONE = {
    "payment": "select stripe_id from payments where amount_refunded_minor > 0",
    "payout": "select stripe_id from payouts",
    "customer": "select customer_id from payments where customer_id is not null",
    "dispute": "select stripe_id from disputes",
}
#: No screen of Streamlit's, and open to anybody or to who is signed in.
FORMS = ("login", "account")


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("axe")
    npm_packages.install(ROOT / "tests" / "browser" / "axe", folder)
    return page_checks.Axe(folder / "node_modules" / "axe-core" / "axe.min.js")


@pytest.fixture(scope="module")
def everybody(browser, stack):
    """Somebody with all roles, signed in."""
    engine = open_engine(f"sqlite:///{stack.var_dir / 'tillwatch.db'}")
    with writing(engine) as connection:
        users.create(
            connection,
            email="everybody@demo.test",
            roles=ROLES,
            password_hash=hash_password(PASSWORD),
            actor="test",
            production=False,
        )
    engine.dispose()
    visitor = stacks.sign_in(
        browser, stack, "everybody@demo.test", viewport=SIZE, color_scheme="light"
    )
    yield visitor
    visitor.page.context.close()


def one(stack, name):
    """The query that has a page show something."""
    if name not in ONE:
        return ""
    return f"?id={stack.rows(ONE[name] + ' limit 1')[0][0]}"


def test_each_page_is_for_everybody_and_silent_in_both_themes(everybody, stack, axe):
    page, found = everybody.page, {}
    console = page_checks.Console(page)
    for screen in navigation.screens():
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        everybody.open(f"/{screen.name}{one(stack, screen.name)}")
        wrong = axe.violations(page) + page_checks.misread(page.locator("body"))
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        everybody.settle()
        wrong += axe.violations(page, of_theme=True)
        wrong += console.said
        console.said = []
        if wrong:
            found[screen.name] = wrong
    assert found == {}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_for_everybody_and_silent_in_both_themes(browser, everybody, name, axe):
    # Who is signed in is sent home from the form that signs in.
    signed_out = name == "login"
    page = stacks.new_page(browser) if signed_out else everybody.page.context.new_page()
    console = page_checks.Console(page)
    page.emulate_media(color_scheme="light")
    page.goto(f"{everybody.base}/{name}")
    wrong = axe.violations(page) + page_checks.misread(page.locator("body"))
    page.emulate_media(color_scheme="dark")
    wrong += axe.violations(page, of_theme=True) + console.said
    assert urlsplit(page.url).path == f"/{name}"
    (page.context if signed_out else page).close()
    assert wrong == []


def test_what_is_wrong_with_a_page_is_found(browser, axe):
    page = stacks.new_page(browser)
    console = page_checks.Console(page)
    page.set_content(
        "<html lang='en'><title>Wrong</title><main><h1>Wrong</h1><img src='data:,'>"
        "<p style='color: #bbb; background: #fff'>Pale</p>"
        "<button>arrow_back Payments</button><a href='/x'>**Bold**</a></main>"
        "<script>console.warn('not silent')</script>"
    )
    whole = [one.split(":")[0] for one in axe.violations(page)]
    assert {"image-alt", "color-contrast"} <= {*whole}
    assert [one.split(":")[0] for one in axe.violations(page, of_theme=True)] == ["color-contrast"]
    assert page_checks.misread(page.locator("body")) == ["arrow_back Payments", "**Bold**"]
    assert [one.split(" (")[0] for one in console.said] == ["warning: not silent"]
    page.context.close()


def test_keys_alone_find_a_payment_and_refund_it(visit, stack):
    payment = stack.paid(amount=7321)
    support = visit("support")
    page = support.open("/")
    press = page.keyboard.press
    page.locator(".palette-open").wait_for()
    press("Control+k")
    page.keyboard.type(payment)
    page.get_by_role("option", name=payment).first.wait_for()
    press("Enter")
    refund = page.get_by_role("button", name="Refund", exact=True)
    refund.wait_for()
    support.settle()
    walk_to(page, refund)
    press("Enter")
    amount = page.get_by_label("Amount in USD")
    amount.wait_for()
    walk_to(page, amount)
    press("Control+a")
    page.keyboard.type("73.00")
    walk_to(page, page.get_by_label("Reason", exact=True))
    page.keyboard.type("Requested")
    page.get_by_role("option", name="Requested by customer").wait_for()
    press("Enter")
    send = page.get_by_role("button", name="Refund $73.00 USD")
    page.locator(".st-key-refund_send button:enabled").wait_for()
    walk_to(page, send)
    press("Enter")
    page.locator(".st-key-refund_done").wait_for()
    (made,) = stack.stripe.v1.refunds.list({"payment_intent": payment}).data
    assert made.amount == 7300


#: What opens by its address and a click, and writes nothing: what is clicked.
DIALOGS = {
    "a refund": ("/payment?id={paid}", ".st-key-refund_open button"),
    "a refund of what is looked for": ("/refunds", ".st-key-refund_open button"),
    "a capture": ("/payment?id={held}", ".st-key-payment_capture button"),
    "a decision": ("/refunds?tab=waiting", ".st-key-review_{asked} button"),
    "a statement": ("/bank", ".st-key-bank_import button"),
    "a report": ("/proof", ".st-key-report_ask button"),
    "an event made up": ("/events", ".st-key-simulate button"),
    "a refund as fraud": ("/fraud?tab=cases&case={case}", ".st-key-case_refund button"),
    "a case dismissed": ("/fraud?tab=cases&case={case}", ".st-key-case_dismiss button"),
    "an entry of a list": ("/fraud?tab=lists", "tr:has-text('{blocked}') button"),
    "a dispute submitted": ("/dispute?id={dispute}", ".st-key-submit button:enabled"),
    "a dispute accepted": ("/dispute?id={dispute}", ".st-key-accept button:enabled"),
}
BLOCKED = "mallory@shop.example"
DRAWERS = {
    "a new user": "/users?user=new",
    "a user": "/users?user={user}",
    "an event": "/events?event={event}",
    "a refund request": "/refunds?refund={asked}",
    "an entry of the log": "/audit?row={entry}",
}
SIZES = ((1440, 900), (390, 844))
_PLACES = """(dialog) => [dialog, ...dialog.querySelectorAll("button")]
    .filter((one) => one.checkVisibility())
    .map((one) => [
        one === dialog ? "" : one.innerText || one.ariaLabel, one.getBoundingClientRect()])
    .filter(([, at]) => at.top < 0 || at.left < 0 || at.bottom > innerHeight
        || at.right > innerWidth)
    .map(([text]) => text.slice(0, 60))"""


@pytest.fixture(scope="module")
def known(stack, browser, everybody):
    """Ids of what there is to open."""
    paid, over = stack.paid(amount=4200), stack.paid(amount=64_700)
    held = stack.paid(amount=5100, capture_method="manual")
    support = stacks.sign_in(browser, stack, "support@demo.test", viewport=SIZE)
    ask(support, over, "asked for by phone, and by letter before")
    support.page.context.close()
    disputed = stack.paid(amount=4300, payment_method="pm_card_createDispute")
    warned = stack.paid(amount=4400, payment_method="pm_card_createIssuerFraudRecord")
    block(stack, BLOCKED)
    dispute = stack.arrived("select stripe_id from disputes where payment_id = ?", disputed)[0]
    write_answer(everybody, dispute)
    asked = "select id from refund_requests where payment_id = ?"
    return {
        "blocked": BLOCKED,
        "dispute": dispute,
        "case": stack.arrived("select id from cases where payment_id = ?", warned)[0],
        "paid": paid,
        "held": held,
        "asked": stack.arrived(asked, over)[0],
        "user": stack.arrived("select id from users where email = 'support@demo.test'")[0],
        "event": stack.arrived("select stripe_id from events")[0],
        "entry": stack.arrived("select seq from audit_log")[0],
    }


def block(stack, email):
    """Put an address on the block list."""
    engine = open_engine(f"sqlite:///{stack.var_dir / 'tillwatch.db'}")
    with writing(engine) as connection:
        given = {"kind": "block", "field": "email", "value": email, "reason": "chargebacks"}
        at = {"added_by": "test", "created_at": clock.now()}
        connection.execute(insert(list_entries).values(given | at))
    engine.dispose()


def write_answer(visitor, dispute):
    """Something for the bank, which nothing holds back."""
    page = visitor.open(f"/dispute?id={dispute}")
    page.get_by_label("Anything else").fill("It was delivered.")
    page.keyboard.press("Tab")
    page.locator(".st-key-submit button:enabled").wait_for()


def out_of_sight(visitor):
    """What of an open dialog no window shows, by the window's size; the dialog itself is ""."""
    dialog, found = visitor.page.get_by_role("dialog").last, {}
    for width, height in SIZES:
        visitor.page.set_viewport_size({"width": width, "height": height})
        dialog.wait_for()
        visitor.settle()
        if hidden := dialog.evaluate(_PLACES):
            found[width, height] = hidden
    visitor.page.set_viewport_size(SIZE)
    return found


@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog_fits_takes_the_keys_and_goes_with_escape(everybody, known, name):
    path, opener = (part.format(**known) for part in DIALOGS[name])
    page = everybody.open(path)
    page.locator(opener).click()
    assert out_of_sight(everybody) == {}
    dialog = page.get_by_role("dialog")
    assert dialog.evaluate("(one) => one.contains(document.activeElement)")
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


@pytest.mark.parametrize("name", DRAWERS)
def test_a_drawer_fits_beside_its_page(everybody, known, name):
    everybody.open(DRAWERS[name].format(**known))
    # It may be long, and is scrolled then.
    assert all("" not in hidden for hidden in out_of_sight(everybody).values())
