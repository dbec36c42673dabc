"""Payments: one line of search in the URL, buttons that rewrite it, rows that open."""

import pytest

from core.db.engine import writing
from tests.support import factories
from tests.support.fixtures_access import give, person
from tests.support.kit_parts import click, tables


@pytest.fixture
def payments(console, shop, screen_as):
    """The screen as finance sees it: `payments(q=…)`."""
    user = person(console, "finance")

    def run(**query):
        test = screen_as(user, "payments", **query)
        assert not test.exception
        return test

    return run


def rows(test):
    return tables(test)[0].value


def ids(test):
    return tables(test)[0].names


def test_all_payments_of_this_mode_stand_there_newest_first(payments, shop):
    expected = [name for name in list(shop)[::-1] if name != "live"]
    assert ids(payments()) == [shop[name] for name in expected]


def test_amounts_are_texts_with_the_code_beside_them(payments):
    found = rows(payments())
    assert {"$1,234.56", "¥5,000", "10.580"} <= set(found["amount"])
    assert set(found["currency"]) == {"USD", "JPY", "KWD"}
    assert "Visa •••• 4242" in set(found["method"])


def test_the_search_in_the_url_is_the_one_shown(payments, shop):
    test = payments(q="status:failed")
    assert test.text_input(key="q").value == "status:failed"
    assert ids(test) == [shop["failed"]]
    assert list(rows(test)["reason"]) == ["Insufficient funds"]
    assert test.get_by_key("s_status").value == "failed"


def test_a_segment_rewrites_the_search_and_leaves_the_rest(payments, shop):
    test = payments(q="currency:usd status:failed")
    test.get_by_key("s_status").set_value("refunded").run()
    assert test.query_params["q"] == "currency:usd status:refunded"
    assert ids(test) == [shop["refunded"]]
    test.get_by_key("s_status").set_value("").run()
    assert test.query_params["q"] == "currency:usd"


def test_filters_write_terms_and_clear_them(payments, shop):
    test = payments()
    test.get_by_key("f_currency").set_value(["jpy", "kwd"]).run()
    assert test.query_params["q"] == "currency:jpy,kwd"
    test.text_input(key="f_amount").set_value(">100").run()
    assert ids(test) == [shop["yen"]]
    test.button(key="f_clear").click().run()
    assert not test.query_params.get("q")


def test_what_a_search_excludes_is_not_shown_as_asked_for(payments, shop):
    test = payments(q="-status:failed")
    assert test.get_by_key("s_status").value == ""
    assert "Failed" not in {row["state"][0] for _, row in rows(test).iterrows()}


def test_a_click_on_a_title_sorts_on_the_server_and_the_file_with_it(payments, shop):
    test = payments(q="currency:usd")
    newest = ids(test)
    test = click(test, tables(test)[0], "sort", "amount")
    assert test.query_params["sort"] == "-amount"
    amounts = [float(one.strip("$").replace(",", "")) for one in rows(test)["amount"]]
    assert amounts == sorted(amounts, reverse=True)
    assert any("greatest first" in one.value for one in test.caption)
    files = [one.proto.url for one in test.get("link_button") if "/ui/export/" in one.proto.url]
    assert files
    assert all("sort=-amount" in one for one in files)
    test = click(test, tables(test)[0], "sort", "created")
    test = click(test, tables(test)[0], "sort", "created")
    assert test.query_params["sort"] == "created"
    assert ids(test) == newest[::-1]


def test_amounts_sort_within_one_currency_alone(payments):
    def sortable(test):
        return {one["name"] for one in tables(test)[0].part.data["columns"] if one.get("sorts")}

    assert sortable(payments()) == {"created"}
    assert sortable(payments(q="currency:usd", sort="nonsense")) == {"created", "amount"}


