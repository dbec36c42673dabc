"""Card numbers are covered wherever they stand in a text; other numbers stay."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.masking import hide_secrets, mask_addresses, mask_cards


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4242424242424242", "•••• 4242"),
        ("card 4242 4242 4242 4242 123 12/28", "card •••• 4242 123 12/28"),
        ("no. 4000-0566-5566-5556.", "no. •••• 5556."),
        ("3782 822463 10005 and 5555555555554444", "•••• 0005 and •••• 4444"),
        ("order 1234567890123 of +49 170 1234567", "order 1234567890123 of +49 170 1234567"),
        ("4242424242424241", "4242424242424241"),
        ("", ""),
    ],
)
def test_a_card_number_is_covered_but_for_its_last_four_digits(text, shown):
    assert mask_cards(text) == shown


def check_digit(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


@given(st.text("0123456789", min_size=12, max_size=18), st.sampled_from(["", " ", "-"]))
def test_every_number_with_a_right_check_digit_is_covered(body, between):
    number = body + check_digit(body)
    groups = between.join(number[at : at + 4] for at in range(0, len(number), 4))
    assert number[:-4] not in mask_cards(f"paid with {groups}, he says").replace(between, "")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Invalid email address: ada@shop.example.", "Invalid email address: •••"),
        (
            '{"message": "from 203.0.113.77, \\"zoë+1@例え.jp\\""}',
            '{"message": "from •••, \\"•••\\""}',
        ),
        ("No such payment_intent: pi_3Abc; v1.2.3, 10.00 USD", None),
    ],
)
def test_addresses_are_covered_and_nothing_else(said, left):
    assert mask_addresses(said) == (said if left is None else left)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('{"client_secret": "pi_1_secret_x"}', '{"client_secret": "(hidden)"}'),
        ('{"client_secret" :\n"a\\"b\\\\", "b": 1}', '{"client_secret" :\n"(hidden)", "b": 1}'),
        ('{"client_secret":null,"secret":"whsec_1"}', '{"client_secret":null,"secret":"(hidden)"}'),
        ('["seti_1N8kLmExample_secret_AbCdEf123"]', '["seti_1N8kLmExample_secret_(hidden)"]'),
        (
            '["https://h/?a=pi_1N8kLmExample_secret_AbC%2Fd1&client_secret=src_client_secret_AbCdEf"]',
            '["https://h/?a=pi_1N8kLmExample_secret_(hidden)&client_secret=src_client_secret_(hidden)"]',
        ),
        ('{"a": "\\"client_secret\\": \\"b\\""}', '{"a": "\\"client_secret\\": \\"b\\""}'),
        ('{"top_secret_santa": "my_secret_sauce"}', '{"top_secret_santa": "my_secret_sauce"}'),
        ('{"secret": {"name": "x"}, "n": 1.00}', '{"secret": {"name": "x"}, "n": 1.00}'),
    ],
)
def test_secrets_of_a_body_are_hidden_and_the_rest_is_as_it_was(body, left):
    assert hide_secrets(body.encode()) == left.encode()


@given(
    st.recursive(
        st.text() | st.integers() | st.none() | st.sampled_from(['"secret": "a"', "\\", '"']),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("secret"), inner),
    )
)
def test_a_body_without_secrets_in_it_stays_json(document):
    shown = json.loads(hide_secrets(json.dumps(document).encode()))

    def expected(value):
        if isinstance(value, dict):
            return {
                name: "(hidden)" if name == "secret" and isinstance(part, str) else expected(part)
                for name, part in value.items()
            }
        return [expected(part) for part in value] if isinstance(value, list) else value

    assert shown == expected(document)
