"""In a real browser: what each role comes to do, to its end, in no more clicks than are named.

Clicks are those of the person: writing, and the way to a field, are none.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest

from core import clock
from core.db.engine import open_engine, writing
from core.encryption import new_key
from tests.support import factories
from tests.support import whole_program as stacks
from tests.support.counted_acts import CHINESE, DESK, PHONE, Person, downloads
from tests.support.disputes import picture
from tests.support.keys import walk_to
from tests.support.refund_browser import open_payment

pytestmark = [pytest.mark.browser, pytest.mark.long]
#: Last month and the one before, whatever day it is.
HISTORY = ("--days", "95", "--per-day", "4", "--seed", "5")
#: Without it no secret is kept.
ENVIRONMENT = {"ENCRYPTION_KEY": new_key()}

#: Each task is done at a desk here; on a phone and in Chinese by `make torture`.
EVERY_WAY = [
    DESK,
    pytest.param(PHONE, marks=pytest.mark.torture),
    pytest.param(CHINESE, marks=pytest.mark.torture),
]


@pytest.fixture(scope="module")
def people():
    """Who came in, by what they are and how they work: a profile counts the acts of one."""
    return {}


@pytest.fixture
def person(profiles, people):
    """A demo user of a role, working in a way; each signs in once."""

    def come_in(who, way=DESK):
        visitor = profiles.come_in(who, **way.context)
        if (who, way) not in people:
            people[who, way] = Person(visitor, way)
        return people[who, way].at(visitor)

    yield come_in
    profiles.leave()


def by_way(function):
    """The test in each way: `way`."""
    return pytest.mark.parametrize("way", EVERY_WAY, ids=lambda way: way.name)(function)


def arrived(stack, table, payment):
    """The payment's row in a table of ours, once the worker has brought it here."""
    query = f"select stripe_id from {table} where {OF_PAYMENT[table]} = ?"
    return stack.arrived(query, payment)[0]


OF_PAYMENT = {
    "payments": "stripe_id",
    "disputes": "payment_id",
    "events": "state = 'applied' and object_id",
}


def figures(page):
    """The cards of a page: what stands on each, by its label."""
    found = {}
    for card in page.locator(".card").all():
        found[card.locator(".label").inner_text()] = card.inner_text()
    return found


def amount(text):
    """The first amount in a text, as a number."""
    return Decimal(re.search(r"-?\D?[\d,]+\.\d\d", text)[0].replace(",", "").replace("€", ""))


#: Two clicks, the second while the browser does not know yet what the run of the first wrote.
_QUICKLY = """([first, second]) => new Promise(done => {
    first.click();
    setTimeout(() => { second.click(); done(); }, 40);
})"""


def click_quickly(page, *controls):
    page.evaluate(_QUICKLY, [control.element_handle() for control in controls])


def test_two_quick_choices_both_stay_and_back_takes_the_first_away(person):
    page = person("finance").begin("/revenue")
    month = page.get_by_role("radio", name="Last month", exact=True)
    click_quickly(page, month, page.get_by_role("tab", name="EUR"))
    page.wait_for_url("**period=last_month**")
    page.locator("a[href*='figure=net'][href*='in=eur']").first.wait_for()
    person("finance").visitor.settle()
    assert month.is_checked()
    assert page.get_by_role("tab", name="EUR").get_attribute("aria-selected") == "true"
    page = person("finance").begin("/revenue")
    month.click()
    page.wait_for_url("**period=last_month**")
    page.go_back()
    page.get_by_role("radio", name="30 d", exact=True, checked=True).wait_for()
    page.go_forward()
    page.get_by_role("radio", name="Last month", exact=True, checked=True).wait_for()


def test_a_filter_and_an_order_clicked_quickly_both_hold(person):
    page = person("finance").begin("/payments")
    failed = page.get_by_role("radio", name="Failed", exact=True)
    click_quickly(page, failed, page.locator("th button").first)
    page.wait_for_url(lambda url: "status%3Afailed" in url and "sort=created" in url)
    person("finance").visitor.settle()
    assert failed.is_checked()


