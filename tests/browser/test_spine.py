"""In a real browser, over the whole program: sign in, see money, see it come in, see no more."""

import sqlite3
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support import whole_program as stacks
from tests.support.fixtures_screens import HOSTILE

pytestmark = pytest.mark.browser
HISTORY = ("--days", "20", "--per-day", "40", "--seed", "3")


def query(visitor):
    return parse_qs(urlsplit(visitor.page.url).query)


def test_a_bar_of_revenue_opens_its_rows_which_come_to_it(visit, stack):
    finance = visit("finance")
    page = finance.open("/revenue?by=week")
    bar = page.locator(".js-plotly-plot .bars").first.locator(".point path").nth(1)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_role("heading", name="Ledger rows").wait_for()
    finance.settle()
    asked = {name: values[0] for name, values in query(finance).items()}
    assert (asked["in"], asked["figure"]) == ("usd", "gross")
    with sqlite3.connect(stack.var_dir / "tillwatch.db") as connection:
        ((count, gross),) = connection.execute(
            "select count(*), sum(amount_minor) from balance_transactions where currency = 'usd'"
            " and reporting_category = 'charge' and business_day >= ? and business_day < ?",
            (asked["from"], asked["until"]),
        ).fetchall()
    shown = page.locator(".card .value").all_text_contents()
    assert shown[:2] == [f"${gross / 100:,.2f}", f"{count:,}"]


def test_a_payment_is_on_the_screen_within_two_seconds(visit, stack, record_property):
    visitor = visit("finance")
    page = visitor.open("/payments")
    page.wait_for_selector(stacks.TABLE)
    stack.pay(amount=1111)  # the first of a fresh stack warms it up
    # Beside whatever else the machine does at the moment: a second look may be the fair one.
    looks = [seconds_to_screen(page, stack, (2222, 3333, 4444))]
    if looks[0] >= 2:
        looks.append(seconds_to_screen(page, stack, (5555, 6666, 7777)))
    record_property("seconds_to_screen", [round(seconds, 2) for seconds in looks])
    assert min(looks) < 2, looks


