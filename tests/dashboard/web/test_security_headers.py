"""What pages may load, and from where: Stripe's hosts only where its card form can work."""

import pytest

from core.settings import Settings
from dashboard.web.auth_middleware import policy


def sources(**given):
    said = policy(Settings(_env_file=None, **given))
    return {name: set(allowed) for name, *allowed in (part.split() for part in said.split("; "))}


@pytest.mark.parametrize("key", ["", "pk_test_emulator", "pk_live_0000"])
def test_without_a_publishable_test_key_nothing_comes_from_elsewhere(key):
    allowed = set().union(*sources(stripe_publishable_key=key).values())
    assert not [source for source in allowed if "." in source]


def test_with_one_stripes_card_form_may_load_as_stripe_documents():
    base, ours = sources(), sources(stripe_publishable_key="pk_test_0000")
    added = {name: ours[name] - base[name] for name in ours if ours[name] != base[name]}
    js = {"https://js.stripe.com", "https://*.js.stripe.com"}
    assert added == {
        "script-src": js,
        "frame-src": {*js, "https://hooks.stripe.com"},
        "connect-src": {"https://api.stripe.com"},
    }
