"""A person at a browser whose every act is counted: what a task takes at the most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dashboard import i18n
from dashboard.i18n import _
from tests.support.fixtures_browser import SIZE
from tests.support.whole_program import LONG, Visitor

# In each document of each tab. A pointer that goes down and Enter are acts wherever they land; a
# space is one where it is not typed. A click that Playwright takes back, since something else lies
# there, ends at the window; keys that the box to go anywhere takes do, too.
_LISTEN = """() => {
    const isTyped = (place) => place.isContentEditable || /^(INPUT|TEXTAREA)$/.test(place.tagName);
    document.addEventListener("pointerdown", () => window.tillwatchActed(), true);
    addEventListener("keydown", (event) => {
        if (event.key === "Enter" || (event.key === " " && !isTyped(event.composedPath()[0]))) {
            window.tillwatchActed();
        }
    }, true);
}"""


# Streamlit folds its menu after a choice where the browser says that it is a phone's.
_PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Mobile Safari/537.36"
)


@dataclass(frozen=True, slots=True)
class Way:
    """In which language, and on what, somebody works."""

    name: str
    language: str = "en-US"
    is_phone: bool = False

    @property
    def context(self) -> dict[str, Any]:
        """Their browser, as Playwright makes it."""
        if not self.is_phone:
            return {"locale": self.language, "viewport": SIZE}
        size = {"width": 390, "height": 844}
        return {"locale": self.language, "viewport": size, "user_agent": _PHONE}


DESK = Way("desk")
PHONE = Way("phone", is_phone=True)
CHINESE = Way("chinese", language="zh-CN")


class Person:
    """A signed-in visitor. `acts`: how often they clicked or pressed Enter since they began."""

    def __init__(self, visitor: Visitor, way: Way) -> None:
        self.visitor, self.page, self.way = visitor, visitor.page, way
        self.acts = self.unfolded = 0
        context = self.page.context
        context.expose_binding("tillwatchActed", self._acted)
        context.add_init_script(f"({_LISTEN})()")

    def at(self, visitor: Visitor) -> Person:
        """The same person in another tab of theirs."""
        self.visitor, self.page = visitor, visitor.page
        return self

    def _acted(self, source: dict[str, Any]) -> None:
        self.acts += 1

    def begin(self, path: str) -> Any:
        """Open a screen, from which the task's acts count."""
        self.visitor.open(path)
        self.acts = self.unfolded = 0
        return self.page

    def says(self, text: str, **values: str) -> str:
        """A text of ours in the language of this person."""
        with i18n.speaking(self.way.language):
            return _(text).format(**values)

    def button(self, text: str, **values: str) -> Any:
        """The button of that name."""
        return self.page.get_by_role("button", name=self.says(text, **values), exact=True)

    def choose(self, text: str) -> None:
        """Click one of the segments of a choice that the address tells, and wait until it does:
        what is written before into what depends on the choice is drawn anew, unwritten."""
        before = self.page.url
        self.page.get_by_role("radio", name=self.says(text), exact=True).click()
        self.page.wait_for_url(lambda url: url != before)

    def menu(self, title: str) -> None:
        """Go to a screen by the menu, which is behind a button on a phone."""
        if self.way.is_phone:
            self.page.get_by_test_id("stExpandSidebarButton").click()
            self.unfolded += 1
        links = self.page.get_by_test_id("stSidebarNavLink")
        links.filter(has_text=self.says(title)).first.click()
        self.page.get_by_role("heading", name=self.says(title), exact=True, level=1).wait_for()
        # What is pressed while the rest is still drawn may be drawn anew, unpressed.
        self.visitor.settle()

    def type(self, place: Any, text: str) -> None:
        """Write into a field and leave it; no act, however one comes to the field."""
        place.fill(text)
        self.page.keyboard.press("Tab")
        self.visitor.settle()

    def took(self, most: int) -> None:
        """The task is done, in so many acts at the most; to unfold a menu is one more."""
        allowed = most + self.unfolded
        assert 0 < self.acts <= allowed, f"{self.acts} acts, where {allowed} are to do"


def downloads(page: Any, click: Callable[[], None]) -> bytes:
    """What a click brings as a file, in this tab or in one of its own."""
    found: list[Any] = []
    page.on("download", lambda one: found.append(one))
    page.context.on("page", lambda tab: tab.on("download", lambda one: found.append(one)))
    click()
    waited = 0
    while not found and waited < LONG:
        page.wait_for_timeout(50)
        waited += 50
    content: bytes = found[0].path().read_bytes()
    return content
