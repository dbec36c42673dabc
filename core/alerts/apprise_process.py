"""The process that speaks with a channel: apprise in a child of its own, with an end.

It reads one JSON object from standard input and ends with a code of `Exit`. It says nothing else:
neither the address nor what the channel answered comes out of it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
#: So long a channel may take in all; connecting and each wait for an answer are shorter.
SECONDS = 20
_WAIT = "4"
#: What a child needs of the environment: where programs and certificates are, and proxies.
_PASSED = (
    *("PATH", "PYTHONPATH", "SYSTEMROOT", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy"),
)


class Exit(IntEnum):
    """How it ended."""

    DONE = 0
    #: The channel did not take the message, or could not be reached.
    REFUSED = 3
    #: apprise cannot read the address.
    UNREADABLE = 4


#: What is kept of a try that did not end well.
ERRORS = {Exit.REFUSED: "not_taken", Exit.UNREADABLE: "unreadable_url"}
TIMED_OUT = "timed_out"
FAULT = "fault"


def check(url: str) -> str | None:
    """Whether apprise can read an address: None, or the code of what is wrong."""
    return _run({"url": url})


def send(url: str, title: str, body: str) -> str | None:
    """Send one message: None, or the code of what went wrong. Ends after `SECONDS`."""
    return _run({"url": url, "title": title, "body": body})


def _run(asked: dict[str, str]) -> str | None:
    try:
        ended = subprocess.run(  # noqa: S603 # our own module; the address goes through its input
            [sys.executable, "-m", __name__],
            input=json.dumps(asked).encode(),
            cwd=_ROOT,
            env={name: os.environ[name] for name in _PASSED if name in os.environ},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TIMED_OUT
    if ended.returncode == Exit.DONE:
        return None
    known = {int(code): said for code, said in ERRORS.items()}
    return known.get(ended.returncode, FAULT)


def main() -> int:
    """Read what is asked and do it."""
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    logging.disable(logging.CRITICAL)
    import apprise

    # A redirect could lead a message to an address that nobody chose.
    asset = apprise.AppriseAsset(
        app_id="Tillwatch",
        app_desc="Tillwatch",
        http_redirects=False,
        async_mode=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
    )
    sign = "&" if "?" in asked["url"] else "?"
    timed = f"{asked['url']}{sign}cto={_WAIT}&rto={_WAIT}"
    channel = apprise.Apprise.instantiate(timed, asset=asset, suppress_exceptions=True)
    if channel is None:
        return Exit.UNREADABLE
    if "body" not in asked:
        return Exit.DONE
    sent = channel.notify(
        body=asked["body"],
        title=asked["title"],
        notify_type=apprise.NotifyType.WARNING,
        body_format=apprise.NotifyFormat.TEXT,
    )
    return Exit.DONE if sent else Exit.REFUSED


if __name__ == "__main__":
    sys.exit(main())