def test_chosen_columns_are_kept_and_the_file_has_them(console, shop, screen_as):
    user = person(console, "finance")
    test = screen_as(user, "payments", q="currency:usd")
    test.multiselect(key="v_columns").set_value(["created", "customer", "amount"]).run()
    again = screen_as(user, "payments")
    assert tables(again)[0].columns == ["created", "customer", "amount"]
    assert len(ids(again)) == len(rows(again)) > 3
    files = [one.proto.url for one in again.get("link_button") if "/ui/export/" in one.proto.url]
    assert files
    wanted = "columns=created_utc%2Cemail%2Ccustomer_name%2Ccustomer%2Camount"
    assert all(wanted in one for one in files)
    again.multiselect(key="v_columns").set_value([]).run()
    assert "state" in tables(again)[0].columns


def test_a_view_is_saved_shared_opened_and_made_the_default(console, shop, screen_as):
    anna, ben = person(console, "finance"), person(console, "viewer")
    test = screen_as(anna, "payments", q="currency:usd", sort="amount", columns="amount,payment")
    test.text_input(key="v_name").set_value("Small first")
    test.checkbox(key="v_shared").check()
    test.button(key="v_save").click().run()
    other = screen_as(ben, "payments")
    (opens,) = [one for one in other.button if "Small first" in one.label]
    opens.click().run()
    seen = {name: other.query_params[name] for name in ("q", "sort", "columns")}
    assert seen == {"q": "currency:usd", "sort": "amount", "columns": "amount,payment"}
    assert tables(other)[0].columns == ["amount", "payment"]
    assert not [one for one in other.button if one.label == "Remove"]
    other.selectbox(key="v_default").set_value(int(opens.key.removeprefix("v_open_"))).run()
    anew = screen_as(ben, "payments")
    assert anew.query_params["q"] == "currency:usd"
    assert ids(anew) == ids(other)
    assert ids(screen_as(ben, "payments", q="status:failed")) == [shop["failed"]]


def test_plain_words_that_find_nothing_offer_the_search_that_was_meant(payments, shop):
    test = payments(q="card ending 4242 failed")
    assert not tables(test)
    assert r"last4\:4242" in test.button(key="suggestion").label
    test.button(key="suggestion").click().run()
    assert test.query_params["q"] == "last4:4242 status:failed"
    assert ids(test) == [shop["failed"]]


def test_plain_words_that_are_typed_find_what_was_meant_at_once(payments, shop):
    test = payments()
    test.text_input(key="q").set_value("card ending 4242 failed").run()
    assert test.text_input(key="q").value == "last4:4242 status:failed"
    assert test.query_params["q"] == "last4:4242 status:failed"
    assert ids(test) == [shop["failed"]]
    assert any("“card ending 4242 failed”" in one.value for one in test.caption)
    test.button(key="as_typed").click().run()
    assert test.query_params["q"] == "card ending 4242 failed"
    assert not tables(test)


@pytest.mark.parametrize("line", ["4242", "status:failed", "colour:red", "nothing-like-it"])
def test_a_typed_line_that_is_no_sentence_stands_as_it_is(payments, line):
    test = payments()
    test.text_input(key="q").set_value(line).run()
    assert test.text_input(key="q").value == line
    assert "as_typed" not in [button.key for button in test.button]


def test_the_head_says_how_many_match_and_their_sum(payments):
    captions = [one.value for one in payments(q="currency:jpy,kwd").caption]
    (said,) = [one for one in captions if one.startswith("Payments: 2")]
    assert "¥5,000 JPY (1)" in said
    assert "10.580 KWD (1)" in said


def test_of_what_is_paid_the_head_says_what_was_captured(console, shop, payments):
    with writing(console.engine) as conn:
        factories.paid(conn, amount_minor=5000, currency="cad", amount_captured_minor=3000)
    said = [one.value for one in payments(q="currency:cad status:paid").caption]
    assert any("50.00 CAD, " in one and "30.00 captured" in one for one in said), said
    assert not any("captured" in one.value for one in payments(q="currency:cad").caption)