@by_way
def test_finance_takes_the_net_of_last_month_with_its_fees_away(person, way):
    finance = person("finance", way)
    page = finance.begin("/")
    finance.menu("Revenue")
    finance.choose("Last month")
    page.get_by_role("tab", name="EUR").click()
    last = clock.now().date().replace(day=1) - timedelta(days=1)
    net = f"a[href*='figure=net'][href*='in=eur'][href*='{last:%Y-%m}-01']"
    page.locator(net).first.wait_for()
    finance.visitor.settle()
    shown = figures(page)
    file = downloads(page, page.get_by_role("link", name="CSV", exact=True).first.click)
    finance.took(4)
    days = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))
    assert {day["period"][:7] for day in days} == {f"{last:%Y-%m}"}
    for label, column in (("Net", "net"), ("Fees", "fees")):
        said = shown[finance.says(label)]
        assert amount(said) == sum(Decimal(day[column]) for day in days)
        assert "%" in said, "nothing beside it of the month before"


def test_the_payments_behind_one_bar(person, stack):
    arrived(stack, "payments", stack.pay(amount=1500).id)
    support = person("support")
    page = support.begin("/overview")
    bars = page.locator(".js-plotly-plot .bars").first.locator(".point path")
    counts = list(page.locator(".js-plotly-plot").evaluate("(one) => [...one._fullData[0].y]"))
    most = max(range(len(counts)), key=counts.__getitem__)
    bars.nth(most).scroll_into_view_if_needed()
    box = bars.nth(most).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_role("heading", name="Payments", exact=True, level=1).wait_for()
    support.visitor.settle()
    support.took(1)
    assert len(support.visitor.cells()) == counts[most]


@by_way
def test_the_payout_of_a_payment_and_all_that_is_in_it(person, stack, way):
    ((payout, payment),) = stack.rows(
        "select payout_id, payment_id from balance_transactions"
        " join payments on payments.stripe_id = payment_id"
        " where payout_id is not null and reporting_category = 'charge' limit 1",
    )
    finance = person("finance", way)
    page = finance.begin(f"/payments?q={payment}")
    stacks.row(page, payment).locator("td").first.click()
    page.get_by_role("link", name=payout).click()
    page.get_by_role("heading", name=finance.says("Made of")).wait_for()
    page.locator(f"a[href*='{payment}']").first.wait_for()
    finance.took(2)


@pytest.fixture(scope="module")
def charged_twice(stack):
    """Two payments of last Tuesday by one card for one order."""
    today = clock.now().date()
    tuesday = today - timedelta(days=(today.weekday() - 2) % 7 + 1)
    at = datetime.combine(tuesday, time(12), clock.now().tzinfo)
    given = {"amount_minor": 5420, "email": "maria@shop.example", "order_id": "ord-5420"}
    engine = open_engine(f"sqlite:///{stack.var_dir / 'tillwatch.db'}")
    with writing(engine) as connection:
        made = [
            factories.payment_row(created_at=at + timedelta(minutes=minutes), **given)
            for minutes in (0, 3)
        ]
        factories.add_payments(connection, made)
    engine.dispose()
    return [one["stripe_id"] for one in made]


@pytest.mark.parametrize("way", [DESK, CHINESE], ids=lambda way: way.name)
def test_support_finds_a_double_charge_by_what_the_customer_says(person, charged_twice, way):
    support = person("support", way)
    page = support.begin("/")
    page.locator(".palette-open").wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.type("charged twice, 4242, about 54 dollars, last Tuesday")
    page.get_by_role("option").filter(has_text="currency:usd").wait_for()
    page.keyboard.press("Enter")
    for payment in charged_twice:
        stacks.row(page, payment, support.says("Looks charged twice")).wait_for()
    support.took(1)


