"""What stands in a cell of a table, or beside a fact: texts that are ready to be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.ui.kit.component import compact
from dashboard.ui.status_badges import Kind, Tone, tone, word

#: Browsers take `//host`, `/\\host` and `/<tab>/host` for another origin.
_PAGE = re.compile(r"https://|/(?![/\\\s])[^\s\\]*\Z")
_OWN = re.compile(r"/(?![/\\\s])[^\s\\]*\Z|\?[^\s\\]*\Z")


@dataclass(frozen=True, slots=True)
class Chip:
    """A word on a colour of its own."""

    text: str
    tone: Tone = "gray"


def chip(kind: Kind, code: str) -> Chip:
    """A state as people read it (`dashboard.ui.status_badges`)."""
    return Chip(word(kind, code), tone(kind, code))


#: What a cell that is a text and nothing else has besides it.
_TEXT_ALONE = ((), "", "", None, None, False, "", "", "")


@dataclass(frozen=True, slots=True)
class Cell:
    """Texts as they are shown; foreign text is safe in all of them.

    `note` stands small under the text. `icon` is the name of a Material Symbol, `tone` its colour
    and the text's. `share`: a bar of so many percent before the text. `is_code`: an id, in a font
    of its own. `link`: an address, elsewhere or a path of ours, that opens in a tab of its own.
    `opens`: what a click on the text reports, where that is not the row's own name; `address` is
    its page's. `query`: what the cell opens at the table's `leads_to`, whatever its row opens.
    """

    text: str = ""
    chips: tuple[Chip, ...] = ()
    note: str = ""
    icon: str = ""
    tone: Tone | None = None
    share: int | None = None
    is_code: bool = False
    link: str = ""
    opens: str = ""
    address: str = ""
    query: str = ""

    def __post_init__(self) -> None:
        """A link leads to a page: nothing else may stand in an address."""
        if self.link and not _PAGE.match(self.link):
            raise ValueError(f"a cell's link must be https:// or a path, not {self.link[:20]!r}")
        if self.address and not _OWN.match(self.address):
            raise ValueError(f"a cell's address must be a path, not {self.address[:20]!r}")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said in it."""
        return not (self.text or self.chips)

    def as_data(self) -> str | Mapping[str, Any]:
        """As `kit.js` reads it."""
        # Most cells: a page has hundreds of them.
        if (
            self.chips,
            self.note,
            self.icon,
            self.tone,
            self.share,
            self.is_code,
            self.link,
            self.opens,
            self.query,
        ) == _TEXT_ALONE:
            return self.text
        found: dict[str, Any] = {
            "text": self.text,
            "chips": [[one.tone, one.text] for one in self.chips],
            "note": self.note,
            "icon": self.icon,
            "tone": self.tone,
            "share": self.share,
            "code": self.is_code,
            "link": self.link,
            "name": self.opens,
            "href": self.address,
            "query": self.query,
        }
        return compact(found)
