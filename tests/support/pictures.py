"""Pictures of the screens for the documentation: `make pictures`, again at any time.

Takes those that README and the guides name, no others, and fails where a screen shows an error.
A name says what is seen: the screen, the width in pixels, `dark`, `zh` (payments_1440_dark_zh.png).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.support import pictured_business as business
from tests.support import whole_program as stacks
from tests.support.receivers import wait_until

PICTURES = stacks.ROOT / "docs" / "pictures"
#: Bytes of one picture, and of all.
LARGEST, ALL_TOGETHER = 150_000, 5_000_000
#: A seed: the same people and amounts each time, up to the minute when the program was started.
HISTORY = ("--days", "60", "--per-day", "150", "--seed", "7", "--per-minute", "3")
HEIGHTS = {1440: 900, 390: 844}
NAME = re.compile(r"(?P<screen>[a-z_]+?)_(?P<width>1440|390)(?P<dark>_dark)?(?P<zh>_zh)?\Z")
_NAMED = re.compile(r"pictures/(\w+)\.png")
#: What no picture may show.
ERRORS = "[data-testid=stException], [data-testid=stAlertContentError]"

Act = Callable[[stacks.Visitor], None]


@dataclass(frozen=True, slots=True)
class Screen:
    """Who looks at which address; `act` brings the page to what is to be seen."""

    who: str
    path: str
    act: Act = field(default=lambda _visitor: None)


def _dialog(*keys: str) -> Act:
    """Click one button after the other, the last of which opens a dialog."""

    def act(visitor: stacks.Visitor) -> None:
        for key in keys:
            visitor.page.locator(f"[class*=st-key-{key}] button:visible").first.click()
            visitor.page.locator("[data-testid=stDialog]").wait_for()
            visitor.settle()

    return act


def _search(visitor: stacks.Visitor) -> None:
    """The box that goes to anything, with what it found."""
    visitor.page.keyboard.press("Control+k")
    box = visitor.page.locator("dialog[open] input")
    box.fill("maria")
    visitor.page.locator("dialog[open] [role=option]").nth(1).wait_for()


def _decline(visitor: stacks.Visitor) -> None:
    """A payment that does not go through: what it means, and the calls behind it."""
    page = visitor.page
    page.locator(".st-key-checkout_group button").nth(2).click()
    visitor.settle()
    page.locator(".st-key-checkout_card_declines [data-testid=stRadioOption]").nth(1).click()
    visitor.settle()
    page.locator(".st-key-checkout_pay button:visible").first.click()
    page.locator(".st-key-checkout_result").get_by_text("charge.failed").wait_for()
    visitor.settle()
    page.locator(".st-key-checkout_result").scroll_into_view_if_needed()


def _first_row(visitor: stacks.Visitor) -> None:
    """Open what stands first in the list, by a click on its row."""
    page, rows = visitor.page, f"{stacks.TABLE} tbody tr"
    listed = page.url
    # What the worker has not found yet is waited for.
    again = listed.removeprefix(visitor.base)

    def found() -> bool:
        return bool(page.locator(rows).count() or visitor.open(again).locator(rows).count())

    wait_until(found, seconds=300)
    page.locator(rows).first.locator("a").first.click()
    page.wait_for_function("listed => location.href !== listed", arg=listed)
    visitor.settle()


#: `{…}` is what `pictured_business.made` names.
SCREENS: Mapping[str, Screen] = {
    "overview": Screen("finance", "/overview"),
    "payments": Screen("finance", "/payments"),
    "revenue": Screen("finance", "/revenue"),
    "ledger": Screen("finance", "/ledger?from={yesterday}&until={today}&in=usd&figure=gross"),
    "payout": Screen("finance", "/payout?id={payout}"),
    "bank": Screen("finance", "/bank?part=lines"),
    "proof": Screen("finance", "/proof?month={month}&currency=usd"),
    "close": Screen("finance", "/close?month={month}"),
    "search": Screen("support", "/home", _search),
    "payment": Screen("support", "/payment?id={payment}"),
    "charged_twice": Screen("support", "/payment?id={twice}"),
    "refund": Screen("support", "/payment?id={twice}", _dialog("refund_open")),
    "customer": Screen("support", "/customer?id={twice_by}"),
    "waiting": Screen("lead", "/refunds?tab=waiting"),
    "review": Screen("lead", "/refunds?tab=waiting", _dialog("review_")),
    "bulk_refund": Screen("lead", "{bulk}"),
    "checkout": Screen("dev", "/checkout", _decline),
    "event": Screen("dev", "/events", _first_row),
    "api_log": Screen("dev", "/api_log"),
    "new_user": Screen("admin", "/users?user=new"),
    "limits": Screen("admin", "/settings"),
    "keys": Screen("admin", "/settings?tab=keys"),
    "alerts": Screen("admin", "/alerts?tab=rules"),
    # The worker scores the history in the minutes after it came: last.
    "dispute": Screen("risk", "/disputes", _first_row),
    "rules": Screen("risk", "/fraud?tab=rules"),
    "cases": Screen("risk", "/fraud?tab=cases", _first_row),
}


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture."""

    name: str
    screen: str
    width: int
    dark: bool
    chinese: bool

    @property
    def visitor(self) -> tuple[str, int, bool]:
        """Who looks, and how: alike for pictures that one session can take."""
        return SCREENS[self.screen].who, self.width, self.dark

    @property
    def context(self) -> dict[str, Any]:
        """What the browser is told."""
        return {
            "viewport": {"width": self.width, "height": HEIGHTS[self.width]},
            "has_touch": self.width < 1000,
            "color_scheme": "dark" if self.dark else "light",
            "locale": "zh-CN" if self.chinese else "en-US",
        }


