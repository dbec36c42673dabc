"""The frame of screens: foreign text escaped, changes signed, one word and colour a state."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.payment_states import STATES
from core.money import Money
from core.settings import Settings
from dashboard import i18n
from dashboard.ui import columns, metric_cards, status_badges, stripe_links
from dashboard.ui.widgets import safe_text, text_with_code
from tests.support.fixtures_screens import HOSTILE

UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[!-/:-@\[-`{-~]")


@given(st.text())
def test_no_mark_of_markdown_is_left_bare(text):
    assert not UNESCAPED.search(re.sub(r"\\.", "", safe_text(text)))
    assert "\n" not in safe_text(text)


@given(st.text(alphabet="abcdefg 0123456789äö中文"))
def test_plain_words_stay_as_they_are(text):
    assert safe_text(text) == " ".join(text.split())


def test_a_hostile_name_renders_as_written_in_streamlit(nothing_cached):
    from streamlit.testing.v1 import AppTest

    def script(text):
        import streamlit

        from dashboard.ui.widgets import safe_text

        streamlit.markdown(safe_text(text))

    test = AppTest.from_function(script, args=(HOSTILE,)).run()
    value = test.markdown[0].value
    assert "](" not in value
    assert "<img" not in value.replace("\\<", "")


def test_code_in_a_text_is_drawn_as_code_and_the_rest_as_written():
    said = text_with_code("Run `sync --since 90d` *now*; see https://x.example, a ` alone")
    code, rest = "`sync --since 90d`", safe_text("*now*; see https://x.example, a ` alone")
    assert said == f"Run {code} {rest}"


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (110, 100, "+10.0%"),
        (90, 100, "-10.0%"),
        (100, 100, 0),
        (100_01, 100_00, "+0.0%"),
        (5, 0, None),
        (-50, -100, "+50.0%"),
        (10**12, 1, "> +999%"),
    ],
)
def test_a_change_has_an_ascii_sign_or_is_the_number_zero(now, before, said):
    shown = metric_cards.moved(metric_cards.change(now, before))
    assert shown == (0 if said == "+0.0%" else said)


def test_a_rate_moves_by_percentage_points():
    assert metric_cards.points(Fraction(3, 100) - Fraction(5, 200)) == "+0.5 pp"
    assert metric_cards.points(Fraction(0)) == 0
    assert metric_cards.points(None) is None


def test_a_tile_keeps_the_exact_amount_when_it_shortens_it():
    card = metric_cards.money_card("Gross", Money(123456789, "usd"))
    assert card.value == "$1,234,568"
    assert card.exact.replace("\\", "") == "$1,234,567.89"
    assert metric_cards.money_card("Gross", Money(999, "usd")).exact == ""


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_word_and_a_colour(state):
    assert status_badges.PAYMENT[state][0]
    assert status_badges.PAYMENT[state][1] in status_badges.TONES


def test_a_state_that_stripe_invents_is_shown_in_words_made_from_its_code():
    assert status_badges.word(status_badges.PAYMENT, "requires_magic") == "Requires magic"
    assert status_badges.word(status_badges.PAYMENT, None) == ""
    assert status_badges.made_from("key.turn_back") == "Key: turn back"
    assert status_badges.tone(status_badges.PAYMENT, "requires_magic") == "gray"
    assert status_badges.cell(None) == []


@pytest.mark.parametrize(
    ("kind", "brand", "last4", "said"),
    [
        ("card", "visa", "4242", "Visa •••• 4242"),
        ("card", "unionpay", "0005", "UnionPay •••• 0005"),
        ("card", "newbrand", "0005", "Newbrand •••• 0005"),
        ("card", None, None, "Card"),
        ("wechat_pay", None, None, "WeChat Pay"),
        ("some_new_way", None, None, "Some New Way"),
        (None, None, None, ""),
    ],
)
def test_a_method_is_named_as_people_know_it(kind, brand, last4, said):
    assert columns.method(kind, brand, last4) == said


@pytest.mark.parametrize(
    ("kind", "brand", "last4", "said"),
    [
        ("card", "unionpay", "0005", "银联 •••• 0005"),
        ("card", "visa", "4242", "Visa •••• 4242"),
        ("wechat_pay", None, None, "微信支付"),
        ("alipay", None, None, "支付宝"),
        ("klarna", None, None, "Klarna"),
        ("card", None, None, "银行卡"),
    ],
)
def test_a_way_to_pay_has_its_chinese_name(kind, brand, last4, said):
    with i18n.speaking("zh-CN"):
        assert columns.method(kind, brand, last4) == said


def test_links_to_stripe_follow_mode_and_kind():
    real = Settings(_env_file=None, stripe_secret_key="rk_test_x")
    link = stripe_links.address
    assert (
        link(real, "pi_1Ab", livemode=False) == "https://dashboard.stripe.com/test/payments/pi_1Ab"
    )
    assert link(real, "evt_1Ab", livemode=True) == "https://dashboard.stripe.com/events/evt_1Ab"
    assert link(real, "txn_1Ab", livemode=True) is None
    assert link(real, "pi_1/../../x", livemode=True) is None
    assert link(real, None, livemode=True) is None
    assert link(Settings(_env_file=None), "pi_1Ab", livemode=False) is None


def test_an_amount_has_room_for_all_its_digits():
    layout = {
        "amount": columns.money_column("Amount", width=94),
        "name": columns.text_column("Name", width=50),
    }
    table: columns.Table = {"amount": ["1.00", "-10,000,000,000.00"], "name": ["", "x" * 99]}
    found = columns.fitted(layout, table | {"other": ["po_1"] * 2})
    assert found["amount"]["width"] >= 18 * 7
    assert found["name"]["width"] == 50
    short = {name: cells[:1] for name, cells in table.items()}
    assert columns.fitted(layout, short)["amount"]["width"] == 94
    assert set(columns.fitted(layout, table)) == {"amount", "name"}
