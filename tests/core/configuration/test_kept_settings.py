"""What a value of each setting must be before it is kept."""

from __future__ import annotations

import pytest

from core.configuration.kept_settings import KEPT, known
from core.errors import InvalidInput
from core.settings import Settings

GOOD = {
    "stripe_secret_key": ("sk_live_x", "rk_test_x"),
    "stripe_publishable_key": ("pk_live_x", "pk_test_x"),
    "stripe_webhook_secret": ("whsec_0123456789abcdef",),
    "stripe_test_secret_key": ("sk_test_x", "rk_test_x"),
    "stripe_test_publishable_key": ("pk_test_x",),
    "stripe_test_webhook_secret": ("whsec_0123456789abcdef,whsec_fedcba9876543210",),
    "reporting_timezone": ("Asia/Shanghai", "UTC"),
    "payment_currencies": ("usd,jpy,kwd",),
    "payment_largest": ("0.01", "999999999.99"),
    "rate_limit": ("1", "1000000"),
    "public_url": ("https://pay.example.com", "http://127.0.0.1:8502"),
    "personal_data_days": ("0", "30", "36500"),
    "export_history_days": ("0", "1"),
    "alert_history_days": ("0", "36500"),
    "refund_approval": ("above_limit", "always"),
    "close_approval": ("second_person", "one_person"),
    "rules_approval": ("second_person", "one_person"),
    "second_factor_roles": ("admin", "admin,finance"),
    "step_up_minutes": ("1", "480"),
    "oidc_issuer": ("https://login.example.com/realms/shop", "http://127.0.0.1:9400"),
    "oidc_client_id": ("tillwatch",),
    "oidc_client_secret": ("0123456789abcdef0123456789abcdef",),
    "oidc_domains": ("example.com", "example.com,shop.example"),
}
BAD = {
    "stripe_secret_key": ("pk_live_x", "sk_none_x", "live", "sk_live_ x", "sk_live_é"),
    "stripe_publishable_key": ("sk_live_x", "pk_x"),
    "stripe_webhook_secret": ("secret", "whsec_x", "whsec_0123456789abcdef,short"),
    "stripe_test_secret_key": ("sk_live_x", "rk_live_x"),
    "stripe_test_publishable_key": ("pk_live_x",),
    "stripe_test_webhook_secret": ("sk_test_x",),
    "reporting_timezone": ("Mars/Olympus", "../etc/passwd", "+08:00"),
    "payment_currencies": ("dollars", "usd;eur", "zzz"),
    "payment_largest": ("0", "-1", "many", "NaN", "Infinity", "1e99"),
    "rate_limit": ("0", "-1", "1.5", "1000001", "²"),
    "public_url": ("pay.example.com", "ftp://x", "https://", "https://x?q=1", "https://x:999999"),
    "personal_data_days": ("1", "29", "36501", "-1", "for ever"),
    "export_history_days": ("-1", "36501"),
    "alert_history_days": ("1.5",),
    "refund_approval": ("never", "ALWAYS"),
    "close_approval": ("nobody",),
    "rules_approval": ("always",),
    "oidc_issuer": ("http://login.example.com", "login.example.com", "https://x?q=1"),
    "oidc_client_id": ("til lwatch", "tillwätch"),
    "oidc_client_secret": ("a b", "é"),
    "oidc_domains": ("example", "a@example.com", "*.example.com", "example.com;x.com"),
    "step_up_minutes": ("0", "481", "-1", "ten"),
    "second_factor_roles": ("service", "admin;finance", "Admin", "everybody"),
}


def test_every_kept_setting_is_one_of_the_environments():
    assert KEPT.keys() <= Settings.model_fields.keys()
    assert KEPT.keys() == GOOD.keys() == BAD.keys()
    assert {name for name, one in KEPT.items() if one.secret} == {
        name for name in KEPT if "secret" in str(Settings.model_fields[name].annotation).lower()
    }


@pytest.mark.parametrize("name", KEPT)
def test_good_values_are_taken_as_they_are(name):
    for value in GOOD[name]:
        assert KEPT[name].checked(f" {value} ") == value


@pytest.mark.parametrize("name", KEPT)
def test_bad_values_are_refused_under_the_settings_name(name):
    for value in (*BAD[name], "", "  ", "a\ncanary", "canary" * 200, None, 7):
        with pytest.raises(InvalidInput) as refused:
            KEPT[name].checked(value)
        assert refused.value.field == name
        assert "canary" not in refused.value.message


def test_currencies_are_kept_once_in_lower_case():
    assert KEPT["payment_currencies"].checked("USD, eur,usd,") == "usd,eur"


@pytest.mark.parametrize("name", ["database_url", "secret_key", "nonsense", "", None])
def test_what_is_not_kept_here_is_refused(name):
    with pytest.raises(InvalidInput, match="name"):
        known(name)
    assert known("RATE_LIMIT").name == "rate_limit"