def test_support_types_what_the_customer_says_into_the_search(person, charged_twice):
    support = person("support")
    page = support.begin("/payments")
    page.get_by_label("Search payments").fill("card 4242, about 54 dollars, last Tuesday")
    page.keyboard.press("Enter")
    for payment in charged_twice:
        stacks.row(page, payment, "Looks charged twice").wait_for()
    support.took(1)


@by_way
def test_support_refunds_a_payment_in_part(person, stack, way):
    payment = stack.paid(amount=5400)
    support = person("support", way)
    page = support.begin(f"/payment?id={payment}")
    support.button("Refund").click()
    support.type(page.get_by_label(support.says("Amount in {currency}", currency="USD")), "12.34")
    page.get_by_label(support.says("Reason"), exact=True).click()
    page.get_by_role("option", name=support.says("Requested by customer")).click()
    support.button("Refund {amount}", amount="$12.34 USD").click()
    page.locator(".st-key-refund_done").wait_for()
    support.took(4)
    (made,) = stack.stripe.v1.refunds.list({"payment_intent": payment}).data
    assert made.amount == 1234


def asked_for(person, stack):
    """A request that a second person has to decide."""
    payment = stack.paid(amount=64_700)
    support = person("support")
    page = open_payment(support.visitor, payment)
    support.button("Refund").click()
    page.get_by_label("Reason", exact=True).click()
    page.get_by_role("option", name="Requested by customer").click()
    support.button("Ask for {amount}", amount="$647.00 USD").click()
    page.locator(".st-key-refund_done").wait_for()
    return payment


@by_way
def test_the_lead_approves_from_home(person, stack, way):
    payment = asked_for(person, stack)
    lead = person("lead", way)
    page = lead.begin("/")
    page.get_by_role("link", name=lead.says("Refunds to approve")).click()
    ((request,),) = stack.rows("select id from refund_requests where payment_id = ?", payment)
    page.locator(f".st-key-review_{request} button").click()
    lead.button("Approve: refund {amount}", amount="$647.00 USD").click()
    page.locator(".st-key-refund_done").wait_for()
    lead.took(3)
    (made,) = stack.stripe.v1.refunds.list({"payment_intent": payment}).data
    assert made.amount == 64_700


@pytest.mark.parametrize("way", [DESK, CHINESE], ids=lambda way: way.name)
def test_three_cases_are_decided_by_keys_alone(person, stack, way):
    warned = {"currency": "gbp", "payment_method": "pm_card_createIssuerFraudRecord"}
    good, stolen, known = (
        wait_for_case(stack, stack.pay(amount=amount, **warned).id) for amount in (3300, 2200, 1100)
    )
    risk = person("risk", way)
    page = risk.begin("/fraud?tab=cases&currency=gbp")
    press = page.keyboard.press

    def come_to(amount):
        # A key that comes while the page is still drawn anew is nobody's.
        risk.visitor.settle()
        press("j")
        page.get_by_role("heading", name=f"{amount} GBP").wait_for()
        risk.visitor.settle()

    def come_by_tab(place):
        place.wait_for()
        risk.visitor.settle()
        walk_to(page, place)

    come_to("£33.00")
    press("Shift+A")
    page.get_by_text(risk.says("The case is closed as a good payment.")).wait_for()
    come_to("£22.00")
    press("f")
    come_by_tab(risk.button("Refund {amount}", amount="£22.00 GBP"))
    press("Enter")
    page.get_by_text(risk.says("The refund is on its way, and the case is closed.")).wait_for()
    come_to("£11.00")
    press("d")
    come_by_tab(page.get_by_label(risk.says("Why is there nothing to do?")))
    page.keyboard.type("a known customer")
    walk_to(page, risk.button("Dismiss the case"))
    press("Enter")
    page.get_by_text(risk.says("The case is dismissed.")).wait_for()
    risk.took(2)
    ended = [
        stack.rows("select state from cases where id = ?", one) for one in (good, stolen, known)
    ]
    assert ended == [[("approved",)], [("refunded",)], [("dismissed",)]]


