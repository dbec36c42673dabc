"""What is put on a list is found under each form in which a payment may name it."""

import pytest

from core.risk.lists import forms, normal


@pytest.mark.parametrize(
    ("put", "comes"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("::ffff:192.0.2.0/120", "192.0.2.9"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("2001:db8::/32", "2001:db8::1"),
        ("::/0", "2001:db8::1"),
    ],
)
def test_an_address_is_found_in_either_family(put, comes):
    assert normal("ip", put) in forms("ip", comes)
    assert normal("ip", put) not in forms("ip", "203.0.113.1")
