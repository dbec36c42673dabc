"""In a real browser, over the whole program: a developer pays, and each payment is on Payments."""

from __future__ import annotations

import json
import os

import httpx
import pytest

from tests.support import forked_programs
from tests.support import whole_program as stacks

pytestmark = pytest.mark.browser

SCRIPT = "https://js.stripe.com/**"
#: As much of Stripe.js as the page uses; to confirm, it calls Stripe as Stripe.js does.
FAKE_STRIPE = """
window.Stripe = () => ({
  elements: ({clientSecret}) => ({
    secret: clientSecret,
    create: () => {
      const on = {};
      return {
        on: (name, then) => { on[name] = then; },
        mount: (place) => { place.textContent = "fake card form"; on.ready(); },
      };
    },
  }),
  confirmPayment: async ({elements}) => {
    const answer = await fetch("https://api.stripe.com/confirm/" + elements.secret);
    return answer.json();
  },
});
"""


#: What the button says once the page knows how is paid.
BUTTONS = {
    "Test card": "Pay $",
    "Hosted page": "Open a hosted page for",
    "Card form": "Continue to the card form for",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def stack(folder, chromium):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIPE_PUBLISHABLE_KEY", "pk_test_0000")
        with stacks.running(folder, "--days", "2", "--per-day", "10", "--no-trickle") as found:
            yield found


@pytest.fixture
def developer(visit):
    """At the checkout page; nothing may have been asked of other machines but what a test lets."""
    visitor = visit("dev")
    visitor.open("/checkout")
    return visitor


def result(visitor):
    return visitor.page.locator(".st-key-checkout_result")


def choose(visitor, *, group=None, card=None, way=None):
    """Press the choices; each draws the page again."""
    for text in (way, group):
        if text:
            visitor.page.get_by_role("radio", name=text, exact=True).or_(
                visitor.page.get_by_role("button", name=text, exact=True)
            ).first.click()
            visitor.settle()
    if way:
        # What is paid is what was drawn with the button, not what was pressed since.
        label = visitor.page.locator(".st-key-checkout_pay button:visible", has_text=BUTTONS[way])
        label.first.wait_for()
    if card:
        visitor.page.locator("[data-testid=stRadio] label", has_text=card).first.click()
        visitor.settle()


def pay(visitor):
    visitor.page.locator(".st-key-checkout_pay button:visible").first.click()
    result(visitor).wait_for()


def ends(visitor, word):
    """Wait, without touching the page, until the result says so; the payment's id."""
    badge = result(visitor).locator("[data-testid=stBadge], .stMarkdownBadge", has_text=word)
    badge.first.wait_for()
    return (
        result(visitor).locator("[data-testid=stCode]", has_text="pi_").first.inner_text().strip()
    )


def is_on_payments(visitor, payment, state):
    page = visitor.open(f"/payments?q={payment}")
    stacks.row(page, payment, state).wait_for()


def test_4242_pays(developer):
    pay(developer)
    payment = ends(developer, "Succeeded")
    steps = result(developer).inner_text()
    for call in ("POST /v1/payment_intents", f"/v1/payment_intents/{payment}/confirm"):
        assert call in steps
    result(developer).get_by_text("payment_intent.succeeded").wait_for()
    is_on_payments(developer, payment, "succeeded")


def test_a_decline_says_why(developer):
    choose(developer, group="Declines", card="Insufficient funds")
    pay(developer)
    payment = ends(developer, "Failed")
    assert "card_declined · insufficient_funds" in result(developer).inner_text()
    is_on_payments(developer, payment, "failed")


@pytest.mark.parametrize(
    ("button", "word", "state"),
    [
        ("Complete authentication", "Succeeded", "succeeded"),
        ("Fail authentication", "Failed", "failed"),
    ],
)
def test_three_d_secure_is_followed_to_its_end(developer, button, word, state):
    choose(developer, group="3-D Secure", card="Always asks")
    pay(developer)
    ends(developer, "Waiting for customer")
    with developer.page.expect_popup() as opened:
        result(developer).get_by_role("link", name="Authenticate at the bank").click()
    opened.value.get_by_role("button", name=button).click()
    payment = ends(developer, word)
    assert not developer.page.locator(".st-key-checkout_pay button:visible").first.is_disabled()
    is_on_payments(developer, payment, state)


def test_a_hosted_page_is_paid_in_another_tab(developer):
    choose(developer, way="Hosted page")
    pay(developer)
    with developer.page.expect_popup() as opened:
        result(developer).get_by_role("link", name="Open the hosted page").click()
    page = opened.value
    assert "71.57" in page.inner_text("body")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Test card", exact=True).select_option("pm_card_visa")
    page.get_by_role("button", name="Pay").click()
    payment = ends(developer, "Succeeded")
    assert "POST /v1/checkout/sessions" in result(developer).inner_text()
    is_on_payments(developer, payment, "succeeded")


def test_a_card_form_that_cannot_load_says_so_and_offers_the_other_ways(developer):
    developer.page.route(SCRIPT, lambda route: route.abort())
    choose(developer, way="Card form")
    pay(developer)
    warning = result(developer).get_by_text("Pay with a named test card or on the hosted page")
    warning.wait_for()
    assert [url.split("/")[2] for url in developer.remote] == ["js.stripe.com"]
    developer.remote.clear()
    result(developer).get_by_role("button", name="Stop waiting").click()
    developer.page.wait_for_selector(".st-key-checkout_pay button:enabled")
    choose(developer, way="Test card")
    pay(developer)
    ends(developer, "Succeeded")


def test_stripes_card_form_pays_in_the_page(developer, stack):
    def confirm(route):
        payment = route.request.url.rsplit("/", 1)[1].partition("_secret_")[0]
        stack.stripe.v1.payment_intents.confirm(
            payment, {"payment_method": "pm_card_visa", "return_url": "https://shop.example"}
        )
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(body="{}", content_type="application/json", headers=headers)

    developer.page.route(
        SCRIPT, lambda route: route.fulfill(body=FAKE_STRIPE, content_type="text/javascript")
    )
    developer.page.route("https://api.stripe.com/**", confirm)
    choose(developer, way="Card form")
    pay(developer)
    result(developer).get_by_text("fake card form").wait_for()
    result(developer).get_by_role("button", name="Pay $71.57 USD").click()
    payment = ends(developer, "Succeeded")
    assert {url.split("/")[2] for url in developer.remote} == {"js.stripe.com", "api.stripe.com"}
    developer.remote.clear()
    is_on_payments(developer, payment, "succeeded")


def test_the_suite_runs_from_the_page(developer):
    page = developer.page
    page.locator(".st-key-checkout_run_all button:visible").first.click()
    page.locator(".st-key-checkout_scenarios [role=progressbar]").wait_for()
    page.get_by_text("31 scenarios, 0 differ").wait_for(timeout=3 * stacks.LONG)


def test_the_suite_as_a_command_is_green_and_turns_red(stack, folder):
    port = stack.emulator.rsplit(":", 1)[1]
    env = os.environ | {"VAR_DIR": str(folder / "var"), "EMULATOR_PORT": port}

    def run(*args):
        command = ["dashboard", "scenarios", "--json", *args]
        done = forked_programs.run(command, env, folder, seconds=200)
        return done.returncode, json.loads(done.stdout)

    code, found = run()
    assert [one["scenario"] for one in found if not one["ok"]] == []
    assert (code, len(found)) == (0, 31)
    fault = {"kind": "error", "count": 1, "method": "POST", "path": "*/confirm"}
    httpx.post(f"{stack.emulator}/_control/faults", json=fault).raise_for_status()
    code, (visa,) = run("--only", "visa")
    assert (code, visa["ok"], visa["actual"]["status"]) == (1, False, "outcome_unknown")
