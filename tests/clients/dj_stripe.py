"""dj-stripe, unmodified: `djstripe_sync_models` copies every model into a Django site."""

from __future__ import annotations

import re
import shutil
import sys

from tests.clients import shop
from tests.clients.harness import KEY, SESSIONS, Row, emulator, folder, pip_install, report, run

PACKAGES = ("dj-stripe==2.11.0", "stripe==15.6.2", "Django==5.2.19")
#: dj-stripe 2.11 does not know these statuses of disputes: `prevented`, `appeal_needs_response`, ….
UNKNOWN_TO_IT = (
    *("dispute_appealed", "appeal_lost", "appeal_open"),
    *("dispute_prevented", "dispute_prevented_by_refund"),
)


def rows_of(output: str) -> list[Row]:
    """A row for each model; why it failed, and how many it copied."""
    rows = []
    for part in re.split(r"^Syncing ", output, flags=re.MULTILINE)[1:]:
        name = part.split(" for key")[0]
        failed = re.search(r"(Error (?:syncing|listing) .*|Failed .*|Traceback.*)", part)
        rows.append(Row(name, failed[1][:200] if failed else ""))
    return rows


def main() -> int:
    with folder() as home, emulator() as running:
        paths = pip_install(home, *PACKAGES)
        shutil.copy(SESSIONS / "django_settings.py", home)
        shop.fill(running, without=UNKNOWN_TO_IT)
        told = {
            **paths,
            "DJANGO_SETTINGS_MODULE": "django_settings",
            "STRIPE_ADDRESS": running.base_url,
            "STRIPE_KEY": KEY,
        }
        django = [sys.executable, "-m", "django"]
        made = run([*django, "migrate", "--run-syncdb"], home, seconds=600, **told)
        if made.returncode:
            raise RuntimeError(made.stdout[-2000:])
        sync = [*django, "djstripe_sync_models", "--api-keys", KEY]
        done = run(sync, home, seconds=900, **told)
    rows = rows_of(done.stdout)
    if done.returncode or not rows:
        rows.append(Row("djstripe_sync_models", done.stdout[-300:]))
    return report("dj-stripe 2.11.0", rows)


if __name__ == "__main__":
    sys.exit(main())