def seconds_to_screen(page, stack, amounts):
    """The median of how long payments take to the open screen."""
    taken = []
    for amount in amounts:
        started = time.monotonic()
        payment = stack.pay(amount=amount)
        stacks.row(page, payment.id).wait_for()
        taken.append(time.monotonic() - started)
    return sorted(taken)[len(taken) // 2]


def test_a_filter_stands_in_the_url_and_survives_a_reload(visit):
    visitor = visit("support")
    page = visitor.open("/payments")
    page.get_by_role("radio", name="Failed").or_(page.get_by_role("button", name="Failed")).click()
    page.wait_for_url("**q=status*")
    page.reload()
    page.wait_for_selector("h1")
    visitor.settle()
    assert query(visitor)["q"] == ["status:failed"]
    page.wait_for_selector(stacks.TABLE)
    rows = [" ".join(row) for row in visitor.cells()]
    assert rows
    assert all("failed" in row.lower() for row in rows)


def test_a_click_on_a_row_opens_its_payment_and_the_link_there_keeps_the_search(visit):
    visitor = visit("support")
    page = visitor.open("/payments?q=currency:usd")
    stacks.row(page, "USD").locator("td[data-column=method]").click()
    page.wait_for_url("**/payment?**")
    assert query(visitor)["back"] == ["currency:usd"]
    page.wait_for_selector("[data-testid=stMetric]")
    page.get_by_role("link", name="Payments").last.click()
    page.wait_for_url("**/payments?**")
    assert query(visitor)["q"] == ["currency:usd"]


def focused(page):
    """The name of the row, or the column, that has the focus."""
    return page.evaluate(
        "() => { let at = document.activeElement; while (at.shadowRoot?.activeElement)"
        " at = at.shadowRoot.activeElement; return at.dataset.name; }"
    )


def test_one_step_back_leads_from_a_payment_to_the_list_as_it_was(visit):
    visitor = visit("finance")
    page = visitor.open("/payments?q=currency:usd")
    length = page.evaluate("history.length")
    stacks.row(page, "USD").locator("td[data-column=method]").click()
    page.wait_for_url("**/payment?**")
    visitor.settle()
    assert page.evaluate("history.length") == length + 1
    page.go_back()
    page.wait_for_url("**/payments?q=currency:usd")
    # The address is another before the script has begun.
    page.get_by_role("heading", level=1, name="Payments", exact=True).wait_for()
    visitor.settle()
    assert {cells[1] for cells in visitor.cells()} == {"USD"}
    page.go_forward()
    page.wait_for_url("**/payment?**")


def test_a_customer_in_a_row_opens_the_customers_page_and_one_step_back_leads_here(visit):
    visitor = visit("support")
    page = visitor.open("/payments?q=currency:usd")
    customer = page.locator(f"{stacks.TABLE} td[data-column=customer] a").first
    name = customer.inner_text()
    customer.click()
    page.wait_for_url("**/customer?id=**")
    visitor.settle()
    page.locator("dl.facts", has_text=name).wait_for()
    page.go_back()
    page.wait_for_url("**/payments?q=currency:usd")


def test_a_click_on_a_title_sorts_and_chosen_columns_stay(visit):
    visitor = visit("finance")
    page = visitor.open("/payments?q=currency:usd")
    stacks.row(page, "USD").wait_for()
    page.locator(f"{stacks.TABLE} th button", has_text="Amount").click()
    page.wait_for_url("**sort=-amount**")
    page.get_by_text("greatest first").wait_for()
    page.locator("a[href*='payments.csv'][href*='sort=-amount']").wait_for()
    visitor.settle()
    amounts = [float(row[0].strip("$").replace(",", "")) for row in visitor.cells()]
    assert amounts == sorted(amounts, reverse=True)
    greatest = visitor.cells()[0][-1]
    page.get_by_role("button", name="Older").or_(page.get_by_role("button", name="Next")).click()
    page.wait_for_url("**before=**")
    stacks.row(page, greatest).wait_for(state="detached")
    visitor.settle()
    assert float(visitor.cells()[0][0].strip("$").replace(",", "")) <= amounts[-1]


def test_rows_are_walked_by_keys_and_a_new_one_leaves_the_focus_where_it_is(visit, stack):
    visitor = visit("finance")
    page = visitor.open("/payments?q=currency:usd")
    rows = page.locator(f"{stacks.TABLE} a.open")
    names = [row.get_attribute("data-name") for row in rows.all()]
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    assert focused(page) == names[1]
    page.keyboard.press("End")
    assert focused(page) == names[-1]
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    assert focused(page) == names[0]
    stacks.row(page, stack.pay(amount=6161).id).wait_for()
    assert focused(page) == names[0]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/payment?id={names[0]}**")


def test_a_row_opens_in_a_tab_of_its_own_and_the_list_stays(visit):
    visitor = visit("finance")
    page = visitor.open("/payments")
    with page.context.expect_page() as opened:
        page.locator(f"{stacks.TABLE} a.open").first.click(modifiers=["Control"])
    opened.value.wait_for_selector("[data-testid=stMetric]")
    assert "/payment?id=" in opened.value.url
    assert page.url.endswith("/payments")


def test_a_phone_shows_amount_currency_state_customer_and_time(visit):
    visitor = visit("support")
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    page = visitor.open("/payments")
    # A cell without a text takes no place.
    seen = stacks.row(page, "@").locator("td:visible")
    places = [cell.get_attribute("data-column") for cell in seen.all()]
    assert places == ["amount", "currency", "state", "customer", "created"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_the_right_there_is_no_revenue_by_link_or_by_address(visit):
    visitor = visit("support")
    page = visitor.open("/")
    assert page.get_by_role("link", name="Payments").count()
    assert page.get_by_role("link", name="Revenue").count() == 0
    page.goto(visitor.base + "/revenue")
    page.wait_for_selector("h1")
    visitor.settle()
    assert page.locator("h1").first.inner_text() == "No access"
    assert page.get_by_text("Effective fee").count() == 0
    answer = page.request.get(visitor.base + "/ui/export/payments.csv")
    assert answer.status == 403


def test_a_hostile_customer_loads_and_runs_nothing_on_any_page(visit, stack):
    hostile = stack.stripe.v1.customers.create({"name": HOSTILE, "email": "mallory@example.com"})
    payment = stack.pay(
        customer=hostile.id, description=HOSTILE, metadata={"note": HOSTILE, "order_id": "666"}
    )
    visitor = visit("finance")
    for path in (
        "/",
        "/payments?q=order:666",
        f"/payment?id={payment.id}&back={HOSTILE}",
        f"/payments?q={HOSTILE}",
        "/revenue",
    ):
        page = visitor.open(path)
        assert page.locator("img[src*=evil]").count() == 0
        assert page.evaluate("[...document.links].filter(a => a.host.includes('evil'))") == []
    assert visitor.remote == []
