"""Settings: from the environment or from files, never shown, wrong ones named."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import Misconfigured
from core.settings import EMULATOR_KEY, Settings, is_live, load

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def test_with_nothing_set_it_runs_on_sqlite_and_the_emulator():
    found = load()
    assert found.database == "sqlite:///var/tillwatch.db"
    assert found.uses_emulator
    assert found.api_base == "http://127.0.0.1:12111"
    assert found.secret_keys == {False: EMULATOR_KEY}
    assert found.webhook_secrets == ()


#: What the operator's environment may say in every version, used here or not.
CONTRACT = (
    "DATABASE_URL STRIPE_SECRET_KEY STRIPE_PUBLISHABLE_KEY STRIPE_WEBHOOK_SECRET"
    " STRIPE_TEST_SECRET_KEY STRIPE_TEST_PUBLISHABLE_KEY STRIPE_TEST_WEBHOOK_SECRET"
    " STRIPE_API_BASE APP_ENV SECRET_KEY ENCRYPTION_KEY REDIS_URL CORS_ORIGINS FORCE_HTTPS DEBUG"
    " REPORTING_TIMEZONE UI_PORT RECEIVER_PORT EMULATOR_PORT"
)


def test_the_settings_that_were_promised_stay_accepted():
    assert {name.lower() for name in CONTRACT.split()} <= Settings.model_fields.keys()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_explained(name):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert f"`{name.upper()}`" in readme
    assert f"\n# {name.upper()}=" in example


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_may_come_from_a_file(monkeypatch, tmp_path, name):
    values = {"app_env": "test", "reporting_timezone": "Asia/Shanghai"}
    values |= {"refund_approval": "always", "close_approval": "one_person"}
    values |= {"rules_approval": "second_person", "step_up_minutes": "90"}
    values |= {"payment_currencies": "usd,jpy", "payment_largest": "500.50"}
    values |= {"trusted_proxies": "127.0.0.1,10.0.0.0/24"}
    kind = Settings.model_fields[name].annotation
    value = values.get(name, {bool: "true", int: "9000"}.get(kind, "from_file"))
    (tmp_path / "kept").write_text(value + "\n")
    monkeypatch.setenv(f"{name.upper()}_FILE", str(tmp_path / "kept"))
    found = getattr(load(), name)
    shown = found.get_secret_value() if hasattr(found, "get_secret_value") else str(found)
    assert shown.lower() == value.lower()


def test_the_environment_comes_before_the_file(monkeypatch, tmp_path):
    (tmp_path / "kept").write_text("9001")
    monkeypatch.setenv("UI_PORT_FILE", str(tmp_path / "kept"))
    monkeypatch.setenv("UI_PORT", "9002")
    assert load().ui_port == 9002


def test_a_file_that_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY_FILE", "nowhere")
    with pytest.raises(Misconfigured, match="STRIPE_SECRET_KEY_FILE"):
        load()


def test_secrets_do_not_show(monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_dummy_never_shown")
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://me:never_shown@db/x")
    assert "never_shown" not in repr(load())
    assert "never_shown" not in str(load().model_dump())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPORTING_TIMEZONE", "Mars/Base"),
        ("APP_ENV", "prod"),
        ("UI_PORT", "0"),
        ("PAYMENT_CURRENCIES", "usd,dollars"),
        ("PAYMENT_LARGEST", "0"),
        ("PAYMENT_LARGEST", "NaN"),
        ("RATE_LIMIT", "0"),
        ("PERSONAL_DATA_DAYS", "29"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        load()


@pytest.mark.parametrize(
    ("key", "live"),
    [("sk_test_x", False), ("rk_live_x", True), ("pk_live_x", True), ("rk_test_x", False)],
)
def test_the_key_tells_its_mode(key, live):
    assert is_live(key) is live


@pytest.mark.parametrize("key", ["", "sk_", "whsec_x", "sk_prod_x", "live"])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(Misconfigured):
        is_live(key)


def test_a_test_mode_beside_a_live_one(monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_dummy")
    monkeypatch.setenv("STRIPE_TEST_SECRET_KEY", "sk_test_dummy")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_new, whsec_old")
    monkeypatch.setenv("STRIPE_TEST_WEBHOOK_SECRET", "whsec_test")
    found = load()
    assert found.secret_keys == {True: "sk_live_dummy", False: "sk_test_dummy"}
    assert found.webhook_secrets == ("whsec_new", "whsec_old", "whsec_test")
    assert found.api_base is None
    assert not found.uses_emulator