def test_a_filter_that_cannot_be_read_changes_nothing(payments):
    test = payments(q="status:failed")
    test.text_input(key="f_amount").set_value("lots").run()
    assert test.query_params["q"] == "status:failed"
    assert "must be a number" in test.toast[0].value.replace("\\", "")


def test_an_unknown_term_is_named_with_the_known_ones(payments):
    test = payments(q="colour:red")
    said = test.warning[-1].value.replace("\\", "")
    assert "colour" in said
    assert "currency" in said
    assert not tables(test)


def test_a_search_without_matches_says_so_and_leads_back(payments):
    test = payments(q="order:nothing")
    assert not tables(test)
    next(b for b in test.button if b.label == "Show all payments").click().run()
    assert len(rows(test)) == 7


def captions(test):
    return [caption.value.replace("\\", "") for caption in test.caption]


def test_a_word_without_matches_is_told_what_it_was_taken_for(payments, shop):
    test = payments(q="smith 54,20 po_123")
    said = captions(test)
    assert any(
        "smith was looked for as: order id, e-mail address or its beginning" in one for one in said
    )
    assert any("amount 54.20" in one for one in said)
    assert any("po_123" in one and "payout id, order id" in one for one in said)
    assert not any("three decimals" in one for one in said)
    assert any(
        "1.234 was read with three decimals" in one for one in captions(payments(q="amount:1.234"))
    )


def test_a_hostile_word_is_said_as_text(payments):
    test = payments(q="![x](https://evil.test/i.png)")
    assert not test.exception
    said = [caption.value for caption in [*test.caption, *test.warning]]
    assert not any("](" in one for one in said)


def test_an_amount_that_can_mean_two_things_is_refused_with_both(payments):
    test = payments(q="amount:1,234")
    said = test.warning[-1].value.replace("\\", "")
    assert "amount: 1,234 can be read in more than one way: write 1234 / 1.234 / =1,=234" in said
    assert not tables(test)


def test_an_address_of_stripes_dashboard_opens_its_payment(payments, shop):
    base = "https://dashboard.stripe.com"
    test = payments(q=f"{base}/acct_1/test/payments/{shop['yen']}?a=b#c")
    assert ids(test) == [shop["yen"]]
    assert not any("live data" in one for one in captions(test))


def test_an_address_of_the_other_mode_says_so(payments, shop):
    test = payments(q=f"https://dashboard.stripe.com/payments/{shop['live']}")
    assert not tables(test)
    assert any("The address is of live data" in one for one in captions(test))


def test_payments_are_filtered_by_how_their_dispute_stands(payments, shop):
    test = payments(q="currency:usd")
    test.get_by_key("f_dispute").set_value(["open"]).run()
    assert test.query_params["q"] == "currency:usd dispute:open"
    assert ids(test) == [shop["disputed"]]
    test.get_by_key("f_dispute").set_value(["none"]).run()
    assert shop["disputed"] not in ids(test)
    assert len(rows(test)) == 4
    assert "Dispute prevented" in str(
        payments(q="dispute:prevented").get_by_key("f_dispute").options
    )


def columns_of(test):
    return tables(test)[0].columns


def test_the_list_says_what_was_captured_refunded_and_disputed(payments, shop, console):
    with writing(console.engine) as conn:
        part = factories.paid(conn, amount_minor=10000, amount_captured_minor=6000)["stripe_id"]
        won = factories.paid(conn, dispute_outcome="won")["stripe_id"]
        held = factories.paid(
            conn, amount_minor=5000, disputed=True, amount_disputed_minor=2500, currency="jpy"
        )["stripe_id"]
    table = rows(payments())
    found = dict(zip(table["payment"], table.iloc, strict=True))
    assert found[part]["parts"] == "$60.00 captured"
    assert found[held]["parts"] == "¥2,500 disputed"
    assert found[shop["refunded"]]["parts"] == "$10.00 refunded"
    assert found[shop["dollars"]]["parts"] == found[shop["failed"]]["parts"] == ""
    assert list(found[won]["state"]) == ["Succeeded", "Dispute won"]
    assert list(found[held]["state"]) == ["Disputed", "Dispute open"]
    assert list(found[shop["dollars"]]["state"]) == ["Succeeded"]
    assert "parts" in columns_of(payments())
    assert "parts" not in columns_of(payments(q="currency:kwd"))


