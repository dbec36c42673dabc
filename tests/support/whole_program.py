"""The whole program on free ports, and a browser signed in to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stripe

from core.access.demo import PASSWORD
from core.settings import EMULATOR_KEY
from tests.support.receivers import free_port, wait_until

ROOT = Path(__file__).parents[2]
#: Milliseconds after which a browser gives up. No claim: a machine that is busy takes its time.
LONG = 90_000
#: A table of ours. Locators look into its shadow root, `document.querySelector` does not.
TABLE = "table:has(td[data-column])"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Where this machine has Chromium, if it has."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@dataclass(frozen=True)
class Stack:
    """Emulator, receiver, worker and ui over one folder."""

    base: str
    emulator: str
    #: Where the database lies.
    var_dir: Path = Path()

    @property
    def stripe(self) -> stripe.StripeClient:
        """The official client, which takes the emulator for Stripe."""
        return stripe.StripeClient(EMULATOR_KEY, base_addresses={"api": self.emulator})

    def pay(self, **given: Any) -> stripe.PaymentIntent:
        """A card payment, confirmed at once."""
        params = {
            "amount": 1234,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        return self.stripe.v1.payment_intents.create(params | given)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the program's database answers."""
        with sqlite3.connect(self.var_dir / "tillwatch.db") as connection:
            return connection.execute(query, values).fetchall()

    def arrived(self, query: str, *values: Any) -> Any:
        """The first row that the database answers, once the worker has brought one.

        A page that is opened until it shows one costs a second of a processor each time.
        """
        return wait_until(lambda: self.rows(query, *values), seconds=90)[0]

    def paid(self, **given: Any) -> str:
        """The id of a payment, once it is here as Stripe has it."""
        made = self.pay(**given).id
        self.arrived("select 1 from payments where stripe_id = ? and confirmed", made)
        return made


@contextmanager
def running(folder: Path, *args: str, **more: str) -> Iterator[Stack]:
    """`python -m dashboard up` with a history, and with `more` in its environment, until the block
    ends."""
    ports = {name: free_port() for name in ("UI", "RECEIVER", "EMULATOR")}
    given = {f"{name}_PORT": str(port) for name, port in ports.items()}
    log = folder / "stack.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "up", *args],
            cwd=ROOT,
            env=os.environ | given | more | {"VAR_DIR": str(folder / "var")},
            stdout=out,
            stderr=out,
        )
        try:
            wait_until(lambda: _is_ready(process, log), seconds=240)
            ui, emulator = ports["UI"], ports["EMULATOR"]
            yield Stack(f"http://localhost:{ui}", f"http://127.0.0.1:{emulator}", folder / "var")
        finally:
            process.terminate()
            process.wait(90)


def _is_ready(process: subprocess.Popen[bytes], log: Path) -> bool:
    said = log.read_text(encoding="utf-8", errors="replace")
    assert process.poll() is None, said[-3000:]
    return "is ready" in said


# Of a click, a page knows nothing until the server answers: what was asked of it, and when.
_LISTEN = """() => {
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (message) {
        if (!this.tillwatchHeard) {
            this.tillwatchHeard = true;
            this.addEventListener("message", () => { window.tillwatchAsked = undefined; });
        }
        window.tillwatchAsked = performance.now();
        return send.call(this, message);
    };
}"""

# Streamlit calls a script ended before the page has all of its last elements: what is drawn must
# also stay the same for a quarter of a second. Not each message to the server has an answer.
_IS_DRAWN = """() => {
    if (performance.now() - (window.tillwatchAsked ?? -Infinity) < 5000) {
        window.tillwatchShown = undefined;
        return false;
    }
    const ended = document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]');
    const waiting = document.querySelector('[data-testid=stSkeleton]');
    const shown = ended && !waiting && ended.getElementsByTagName('*').length + ended.textContent;
    if (!shown || window.tillwatchShown !== shown) {
        window.tillwatchShown = shown;
        window.tillwatchSince = performance.now();
    }
    return shown && performance.now() - window.tillwatchSince > 250;
}"""


