"""Go to anything, in a browser: keys open it anywhere, and lead; Esc closes only it."""

from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser
HISTORY = ("--days", "2", "--per-day", "5", "--seed", "3")


def test_keys_alone_lead_to_a_payment_and_back(visit, stack):
    payment = stack.pay(amount=4321)
    visitor = visit("support")
    page = visitor.open("/payments")
    box, field = page.locator("dialog.palette"), page.get_by_role("combobox", name="Go to anything")
    page.keyboard.press("/")
    field.wait_for()
    page.keyboard.type("refu")
    page.get_by_role("option", name="Refund a payment").wait_for()
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    # A slash in a field is a slash.
    search = page.locator("input[type=text]").first
    search.click()
    page.keyboard.type("a/")
    assert box.is_hidden()
    search.fill("")
    page.keyboard.press("Control+k")
    field.fill(payment.id)
    page.get_by_role("option", name=payment.id).first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/payment?**")
    assert parse_qs(urlsplit(page.url).query)["id"] == [payment.id]
    page.locator("h1", has_text="43.21").wait_for()
    page.go_back()
    page.wait_for_url("**/payments**")


def test_it_opens_over_a_dialog_and_closes_before_it(visit):
    visitor = visit("support")
    page = visitor.open("/refunds")
    page.get_by_role("button", name="Ask for a refund").first.click()
    below = page.locator("[data-testid=stDialog]")
    below.wait_for()
    page.keyboard.press("Control+k")
    box = page.locator("dialog.palette")
    box.wait_for()
    page.keyboard.type("pay")
    page.keyboard.press("ArrowDown")
    selected = page.locator("dialog.palette [aria-selected=true]")
    assert selected.count() == 1
    assert selected.get_attribute("id") == "palette-1"
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    assert below.is_visible()


def test_an_unknown_address_and_a_forbidden_one_say_so(visit):
    visitor = visit("support")
    for address, said in (("/nowhere", "No such page"), ("/revenue", "No access")):
        page = visitor.open(address)
        page.locator("h1", has_text=said).wait_for()
        assert page.get_by_text("Page not found").count() == 0


def chosen_theme(page, name):
    """The page's colour once it was loaded anew with this theme: the switch says so only then."""
    page.get_by_role("button", name=name, pressed=True).wait_for()
    return page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")


def test_a_theme_that_is_chosen_holds_on_every_page(visit):
    visitor = visit("support")
    page = visitor.open("/payments")
    page.get_by_role("button", name="Light theme").click()
    light = chosen_theme(page, "Light theme")
    page.get_by_role("button", name="Dark theme").click()
    dark = chosen_theme(page, "Dark theme")
    assert dark != light
    for address in ("/refunds", "/"):
        assert chosen_theme(visitor.open(address), "Dark theme") == dark
    page.get_by_role("button", name="Light theme").click()
    assert chosen_theme(page, "Light theme") == light
