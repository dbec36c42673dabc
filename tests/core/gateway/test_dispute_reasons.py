"""Each reason that Stripe names is explained, and each form asks for evidence that exists."""

import re
from pathlib import Path

import pytest
import stripe

from core.errors import Misconfigured
from core.gateway.dispute_reasons import ALWAYS, FILE, LANGUAGES, PRODUCTS, REASONS, Reasons
from core.gateway.evidence_fields import FILES, TEXTS


def test_every_reason_of_the_sdk_is_explained():
    source = Path(stripe.__file__).with_name("_dispute.py").read_text(encoding="utf-8")
    said = re.search(
        r"Reason given by cardholder for dispute\. Possible values are ([^.]*)\.", source
    )
    assert said
    assert set(re.findall(r"`(\w+)`", said[1])) <= set(REASONS.reasons)


def test_every_field_of_the_sdk_is_known():
    params = stripe.params.DisputeUpdateParamsEvidence.__annotations__
    assert {*TEXTS, *FILES} == params.keys() - {"enhanced_evidence", "appeal"}


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("reason", [*REASONS.reasons, "a_reason_to_come", None])
def test_a_form_asks_for_what_helps(reason, product):
    form = REASONS.form(reason, product)
    assert {*ALWAYS, *REASONS.products[product], *REASONS.of(reason).fields} == set(form)
    for language in LANGUAGES:
        assert REASONS.of(reason).meaning[language]
        assert REASONS.of(reason).help[language]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"customer_purchase_ip", "billing', '"shoe_size", "billing', "fraudulent.*shoe_size"),
        ("digital =", "digits =", "digital"),
        ('en = "The issuer', 'fr = "The issuer', "general: en"),
        ("[products]", "[products", "dispute_reasons.toml"),
    ],
)
def test_a_mistake_in_the_file_is_named(old, new, named):
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(Misconfigured, match=named):
        Reasons.parse(text.replace(old, new, 1))