@dataclass
class Visitor:
    """A signed-in browser page; `remote` collects what it asked of other machines."""

    page: Any
    base: str
    remote: list[str] = field(default_factory=list)

    def open(self, path: str) -> Any:
        """Go to a screen and wait until it has drawn all it will."""
        self.page.goto(self.base + path)
        self.page.wait_for_selector("h1")
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until the script has ended and its tables and charts are drawn."""
        self.page.wait_for_function(_IS_DRAWN, polling=50)

    def cells(self) -> list[list[str]]:
        """The first table's cells, row by row."""
        rows = self.page.locator(TABLE).first.locator("tbody tr").all()
        return [row.locator("td").all_text_contents() for row in rows]


def row(page: Any, *texts: str) -> Any:
    """The first row of our tables that has all of these in it."""
    found = page.locator(f"{TABLE} tbody tr")
    for text in texts:
        found = found.filter(has_text=text)
    return found.first


@contextmanager
def browsing() -> Iterator[Any]:
    """A Chromium of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def new_page(browser: Any, **context: Any) -> Any:
    """A page of a new browser profile, of somebody who wants little motion.

    Without a graphics card, moving pictures are half of what a browser costs.
    """
    profile = browser.new_context(reduced_motion="reduce", **context)
    profile.add_init_script(f"({_LISTEN})()")
    profile.set_default_timeout(LONG)
    return profile.new_page()


def visitor(browser: Any, stack: Stack, **context: Any) -> Visitor:
    """A new browser profile that nobody signed in from."""
    return _watched(new_page(browser, **context), stack)


def _watched(page: Any, stack: Stack) -> Visitor:
    found = Visitor(page, stack.base)
    ours = (stack.base, "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(ours) else found.remote.append(r.url))
    return found


def sign_in(browser: Any, stack: Stack, who: str, **context: Any) -> Visitor:
    """A new browser profile, signed in as a demo user."""
    found = visitor(browser, stack, **context)
    page = found.page
    page.goto(stack.base + "/login")
    page.fill("input[name=email]", who)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    page.wait_for_selector("h1")
    return found


class Profiles:
    """Browser profiles of demo users, each signed in once and left to the next test as it was.

    The first page of a new profile costs three times what another one does: nothing is compiled in
    it yet, and it has a window of its own, which an empty tab keeps.
    """

    def __init__(self, browser: Any, stack: Stack) -> None:
        self._browser, self._stack = browser, stack
        #: The profile, what it holds of a session, and its empty tab.
        self._kept: dict[tuple[str, str], tuple[Any, Any, list[Any]]] = {}
        self._open: dict[tuple[str, str], Visitor] = {}

    def come_in(self, who: str, **context: Any) -> Visitor:
        """A tab of a demo user's: the one that this test has open, if they came in already."""
        key = who, repr(context)
        if key in self._open:
            return self._open[key]
        if key in self._kept:
            found = _watched(self._kept[key][0].new_page(), self._stack)
        else:
            found = sign_in(self._browser, self._stack, f"{who}@demo.test", **context)
            profile = found.page.context
            self._kept[key] = profile, profile.storage_state(), []
        self._open[key] = found
        return found

    def leave(self) -> list[str]:
        """Close the tabs and forget what pages kept; what they asked of other machines."""
        remote = [url for visitor in self._open.values() for url in visitor.remote]
        for key in self._open:
            self._leave(*self._kept[key])
        self._open.clear()
        return remote

    def _leave(self, profile: Any, state: Any, stays: list[Any]) -> None:
        tabs = [page for page in profile.pages if page not in stays]
        at_home = [page for page in tabs if page.url.startswith(self._stack.base)]
        if at_home:
            at_home[0].evaluate("localStorage.clear()")
            profile.clear_cookies()
            profile.add_cookies(state["cookies"])
        if not stays:
            stays.append(profile.new_page())
        for page in tabs:
            page.close()
        if not at_home:
            # The same, by a page that the browser makes for it.
            profile.set_storage_state(state)
