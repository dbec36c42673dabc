"""What is wrong with a page that a browser shows: for axe, in the console, for who listens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: Streamlit's own markup, which no setting of ours reaches: a selector, and what it does there.
STREAMLITS = {
    # Its headings of sections stand in the list of links as <div>, and the links of a section in
    # another <ul> that is none: `list`, `listitem`.
    "[data-testid=stSidebarNav]": ("list", "listitem"),
    # The chosen segment is written in the theme's primary colour on a tint of it, 3.64 to 1 in the
    # dark; a lighter one would not carry the white of the primary buttons.
    "[data-testid=stButtonGroup] [data-selected=true]": ("color-contrast",),
}
#: Depends on the theme; all other rules are asked once.
_OF_THEMES = "color-contrast"
_RUN = """async ([rules, streamlits]) => {
    const only = rules ? {runOnly: {type: "rule", values: rules}} : {};
    const found = await axe.run(document, {resultTypes: ["violations"], ...only});
    const isStreamlits = (rule, node) => {
        let place = document;
        for (const selector of node.target.flat()) {
            place = (place.shadowRoot || place).querySelector(selector);
        }
        return Object.entries(streamlits).some(
            ([selector, known]) => known.includes(rule) && place?.closest(selector)
        );
    };
    return found.violations.flatMap((one) => one.nodes
        .filter((node) => !isStreamlits(one.id, node))
        .map((node) => `${one.id}: ${node.target.flat().join(" ")}: ${node.html.slice(0, 200)}: ${
            [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; ")}`));
}"""

#: What a line of an accessibility snapshot names: `- button "Save" [disabled]`.
_NAMED = re.compile(
    r'^\s*- [\'"]?(?:button|link|cell|columnheader|tab|radio|heading|textbox)'
    r' "((?:[^"\\]|\\.)*)"',
    re.MULTILINE,
)
_ICON = re.compile(r":material/([a-z0-9_]+):")
#: Streamlit's ways to mark text up, HTML.
_MARKUP = re.compile(
    r"\*\*|:material/|:(?:red|green|blue|orange|gray|violet|small)\[|</?[a-z]+[ >/]"
)


class Console:
    """What a page writes into the browser's console as an error or a warning, from now on."""

    def __init__(self, page: Any) -> None:
        self.said: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.type}: {message.text} ({message.location.get('url')})")


class Axe:
    """axe-core, from its script."""

    def __init__(self, script: Path) -> None:
        self._script = script.read_text(encoding="utf-8")

    def violations(self, page: Any, *, of_theme: bool = False) -> list[str]:
        """The rules that the page breaks, and where; `of_theme`: those alone that a theme may."""
        if page.evaluate("typeof axe") != "object":
            page.evaluate(f"{self._script};0")
        rules = [_OF_THEMES] if of_theme else None
        found: list[str] = page.evaluate(_RUN, [rules, STREAMLITS])
        return found


def icon_names() -> frozenset[str]:
    """The icons' names that are no words; a name with an underscore is none."""
    found: set[str] = set()
    for folder in ("dashboard", "pages"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= {*_ICON.findall(path.read_text(encoding="utf-8"))}
    return frozenset(name for name in found if "_" in name)


def names(place: Any) -> list[str]:
    """What a screen reader calls the links, buttons, cells and fields of a place."""
    return _NAMED.findall(place.aria_snapshot())


def misread(place: Any) -> list[str]:
    """Those names in which markup, or the name of an icon, is read out."""
    icons = icon_names()
    return [
        name
        for name in names(place)
        if _MARKUP.search(name) or icons & {*re.findall(r"[a-z0-9_]+", name)}
    ]