def test_the_reason_stands_there_where_all_have_failed(payments, shop):
    for line in ("status:failed", "error:insufficient_funds", "card_declined"):
        test = payments(q=line)
        assert ids(test) == [shop["failed"]]
        assert "reason" in columns_of(test)
        assert "risk" not in columns_of(test)
    assert "reason" not in columns_of(payments())


def test_a_charge_without_an_intent_is_opened_by_its_own_id(payments, shop, console):
    with writing(console.engine) as conn:
        factories.paid(conn, stripe_id="ch_alone", latest_charge_id="ch_alone")
    test = payments(q="ch_alone")
    assert ids(test) == ["ch_alone"]
    click(test, tables(test)[0], "open", "ch_alone")
    assert test.query_params["id"] == "ch_alone"


def test_an_empty_account_says_when_payments_come(console, screen_as, nothing_cached):
    test = screen_as(person(console, "viewer"), "payments")
    assert not test.exception
    assert not tables(test)
    assert any("within seconds" in caption.value for caption in test.caption)
    assert any("sync --since 90d" in caption.value for caption in test.caption)


def test_pages_turn_both_ways_with_their_place_in_the_url(console, screen_as, nothing_cached):
    with writing(console.engine) as conn:
        made = [factories.paid(conn)["stripe_id"] for _ in range(120)][::-1]
    test = screen_as(person(console, "viewer"), "payments")
    assert ids(test) == made[:50]
    assert test.button(key="newer").disabled
    test.button(key="older").click().run()
    assert ids(test) == made[50:100]
    assert test.query_params["before"]
    test.button(key="older").click().run()
    assert ids(test) == made[100:]
    assert test.button(key="older").disabled
    test.button(key="newer").click().run()
    assert ids(test) == made[50:100]


def test_opening_a_row_goes_to_its_payment_and_remembers_the_search(payments, shop):
    test = payments(q="status:failed")
    (row,) = tables(test)[0].rows
    assert row["href"] == f"/payment?id={shop['failed']}&back=status%3Afailed"
    click(test, tables(test)[0], "open", shop["failed"])
    assert test.query_params["id"] == shop["failed"]
    assert test.query_params["back"] == "status:failed"


def test_only_finance_may_take_the_list_away(console, shop, screen_as):
    export = {
        role: screen_as(person(console, role), "payments").link_button[0]
        for role in ("finance", "viewer", "support")
    }
    assert not export["finance"].proto.disabled
    assert export["viewer"].proto.disabled
    assert export["support"].proto.disabled


def test_a_right_taken_away_empties_the_screen_that_was_cached(console, shop, screen_as):
    user = person(console, "viewer")
    test = screen_as(user, "payments")
    assert len(rows(test)) == 7
    give(console, user)
    test.run()
    assert not tables(test)


def test_a_hostile_name_stays_in_a_cell(payments):
    test = payments(q="email:mallory@example.com")
    texts = [e.value for kind in ("markdown", "caption", "warning") for e in getattr(test, kind)]
    assert not any("evil" in text for text in texts)


def test_chinese_is_spoken_to_a_chinese_browser(console, shop, screen_as):
    test = screen_as(person(console, "viewer"), "payments")
    test.selectbox(key="language").set_value("zh-CN").run()
    assert test.title[0].value == "支付"
    assert any("最新在前" in caption.value for caption in test.caption)