def pages() -> list[Path]:
    """The pages that may name pictures."""
    return [*stacks.ROOT.glob("*.md"), *(stacks.ROOT / "docs").rglob("*.md")]


def named() -> set[str]:
    """The names of all pictures that pages show, without their ending."""
    return {name for page in pages() for name in _NAMED.findall(page.read_text(encoding="utf-8"))}


def shot(name: str) -> Shot:
    """The picture of this name; ValueError where it says nothing that can be taken."""
    found = NAME.match(name)
    if found is None or found["screen"] not in SCREENS:
        raise ValueError(f"{name}: no screen of this name in tests/support/pictures.py")
    dark, chinese = found["dark"] is not None, found["zh"] is not None
    return Shot(name, found["screen"], int(found["width"]), dark, chinese)


def main() -> None:
    """Take all pictures that pages name and remove the others, or fail saying what is wrong."""
    if stacks.chromium() is None:
        sys.exit("Chromium is not installed: no pictures.")
    if not subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=False).stdout:
        sys.exit("No font has Chinese characters (Debian: fonts-noto-cjk): no pictures.")
    order = list(SCREENS)
    shots = sorted(map(shot, named()), key=lambda one: (order.index(one.screen), one.name))
    halves = [[one for one in shots if one.chinese is wanted] for wanted in (False, True)]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        with stacks.running(folder, *HISTORY) as stack, ThreadPoolExecutor(len(halves)) as pool:
            with stacks.browsing() as browser:
                things = business.made(browser, stack, folder)
            # Both languages at once: a browser waits for the screens most of its time.
            for taken in [pool.submit(take, stack, things, half) for half in halves]:
                taken.result()
    for spare in {path.stem for path in PICTURES.glob("*.png")} - named():
        (PICTURES / f"{spare}.png").unlink()
    total = sum(path.stat().st_size for path in PICTURES.glob("*.png"))
    if total > ALL_TOGETHER:
        sys.exit(f"{total:,} bytes of pictures are more than {ALL_TOGETHER:,}.")


def take(stack: stacks.Stack, things: Mapping[str, str], shots: list[Shot]) -> None:
    """Take these pictures in a browser of its own, those of one session after each other."""
    sessions: dict[tuple[str, int, bool], list[Shot]] = {}
    for one in shots:
        sessions.setdefault(one.visitor, []).append(one)
    with stacks.browsing() as browser:
        for (who, _width, _dark), found in sessions.items():
            visitor = stacks.sign_in(browser, stack, f"{who}@demo.test", **found[0].context)
            for one in found:
                with without_error(visitor.page, one.name):
                    _look(visitor, SCREENS[one.screen], things)
                    _write(visitor.page.screenshot(), PICTURES / f"{one.name}.png")
                sys.stdout.write(f"{one.name}.png\n")
                sys.stdout.flush()
            visitor.page.context.close()


def _look(visitor: stacks.Visitor, screen: Screen, things: Mapping[str, str]) -> None:
    page = visitor.open(screen.path.format_map(things))
    screen.act(visitor)
    if page.locator(".js-plotly-plot").count():
        page.locator(".js-plotly-plot .bars").first.wait_for()
    page.mouse.move(0, 0)
    # Canvases draw a frame or two after the last element is in place.
    page.wait_for_timeout(400)


@contextmanager
def without_error(page: Any, name: str) -> Iterator[None]:
    """Ends the run where the page shows an error, or its script has one."""
    broken: list[str] = []

    def note(error: Any) -> None:
        broken.append(str(error))

    page.on("pageerror", note)
    yield
    page.remove_listener("pageerror", note)
    shown = [*page.locator(ERRORS).all_inner_texts(), *broken]
    if shown or not page.locator("h1").count():
        sys.exit(f"{name}: {'; '.join(shown) or 'the page has no title'}")


def _write(png: bytes, path: Path) -> None:
    """With a palette of its own, a screen takes a third of the bytes and looks the same."""
    image = Image.open(BytesIO(png)).convert("RGB")
    few = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.putpalette(_most_seen(image, few))
    few.save(path, optimize=True)
    size = path.stat().st_size
    if size > LARGEST:
        sys.exit(f"{path.name} has {size:,} bytes, more than {LARGEST:,}.")


def _most_seen(image: Image.Image, few: Image.Image) -> bytes:
    """A palette of the same places, each with the colour that most of its pixels had: a ground that
    is off by a little is seen. Maximum coverage keeps the few pixels of a state's colour; by median
    cut they fade."""
    exact = np.asarray(image).astype(np.int32) @ (1 << 16, 1 << 8, 1)
    places = np.asarray(few)
    found = bytearray()
    for place in range(256):
        colours, counts = np.unique(exact[places == place], return_counts=True)
        seen = int(colours[counts.argmax()]) if len(colours) else 0
        found += seen.to_bytes(3, "big")
    return bytes(found)


if __name__ == "__main__":
    main()