def wait_for_case(stack, payment):
    """The id of the case about a payment, once the worker has opened it."""
    query = "select id from cases where payment_id = ?"
    return stack.arrived(query, payment)[0]


@by_way
def test_a_dispute_is_answered_with_a_file(person, stack, way):
    payment = stack.pay(amount=4200, payment_method="pm_card_createDispute").id
    dispute = arrived(stack, "disputes", payment)
    risk = person("risk", way)
    page = risk.begin("/disputes?view=open")
    stacks.row(page, dispute).locator("td").first.click()
    with page.expect_file_chooser() as chooser:
        page.locator("[data-testid=stFileUploader] button").first.click()
    chooser.value.set_files({"name": "r.png", "mimeType": "image/png", "buffer": picture(9000)})
    risk.button("Attach").click()
    page.get_by_text(risk.says("The file is attached. The bank has not seen it.")).wait_for()
    risk.button("Submit …").click()
    risk.button("Submit for good").click()
    page.get_by_text(
        risk.says("Submitted. The bank decides, usually within 60 to 75 days.")
    ).wait_for()
    risk.took(5)
    sent = stack.stripe.v1.disputes.retrieve(dispute)
    assert (sent.status, bool(sent.evidence.receipt)) == ("under_review", True)


@by_way
def test_a_payment_by_three_d_secure_with_its_calls_and_events(person, stack, way):
    developer = person("dev", way)
    page = developer.begin("/checkout")
    page.get_by_role("radio", name=developer.says("3-D Secure"), exact=True).click()
    developer.visitor.settle()
    page.locator(".st-key-checkout_pay button:enabled").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name=developer.says("Authenticate at the bank")).click()
    bank = opened.value
    bank.get_by_role("button", name="Complete authentication").click()
    steps = page.locator(".st-key-checkout_result")
    steps.get_by_text("payment_intent.succeeded").wait_for()
    assert developer.acts
    developer.took(4)
    assert steps.get_by_text(re.compile("POST /v1/payment_intents")).count()


@by_way
def test_a_developer_replays_an_event(person, stack, way):
    event = arrived(stack, "events", stack.pay(amount=1700).id)
    developer = person("dev", way)
    page = developer.begin("/events?q=state:applied")
    stacks.row(page, event).locator("td").first.click()
    developer.button("Replay").click()
    developer.button("Replay now").click()
    page.get_by_text(developer.says("Put back, to be applied again")).wait_for()
    developer.took(3)


@by_way
def test_an_administrator_makes_a_user(person, way):
    admin = person("admin", way)
    page = admin.begin("/")
    admin.menu("Users")
    admin.button("New user").click()
    form = page.get_by_role("dialog")
    form.get_by_label(admin.says("E-mail")).fill(f"{way.name}@shop.example")
    form.get_by_text(admin.says("Finance"), exact=True).click()
    admin.button("Create user").click()
    form.get_by_text(admin.says("The account is made.")).wait_for()
    admin.took(4)


@by_way
def test_an_administrator_changes_a_limit(person, way):
    admin = person("admin", way)
    page = admin.begin("/")
    admin.menu("Settings")
    admin.choose("Support lead")
    admin.visitor.settle()
    page.get_by_label("EUR", exact=False).first.fill("321")
    admin.button("Save the limits").click()
    page.get_by_text(admin.says("The limits are in force.")).wait_for()
    page.get_by_text("321.00").first.wait_for()
    admin.took(4)


@by_way
def test_an_administrator_rotates_a_key(person, stack, way):
    # What is signed with the old one is taken for a while yet.
    old = (stack.var_dir / "webhook_secret").read_text().strip()
    admin = person("admin", way)
    page = admin.begin("/")
    admin.menu("Settings")
    admin.choose("Keys and endpoints")
    secret = page.get_by_label(admin.says("Webhook secret"), exact=True)
    secret.fill(f"whsec_{'0123456789abcdef' * 2},{old}")
    admin.button("Save").first.click()
    page.get_by_text(admin.says("Saved. It is in force within seconds.")).wait_for()
    admin.took(4)
