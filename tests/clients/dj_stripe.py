"""dj-stripe, unmodified: `djstripe_sync_models` brings everything that the account has."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.clients.harness import KEY, SKIPPED, Row, Skipped, emulator, folder, report, run
from tests.support.emulator_clients import client_of, pay

PACKAGES = ("dj-stripe==2.11.0", "django==5.2.8")
#: Models of Stripe that dj-stripe reads by lists that the emulator has, empty ones among them.
_FAULT = re.compile(r"^(?!\s).*?(Error|Exception)\b.*$", re.MULTILINE)
_SETTINGS = """
import stripe
stripe.api_base = {address!r}
SECRET_KEY = "of a test"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "djstripe"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}}}}
STRIPE_TEST_SECRET_KEY = {key!r}
STRIPE_LIVE_MODE = False
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
"""


def sync(home: Path, address: str) -> list[Row]:
    """Install it, make its database, read the account."""
    target = home / "packages"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
    done = run([*pip, *PACKAGES], home, seconds=300)
    if done.returncode:
        raise Skipped(f"pip could not install it: {done.stdout[-200:]}")
    (home / "shop_settings.py").write_text(_SETTINGS.format(address=address, key=KEY))
    django = {
        "DJANGO_SETTINGS_MODULE": "shop_settings",
        "PYTHONPATH": f"{target}:{home}",
    }
    admin = [sys.executable, "-m", "django"]
    made = run([*admin, "migrate", "--verbosity", "0"], home, seconds=300, **django)
    if made.returncode:
        return [Row("migrate", made.stdout[-300:])]
    key = "from djstripe.models import APIKey; APIKey.objects.get_or_create_by_api_key"
    known = run([*admin, "shell", "-c", f"{key}({KEY!r})"], home, **django)
    done = run([*admin, "djstripe_sync_models"], home, seconds=300, **django)
    faults = _FAULT.findall(known.stdout + done.stdout)
    ended = f"exit code {done.returncode}" if done.returncode else ""
    return [
        Row("djstripe_sync_models", ended or (f"{len(faults)} errors" if faults else "")),
        *(Row(line[:150], "") for line in done.stdout.splitlines() if "Synced" in line),
    ]


def main() -> int:
    try:
        with folder() as home, emulator("2020-08-27") as running:
            client = client_of(running)
            customer = client.v1.customers.create({"name": "Ada"})
            paid = pay(client, customer=customer.id)
            client.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
            client.v1.products.create({"name": "Tea"})
            running.settle()
            return report("dj-stripe", sync(home, running.base_url))
    except Skipped as missing:
        print(f"== dj-stripe: skipped, {missing}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
